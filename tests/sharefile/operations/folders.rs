//! What only folders have, and links into the web app.

use serde_json::json as value;
use sharesync::sharefile::Query;
use sharesync::sharefile::model::Item;

use crate::sharefile::fixtures::documented;
use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same;
use crate::sharefile::stage::{Stage, empty, json};

operations! {
    "GET /sf/v3/Items(id)/Info | Get Folder Access Info" => info,
    "GET /sf/v3/Items(id)/Redirection | Get Redirection endpoint Information" => redirection,
    "POST /sf/v3/Items(id)/WebAppLink | Create a one-time use login Uri for the Web App." => web_app_link,
    "POST /sf/v3/Items(parentid)/RemoveTemplateAssociation | Remove folder template association from folder"
        => remove_template_association,
    "POST /sf/v3/Items(parentid)/CheckTemplateOwned | Check if template is already part of an existing template structure"
        => check_template_owned,
    "POST /sf/v3/Items(parentid)/CheckVersioningViolation | Check if a versioning change would result in file deletions"
        => check_versioning_violation,
    "POST /sf/v3/Items(parentid)/CheckIfPreviewable | Check if Items would be previewable when created with a specific Parent"
        => check_if_previewable,
}

async fn info(stage: &Stage) {
    let answer = stage.fixture("item_info");
    stage.api.script([json(answer.clone())]);
    let info = stage.items().info("fo1", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/Info");
    same(&info, &answer);
    assert_eq!(info.current_access_control.unwrap().is_owner, Some(true));
}

async fn redirection(stage: &Stage) {
    let answer = stage.fixture("redirection");
    stage.api.script([json(answer.clone())]);
    let found = stage.items().redirection("fo1", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/Redirection");
    same(&found, &answer);
    assert_eq!(found.uri.unwrap().expose().host_str(), Some("zone.example.com"), "it is told, not followed");
    assert_eq!(stage.api.count(), 1);
}

async fn web_app_link(stage: &Stage) {
    let answer = stage.fixture("web_app_link");
    stage.api.script([json(answer.clone())]);
    let found = stage.items().web_app_link("fi1").await.unwrap();
    assert!(stage.sent("POST /sf/v3/Items(fi1)/WebAppLink").body.is_empty());
    same(&found, &answer);
    assert!(!format!("{found:?}").contains("t0k3n"), "whoever has the link is signed in");
}

async fn remove_template_association(stage: &Stage) {
    let answer = stage.fixture("folder");
    stage.api.script([empty(204), json(answer.clone())]);
    assert_eq!(stage.items().remove_template_association("fo1").await.unwrap(), value!(null));
    stage.sent("POST /sf/v3/Items(fo1)/RemoveTemplateAssociation");
    assert_eq!(stage.items().remove_template_association("fo1").await.unwrap(), answer);
}

async fn check_template_owned(stage: &Stage) {
    stage.api.script([json(value!(true)), json(value!({"value": false}))]);
    assert_eq!(stage.items().check_template_owned("fo1").await.unwrap(), value!(true));
    stage.sent("POST /sf/v3/Items(fo1)/CheckTemplateOwned");
    assert_eq!(stage.items().check_template_owned("fo1").await.unwrap(), value!({"value": false}));
}

async fn check_versioning_violation(stage: &Stage) {
    stage.api.script([json(value!(false))]);
    assert_eq!(stage.items().check_versioning_violation("fo1", 3).await.unwrap(), value!(false));
    let sent = stage.api.last();
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/sf/v3/Items(fo1)/CheckVersioningViolation"));
    assert_eq!(sent.param("newMaxVersions"), Some("3"));
}

async fn check_if_previewable(stage: &Stage) {
    let answer = value!([{"FileName": "file01.txt", "PreviewStatus": "HasPreview"}]);
    stage.api.script([json(answer.clone())]);
    let file = |name: &str| Item::new().with_file_name(name).with_file_size_bytes(256);
    let found = stage.items().check_if_previewable("fo1", &[file("file01.txt"), file("file02.txt")]).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/CheckIfPreviewable");
    assert_eq!(sent.json(), documented("check_if_previewable"));
    assert_eq!(found, answer);
}
