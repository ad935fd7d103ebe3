//! A tiny SOAP client for the tests: it writes envelopes as the help pages show them, and finds elements by their names.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use sharesync_emulator::{Builder, Emulator, FilesAnywhereAccount};

pub(crate) const API: &str = "http://api.filesanywhere.com/";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V11,
    V12,
}

pub(crate) struct Client {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
    pub(crate) version: Version,
    pub(crate) token: String,
}

/// An answer: its status, its headers, its text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Operations of SyncAPI alone.
const SYNC: [&str; 5] = ["ChangeList", "ValidateSSOUser", "GetAllItemsForSync", "SyncUploadResume", "SubmitSyncLog"];

impl Client {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    /// Signed in as the first user, in SOAP 1.1.
    pub(crate) async fn with(builder: Builder) -> Self {
        let emulator = builder.start().await.expect("the emulator starts");
        let mut client = Self { emulator, http: reqwest::Client::new(), version: Version::V11, token: String::new() };
        let (name, password) = (client.account().username().to_owned(), client.account().password().to_owned());
        client.token = client.login(&name, &password).await;
        client
    }

    pub(crate) fn account(&self) -> &FilesAnywhereAccount {
        self.emulator.filesanywhere()
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> String {
        let answer = self.ok("AccountLogin", &self.credentials(name, password)).await;
        one(&answer, "Token").expect("a token")
    }

    pub(crate) fn credentials(&self, name: &str, password: &str) -> String {
        let (key, org) = (self.account().api_key(), self.account().org_id());
        format!(
            "<APIKey>{key}</APIKey><OrgID>{org}</OrgID><UserName>{}</UserName><Password>{}</Password><AllowedIPList />\
             <ClientEncryptParam>ENCRYPTEDNO</ClientEncryptParam>",
            escape(name),
            escape(password)
        )
    }

    pub(crate) fn url(&self, operation: &str) -> String {
        if SYNC.contains(&operation) { self.account().sync_endpoint() } else { self.account().files_endpoint() }
    }

    /// A POST with the headers of the client's version, and any body.
    pub(crate) fn post(&self, operation: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.http.post(self.url(operation)).body(body);
        match self.version {
            Version::V11 => request
                .header("content-type", "text/xml; charset=utf-8")
                .header("soapaction", format!("\"{API}{operation}\"")),
            Version::V12 => request.header("content-type", "application/soap+xml; charset=utf-8"),
        }
    }

    /// Sends an operation with what its element holds.
    pub(crate) async fn call(&self, operation: &str, inner: &str) -> Answer {
        receive(self.post(operation, envelope(self.version, operation, inner))).await
    }

    /// As `call`, with the token first.
    pub(crate) async fn ask(&self, operation: &str, inner: &str) -> Answer {
        self.call(operation, &format!("<Token>{}</Token>{inner}", self.token)).await
    }

    /// What the result holds, when all is well.
    pub(crate) async fn ok(&self, operation: &str, inner: &str) -> String {
        let answer = self.ask_or_call(operation, inner).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text);
        let error = one(&answer.text, "ErrorMessage").unwrap_or_default();
        assert_eq!(error, "", "{operation}");
        assert!(answer.text.contains(&format!("<{operation}Response xmlns=\"{API}\">")), "{}", answer.text);
        answer.text
    }

    /// The words of a refusal, which comes with 200.
    pub(crate) async fn refused(&self, operation: &str, inner: &str) -> String {
        let answer = self.ask_or_call(operation, inner).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text);
        let reason = one(&answer.text, "ErrorMessage").expect("an ErrorMessage");
        assert_ne!(reason, "", "{operation}");
        reason
    }

    async fn ask_or_call(&self, operation: &str, inner: &str) -> Answer {
        let without_token = ["AccountLogin", "ValidateSSOUser", "GetAPIURL", "GetClientID", "UserAdd"];
        if without_token.contains(&operation) || operation.ends_with("FolderAccessKey") && inner.contains("APIKey") {
            return self.call(operation, inner).await;
        }
        self.ask(operation, inner).await
    }

    /// The path of something in the user's volume.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("\\{}{rest}", self.account().username())
    }

    /// `<Path>` of something in the user's volume.
    pub(crate) fn at(&self, rest: &str) -> String {
        element("Path", &self.path(rest))
    }

    /// Puts a file into the drive, beside the protocol.
    pub(crate) fn put(&self, path: &str, data: &str) -> u64 {
        let (drive, user) = (self.emulator.drive(), self.account().user());
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = drive.make_path(user.id, user.home, folder).expect("a folder");
        drive.put_bytes(user.id, folder.item.id, name, data.to_owned()).expect("a file").item.id.0
    }

    /// What the drive has at a path below the user's home; `None` if nothing.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        let drive = self.emulator.drive();
        let mut id = self.account().user().home;
        for name in path.split('/') {
            id = drive.child(id, name)?.item.id;
        }
        Some(String::from_utf8(drive.read(id).unwrap_or_default()).expect("text"))
    }

    /// The names in a folder of the user's volume.
    pub(crate) async fn names(&self, rest: &str) -> Vec<String> {
        let list = self.ok("ListItems2", &format!("{}<PageSize>0</PageSize><PageNum>0</PageNum>", self.at(rest))).await;
        all(&list, "Name")
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        receive(self.http.get(url)).await
    }
}

pub(crate) async fn receive(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.expect("a body");
    Answer { status: StatusCode::as_u16(&status), headers, text }
}

pub(crate) fn envelope(version: Version, operation: &str, inner: &str) -> String {
    let (prefix, namespace) = match version {
        Version::V11 => ("soap", "http://schemas.xmlsoap.org/soap/envelope/"),
        Version::V12 => ("soap12", "http://www.w3.org/2003/05/soap-envelope"),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{prefix}:Envelope xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:{prefix}=\"{namespace}\"><{prefix}:Body>\
         <{operation} xmlns=\"{API}\">{inner}</{operation}></{prefix}:Body></{prefix}:Envelope>"
    )
}

pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The texts of all elements of a name.
pub(crate) fn all(xml: &str, name: &str) -> Vec<String> {
    let (open, close, empty) = (format!("<{name}>"), format!("</{name}>"), format!("<{name} />"));
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find(&format!("<{name}")) {
        rest = &rest[start..];
        if rest.starts_with(&empty) {
            found.push(String::new());
        } else if rest.starts_with(&open) {
            let end = rest.find(&close).expect("an end");
            found.push(unescape(&rest[open.len()..end]));
        }
        rest = &rest[1..];
    }
    found
}

pub(crate) fn one(xml: &str, name: &str) -> Option<String> {
    all(xml, name).into_iter().next()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub(crate) fn base64(data: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(data)
}
