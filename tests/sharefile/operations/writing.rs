//! Changing one item.

use serde_json::json as value;
use sharesync::ErrorKind;
use sharesync::sharefile::model::{Item, ShareFileDate};
use sharesync::sharefile::{
    CopyOptions, CreateFolderOptions, DeleteOptions, Outcome, Query, UpdateNoteOptions, UpdateOptions,
};

use crate::sharefile::fixtures::documented;
use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same;
use crate::sharefile::stage::{Stage, empty, json, status};

operations! {
    "POST /sf/v3/Items(parentid)/Folder | Create Folder" => create_folder,
    "POST /sf/v3/Items(parentid)/Note | Create Note" => create_note,
    "PATCH /sf/v3/Items(id) | Update Item" => update_item,
    "PATCH /sf/v3/Items/Note(id) | Update Note" => update_note,
    "DELETE /sf/v3/Items(id) | Delete Item" => delete_item,
    "POST /sf/v3/Items(id)/Copy | Copy Item" => copy_item,
    "POST /sf/v3/Items(id)/CheckIn | Unlock File" => check_in,
    "POST /sf/v3/Items(id)/CheckOut | Lock File" => check_out,
    "POST /sf/v3/Items(id)/DiscardCheckOut | Discard CheckOut" => discard_check_out,
}

async fn create_folder(stage: &Stage) {
    let answer = stage.fixture("folder");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let folder = Item::new().with_name("Folder Name").with_description("Description").with_zone("ZoneId");
    let folder = folder.with_expiration_date(ShareFileDate::Never);
    let options = CreateFolderOptions::new().with_overwrite(false).with_passthrough(false);
    let created = stage.items().create_folder("fo1", &folder, &options).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/Folder?overwrite=false&passthrough=false");
    assert_eq!(sent.json(), documented("create_folder"));
    same(&created, &answer);
    stage.items().create_top_folder(&folder, options.with_overwrite(true).with_passthrough(true)).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items/Folder?overwrite=true&passthrough=true");
    assert_eq!(sent.json(), documented("create_folder"));
}

async fn create_note(stage: &Stage) {
    let answer = stage.fixture("note");
    stage.api.script([json(answer.clone())]);
    let note = Item::new().with_name("Note Name").with_description("Description");
    let created = stage.items().create_note("fo1", &note, &Query::new()).await.unwrap();
    assert_eq!(stage.sent("POST /sf/v3/Items(fo1)/Note").json(), documented("create_note"));
    same(&created, &answer);
}

async fn update_item(stage: &Stage) {
    let answer = stage.fixture("file");
    let later = stage.fixture("async_operation");
    stage.api.script([json(answer.clone()), json(later.clone())]);
    let changes = Item::new().with_name("Name").with_file_name("FileName").with_description("Description");
    let changes = changes.with_parent("parentid").with_zone("zoneid");
    let date: sharesync::Timestamp = "2030-01-02T03:04:05Z".parse().unwrap();
    let changes = changes.with_expiration_date(date);
    let updated = stage.items().update("fi1", &changes, UpdateOptions::new().with_overwrite(false)).await.unwrap();
    let mut body = documented("update_item");
    // The only placeholder in the documented body that no date can be.
    assert_eq!(std::mem::replace(&mut body["ExpirationDate"], value!("2030-01-02T03:04:05Z")), value!("date"));
    assert_eq!(stage.sent("PATCH /sf/v3/Items(fi1)?overwrite=false").json(), body);
    same(&updated.done().unwrap(), &answer);

    let options = UpdateOptions::new().with_batch_id("b1").with_batch_size_in_bytes(5_000_000_000);
    let options = options.with_force_sync(false).with_schedule_async(true).with_resolve_folder_name_conflict(true);
    let zone = Item::new().with_zone("z2");
    let updated = stage.items().update("fi1", &zone, options.with_notify(true)).await.unwrap();
    let sent = stage.sent(
        "PATCH /sf/v3/Items(fi1)?batchid=b1&batchSizeInBytes=5000000000&forceSync=false&scheduleAsync=true\
             &resolveFolderNameConflict=true&notify=true",
    );
    assert_eq!(sent.json(), value!({"Zone": {"Id": "z2"}}));
    let Outcome::Pending(operations) = updated else { panic!("a new zone takes its time") };
    same(&operations[0], &later);
}

