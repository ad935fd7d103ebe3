//! The entities: every documented field is typed, stands where its name says, and holds what the answer held.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json as value};
use sharesync::sharefile::model::{
    AccessControl, AsyncOperation, AsyncOperationKind, AsyncState, Capability, DlpStatus, DownloadSpecification, Feed,
    Item, ItemInfo, ItemKind, Redirection, Share, ShareAlias, ShareFileDate, ShareKind, TreeMode, UploadMethod,
    UploadSpecification, UploadedFile, User, VirusStatus, Zone,
};

use super::fixtures::reconstructed;
use super::harness::cases;
use super::read_as::{is_nothing, same, same_feed};
use super::stage::{Stage, json};

cases! {
    "entities" {
        every_field_is_typed_and_in_its_place,
        items,
        item_info,
        people_and_zones,
        upload_specifications,
        async_operations,
        shares,
        feeds,
        capabilities,
    }
}

fn read<T: DeserializeOwned>(answer: &Value) -> T {
    serde_json::from_value(answer.clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    read(&reconstructed(name))
}

fn at(text: &str) -> Option<ShareFileDate> {
    Some(ShareFileDate::At(text.parse().unwrap()))
}

/// Fields whose name here says more than that on the wire.
const RENAMED: [(&str, &str); 1] = [("id", "itemid")];

/// Reads each field of an answer alone: it must set the one typed field of its name, and nothing may be left over.
fn check_places<T: DeserializeOwned + Serialize + Debug>(answer: &Value) {
    let entity = std::any::type_name::<T>();
    same(&read::<T>(answer), answer);
    for (name, field) in answer.as_object().unwrap().iter().filter(|(_, field)| !is_nothing(field)) {
        let alone = Value::Object(Map::from_iter([(name.clone(), field.clone())]));
        let shown = format!("{:#?}", read::<T>(&alone));
        let top_level =
            shown.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with(' '));
        let set: Vec<_> = top_level
            .filter_map(|line| line.split_once(": "))
            .filter(|(_, content)| !content.starts_with("None") && *content != "{},")
            .map(|(field, _)| field.replace('_', ""))
            .collect();
        let wire = name.replace('.', "").to_lowercase();
        let renamed = RENAMED.iter().any(|(from, to)| wire == *from && set == [*to]);
        assert!(set == [wire] || renamed, "{entity}: {name} sets {set:?}");
    }
}

async fn every_field_is_typed_and_in_its_place(_: &Stage) {
    for name in ["file", "folder", "home_folder", "note", "link", "symbolic_link", "tree_view"] {
        check_places::<Item>(&reconstructed(name));
    }
    let file = reconstructed("file");
    check_places::<User>(&file["Creator"]);
    check_places::<Zone>(&file["Zone"]);
    check_places::<AccessControl>(&file["AccessControls"][0]);
    check_places::<ItemInfo>(&reconstructed("item_info"));
    for name in ["standard", "streamed", "threaded"] {
        let mut answer = reconstructed(&format!("upload_specification_{name}"));
        answer.as_object_mut().unwrap().retain(|name, value| !(name.ends_with("Uri") && value == ""));
        check_places::<UploadSpecification>(&answer);
    }
    check_places::<UploadedFile>(&reconstructed("upload_finished")["value"][0]);
    check_places::<DownloadSpecification>(&reconstructed("download_specification"));
    for name in ["redirection", "thumbnail", "web_app_link"] {
        check_places::<Redirection>(&reconstructed(name));
    }
    check_places::<AsyncOperation>(&reconstructed("async_operation"));
    for name in ["share_send", "share_request"] {
        check_places::<Share>(&reconstructed(name));
    }
    check_places::<ShareAlias>(&reconstructed("share_send")["Recipients"][0]);
    check_places::<Capability>(&reconstructed("capabilities")["value"][0]);
}

