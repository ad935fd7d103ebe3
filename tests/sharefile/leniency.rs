//! Answers that are not quite what the documents say: other types, other spellings, things left out or added.

use serde_json::{Value, json as value};
use sharesync::sharefile::Query;
use sharesync::sharefile::model::{
    DlpStatus, Feed, Item, ItemKind, ShareFileDate, TreeMode, UploadMethod, VirusStatus,
};
use sharesync::{ErrorKind, Timestamp};

use super::harness::cases;
use super::stage::{Stage, json, plain};

cases! {
    "leniency" {
        kinds_of_items,
        unknown_fields_are_kept_and_sent_again,
        everything_may_be_missing,
        enumerations_by_name_number_or_new,
        sizes_by_text_or_number,
        fractions_of_up_to_seven_digits,
        special_dates,
        wrong_types_say_where_and_quote_nothing,
        an_item_without_an_identifier_says_so,
        a_feed_without_a_value_is_no_feed,
        bodies_that_are_no_json,
        media_types_do_not_matter,
    }
}

fn item(answer: Value) -> Item {
    serde_json::from_value(answer).unwrap()
}

const METADATA: &str = "https://acct.sf-api.com/sf/v3/$metadata#Items/ShareFile.Api.Models.";

async fn kinds_of_items(_: &Stage) {
    let metadata = |kind: &str| format!("{METADATA}{kind}@Element");
    let cases = [
        (value!({"odata.type": "ShareFile.Api.Models.File"}), ItemKind::File),
        (value!({"odata.type": "ShareFile.Api.Models.Folder", "odata.metadata": ":::"}), ItemKind::Folder),
        (value!({"odata.type": "ShareFile.Api.Models.Note", "odata.metadata": ""}), ItemKind::Note),
        (value!({"odata.type": "ShareFile.Api.Models.Link", "odata.metadata": metadata("File")}), ItemKind::Link),
        (value!({"odata.type": "ShareFile.Api.Models.SymbolicLink", "odata.metadata": null}), ItemKind::SymbolicLink),
        (value!({"odata.type": "nonsense", "odata.metadata": metadata("File")}), ItemKind::File),
        (value!({"odata.type": "", "odata.metadata": metadata("SymbolicLink")}), ItemKind::SymbolicLink),
        (value!({"odata.type": null, "odata.metadata": metadata("Note")}), ItemKind::Note),
        (value!({"odata.metadata": metadata("Folder")}), ItemKind::Folder),
        (value!({"odata.metadata": "#", "url": "https://acct.sf-api.com/sf/v3/Items(fi1)"}), ItemKind::File),
        (value!({"url": "https://acct.sf-api.com/cifs/v3/Items(foAB)"}), ItemKind::Folder),
        (value!({"odata.type": "ShareFile.Api.Models.Hologram", "Id": "fi1"}), ItemKind::Other("Hologram".into())),
        (value!({"Id": "x"}), ItemKind::Other(String::new())),
        (value!({}), ItemKind::Other(String::new())),
    ];
    for (answer, kind) in cases {
        assert_eq!(item(answer.clone()).kind(), kind, "{answer}");
    }
}

async fn unknown_fields_are_kept_and_sent_again(stage: &Stage) {
    let answer = value!({"Id": "fi1", "Invented": {"deep": [1, null, "x"]}, "odata.new": 1, "name": "another case"});
    stage.api.script([json(answer.clone()), json(answer)]);
    let item = stage.items().get("fi1", &Query::new()).await.unwrap();
    assert_eq!(item.extra.get("Invented"), Some(&value!({"deep": [1, null, "x"]})));
    assert_eq!((item.extra.len(), item.name.as_deref()), (3, None));
    stage.items().update("fi1", &item, &Query::new()).await.unwrap();
    assert_eq!(stage.sent("PATCH /sf/v3/Items(fi1)").json()["Invented"], value!({"deep": [1, null, "x"]}));
}

async fn everything_may_be_missing(stage: &Stage) {
    stage.api.script([json(value!({})), json(value!({"value": [{}, {"Id": "fi1"}]})), json(value!({}))]);
    let item = stage.items().get("fi1", &Query::new()).await.unwrap();
    assert_eq!(item, Item::new());
    let feed = stage.items().children("fo1", &Query::new()).await.unwrap();
    assert_eq!((feed.value.len(), feed.count, feed.next_link), (2, None, None));
    let info = stage.items().info("fo1", &Query::new()).await.unwrap();
    assert_eq!((info.can_upload, info.extra.len()), (None, 0));
}

async fn enumerations_by_name_number_or_new(_: &Stage) {
    let virus = |value: Value| item(value!({"VirusStatus": value})).virus_status;
    assert_eq!(virus(value!("clean")), Some(VirusStatus::Clean));
    assert_eq!(virus(value!("CLEAN")), Some(VirusStatus::Clean));
    assert_eq!(virus(value!(-1)), Some(VirusStatus::VirusWarning));
    assert_eq!(virus(value!("0")), Some(VirusStatus::NotScanned));
    assert_eq!(virus(value!("Quarantined")), Some(VirusStatus::Other("Quarantined".into())));
    assert_eq!(virus(value!(77)), Some(VirusStatus::Other("77".into())));
    assert_eq!(virus(Value::Null), None);
    let methods = [(value!("standard"), UploadMethod::Standard), (value!(1), UploadMethod::Streamed)];
    for (answer, method) in methods {
        assert_eq!(serde_json::from_value::<UploadMethod>(answer).unwrap(), method);
    }
    let modes = ["Standard", "Copy", "Move", "Sync", "Manage"];
    for name in modes {
        assert_eq!(TreeMode::parse(&name.to_lowercase()).as_str(), name);
    }
    assert_eq!(DlpStatus::parse("scannedrejected"), DlpStatus::ScannedRejected);
}

