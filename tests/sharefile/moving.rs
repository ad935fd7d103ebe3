//! How the store moves, renames and copies: steps that replace nothing, and that are taken back when one fails.

use serde_json::{Value, json as value};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, ErrorKind, ItemId, ItemRef, Purpose, RemoteStore as _, Temporary,
};

use super::drive::{Handle, refused, taken, writes};
use super::harness::cases;
use super::stage::{Stage, empty, json, status};

cases! {
    "moving" {
        renaming_is_one_update,
        moving_is_one_update,
        moving_and_renaming_never_in_one_update,
        past_others_it_goes_through_a_folder_of_its_own,
        a_failed_move_is_taken_back,
        a_failed_last_step_is_taken_back,
        what_cannot_be_taken_back_is_told,
        an_update_that_does_nothing_is_no_success,
        a_new_name_that_differs_by_case_alone,
        a_name_that_is_taken_in_another_case,
        nothing_to_do_is_nothing_sent,
        forbidden_names_are_refused_before_anything_is_sent,
        copying_under_the_same_name,
        copying_under_another_name_goes_through_a_folder_of_its_own,
        copying_within_a_folder_goes_through_a_folder_of_its_own,
        the_folder_of_its_own_is_removed_after_a_failure_too,
        lost_answers_leave_no_folder_behind,
        what_somebody_else_has_put_there_is_no_copy,
        copying_onto_a_name_that_is_taken,
        work_that_goes_on_is_awaited,
        creating_a_folder,
        deleting,
    }
}

fn id(id: &str) -> ItemRef {
    ItemRef::Id(ItemId::from(id))
}

fn to(folder: &str) -> Destination {
    Destination::folder(id(folder))
}

fn named(name: &str) -> Value {
    value!({"Name": name, "FileName": name})
}

/// The updates that were sent: their bodies; every one forbids to overwrite.
fn updates(stage: &Stage) -> Vec<Value> {
    let updates = writes(stage);
    for (line, body) in &updates {
        assert!(line.starts_with("PATCH /sf/v3/Items(fi1)?") && line.contains("overwrite=false"), "{line}");
        assert!(body.get("Name").is_none() || body.get("Parent").is_none(), "in one update: {body}");
        assert_eq!(body.get("Name"), body.get("FileName"), "the two names are kept the same");
    }
    updates.into_iter().map(|(_, body)| body).collect()
}

async fn renaming_is_one_update(stage: &Stage) {
    let drive = Handle::on(stage);
    let moved = stage.store().move_item(&id("fi1"), &Destination::name("b.txt")).await.unwrap();
    assert_eq!((moved.name.as_str(), moved.id.as_str()), ("b.txt", "fi1"));
    assert_eq!(updates(stage), [named("b.txt")]);
    assert_eq!(drive.place("fi1"), Some(("b.txt".into(), "fo1".into())));
}

async fn moving_is_one_update(stage: &Stage) {
    Handle::on(stage);
    let moved = stage.store().move_item(&id("fi1"), &to("fo2")).await.unwrap();
    assert_eq!(moved.parent.as_ref().map(ItemId::as_str), Some("fo2"));
    assert_eq!(updates(stage), [value!({"Parent": {"Id": "fo2"}})]);
}

async fn moving_and_renaming_never_in_one_update(stage: &Stage) {
    let drive = Handle::on(stage);
    // In the old folder the new name is taken, by something that must survive.
    drive.add("fi2", "c.txt", "fo1", "File");
    let moved = stage.store().move_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap();
    assert_eq!(moved.name, "c.txt");
    assert_eq!(updates(stage), [value!({"Parent": {"Id": "fo2"}}), named("c.txt")]);
    assert_eq!(drive.place("fi1"), Some(("c.txt".into(), "fo2".into())));
    assert_eq!(drive.place("fi2"), Some(("c.txt".into(), "fo1".into())));
}

/// A drive where both names are taken on the way.
fn crowded(stage: &Stage) -> Handle {
    let drive = Handle::on(stage);
    drive.add("fi2", "c.txt", "fo1", "File");
    drive.add("fi3", "a.txt", "fo2", "File");
    drive
}

async fn past_others_it_goes_through_a_folder_of_its_own(stage: &Stage) {
    let drive = crowded(stage);
    let moved = stage.store().move_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap();
    assert_eq!((moved.name.as_str(), moved.id.as_str()), ("c.txt", "fi1"));
    let sent = writes(stage);
    let folder = Temporary::parse(sent[0].1["Name"].as_str().unwrap()).unwrap();
    assert_eq!((folder.purpose, folder.name.as_deref()), (Purpose::Move, Some("c.txt")));
    let bodies: Vec<_> = sent[1..4].iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(bodies, [value!({"Parent": {"Id": "new1"}}), named("c.txt"), value!({"Parent": {"Id": "fo2"}})]);
    assert!(sent[4].0.starts_with("DELETE /sf/v3/Items(new1)"));
    assert_eq!(drive.place("fi1"), Some(("c.txt".into(), "fo2".into())));
    assert_eq!(drive.ids(), ["fi1", "fi2", "fi3", "fo1", "fo2", "home"]);
}

