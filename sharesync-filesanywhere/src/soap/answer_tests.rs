//! The bounds of the reader: every kind of bad document is a typed error that says where.

use proptest::prelude::*;

use super::super::Flaw;
use crate::fuzzing::read_change_list;

const OPEN: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
    <ChangeListResponse xmlns='http://api.filesanywhere.com/'><ChangeListResult>";
const CLOSE: &str = "</ChangeListResult></ChangeListResponse></s:Body></s:Envelope>";
const REST: &str = "<SyncEndDate>2026-05-06T07:08:09.5</SyncEndDate><OffsetDate>NaN</OffsetDate><FullSync>0</FullSync>";

fn list(entries: &str) -> String {
    format!("{OPEN}<HeaderChanged>false</HeaderChanged><ChangedFileList>{entries}</ChangedFileList>{REST}{CLOSE}")
}

fn file(name: &str, size: &str) -> String {
    format!(
        "<ChangeFileItem><ParentFolderID>7</ParentFolderID><Name>{name}</Name><Size>{size}</Size><Checksum /></ChangeFileItem>\n"
    )
}

#[track_caller]
fn flaw(document: &str, flaw: &Flaw, path: &str) {
    for step in [1, 7, 4096, usize::MAX] {
        let error = read_change_list(document.as_bytes(), step).unwrap_err();
        assert_eq!((&error.flaw, error.path.as_str()), (flaw, path), "in pieces of {step}");
    }
}

#[test]
fn entries_are_read_from_pieces_of_any_size() {
    let names = ["a &amp; b", "<![CDATA[<x>]]>", "\u{feff}ü€😀", "  ", "&#x20;&#65;", "a\r\nb"];
    let entries: String = names.iter().map(|name| file(name, "5")).collect();
    let document = list(&entries);
    for step in 1..document.len() {
        assert_eq!(read_change_list(document.as_bytes(), step).unwrap(), (6, false), "in pieces of {step}");
    }
}

