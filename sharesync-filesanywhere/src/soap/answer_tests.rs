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