async fn sizes_by_text_or_number(_: &Stage) {
    let size = |value: Value| item(value!({"FileSizeBytes": value})).file_size_bytes;
    let cases = [
        (value!(0), Some(0)),
        (value!("27056777"), Some(27_056_777)),
        (value!(9_223_372_036_854_775_807_i64), Some(i64::MAX)),
        (value!("9223372036854775807"), Some(i64::MAX)),
        (value!(1e3), Some(1000)),
        (value!(" 12 "), Some(12)),
        (value!(""), None),
        (Value::Null, None),
    ];
    for (answer, expected) in cases {
        assert_eq!(size(answer.clone()), expected, "{answer}");
    }
}

async fn fractions_of_up_to_seven_digits(_: &Stage) {
    let digits = "1234567";
    for count in 0..=7 {
        let fraction = if count == 0 { String::new() } else { format!(".{}", &digits[..count]) };
        let text = format!("2018-01-02T03:04:05{fraction}Z");
        let date = item(value!({"CreationDate": text})).creation_date.unwrap();
        let expected: Timestamp = text.parse().unwrap();
        assert_eq!(date, ShareFileDate::At(expected), "{text}");
        assert_eq!(date.to_string(), text);
    }
}

async fn special_dates(_: &Stage) {
    let date = |text: &str| item(value!({"ExpirationDate": text})).expiration_date;
    for never in ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59Z", "9999-12-31"] {
        assert_eq!(date(never), Some(ShareFileDate::Never), "{never}");
    }
    for nothing in ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z", ""] {
        assert_eq!(date(nothing), None, "{nothing}");
    }
    assert_eq!(date("2013-07-23").unwrap().to_string(), "2013-07-23T00:00:00Z", "a bare date");
    assert_eq!(item(value!({"ExpirationDate": null})).expiration_date, None);
    let sent = serde_json::to_value(Item::new().with_expiration_date(ShareFileDate::Never)).unwrap();
    assert_eq!(sent, value!({"ExpirationDate": "9999-12-31T23:59:59.9999999Z"}));
}

async fn wrong_types_say_where_and_quote_nothing(stage: &Stage) {
    let cases = [
        (value!({"FileSizeBytes": "hush"}), "FileSizeBytes"),
        (value!({"FileSizeBytes": {"hush": 1}}), "FileSizeBytes"),
        (value!({"CreationDate": "hush"}), "CreationDate"),
        (value!({"IsHidden": "hush"}), "IsHidden"),
        (value!({"Parent": {"FileCount": "hush"}}), "FileCount"),
        (value!({"Children": "hush"}), "Children"),
    ];
    stage.api.script(cases.clone().map(|(answer, _)| json(answer)));
    for (answer, place) in cases {
        let error = stage.items().get("fi1", &Query::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Protocol, Some("Items.Get")), "{answer}");
        assert_eq!((error.subject(), error.attempts()), (Some("fi1"), 1), "it would be the same again");
        let text = format!("{error} {error:?}");
        assert!(text.contains(place) && !text.contains("hush"), "{text}");
    }
}

async fn an_item_without_an_identifier_says_so(stage: &Stage) {
    stage.api.script([json(value!({"Name": "x"}))]);
    let item = stage.items().home(&Query::new()).await.unwrap();
    assert_eq!(item.id().unwrap_err().kind(), ErrorKind::Protocol);
}

async fn a_feed_without_a_value_is_no_feed(stage: &Stage) {
    let answers = [value!({"odata.count": 0}), value!({"value": null}), value!({"value": {}}), value!([])];
    stage.api.script(answers.clone().map(json));
    for answer in answers {
        let error = stage.items().children("fo1", &Query::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer}");
    }
    assert!(serde_json::from_value::<Feed<Item>>(value!({"value": []})).is_ok());
}

async fn bodies_that_are_no_json(stage: &Stage) {
    let bodies = ["<html><body>hush</body></html>", "hush", "\u{0}\u{1}", "[1, 2", "{\"Id\":", "", "nul"];
    for body in bodies {
        stage.api.by(move |_| plain(200, body));
        let error = stage.items().get("fi1", &Query::new()).await.unwrap_err();
        let broken = matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Network);
        assert!(broken, "{body:?}: {error}");
        assert_eq!((error.operation(), error.subject()), (Some("Items.Get"), Some("fi1")), "{body:?}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}

async fn media_types_do_not_matter(stage: &Stage) {
    stage.api.script([plain(200, r#"{"Id":"fi1"}"#)]);
    assert_eq!(stage.items().get("fi1", &Query::new()).await.unwrap().id().unwrap(), "fi1");
}