async fn a_failed_move_is_taken_back(stage: &Stage) {
    let drive = Handle::on(stage);
    drive.fail(1, refused());
    let error = stage.store().move_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::PermissionDenied, Some("sharefile")));
    assert!(!error.maybe_applied(), "{error}");
    assert_eq!(drive.place("fi1"), Some(("a.txt".into(), "fo1".into())));
    assert_eq!(updates(stage), [named("c.txt"), value!({"Parent": {"Id": "fo2"}}), named("a.txt")]);
}

async fn a_failed_last_step_is_taken_back(stage: &Stage) {
    let drive = crowded(stage);
    // The writes: folder, in, rename, out.
    drive.fail(3, taken());
    let error = stage.store().move_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::AlreadyExists, false));
    assert_eq!(drive.place("fi1"), Some(("a.txt".into(), "fo1".into())));
    assert_eq!(drive.ids(), ["fi1", "fi2", "fi3", "fo1", "fo2", "home"]);
}

async fn what_cannot_be_taken_back_is_told(stage: &Stage) {
    let drive = Handle::on(stage);
    drive.fail(1, refused());
    drive.fail(2, refused());
    let error = stage.store().move_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap_err();
    assert!(error.maybe_applied(), "{error}");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("could not be put back") && error.to_string().contains("a.txt"), "{error}");
}

/// The service answers with the item as it was.
async fn an_update_that_does_nothing_is_no_success(stage: &Stage) {
    for destination in [Destination::name("b.txt"), to("fo2"), to("fo2").with_name("c.txt")] {
        let drive = Handle::on(stage);
        let file = value!({
            "Id": "fi1", "Name": "a.txt", "StreamID": "st1", "Parent": {"Id": "fo1"},
            "odata.type": "ShareFile.Api.Models.File",
        });
        drive.fail(0, json(file));
        let error = stage.store().move_item(&id("fi1"), &destination).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Protocol, true), "{destination:?}: {error}");
        assert_eq!(drive.place("fi1"), Some(("a.txt".into(), "fo1".into())));
    }
}

async fn a_new_name_that_differs_by_case_alone(stage: &Stage) {
    let drive = Handle::on(stage);
    let moved = stage.store().move_item(&id("fi1"), &Destination::name("A.TXT")).await.unwrap();
    assert_eq!(moved.name, "A.TXT");
    assert_eq!(drive.place("fi1"), Some(("A.TXT".into(), "fo1".into())));
}

async fn a_name_that_is_taken_in_another_case(stage: &Stage) {
    let drive = Handle::on(stage);
    drive.add("fi2", "B.TXT", "fo1", "File");
    let store = stage.store();
    for to in [Destination::name("b.txt"), to("fo1").with_name("b.txt")] {
        let error = store.move_item(&id("fi1"), &to).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::AlreadyExists, Some("fi1")));
    }
    assert!(writes(stage).is_empty());
    assert!(!store.capabilities().names.case_sensitive && store.capabilities().names.same("B.TXT", "b.txt"));
}

async fn nothing_to_do_is_nothing_sent(stage: &Stage) {
    Handle::on(stage);
    for destination in [Destination::name("a.txt"), to("fo1"), to("fo1").with_name("a.txt"), Destination::default()] {
        let moved = stage.store().move_item(&id("fi1"), &destination).await.unwrap();
        assert_eq!(moved.name, "a.txt");
    }
    assert!(writes(stage).is_empty());
}

/// Names that the service does not take: forbidden characters, spaces at the ends, a period at the end, too long.
fn forbidden_names() -> Vec<String> {
    let characters = "\\/:*?\"<>|\0\u{1}\u{7f}\n".chars().map(|c| format!("a{c}b"));
    let others = [" a", "a ", "a.", "", ".", "..", "a/../b"].map(str::to_owned);
    characters.chain(others).chain(["x".repeat(257)]).collect()
}

