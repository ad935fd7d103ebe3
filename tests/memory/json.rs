//! Hostile JSON, and JSON that is only large.

use crate::page::Page;

/// What becomes most of the fewest bytes: before, again and again, and after, within a list.
const SHAPES: &[(&str, &str, &str, &str)] = &[
    ("minimal entries", "", "{},", "{}"),
    ("entries with a name", "", r#"{"Id":"1","id":"1","uuid":"1","Name":"n","name":"n"},"#, "{}"),
    ("unknown fields", "", r#"{"a":1,"b":{"c":1},"d":[1],"e":"x"},"#, "{}"),
    ("one entry of unknown fields", "{", r#""a":1,"b":{"c":{"d":1}},"#, r#""a":1}"#),
    ("deep nesting", "", r#"{"a":[[[[[[[[{"b":{"c":{"d":{"e":[[[[1]]]]}}}}]]]]]]]]},"#, "{}"),
    ("endless nesting", r#"{"a":"#, "[", "1]}"),
    ("endless nesting of objects", "", r#"{"a":"#, "1}"),
    ("one giant string", r#"{"Name":""#, "xxxxxxxx", r#""}"#),
    ("one giant string of escapes", r#"{"Name":""#, r"\u0041\n", r#""}"#),
    ("one giant name", r#"{""#, "xxxxxxxx", r#"":1}"#),
    ("numbers", r#"{"a":["#, "1,", "1]}"),
    ("numbers in an unknown field of each", "", r#"{"a":[1,1,1,1,1,1,1,1]},"#, "{}"),
    ("empty objects in a known list", r#"{"Children":["#, "{},", "{}]}"),
    (
        "few objects in a known list of each",
        "",
        r#"{"Children":[{},{}],"parents":[{},{}],"AccessControls":[{}]},"#,
        "{}",
    ),
    ("nothing but space", "", "        ", "{}"),
    ("no JSON", "", "<p>", "<p>"),
];

/// Of these, those that are tried on a list that is put aside.
pub(crate) const PUT_ASIDE: &[&str] = &["minimal entries", "one giant string", "long names", "fields beside the list"];

/// Of these, those whose entries are decoded, and one that tells whether the list is read as all others are.
pub(crate) const DECODED: &[&str] = &[
    "minimal entries",
    "entries with a name",
    "unknown fields",
    "deep nesting",
    "endless nesting of objects",
    "numbers in an unknown field of each",
    "few objects in a known list of each",
    "long names",
    "one giant string",
];

/// Of these, those that are tried on every answer that is no list.
pub(crate) const ANY_ENTITY: &[&str] = &["one entry of unknown fields", "one giant string", "entries of `d`"];

/// Pages of this size of a list that stands between `before` and `after`.
pub(crate) fn lists<'a>(before: &'a str, after: &'a str, size: usize) -> impl Iterator<Item = Page> + 'a {
    let within = move |(name, begin, unit, end): &(&'static str, &str, &str, &str)| {
        Page::filling(name, &format!("{before}{begin}"), unit, &format!("{end}{after}"), size)
    };
    let long = format!(r#"{{"Id":"1","id":"1","Name":"{0}","name":"{0}"}},"#, "x".repeat(250 << 10));
    let long = Page::filling("long names", before, &long, &format!("{{}}{after}"), size);
    let beside = Page::filling("numbers beside the list", r#"{"x":["#, "1,", "1]}", size);
    let fields = Page::filling("fields beside the list", "{", r#""a":{},"#, r#""a":1}"#, size);
    SHAPES.iter().map(within).chain([long, beside, fields])
}

/// Answers of this size that are no lists.
pub(crate) fn entities(size: usize) -> impl Iterator<Item = Page> {
    let shapes = SHAPES.iter().filter(|(_, begin, ..)| begin.starts_with('{'));
    let whole = shapes.map(move |(name, begin, unit, end)| Page::filling(name, begin, unit, end, size));
    let nested =
        Page::filling("objects in lists of a known list", r#"{"Children":["#, r#"{"Children":[{}]},"#, "{}]}", size);
    let d = Page::filling("entries of `d`", r#"{"d":{"results":["#, "{},", "{}]}}", size);
    whole.chain([nested, d])
}

/// Lists by name, an entry as healthy services write it, and how many there are before the last.
pub(crate) const HEALTHY: &[(&str, &str, usize)] = &[
    (
        "ShareFile, a page of any size",
        r#"{"odata.type":"ShareFile.Api.Models.File","odata.metadata":"https://a.sf-api.com/sf/v3/$metadata#Items/ShareFile.Api.Models.File@Element","Id":"fi1b2c3d-e4f5","url":"https://a.sf-api.com/sf/v3/Items(fi1)","Name":"report.pdf","FileName":"report.pdf","CreationDate":"2026-01-02T03:04:05Z","ClientModifiedDate":"2026-01-02T03:04:05Z","FileSizeBytes":12345,"Hash":"0cc175b9c0f1b6a831c399e269772661","Creator":{"Id":"u"},"Zone":{"Id":"z"},"Info":{"CanView":true},"Parent":{"Id":"fo1"}}"#,
        1999,
    ),
    (
        "Acronis, a page of any size",
        r#"{"uuid":"u","name":"report.pdf","path":"a/b/report.pdf","size":12345,"is_directory":false,"checksum":"0cc175b9c0f1b6a831c399e269772661","file_modification_date":"2026-01-02T03:04:05Z","parent_uuid":"p","parents":[{"name":"a","uuid":"a","is_root":false},{"name":"b","uuid":"b"}],"permissions":{"can_be_moved":true,"can_be_copied":true},"owner":{"name":"n"},"actions":{"download":"/d"}}"#,
        2999,
    ),
    (
        "cursor, a whole folder",
        r#"{"id":"fil_01H9B2C3D4E5F6","name":"report.pdf","type":"file","size":12345,"mime_type":"application/pdf","modified_at":"2026-01-02T03:04:05Z"}"#,
        99_999,
    ),
    (
        "cursor, changes",
        r#"{"id":"chg_1","tenant_id":"t","share_id":"shr_1","resource_type":"file","resource_id":"fil_1","change_type":"updated","changed_by":"u","changed_at":"2026-01-02T03:04:05Z","old_path":"/a/b","new_path":"/a/b","version_id":"ver_1","metadata":{"size":1,"mime_type":"a/b"}}"#,
        4999,
    ),
    (
        "SharePoint, a folder",
        r#"{"__metadata":{"id":"https://h/i","uri":"https://h/i","type":"SP.Folder"},"UniqueId":"be100e28-dd1c-4f2f-8e83-acdb6fffff05","Name":"a","ItemCount":1,"Exists":true,"ServerRelativeUrl":"/personal/alice/Documents/a","ServerRelativePath":{"__metadata":{"type":"SP.ResourcePath"},"DecodedUrl":"/personal/alice/Documents/a"},"TimeCreated":"2026-01-02T03:04:05Z","TimeLastModified":"2026-01-02T03:04:05Z"}"#,
        4999,
    ),
];

/// Lists by name, an entry, and how many are asked for.
pub(crate) const ASKED: &[(&str, &str, usize)] = &[
    ("ShareFile, a page of 1000", r#"{"Id":"fi1","Name":"a"}"#, 1000),
    ("cursor, changes", r#"{"resource_id":"fil_1"}"#, 5000),
    ("SharePoint, a folder", r#"{"Name":"a"}"#, 5000),
    ("SharePoint, the log", r#"{"ChangeType":1}"#, 1000),
];