async fn items(_: &Stage) {
    let file: Item = fixture("file");
    assert_eq!((file.kind(), file.id().unwrap()), (ItemKind::File, "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90"));
    assert_eq!((file.name.as_deref(), file.file_name.as_deref()), (Some("2.txt"), Some("2 on disk.txt")));
    assert_eq!((file.file_size_bytes, file.file_size_in_kb), (Some(27_056_777), Some(26_423)));
    assert_eq!(file.creation_date, at("2018-01-02T03:04:05.123Z"));
    assert_eq!(file.progeny_edit_date, at("2018-01-02T03:04:06.1234567Z"), "seven digits");
    assert_eq!(file.client_created_date, at("2017-12-31T00:00:00Z"));
    assert_eq!(file.client_modified_date, at("2018-01-01T00:00:00.5Z"));
    assert_eq!(file.expiration_date, Some(ShareFileDate::Never));
    assert_eq!(file.virus_status, Some(VirusStatus::NotScanned));
    assert_eq!((file.version, file.has_multiple_versions), (Some(3.5), Some(true)));
    assert_eq!(file.dlp_info.unwrap().status, Some(DlpStatus::ScannedOK));
    let preview = file.preview_status.unwrap();
    assert!(preview.has("HasThumb", 1) && preview.has("CanDocPreview", 16) && !preview.has("HasPreview", 2));
    let lock = file.file_lock_info.unwrap();
    assert_eq!((lock.lock_id.as_deref(), lock.expiration_time_in_minutes), (Some("lock1"), Some(30)));
    assert_eq!(file.parent.unwrap().kind(), ItemKind::Folder);

    let folder: Item = fixture("folder");
    assert_eq!((folder.kind(), folder.file_count), (ItemKind::Folder, Some(42)));
    assert_eq!((folder.file_size_bytes, folder.client_modified_date), (Some(123_456_789_012), None), "no date");
    assert_eq!(folder.favorite.unwrap().display_position, Some(2));
    let note: Item = fixture("note");
    assert_eq!((note.kind(), note.description.as_deref()), (ItemKind::Note, Some("Description")));
    let link: Item = fixture("link");
    assert_eq!((link.kind(), link.uri.as_deref()), (ItemKind::Link, Some("https://www.example.com/a?b=c#d")));
    let symbolic: Item = fixture("symbolic_link");
    assert_eq!((symbolic.kind(), symbolic.has_remote_children), (ItemKind::SymbolicLink, Some(true)));
    assert_eq!(symbolic.connector_group, Some(value!({"Id": "c-cifs"})));
}

async fn item_info(_: &Stage) {
    let info: ItemInfo = fixture("item_info");
    assert_eq!((info.tree_mode, info.max_versions), (Some(TreeMode::Copy), Some(25)));
    assert_eq!((info.versioning.as_deref(), info.sort_direction.as_deref()), (Some("Enabled"), Some("DESC")));
    let numbers: ItemInfo = read(&value!({"CanUpload": 1, "CanDownload": "false", "MaxVersions": "-1"}));
    assert_eq!((numbers.can_upload, numbers.can_download, numbers.max_versions), (Some(true), Some(false), Some(-1)));
}

async fn people_and_zones(_: &Stage) {
    let file: Item = fixture("file");
    let creator = file.creator.unwrap();
    assert_eq!(creator.date_created, at("2017-06-05T04:03:02.1Z"));
    assert_eq!(creator.emails.unwrap(), ["ada@example.com", "byron@example.com"]);
    let zone = file.zone.unwrap();
    assert!(zone.zone_services.as_ref().unwrap().has("StorageZone", 1));
    let secret: Zone = read(&value!({"Id": "z1", "Secret": "hush", "ZoneServices": 3}));
    assert!(secret.zone_services.as_ref().unwrap().has("SharepointConnector", 2));
    assert_eq!(secret.secret.as_ref().unwrap().expose(), "hush");
    assert!(!format!("{secret:?}").contains("hush"));
}

