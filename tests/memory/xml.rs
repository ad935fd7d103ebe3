//! Hostile XML, and who reads it on FilesAnywhere.

use futures::TryStreamExt as _;
use sharesync::filesanywhere::{Client, SoapVersion};
use sharesync::http::TransportBody;
use sharesync::{ItemRef, ListOptions, RemoteStore as _, Result};

use crate::page::{Canned, Page};

/// What stands around entries: before and after them, and the element that one is.
pub(crate) struct Frame {
    before: &'static str,
    after: &'static str,
    entry: &'static str,
    /// An element that entries have, and a list in them.
    field: &'static str,
}

pub(crate) const FEED: Frame = Frame {
    before: r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:d="d" xmlns:m="m">"#,
    after: "</feed>",
    entry: "entry",
    field: "content",
};

pub(crate) const WEB3S: Frame =
    Frame { before: "<Folder><Items>", after: "</Items></Folder>", entry: "Document", field: "DocumentStreams" };

macro_rules! soap {
    ($response:literal, $result:literal, $before:literal, $after:literal, $entry:literal, $field:literal) => {
        Frame {
            before: concat!(
                "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><",
                $response,
                " xmlns='http://api.filesanywhere.com/'><",
                $result,
                ">",
                $before
            ),
            after: concat!($after, "</", $result, "></", $response, "></s:Body></s:Envelope>"),
            entry: $entry,
            field: $field,
        }
    };
}

pub(crate) const LIST_ITEMS: Frame = soap!(
    "ListItems2Response",
    "ListItemsResult",
    "<Items>",
    "</Items><PageNum>1</PageNum><PageCount>1</PageCount><ClipboardIsEmpty>true</ClipboardIsEmpty>",
    "Item",
    "Name"
);
pub(crate) const ALL_ITEMS: Frame = soap!(
    "GetAllItemsForSyncResponse",
    "GetAllItemsForSyncResult",
    "<ChildLevelItems>",
    "</ChildLevelItems>",
    "ChildItems",
    "Path"
);
pub(crate) const CHANGE_LIST: Frame = soap!(
    "ChangeListResponse",
    "ChangeListResult",
    "<HeaderChanged>false</HeaderChanged><ChangedFolderList>",
    "</ChangedFolderList><SyncEndDate>2026-05-06T07:08:09.5</SyncEndDate><OffsetDate>NaN</OffsetDate><FullSync>0</FullSync>",
    "ChangeFolderItem",
    "Path"
);

impl Frame {
    /// Pages of this size.
    pub(crate) fn pages(&self, size: usize) -> Vec<Page> {
        let Self { before, after, entry, field } = self;
        let fill = |name, begin: &str, unit: &str, end: &str| {
            Page::filling(name, &format!("{before}{begin}"), unit, &format!("{end}{after}"), size)
        };
        let attributes: String = (0..60).map(|number| format!(" a{number}=\"\"")).collect();
        let named = format!(
            "<{entry}><Type>file</Type><Name>n</Name><FolderId>1</FolderId><FolderID>1</FolderID><ItemID>1</ItemID><Path>\\jane\\a</Path></{entry}>"
        );
        let long = format!(
            "<{entry}><Type>file</Type><FolderId>1</FolderId><Name>{0}</Name><Path>\\{0}</Path><RelationshipName>{0}</RelationshipName></{entry}>",
            "x".repeat(200 << 10)
        );
        vec![
            fill("minimal entries", "", &format!("<{entry}/>"), ""),
            fill("entries with a name", "", &named, ""),
            fill("long names", "", &long, ""),
            fill("many attributes", "", &format!("<{entry}{attributes}/>"), ""),
            fill(
                "elements with many attributes in one entry",
                &format!("<{entry}>"),
                &format!("<x{attributes}/>"),
                &format!("</{entry}>"),
            ),
            fill("one entry of elements", &format!("<{entry}>"), "<x/>", &format!("</{entry}>")),
            fill("one entry of pairs of elements", &format!("<{entry}>"), "<x><y/></x>", &format!("</{entry}>")),
            fill(
                "one entry of long texts",
                &format!("<{entry}>"),
                &format!("<x>{}</x>", "x".repeat(4 << 10)),
                &format!("</{entry}>"),
            ),
            fill(
                "one entry of streams",
                &format!("<{entry}><DocumentStreams>"),
                "<DocumentStream/>",
                &format!("</DocumentStreams></{entry}>"),
            ),
            fill("endless nesting", "", "<x>", ""),
            fill("one giant text", &format!("<{entry}><{field}>"), "xxxxxxxx", &format!("</{field}></{entry}>")),
            fill("one giant attribute", &format!("<{entry} a=\""), "xxxxxxxx", "\"/>"),
            fill("one giant name", "<", "xxxxxxxx", "/>"),
            fill("nothing but space", "", "        ", ""),
            fill("nothing but comments", "", "<!-- -->", ""),
        ]
    }
}

fn client(wire: Canned) -> Result<Client> {
    let client = Client::builder("key", 50).server(crate::SITE).soap(SoapVersion::V11).http_config(crate::config());
    client.transport(wire.into_transport()).token("jane", "t").client()
}

/// Which operation a request is.
fn is(request: &http::Request<TransportBody>, operation: &str) -> bool {
    let action = request.headers().get("soapaction").and_then(|action| action.to_str().ok());
    action.is_some_and(|action| action.trim_matches('"').ends_with(&format!("/{operation}")))
}

/// Lists a folder by its rows as they arrive.
pub(crate) async fn list_items(wire: Canned) -> Result<usize> {
    let mut rows = client(wire)?.items().list("\\jane", 1000, 1).await?;
    let mut count = 0;
    while let Some(batch) = rows.next().await? {
        count += batch.len();
    }
    Ok(count)
}

/// Lists a folder by the store, which reads the numbers of all folders for that.
pub(crate) async fn folder_numbers(wire: Canned) -> Result<usize> {
    let wire = wire.unless(|request| {
        let row = "<Item><Type>file</Type><Name>n</Name></Item>";
        if is(request, "ListItems2") {
            return Some(Page::repeating("rows", LIST_ITEMS.before, row, 1, LIST_ITEMS.after));
        }
        is(request, "ChangeList").then(|| Page::repeating("changes", CHANGE_LIST.before, " ", 1, CHANGE_LIST.after))
    });
    let mut pages = client(wire)?.store().list(&ItemRef::Root, ListOptions::new());
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        count += page.items.len();
    }
    Ok(count)
}

/// Reads the changes by the store to their end, as it does to learn where they are now.
pub(crate) async fn change_list(wire: Canned) -> Result<usize> {
    let since = sharesync::Since::Now;
    let wire = wire.unless(|request| {
        is(request, "GetAllItemsForSync").then(|| Page::repeating("folders", ALL_ITEMS.before, " ", 1, ALL_ITEMS.after))
    });
    let mut pages = client(wire)?.store().changes(since, sharesync::ChangeOptions::default());
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        count += page.changes.len();
    }
    Ok(count)
}