async fn forbidden_names_are_refused_before_anything_is_sent(stage: &Stage) {
    use sharesync::RemoteStoreExt as _;
    use sharesync::transfer::{TransferOptions, UploadRequest};
    let store = stage.store();
    for name in forbidden_names() {
        let errors = [
            store.create_folder(&ItemRef::Root, &name, CreateFolderOptions::new()).await.unwrap_err(),
            store.move_item(&id("fi1"), &Destination::name(&name)).await.unwrap_err(),
            store.copy_item(&id("fi1"), &to("fo2").with_name(&name)).await.unwrap_err(),
            store.upload_spec(UploadRequest::new(ItemRef::Root, &name)).await.unwrap_err(),
            store
                .upload_bytes("content", UploadRequest::new(ItemRef::Root, &name), TransferOptions::new())
                .await
                .unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::InvalidName), "{name:?}: {errors:?}");
    }
    assert_eq!((stage.api.count(), stage.storage.count()), (0, 0));
    for name in ["a#b", "a%20b", "a+b", "a'b", "a&b", "äЖ文", "a.b", ".a", "-", &"x".repeat(256)] {
        store.capabilities().names.check(name).unwrap();
    }
}

async fn copying_under_the_same_name(stage: &Stage) {
    let drive = Handle::on(stage);
    let copy = stage.store().copy_item(&id("fi1"), &to("fo2")).await.unwrap();
    let expected = ("POST /sf/v3/Items(fi1)/Copy?targetid=fo2&overwrite=false".to_owned(), Value::Null);
    assert_eq!(writes(stage), [expected]);
    assert_ne!(copy.id.as_str(), "fi1");
    assert_eq!(drive.place(copy.id.as_str()), Some(("a.txt".into(), "fo2".into())));
}

/// Checks the detour of a copy: which folder it made, in `folder`, and that nothing of it is left.
fn check_detour(stage: &Stage, folder: &str, name: &str) {
    let sent = writes(stage);
    let (line, body) = &sent[0];
    assert_eq!(line, &format!("POST /sf/v3/Items({folder})/Folder?overwrite=false"));
    assert!(body["Name"].as_str().unwrap().len() > 12, "{body}");
    assert_eq!(sent[1].0, "POST /sf/v3/Items(fi1)/Copy?targetid=new1&overwrite=false");
    let mut updates = sent[2..sent.len() - 1].iter();
    if name != "a.txt" {
        let (line, body) = updates.next().unwrap();
        assert!(line.starts_with("PATCH /sf/v3/Items(new2)?"), "{line}");
        assert_eq!(body, &named(name));
    }
    let (line, body) = updates.next().unwrap();
    assert!(line.starts_with("PATCH /sf/v3/Items(new2)?") && line.contains("overwrite=false"), "{line}");
    assert_eq!(body, &value!({"Parent": {"Id": folder}}));
    assert!(updates.next().is_none());
    assert!(sent.last().unwrap().0.starts_with("DELETE /sf/v3/Items(new1)"));
}

async fn copying_under_another_name_goes_through_a_folder_of_its_own(stage: &Stage) {
    let drive = Handle::on(stage);
    // A copy straight into the folder would meet this one.
    drive.add("fi2", "a.txt", "fo2", "File");
    let copy = stage.store().copy_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap();
    check_detour(stage, "fo2", "c.txt");
    assert_eq!((copy.id.as_str(), copy.name.as_str()), ("new2", "c.txt"));
    assert_eq!(drive.place("new2"), Some(("c.txt".into(), "fo2".into())));
    assert_eq!(drive.ids(), ["fi1", "fi2", "fo1", "fo2", "home", "new2"], "nothing else is left");
}

async fn copying_within_a_folder_goes_through_a_folder_of_its_own(stage: &Stage) {
    let drive = Handle::on(stage);
    stage.store().copy_item(&id("fi1"), &Destination::name("b.txt")).await.unwrap();
    check_detour(stage, "fo1", "b.txt");
    assert_eq!(drive.place("fi1"), Some(("a.txt".into(), "fo1".into())), "the source is untouched");
    assert_eq!(drive.place("new2"), Some(("b.txt".into(), "fo1".into())));
}

async fn the_folder_of_its_own_is_removed_after_a_failure_too(stage: &Stage) {
    let drive = Handle::on(stage);
    // The writes: folder, copy, rename, move, delete.
    for (step, begun) in [(1, 0), (2, 3), (3, 7)] {
        drive.fail(begun + step, refused());
        let error = stage.store().copy_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "step {step}");
        let (line, _) = writes(stage).pop().unwrap();
        assert!(line.starts_with("DELETE /sf/v3/Items(new"), "step {step}: {line}");
        assert_eq!(drive.ids(), ["fi1", "fo1", "fo2", "home"], "step {step}");
    }
}

async fn lost_answers_leave_no_folder_behind(stage: &Stage) {
    // The writes: folder, copy, rename, move, delete. Those that say what is to be are repeated.
    for lost in [0, 1, 2, 3] {
        let drive = Handle::on(stage);
        drive.lose(lost);
        let copy = stage.store().copy_item(&id("fi1"), &to("fo2").with_name("c.txt")).await.unwrap();
        assert_eq!(drive.place(copy.id.as_str()), Some(("c.txt".into(), "fo2".into())), "write {lost}");
        assert_eq!(drive.ids().len(), 5, "write {lost}: {:?}", drive.ids());
    }
}