async fn upload_specifications(_: &Stage) {
    let spec: UploadSpecification = fixture("upload_specification_standard");
    assert_eq!((spec.method, spec.is_resume), (Some(UploadMethod::Standard), Some(false)));
    assert!(spec.finish_uri.is_none() && spec.prepare_uri.is_none(), "an empty address is none");
    let spec: UploadSpecification = fixture("upload_specification_threaded");
    assert_eq!((spec.method.clone(), spec.max_number_of_threads), (Some(UploadMethod::Threaded), Some(4)));
    let shown = format!("{spec:?}");
    assert!(!shown.contains("c2lnbmVk") && !shown.contains("rsu-"), "pre-signed addresses are not shown: {shown}");
    let resumed: UploadSpecification =
        read(&value!({"IsResume": "true", "ResumeIndex": "3", "ResumeOffset": 4096, "ResumeFileHash": "00ff"}));
    assert_eq!((resumed.is_resume, resumed.resume_index, resumed.resume_offset), (Some(true), Some(3), Some(4096)));
    let answer = reconstructed("upload_finished");
    let file: UploadedFile = read(&answer["value"][0]);
    assert_eq!((file.item_id.as_deref(), file.size), (Some("fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90"), Some(27_056_777)));
    let found: DownloadSpecification = fixture("download_specification");
    assert!(!format!("{found:?}").contains("dt0123"), "{found:?}");
}

async fn async_operations(_: &Stage) {
    let operation: AsyncOperation = fixture("async_operation");
    assert_eq!(operation.operation, Some(AsyncOperationKind::Move));
    assert_eq!((operation.batch_progress, operation.batch_total), (Some(12.5), Some(8)));
    assert_eq!(operation.overall_state(), Some(&AsyncState::Scheduled), "the batch says more than the operation");
    assert_eq!(operation.source.unwrap().kind(), ItemKind::File);
    assert_eq!(operation.target.unwrap().kind(), ItemKind::Folder);
    let numbers: AsyncOperation = read(&value!({"Operation": 14, "State": 2}));
    assert_eq!(numbers.operation, Some(AsyncOperationKind::ScheduleChangeZoneFileBoxes));
    assert_eq!(numbers.overall_state(), Some(&AsyncState::Success));
}

async fn shares(_: &Stage) {
    let share: Share = fixture("share_send");
    assert_eq!((share.share_type, share.max_downloads), (Some(ShareKind::Send), Some(-1)));
    assert_eq!(share.expiration_date, at("2013-07-23T00:00:00Z"));
    assert_eq!(share.share_access_right.unwrap().access_right_type.as_deref(), Some("FullControl"));
    let uri = share.uri.unwrap();
    assert_eq!(uri.expose().path(), "/d-s8a6ffa8c87b444ee94f6de7533f920a5");
    assert!(!format!("{uri:?}").contains("s8a6ffa8"));
    let share: Share = fixture("share_request");
    assert_eq!((share.share_type, share.send_frequency), (Some(ShareKind::Request), Some(-1)));
    assert_eq!(share.parent.unwrap().id().unwrap(), "fo9252b1-0a1b-4c2d-8e3f-405162738495");
    let loose: Share = read(&value!({"Id": "s1", "ShareType": 2, "RequireLogin": "false", "MaxDownloads": "5"}));
    assert_eq!((loose.share_type, loose.require_login), (Some(ShareKind::Both), Some(false)));
    assert_eq!(loose.max_downloads, Some(5));
}

async fn feeds(_: &Stage) {
    for name in ["children", "stream", "breadcrumbs", "deleted_children"] {
        let answer = reconstructed(name);
        same_feed(&read::<Feed<Item>>(&answer), &answer);
    }
    let answer = reconstructed("shares");
    same_feed(&read::<Feed<Share>>(&answer), &answer);
    let answer = reconstructed("async_operations");
    same_feed(&read::<Feed<AsyncOperation>>(&answer), &answer);
    let link = value!({"odata.count": "9", "odata.nextlink": "https://a.example/x", "value": []});
    let feed: Feed<Item> = read(&link);
    assert_eq!((feed.count, feed.next_link.as_deref()), (Some(9), Some("https://a.example/x")));
}

async fn capabilities(stage: &Stage) {
    let answer = stage.fixture("capabilities");
    stage.api.script([json(answer.clone())]);
    let found = stage.client().capabilities().await.unwrap();
    stage.sent("GET /sf/v3/Capabilities");
    same_feed(&found, &answer);
    let names: Vec<_> = found.value.iter().filter_map(|capability| capability.name.as_deref()).collect();
    assert_eq!(names.len(), 19);
    for name in ["UploadWithRequestParams", "ThreadedUploadRaw", "LastProgenyUpdateDate", "RecycleBin"] {
        assert!(names.contains(&name), "{name}");
    }
}
