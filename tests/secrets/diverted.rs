//! Redirects to another origin at any moment of any operation: nothing secret goes there, on any provider.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::header::{AUTHORIZATION, COOKIE, LOCATION};
use http::{Method, Request, Response};
use sharesync::http::{HttpConfig, ReqwestTransport, TokenSet, Transport, TransportBody, TransportError};
use sharesync::{
    BoxStream, CreateFolderOptions, DeleteOptions, Destination, ErrorKind, ItemRef, ListOptions, RemoteStore,
    RemoteStoreExt as _, Result, ShareRequest,
};
use sharesync_emulator::Emulator;

use super::{PASSWORD, download, upload};

const USER: &str = "somebody@example.com";
const ELSEWHERE: &str = "elsewhere.example";

/// Sends requests to the emulator, and all after the first few by a redirect to another host, which it plays itself.
#[derive(Debug)]
struct Diverting {
    inner: ReqwestTransport,
    status: u16,
    after: usize,
    seen: AtomicUsize,
    /// Requests that came to the other host with anything that it must not see.
    leaks: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Diverting {
    async fn send(
        &self,
        request: Request<TransportBody>,
    ) -> Result<Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        if request.uri().host() == Some(ELSEWHERE) {
            self.look_at(request);
            return Ok(Response::new(stream::iter([Ok(Bytes::from_static(b"{}"))]).boxed()));
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) < self.after {
            return self.inner.send(request).await;
        }
        let mut response = Response::new(stream::empty().boxed());
        *response.status_mut() = self.status.try_into().unwrap();
        response.headers_mut().insert(LOCATION, format!("https://{ELSEWHERE}/x").parse().unwrap());
        Ok(response)
    }
}

impl Diverting {
    fn look_at(&self, request: Request<TransportBody>) {
        let (head, body) = request.into_parts();
        let is_empty = matches!(&body, TransportBody::Bytes(bytes) if bytes.is_empty());
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        let names = [AUTHORIZATION.as_str(), COOKIE.as_str(), "x-requestdigest"];
        let credential = names.iter().find(|name| head.headers.contains_key(**name));
        if !is_empty || !is_read || credential.is_some() || head.uri.query().is_some() {
            self.leaks.lock().unwrap().push(format!("{} {} {body:?} {credential:?}", head.method, head.uri));
        }
    }
}

async fn connect(
    provider: &str,
    emulator: &Emulator,
    http: HttpConfig,
    via: Arc<Diverting>,
) -> Result<Arc<dyn RemoteStore>> {
    Ok(match provider {
        "sharefile" => {
            let account = emulator.sharefile();
            let builder = sharesync::sharefile::Client::builder_at(account.endpoint()).client_id(account.client_id());
            let builder = builder.client_secret(account.client_secret()).password(USER, PASSWORD);
            Arc::new(builder.http_config(http).transport(via).connect().await?.store())
        }
        "acronis" => {
            let builder =
                sharesync::acronis::Client::builder_at(emulator.acronis().endpoint()).password(USER, PASSWORD);
            Arc::new(builder.http_config(http).transport(via).connect().await?.store())
        }
        "filesanywhere" => {
            let account = emulator.filesanywhere();
            let builder = sharesync::filesanywhere::Client::builder(account.api_key(), account.org_id());
            let builder = builder.server(account.endpoint()).password(account.username(), PASSWORD);
            Arc::new(builder.http_config(http).transport(via).connect().await?.store())
        }
        "cursor" => {
            let account = emulator.cursor();
            let tokens = TokenSet::new(account.service_token());
            let builder = sharesync::cursor::Client::builder(account.endpoint()).tokens(tokens);
            Arc::new(builder.http_config(http).transport(via).connect().await?.store(account.share_id()))
        }
        _ => {
            let account = emulator.sharepoint();
            let auth = sharesync::sharepoint::Auth::forms(account.username(), PASSWORD);
            let builder = sharesync::sharepoint::Client::builder(account.site()).auth(auth);
            Arc::new(builder.http_config(http).transport(via).connect().await?.store().await?)
        }
    })
}

/// Operations of every kind, the secret of a link among them; the error of the first that fails.
async fn run(store: &dyn RemoteStore, name: &str) -> Result<()> {
    let folder = store.create_folder(&ItemRef::Root, name, CreateFolderOptions::new()).await?;
    let file = upload(store, &folder, "a.txt", "content".into()).await?;
    download(store, &file).await?;
    store.items(&folder, ListOptions::new()).try_collect::<Vec<_>>().await?;
    let file = store.move_item(&ItemRef::from(&file), &Destination::name("b.txt")).await?;
    let protected = ShareRequest::link().with_password("planted-link-password-7Hw");
    match store.share(&ItemRef::from(&file), protected).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            store.share(&ItemRef::from(&file), ShareRequest::link()).await?;
        }
        shared => drop(shared?),
    }
    store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_takes_a_secret_to_another_origin() {
    let http = HttpConfig::new().with_max_attempts(2).with_backoff_base(Duration::from_millis(1));
    for provider in ["sharefile", "acronis", "filesanywhere", "cursor", "sharepoint"] {
        let emulator = Emulator::builder().user(USER, PASSWORD).start().await.unwrap();
        for status in [302, 307] {
            let mut refused = 0;
            for after in 0..200 {
                let via = Arc::new(Diverting {
                    inner: ReqwestTransport::new(&http).unwrap(),
                    status,
                    after,
                    seen: AtomicUsize::new(0),
                    leaks: Mutex::default(),
                });
                let done = async {
                    let store = connect(provider, &emulator, http.clone(), via.clone()).await?;
                    run(&*store, &format!("{status} {after}")).await
                };
                let done = done.await;
                let leaks = via.leaks.lock().unwrap().clone();
                assert_eq!(leaks, Vec::<String>::new(), "{provider} {status} after {after} requests");
                match done {
                    Ok(()) => break,
                    Err(error) => refused += usize::from(error.kind() == ErrorKind::Insecure),
                }
                assert!(after < 199, "{provider}: the operations never ended");
            }
            assert!(refused >= 3, "{provider} {status}: {refused} redirects were refused");
        }
    }
}