async fn update_note(stage: &Stage) {
    let answer = stage.fixture("note");
    stage.api.script([json(answer.clone())]);
    let changes = Item::new().with_name("Name").with_description("Description").with_parent("parentid");
    let updated =
        stage.items().update_note("no1", &changes, UpdateNoteOptions::new().with_notify(false)).await.unwrap();
    let sent = stage.sent("PATCH /sf/v3/Items/Note(no1)?notify=false");
    assert_eq!(sent.json(), documented("update_note"));
    same(&updated, &answer);
}

async fn delete_item(stage: &Stage) {
    stage.api.script([empty(204), status(202, stage.fixture("async_operations"))]);
    let options = DeleteOptions::new().with_single_version(false).with_force_sync(false);
    let deleted = stage.items().delete("fi1", &options).await.unwrap();
    let sent = stage.sent("DELETE /sf/v3/Items(fi1)?singleversion=false&forceSync=false");
    assert!(sent.body.is_empty());
    assert_eq!(deleted, Outcome::Done(()));
    let options = DeleteOptions::new().with_single_version(true).with_force_sync(true);
    let Outcome::Pending(operations) = stage.items().delete("st1", options).await.unwrap() else { panic!("202") };
    stage.sent("DELETE /sf/v3/Items(st1)?singleversion=true&forceSync=true");
    assert_eq!(operations.len(), 2);
}

async fn copy_item(stage: &Stage) {
    let answer = stage.fixture("file");
    let later = stage.fixture("async_operation");
    let taken = value!({"code": "Conflict", "message": {"lang": "en-US", "value": "It exists."}, "reason": "Conflict"});
    stage.api.script([json(answer.clone()), json(later), status(409, taken)]);
    let copied = stage.items().copy("fi1", "itemid", CopyOptions::new().with_overwrite(true)).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fi1)/Copy?targetid=itemid&overwrite=true");
    assert!(sent.body.is_empty());
    same(&copied.done().unwrap(), &answer);
    let copied = stage.items().copy("fi1", "fo2", CopyOptions::new()).await.unwrap();
    stage.sent("POST /sf/v3/Items(fi1)/Copy?targetid=fo2");
    assert!(matches!(copied, Outcome::Pending(operations) if operations.len() == 1));
    let options = CopyOptions::new().with_overwrite(false);
    let error = stage.items().copy("fi1", "fo2", options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

async fn check_in(stage: &Stage) {
    stage.api.script([empty(200), empty(204)]);
    stage.items().check_in("fi1", None).await.unwrap();
    stage.sent("POST /sf/v3/Items(fi1)/CheckIn");
    stage.items().check_in("fi1", Some("done")).await.unwrap();
    stage.sent("POST /sf/v3/Items(fi1)/CheckIn?message=done");
}

async fn check_out(stage: &Stage) {
    let locked = value!({"code": "Conflict", "message": {"value": "Locked."}, "reason": "FileIsLocked"});
    stage.api.script([empty(200), status(409, locked)]);
    stage.items().check_out("fi1").await.unwrap();
    stage.sent("POST /sf/v3/Items(fi1)/CheckOut");
    assert_eq!(stage.items().check_out("fi1").await.unwrap_err().kind(), ErrorKind::Locked);
}

async fn discard_check_out(stage: &Stage) {
    stage.api.script([empty(204)]);
    stage.items().discard_check_out("fi1").await.unwrap();
    stage.sent("POST /sf/v3/Items(fi1)/DiscardCheckOut");
}
