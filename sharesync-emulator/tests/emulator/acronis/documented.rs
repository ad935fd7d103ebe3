//! The documented bodies as referee: every documented request is sent as it stands there, every documented answer is provoked, and
//! what comes has the fields of the documented example, no more and no less.

use std::collections::BTreeSet;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, NODES, OTHER, Stage, text};

const MISSING: &str = "b8ccbf27-4e92-41a9-8b66-d78108985321";

/// Fields that a node has or has not, by what it is.
const OPTIONAL: [&str; 5] = ["size", "preview_type", "expiration_date", "upload", "preview"];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/acronis")
}

/// All operations with their documented statuses, such as `create_folder` with 409.
fn cells() -> BTreeSet<(String, u16)> {
    let text = std::fs::read_to_string(fixtures().join("operations.txt")).expect("the list of operations");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let cells = lines.flat_map(|line| {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let name = parts[1].to_lowercase().replace(' ', "_");
        let statuses: Vec<u16> = parts[3].split(' ').map(|status| status.parse().expect("a status")).collect();
        statuses.into_iter().map(move |status| (name.clone(), status))
    });
    cells.collect()
}

/// The documented examples of an answer.
fn examples(operation: &str, status: u16) -> Vec<Value> {
    let folder = fixtures().join("documented").join(operation);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = files.map(|file| file.expect("a file").path());
    let wanted = names
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&status.to_string())));
    wanted.map(|path| serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")).collect()
}

fn request(name: &str) -> Value {
    let path = fixtures().join("documented").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("a documented request")).expect("JSON")
}

fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Whether a value is like an example: the same fields, and values of the same kind.
fn fits(found: &Value, example: &Value) -> Result<(), String> {
    match (found, example) {
        (Value::Object(found), Value::Object(example)) => {
            let (all, known): (BTreeSet<_>, BTreeSet<_>) = (found.keys().collect(), example.keys().collect());
            let odd = all.symmetric_difference(&known).find(|name| !OPTIONAL.contains(&name.as_str()));
            match odd {
                Some(odd) => Err(format!("the field {odd}")),
                None => found.iter().try_for_each(|(name, value)| match example.get(name) {
                    Some(example) => fits(value, example).map_err(|reason| format!("{name}: {reason}")),
                    None => Ok(()),
                }),
            }
        }
        (Value::Array(found), Value::Array(examples)) => found.iter().try_for_each(|found| {
            let reasons: Vec<_> = examples.iter().filter_map(|example| fits(found, example).err()).collect();
            if reasons.len() < examples.len() { Ok(()) } else { Err(format!("{found}: {reasons:?}")) }
        }),
        (Value::String(found), Value::String(example)) if is_uuid(example) => {
            if is_uuid(found) || found == "0" {
                Ok(())
            } else {
                Err(format!("{found} is no UUID"))
            }
        }
        (Value::String(found), Value::String(example)) if example.ends_with('Z') && example.contains('T') => {
            let times = found.len() == "2019-06-25T13:25:36Z".len() && found.ends_with('Z');
            if times { Ok(()) } else { Err(format!("{found} is no time like {example}")) }
        }
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) | (Value::Null, Value::Null) => Ok(()),
        (Value::Number(found), Value::Number(example)) if found.is_u64() == example.is_u64() => Ok(()),
        _ => Err(format!("{found} instead of {example}")),
    }
}

/// A session in which every documented answer is to come.
struct Session {
    client: Client,
    missing: BTreeSet<(String, u16)>,
}

impl Session {
    /// Takes an answer, which must be the documented one.
    #[track_caller]
    fn take(&mut self, operation: &str, status: u16, (found, body): (u16, Value)) -> Value {
        assert_eq!(found, status, "{operation}: {body}");
        let examples = examples(operation, status);
        self.missing.remove(&(operation.to_owned(), status));
        if examples.is_empty() {
            assert_eq!(body, Value::Null, "{operation} has no body with {status}");
        } else if status >= 400 && status != 409 {
            assert!(examples.contains(&body), "{operation}: {body}");
        } else {
            let reasons: Vec<_> = examples.iter().filter_map(|example| fits(&body, example).err()).collect();
            assert!(reasons.len() < examples.len(), "{operation} {status}: {reasons:?} in {body}");
        }
        body
    }

    async fn ask(&mut self, operation: &str, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.client.ask(method, path, body).await;
        self.take(operation, status, answer)
    }

    async fn get(&mut self, operation: &str, status: u16, path: &str) -> Value {
        self.ask(operation, status, Method::GET, path, None).await
    }

