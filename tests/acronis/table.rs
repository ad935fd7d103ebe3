//! How each documented operation is called, with everything that the document has for it.

use std::fmt::Debug;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sharesync::acronis::model::{AuditFilter, NewFile, Severity, Target};
use sharesync::acronis::{Client, Listed, Paging};
use sharesync::{Result, Timestamp};

const TENANT: &str = "5f1ac1f6-1a2b-4c3d-8e4f-5a6b7c8d9e0f";
const NODE: &str = "b8a80643-9d35-43dd-a7f6-c05aaf1d5606";
const DEVICE: &str = "a6056194-b780-46da-92c9-e6da2bfd5d80";
const USER: &str = "0254fc28-1676-4f22-b530-f4f3bd9e7e45";
const MEMBER: &str = "permission-ce381b91-ff3a-46ec-bdd6-55d49a5977bc,444f4f94-9f0e-4183-9d47-b1804e819f61";

/// What a call made of an answer: encoded again.
pub(crate) struct Outcome {
    pub(crate) body: Value,
    /// As it is shown, with the names of the fields that have none of their own, and the values that are not known.
    pub(crate) shown: String,
    /// Of a list, whether it is said to be the whole one.
    pub(crate) complete: Option<bool>,
}

/// One way to call an operation.
pub(crate) struct Entry {
    pub(crate) title: &'static str,
    /// The documented request body, by the name of its example.
    pub(crate) request: Option<&'static str>,
    /// Calls it with the body of the request.
    pub(crate) call: fn(Client, Value) -> BoxFuture<'static, Result<Outcome>>,
}

fn encoded(entity: &(impl Serialize + Debug)) -> Outcome {
    Outcome { body: serde_json::to_value(entity).unwrap(), shown: format!("{entity:?}"), complete: None }
}

fn nothing((): ()) -> Outcome {
    Outcome { body: Value::Null, shown: String::new(), complete: None }
}

fn listed<T: Serialize + Debug>(list: Listed<T>) -> Outcome {
    Outcome { complete: Some(list.complete), ..encoded(&list.items) }
}

/// The body of a request as the typed method takes it.
fn read<T: DeserializeOwned + Debug>(body: &Value) -> T {
    let entity = serde_json::from_value(body.clone()).unwrap();
    assert_known(&format!("{entity:?}"));
    entity
}

/// Every field has a field of its own, and every value of an enumeration a variant.
#[track_caller]
pub(crate) fn assert_known(shown: &str) {
    assert!(!shown.contains("extra: {\"") && !shown.contains("Other("), "{shown}");
}

fn paging() -> Paging {
    Paging::new().with_page(2).with_per_page(50)
}

fn filter() -> AuditFilter {
    AuditFilter::new()
        .with_user(AuditFilter::NOBODY)
        .with_share("444f4f94-9f0e-4183-9d47-b1804e819f61")
        .with_node_uuid(NODE)
        .with_severity(Severity::Error)
        .with_text("uploading")
        .with_from(Timestamp::from_unix(1_560_000_000, 0).unwrap())
        .with_to(Timestamp::from_unix(1_570_000_000, 0).unwrap())
}

/// Declares the table: title, example of the request where there is one, and the call.
macro_rules! table {
    ($($title:literal $(with $request:literal)? => |$client:ident, $body:tt| $call:expr,)*) => {
        pub(crate) fn table() -> Vec<Entry> {
            vec![$(Entry {
                title: $title,
                request: [$($request)?].first().copied(),
                call: |$client: Client, $body: Value| Box::pin(async move { $call }),
            },)*]
        }
    };
}

