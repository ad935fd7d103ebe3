//! Lists in pieces of every size: what is found, and how every kind of bad list is refused.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const PLACES: Places = &[&["value"], &["d", "results"], &[]];

#[derive(Debug, Deserialize, PartialEq)]
struct Sized {
    size: u64,
}

/// A body that arrives in pieces of this size.
fn body(text: &str, step: usize) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<_> = text.as_bytes().chunks(step.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

fn now<T>(future: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(future).unwrap()
}

/// The entries, and the document without them.
fn read<T: DeserializeOwned>(list: JsonList, text: &str, step: usize) -> Result<(Vec<T>, Value)> {
    let (entries, beside) = now(json_list(body(text, step), list, 1 << 20))?;
    Ok((entries, decode_json(&beside)?))
}

#[test]
fn a_list_is_found_in_its_places_and_nowhere_else() {
    let cases = [
        (
            r#" {"a":[1],"value" : [1, "x]", {"b":[2]}] ,"next":"n"} "#,
            json!([1, "x]", {"b":[2]}]),
            json!({"a":[1],"value":[],"next":"n"}),
        ),
        (r#"{"d":{"results":[[],{}],"__next":"n"}}"#, json!([[], {}]), json!({"d":{"results":[],"__next":"n"}})),
        ("\u{feff}[true,null,-1.5e3]", json!([true, null, -1500.0]), json!([])),
        ("[ ]", json!([]), json!([])),
        (r#"{"value":null}"#, json!([]), json!({"value":null})),
        (
            r#"{"x":{"value":[1]},"results":[2],"y":[[3]],"d":{"value":[4]}}"#,
            json!([]),
            json!({"x":{"value":[1]},"results":[2],"y":[[3]],"d":{"value":[4]}}),
        ),
        (r#"{"\"value":[1],"a":"value","value":[2]}"#, json!([2]), json!({"\"value":[1],"a":"value","value":[]})),
        (r#"{"d":{"results":[1]},"value":[2]}"#, json!([1]), json!({"d":{"results":[]},"value":[2]})),
        ("7", json!([]), json!(7)),
    ];
    for (text, entries, beside) in cases {
        for step in 1..=text.len() {
            let (found, rest) = read::<Value>(JsonList::at(PLACES), text, step).unwrap();
            assert_eq!((Value::Array(found), &rest), (entries.clone(), &beside), "{text} in pieces of {step}");
        }
    }
}

#[test]
fn errors_say_where_and_quote_nothing() {
    let cases = [
        (r#"{"value":[{"size":1},{"size":"hush"}]}"#, ErrorKind::Protocol, "value[1].size"),
        (r#"{"d":{"results":[{}]}}"#, ErrorKind::Protocol, "d.results[0]: missing field `size`"),
        (r#"[{"size":1} hush]"#, ErrorKind::Protocol, "no JSON at [0], column"),
        (r#"[{"size":1},]"#, ErrorKind::Protocol, "no JSON at [1]"),
        (r#"[,{"size":1}]"#, ErrorKind::Protocol, "no JSON at [0]"),
        (r#"[{"size":1}},{"size":1}]"#, ErrorKind::Protocol, "no JSON at [0]"),
        (r#"[{"size":1}] hush"#, ErrorKind::Protocol, "no JSON"),
        (r#"{"value":[{"size":1}],"value":hush}"#, ErrorKind::Protocol, "no JSON"),
        (r#"{"value":[{"size":1},{"si"#, ErrorKind::Network, "breaks off"),
        (r#"{"value":[{"size":1}]"#, ErrorKind::Network, "breaks off"),
        ("", ErrorKind::Protocol, "empty"),
        ("<html><script>x = {\"value\":[hush]}</script>", ErrorKind::Protocol, "HTML"),
        ("hush", ErrorKind::Protocol, "no JSON"),
    ];
    for (text, kind, part) in cases {
        for step in [1, 3, 1000] {
            let error = read::<Sized>(JsonList::at(PLACES), text, step).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}: {error}");
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}

#[test]
fn a_long_page_of_html_is_said_to_be_one() {
    let page = format!("<!DOCTYPE html>{}", "<p>{[:,]}</p>".repeat(200_000));
    let read = now(json_list::<Value>(body(&page, 4096), JsonList::at(PLACES), 64 << 20)).unwrap_err();
    assert!(read.kind() == ErrorKind::Protocol && read.to_string().contains("HTML"), "{read}");
}

#[test]
fn no_more_is_believed_than_was_asked_for() {
    let list = JsonList::at(PLACES).asked(Some(2));
    assert_eq!(read::<u8>(list, "[1,2]", 100).unwrap().0, [1, 2]);
    let error = read::<u8>(list, "[1,2,3]", 100).unwrap_err();
    assert!(error.kind() == ErrorKind::TooLarge && error.to_string().contains("the 2 entries"), "{error}");
    assert_eq!(read::<u8>(JsonList::at(PLACES).asked(Some(0)), "[1]", 100).unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn what_a_list_takes_has_a_bound() {
    let large = |begin: &str, entry: &str, end: &str, most: usize| {
        let entries = stream::iter(std::iter::repeat_n(Bytes::from(entry.repeat(1000)), most / 1000 + 1).map(Ok));
        let begin = stream::iter([Ok(Bytes::from(begin.to_owned()))]);
        let whole = begin.chain(entries).chain(stream::iter([Ok(Bytes::from(end.to_owned()))])).boxed();
        now(json_list::<Value>(whole, JsonList::at(PLACES), 64 << 20)).map(|(entries, _)| entries.len())
    };
    for (begin, entry, end, most) in [
        ("[", "{},", "1]", 1_000_000),
        ("[", "[[[1]]],", "1]", 1_000_000),
        ("[[", "{},", "1]]", 100_000),
        ("[[", "1,", "1]]", 1_000_000),
        ("[\"", "xxxxxxxxx", "\"]", 1_000_000),
        ("[[", "[", "]]", 200_000),
        ("{\"x\":[", "1,", "1],\"value\":[]}", 100_000),
        ("[", "                ", "]", 5_000_000),
    ] {
        let error = large(begin, entry, end, most).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{begin}{entry}: {error}");
    }
    assert_eq!(large("[", "\"a name\",", "1]", 100_000).unwrap(), 101_001);
}

#[tokio::test]
async fn a_list_put_aside_is_read_in_batches() {
    let entries: Vec<_> = (0..40_000).map(|number| json!({"size": number, "name": "n".repeat(number % 100)})).collect();
    let text = json!({"value": entries, "path": "/a"}).to_string();
    assert!(text.len() > 2 << 20, "more than is kept in memory");
    let (list, beside) = SpooledList::read(body(&text, 10_000), JsonList::at(PLACES), 64 << 20).await.unwrap();
    let beside: Value = decode_json(&beside).unwrap();
    assert_eq!((list.count(), beside), (40_000, json!({"value": [], "path": "/a"})));
    let batches: Vec<Vec<Sized>> = list.entries().try_collect().await.unwrap();
    assert!(batches.len() > 10 && batches.iter().all(|batch| batch.len() < 5000));
    let sizes: Vec<_> = batches.iter().flatten().map(|entry| entry.size).collect();
    assert_eq!(sizes, (0..40_000).collect::<Vec<_>>());

    let refused = SpooledList::read(body(&text, 10_000), JsonList::at(PLACES), 1 << 20).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    let (list, _) =
        SpooledList::read(body(r#"{"value":[{"size":1},{}]}"#, 3), JsonList::at(PLACES), 100).await.unwrap();
    let error = list.entries::<Sized>().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.to_string().contains("value[1]: missing field `size`"), "{error}");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\[\\]{}:,\"\\\\a-cé\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("value|d|results|[a-c\"\\\\\\[{]{0,3}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_read_as_serde_reads_it(document in any_value(), pretty in any::<bool>(), step in 1_usize..40) {
        let text = if pretty { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() };
        let (entries, mut beside) = read::<Value>(JsonList::at(PLACES), &text, step).unwrap();
        if !entries.is_empty() {
            // The entries belong into the first empty list in one of the places.
            let slot = ["/value", "/d/results", ""].into_iter().find(|place| {
                document.pointer(place).is_some_and(|found| found.as_array() == Some(&entries))
            });
            *beside.pointer_mut(slot.unwrap()).unwrap() = Value::Array(entries);
        }
        prop_assert_eq!(beside, document);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\ a1\n<]{0,40}", step in 1_usize..9) {
        let whole = decode_json::<Value>(text.as_bytes());
        let read = read::<Value>(JsonList::at(PLACES), &text, step);
        prop_assert_eq!(whole.is_ok(), read.is_ok(), "{}", text);
    }
}