    async fn post(&mut self, operation: &str, status: u16, path: &str, body: Value) -> Value {
        self.ask(operation, status, Method::POST, path, Some(body)).await
    }

    async fn put(&mut self, operation: &str, status: u16, path: &str, body: Value) -> Value {
        self.ask(operation, status, Method::PUT, path, Some(body)).await
    }

    async fn upload(&mut self, status: u16, folder: &str, query: &str) -> Value {
        let answer = self.client.upload(folder, query, "asdfg").await;
        self.take("upload_file", status, answer)
    }

    async fn nodes(&mut self) {
        let mut by_path = request("create_folder/request.by_path");
        by_path["sync_and_share_node"]["path"] = "Parent folder".into();
        let parent = self.post("create_folder", 201, NODES, by_path).await;
        let parent = text(&parent, "uuid").to_owned();
        let as_documented = request("create_folder/request.by_path");
        let folder = self.post("create_folder", 201, NODES, as_documented).await;
        let folder = text(&folder, "uuid").to_owned();
        let mut by_name = request("create_folder/request.by_name");
        by_name["sync_and_share_node"]["parent_uuid"] = parent.as_str().into();
        self.post("create_folder", 409, NODES, by_name.clone()).await;
        by_name["sync_and_share_node"]["parent_uuid"] = MISSING.into();
        self.post("create_folder", 404, NODES, by_name.clone()).await;

        let sum = "checksum=040b7cf4a55014e185813e0644502ea9";
        let file = self.upload(201, &parent, &format!("filename=file.txt&size=5&{sum}")).await;
        let file = format!("{NODES}/{}", text(&file, "uuid"));
        self.upload(400, &parent, &format!("filename=file.txt&size=6&{sum}")).await;
        self.upload(404, MISSING, "filename=file.txt&size=5").await;

        let (contents, nobody) = (format!("{NODES}/{parent}/contents"), format!("{NODES}/{MISSING}"));
        self.get("get_files_and_folders_list", 200, &contents).await;
        self.get("get_files_and_folders_list", 206, &format!("{contents}?page=1&per_page=1")).await;
        self.get("get_files_and_folders_list", 403, &format!("{nobody}/contents")).await;
        for action in ["copy", "move"] {
            let operation = format!("{action}_file_or_folder");
            let mut body = request(&format!("{operation}/request"));
            self.post(&operation, 403, &format!("{file}/{action}"), body.clone()).await;
            self.post(&operation, 400, &format!("{file}/{action}"), json!({})).await;
            let target = self.client.folder("0", action).await;
            self.client.file(&target, "file.txt", "x").await;
            body["parent_uuid"] = target.into();
            self.post(&operation, 409, &format!("{file}/{action}"), body.clone()).await;
            body["parent_uuid"] = folder.as_str().into();
            let done = if action == "copy" { 200 } else { 204 };
            self.post(&operation, done, &format!("{file}/{action}"), body).await;
            let copy = self.client.get(&format!("{NODES}/{folder}/contents")).await;
            let made = format!("{NODES}/{}", text(&copy[0], "uuid"));
            assert_eq!(self.client.ask(Method::DELETE, &made, None).await.0, 204);
        }
        // What is in the bin is denied, not missing.
        let gone = self.client.folder("0", "gone").await;
        assert_eq!(self.client.ask(Method::DELETE, &format!("{NODES}/{gone}"), None).await.0, 204);
        by_name["sync_and_share_node"]["parent_uuid"] = gone.as_str().into();
        self.post("create_folder", 403, NODES, by_name).await;
        self.upload(403, &gone, "filename=file.txt&size=5").await;
        let rename = request("update_file_or_folder/request");
        self.put("update_file_or_folder", 204, &format!("{NODES}/{folder}"), rename.clone()).await;
        self.put("update_file_or_folder", 403, &nobody, rename).await;
    }