#[test]
fn bad_documents_are_told_with_the_path() {
    let result = "/Envelope/Body/ChangeListResponse/ChangeListResult";
    let row = format!("{result}/ChangedFileList/ChangeFileItem");
    flaw(&list(&file("a", "many")), &Flaw::Value("long"), &format!("{row}/Size"));
    flaw(&list("<ChangeFileItem />"), &Flaw::Missing("ParentFolderID"), &row);
    flaw(
        &list(&file("&bomb;", "1")),
        &Flaw::Malformed("a reference to what is not predefined"),
        &format!("{row}/Name"),
    );
    flaw(&format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{}", list("")), &Flaw::Doctype, "/");
    flaw(
        &list(&file("a", "1")).replace("http://api", "http://other"),
        &Flaw::Unexpected("ChangeListResponse"),
        "/Envelope/Body/ChangeListResponse",
    );
    flaw(&list("").replace("</s:Body>", "</s:Body><s:Body />"), &Flaw::Unexpected("a single Body"), "/Envelope/Body");
    flaw("<html><body>no</body></html>", &Flaw::Unexpected("an Envelope of SOAP 1.1 or 1.2"), "/html");
    flaw("{\"no\":\"xml\"}", &Flaw::Malformed("text outside of the document"), "/");
    flaw(&list("<a:b />"), &Flaw::Malformed("a prefix that is not declared"), &format!("{result}/ChangedFileList/b"));
    let whole = list(&file("a", "1"));
    flaw(whole.strip_suffix("</s:Envelope>").unwrap(), &Flaw::Truncated, "/Envelope");
}

#[test]
fn bytes_that_are_no_characters_are_refused_wherever_they_are() {
    for (from, to) in [
        (">a<", ">a\u{fffd}<"),
        ("<Size>", "<Si\u{fffd}ze>"),
        ("<Size>", "<Size a='\u{fffd}'>"),
        ("<Size>", "<!--\u{fffd}--><Size>"),
    ] {
        let document = list(&file("a", "1")).replace(from, to);
        let (before, after) = document.split_once('\u{fffd}').unwrap();
        let document = [before.as_bytes(), b"\xff", after.as_bytes()].concat();
        for step in (1..document.len()).chain([usize::MAX]) {
            let error = read_change_list(&document, step).unwrap_err();
            assert_eq!(error.flaw, Flaw::Malformed("it is not UTF-8"), "{to} in pieces of {step}");
        }
    }
}

/// What is said of a document in another charset, in pieces of any size.
fn unreadable(document: &[u8]) -> String {
    let said = |step| match read_change_list(document, step).unwrap_err().flaw {
        Flaw::Charset(unreadable) => unreadable.to_string(),
        other => panic!("{other:?} in pieces of {step}"),
    };
    let whole = said(usize::MAX);
    assert!([1, 2, 7, 64].iter().all(|step| said(*step) == whole), "{whole}");
    whole
}

#[test]
fn charsets_that_are_a_part_of_utf_8_are_read_and_others_named() {
    let declared = |charset: &str, name: &str| {
        format!("<?xml version='1.0' encoding='{charset}'?>{}", list(&file(name, "1"))).into_bytes()
    };
    for (charset, name) in [("UTF8", "ä"), ("utf-8", "ä"), ("US-ASCII", "a"), ("ascii", "&#228;")] {
        for step in [1, 7, usize::MAX] {
            assert_eq!(read_change_list(&declared(charset, name), step).unwrap(), (1, false), "{charset}");
        }
    }
    assert!(unreadable(&declared("us-ascii", "ä")).contains("declares US-ASCII, and has bytes that are none"));
    for charset in ["ISO-8859-1", "windows-1252", "UTF-16"] {
        let said = unreadable(&declared(charset, "a"));
        assert!(said.contains(charset) && said.contains("UTF-8 and US-ASCII are read"), "{said}");
    }
    let document = list(&file("a", "1"));
    for mark in ["", "\u{feff}"] {
        let units: Vec<u16> = format!("{mark}{document}").encode_utf16().collect();
        for bytes in [
            units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>(),
            units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        ] {
            assert!(unreadable(&bytes).contains("the document is in UTF-16"));
        }
    }
}

#[test]
fn a_reference_to_another_part_is_refused_where_content_is_due() {
    let include = "<x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='cid:1'/>";
    let result = "/Envelope/Body/ChangeListResponse/ChangeListResult";
    let due = Flaw::Unexpected("content in its place, and no reference to another part (xop:Include),");
    let row = format!("{result}/ChangedFileList/ChangeFileItem/Name/Include");
    flaw(&list(&file(include, "1")), &due, &row);
    flaw(&list("").replace(REST, include), &due, &format!("{result}/Include"));
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!("{OPEN}{}", "<a>".repeat(10_000));
    assert_eq!(read_change_list(deep.as_bytes(), 4096).unwrap_err().flaw, Flaw::TooDeep);
    // A text of 1 GiB is refused after the first MiB of it.
    let mut answer = super::Answer::<super::NoRows>::new(super::Expected { response: "R", result: "R" });
    let open = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Header><a>";
    answer.feed(open.as_bytes()).unwrap();
    let piece = vec![b'x'; 64 << 10];
    let fed = (0..1 << 14).take_while(|_| answer.feed(&piece).is_ok()).count();
    assert_eq!(fed, 16);
    let tag = format!("{OPEN}<a b='{}'/>", "x".repeat(1 << 20));
    assert_eq!(read_change_list(tag.as_bytes(), 4096).unwrap_err().flaw, Flaw::TooLong("a tag"));
}

#[test]
fn a_fault_of_either_version_is_one_whatever_was_due() {
    let eleven = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Server</faultcode>\
        <faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>";
    let twelve = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault><e:Code><e:Value>e:Receiver\
        </e:Value></e:Code><e:Reason><e:Text xml:lang='en'>no</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>";
    for document in [eleven, twelve] {
        assert_eq!(read_change_list(document.as_bytes(), 5).unwrap(), (0, true));
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(document in "[<>/a-c:=\"'&;!\\[\\]?x -]{0,200}", step in 1_usize..50) {
        let _ = read_change_list(document.as_bytes(), step);
        let _ = read_change_list(list(&document).as_bytes(), step);
    }

    #[test]
    fn pieces_do_not_matter(document in "(<[ab]( xmlns='u')?>|</[ab]>|&amp;|\\r|\\n|x|ü|<!--c-->|<!\\[CDATA\\[d\\]\\]>){0,30}", step in 1_usize..9) {
        let document = list(&document);
        let whole = read_change_list(document.as_bytes(), usize::MAX);
        prop_assert_eq!(read_change_list(document.as_bytes(), step), whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), step in 1_usize..50) {
        let _ = read_change_list(&bytes, step);
    }
}