table! {
    "Get audit log entries list" => |client, _| client.audit_log().in_tenant(TENANT).list(&filter(), &paging()).await.map(listed),
    "Get devices list" => |client, _| client.devices().in_tenant(TENANT).list(&paging()).await.map(listed),
    "Get device information" => |client, _| Ok(encoded(&client.devices().in_tenant(TENANT).get(DEVICE).await?)),
    "Update device" with "request" => |client, body| {
        client.devices().in_tenant(TENANT).update(DEVICE, &read(&body["device"])).await.map(nothing)
    },
    "Delete device" => |client, _| client.devices().in_tenant(TENANT).delete(DEVICE).await.map(nothing),
    "Create folder" with "request.by_name" => |client, body| {
        Ok(encoded(&client.nodes().create_folder(&read(&body["sync_and_share_node"])).await?))
    },
    "Create folder" with "request.by_path" => |client, body| {
        Ok(encoded(&client.nodes().create_folder(&read(&body["sync_and_share_node"])).await?))
    },
    "Update file or folder" with "request" => |client, body| {
        client.nodes().update(NODE, &read(&body["sync_and_share_node"])).await.map(nothing)
    },
    "Get files and folders list" => |client, _| client.nodes().contents(NODE, &paging()).await.map(listed),
    "Upload file" => |client, _| {
        let checksum = "040b7cf4a55014e185813e0644502ea9";
        let file = NewFile::new().with_filename("file.txt").with_size(5).with_checksum(checksum);
        Ok(encoded(&client.nodes().upload(NODE, &file, "asdfg").await?))
    },
    "Copy file or folder" with "request" => |client, body| client.nodes().copy(NODE, &read(&body)).await.map(nothing),
    "Move file or folder" with "request" => |client, body| {
        client.nodes().move_to(NODE, &read::<Target>(&body)).await.map(nothing)
    },
    "Create file link" with "request" => |client, body| Ok(encoded(&client.links().create(NODE, &read(&body["link"])).await?)),
    "Update file link" with "request" => |client, body| client.links().update(NODE, 252, &read(&body)).await.map(nothing),
    "Get members list" => |client, _| client.members().list(NODE, &paging()).await.map(listed),
    "Create folder member" with "request" => |client, body| {
        Ok(encoded(&client.members().create(NODE, &read(&body["member"])).await?))
    },
    "Update member" with "request" => |client, body| {
        Ok(encoded(&client.members().update(NODE, MEMBER, &read(&body["member"])).await?))
    },
    "Get purging policies settings" => |client, _| {
        Ok(encoded(&client.settings().in_tenant(TENANT).purging_policies().await?))
    },
    "Update purging policies settings" with "request" => |client, body| {
        let settings = read(&body["purging_policies_settings"]);
        client.settings().in_tenant(TENANT).update_purging_policies(&settings).await.map(nothing)
    },
    "Get server settings" => |client, _| Ok(encoded(&client.settings().in_tenant(TENANT).server().await?)),
    "Update server settings" with "request" => |client, body| {
        client.settings().in_tenant(TENANT).update_server(&read(&body["server_settings"])).await.map(nothing)
    },
    "Get audit log settings" => |client, _| Ok(encoded(&client.settings().in_tenant(TENANT).audit_log().await?)),
    "Update audit log settings" with "request" => |client, body| {
        client.settings().in_tenant(TENANT).update_audit_log(&read(&body["audit_log_settings"])).await.map(nothing)
    },
    "Get security settings" => |client, _| Ok(encoded(&client.settings().in_tenant(TENANT).security().await?)),
    "Update security settings" with "request" => |client, body| {
        client.settings().in_tenant(TENANT).update_security(&read(&body["security_settings"])).await.map(nothing)
    },
    "Get web preview settings" => |client, _| Ok(encoded(&client.settings().in_tenant(TENANT).web_preview().await?)),
    "Update web preview settings" with "request" => |client, body| {
        client.settings().in_tenant(TENANT).update_web_preview(&read(&body["settings"])).await.map(nothing)
    },
    "Get user information" => |client, _| Ok(encoded(&client.users().in_tenant(TENANT).get(USER).await?)),
}