    async fn sharing(&mut self) {
        let file = self.client.file("0", "file.txt", "asdfg").await;
        let (file, nobody) = (format!("{NODES}/{}", text(&file, "uuid")), format!("{NODES}/{MISSING}"));
        let wanted = request("create_file_link/request");
        let link = self.post("create_file_link", 201, &format!("{file}/links"), wanted.clone()).await;
        self.post("create_file_link", 400, &format!("{file}/links"), json!({})).await;
        self.post("create_file_link", 403, &format!("{nobody}/links"), wanted).await;
        let (at, change) = (format!("{file}/links/{}", link["id"]), request("update_file_link/request"));
        self.put("update_file_link", 200, &at, change.clone()).await;
        self.put("update_file_link", 400, &at, json!({"ttl": "7"})).await;
        self.put("update_file_link", 403, &format!("{nobody}/links/1"), change).await;

        let members = format!("{NODES}/{}/members", self.client.folder("0", "Folder").await);
        let member = request("create_folder_member/request");
        let guest = self.post("create_folder_member", 201, &members, member.clone()).await;
        let known = json!({"member": {"email": OTHER.0}});
        self.post("create_folder_member", 201, &members, known).await;
        self.post("create_folder_member", 400, &members, json!({"member": {}})).await;
        self.post("create_folder_member", 403, &format!("{nobody}/members"), member).await;
        self.get("get_members_list", 206, &format!("{members}?per_page=1")).await;
        self.get("get_members_list", 403, &format!("{nobody}/members")).await;
        let alone = format!("{NODES}/{}/members", self.client.folder("0", "alone").await);
        self.get("get_members_list", 200, &alone).await;
        let (at, change) = (text(&guest, "id").replace(',', "%2C"), request("update_member/request"));
        self.put("update_member", 200, &format!("{members}/{at}"), change.clone()).await;
        self.put("update_member", 400, &format!("{members}/{at}"), json!({})).await;
        self.put("update_member", 403, &format!("{nobody}/members/{at}"), change).await;
    }

    async fn administration(&mut self, other: &Client) {
        let devices = self.get("get_devices_list", 206, "devices?per_page=1").await;
        let at = format!("devices/{}", text(&devices[0], "uuid"));
        let me = self.client.get("/api/2/users/me").await;
        let user = format!("users/{}", text(&me, "id"));
        let notes = request("update_device/request");
        self.get("get_device_information", 200, &at).await;
        self.get("get_device_information", 404, &format!("devices/{MISSING}")).await;
        self.put("update_device", 404, &format!("devices/{MISSING}"), notes.clone()).await;
        self.ask("delete_device", 404, Method::DELETE, &format!("devices/{MISSING}"), None).await;
        self.get("get_user_information", 200, &user).await;
        self.get("get_user_information", 404, &format!("users/{MISSING}")).await;
        self.get("get_audit_log_entries_list", 206, "audit_log?per_page=2").await;
        self.get("get_audit_log_entries_list", 200, "audit_log").await;
        for (name, path, body) in [
            ("get_audit_log_entries_list", "audit_log", None),
            ("get_devices_list", "devices", None),
            ("get_device_information", &at, None),
            ("update_device", &at, Some(notes.clone())),
            ("get_user_information", &user, None),
        ] {
            let method = if body.is_some() { Method::PUT } else { Method::GET };
            let denied = other.ask(method, path, body).await;
            self.take(name, 403, denied);
        }
        let denied = other.ask(Method::DELETE, &at, None).await;
        self.take("delete_device", 403, denied);
        for group in ["purging_policies", "server", "audit_log", "security", "web_preview"] {
            let (read, update) = (format!("get_{group}_settings"), format!("update_{group}_settings"));
            let (at, wanted) = (format!("settings/{group}"), request(&format!("update_{group}_settings/request")));
            self.get(&read, 200, &at).await;
            self.put(&update, 400, &at, json!({"unheard_of": {}})).await;
            self.put(&update, 204, &at, wanted.clone()).await;
            let denied = other.ask(Method::GET, &at, None).await;
            self.take(&read, 403, denied);
            let denied = other.ask(Method::PUT, &at, Some(wanted)).await;
            self.take(&update, 403, denied);
        }
        self.put("update_device", 204, &at, notes).await;
        self.ask("delete_device", 204, Method::DELETE, &at, None).await;
        for left in self.client.get("devices").await.as_array().expect("a list").iter().skip(1) {
            let at = format!("devices/{}", text(left, "uuid"));
            assert_eq!(self.client.ask(Method::DELETE, &at, None).await.0, 204);
        }
        // The example shows a device with all fields that a phone has, which is the one that is left of those here.
        let (status, list) = self.client.ask(Method::GET, "devices", None).await;
        self.take("get_devices_list", 200, (status, list));
    }
}

#[tokio::test]
async fn every_documented_answer_comes_as_documented() {
    let stage = Stage::start().await;
    let mut session = Session { client: stage.client.clone(), missing: cells() };
    assert_eq!(session.missing.len(), 79);
    session.nodes().await;
    session.sharing().await;
    session.administration(&stage.other().await).await;
    assert!(session.missing.is_empty(), "not seen: {:?}", session.missing);
}