async fn what_somebody_else_has_put_there_is_no_copy(stage: &Stage) {
    let drive = Handle::on(stage);
    drive.overtake(0, 99);
    let error = stage.store().copy_item(&id("fi1"), &to("fo2")).await.unwrap_err();
    assert!(error.maybe_applied(), "{error}");
    assert_eq!(drive.place("new1"), Some(("a.txt".into(), "fo2".into())), "it stays");
}

async fn copying_onto_a_name_that_is_taken(stage: &Stage) {
    let drive = Handle::on(stage);
    drive.add("fi2", "C.txt", "fo2", "File");
    for destination in [to("fo2").with_name("c.TXT"), Destination::name("A.txt"), to("fo1")] {
        let error = stage.store().copy_item(&id("fi1"), &destination).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{destination:?}");
    }
    assert!(writes(stage).is_empty());
}

async fn work_that_goes_on_is_awaited(stage: &Stage) {
    let operation =
        |state: &str| value!({"Id": "ao1", "State": state, "odata.type": "ShareFile.Api.Models.AsyncOperation"});
    let drive = Handle::on(stage);
    drive.begin(0, status(202, value!({"value": [operation("Created")]})));
    drive.fail(1, json(operation("Created")));
    drive.work(json(operation("Success")));
    stage.store().move_item(&id("fi1"), &to("fo2")).await.unwrap();
    let asked = || stage.seen().iter().filter(|seen| seen.path == "/sf/v3/AsyncOperations(ao1)").count();
    assert_eq!(asked(), 1);
    drive.work(json(operation("Failure")));
    let error = stage.store().move_item(&id("fi1"), &to("fo1")).await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Rejected, Some("sharefile")));
    assert_eq!(asked(), 2);
}

async fn creating_a_folder(stage: &Stage) {
    let drive = Handle::on(stage);
    let store = stage.store();
    let options = CreateFolderOptions::new().with_description("why");
    let created = store.create_folder(&id("fo1"), "new folder", options).await.unwrap();
    assert!(created.is_folder());
    let (line, body) = writes(stage).pop().unwrap();
    assert_eq!(line, "POST /sf/v3/Items(fo1)/Folder?overwrite=false");
    assert_eq!((&body["Name"], &body["Description"]), (&value!("new folder"), &value!("why")));
    assert!(body.get("FileName").is_none_or(|name| name == "new folder"));
    let again = |name: &'static str, reuse: bool| {
        let (store, options) = (store.clone(), CreateFolderOptions::new().with_reuse_existing(reuse));
        async move { store.create_folder(&id("fo1"), name, options).await }
    };
    assert_eq!(again("NEW folder", false).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(again("NEW folder", true).await.unwrap().id, created.id);
    assert_eq!(again("a.txt", true).await.unwrap_err().kind(), ErrorKind::AlreadyExists, "a file is no folder");
    assert_eq!(drive.ids().len(), 5);
}

async fn deleting(stage: &Stage) {
    Handle::on(stage);
    let store = stage.store();
    store.delete(&id("fi1"), DeleteOptions::new()).await.unwrap();
    let (line, _) = writes(stage).pop().unwrap();
    assert!(line.starts_with("DELETE /sf/v3/Items(fi1)") && line.contains("forceSync=true"), "{line}");
    assert!(!line.contains("singleversion=true"), "all versions");
    let error = store.delete(&id("fi1"), DeleteOptions::new().with_if_revision("fi1".into())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(store.delete(&ItemRef::Root, DeleteOptions::new()).await.unwrap_err().kind(), ErrorKind::InvalidInput);

    let file = value!({
        "Id": "fi2", "Name": "b", "StreamID": "st2", "Parent": {"Id": "fo1"}, "odata.type": "ShareFile.Api.Models.File",
    });
    stage.api.by(move |request| if request.method == "GET" { json(file.clone()) } else { empty(204) });
    store.delete(&id("fi2"), DeleteOptions::new().with_permanent(true)).await.unwrap();
    let (line, body) = writes(stage).pop().unwrap();
    assert_eq!(line, "POST /sf/v3/Items(fo1)/BulkDelete?forceSync=true&deletePermanently=true");
    assert_eq!(body, value!(["st2"]), "all versions");
    let count = writes(stage).len();
    let error = store.delete(&id("fi2"), DeleteOptions::new().with_if_revision("fi1".into())).await.unwrap_err();
    assert_eq!((error.kind(), writes(stage).len()), (ErrorKind::PreconditionFailed, count));
}
