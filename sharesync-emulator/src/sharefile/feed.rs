//! Feeds of items: `$filter`, `$orderby`, `$skip`, `$top`, and the writing of a page while it is sent.
//! A page carries a link to the next one only if the client asked for pages, or the emulator was told to make them.

use std::cmp::Ordering;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::errors::ApiError;
use super::filter::{self, Filter};
use super::shape::{Field, Shape};
use super::wire::{Place, View};
use crate::drive::{Drive, Entry, ItemId};
use crate::http::{Call, Reply, encode, streamed};

/// So many items are rendered at a time.
const BATCH: usize = 256;

/// What a client asks of a feed.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) shape: Shape,
    filter: Option<Filter>,
    order: Vec<(Field, bool)>,
    folders_first: bool,
    skip: usize,
    top: Option<usize>,
}

/// One page of a feed.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) total: usize,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<usize>,
}

impl Wanted {
    /// Reads the options; `max_page` is the emulator's own limit on a page.
    pub(super) fn parse(call: &Call, max_page: Option<usize>) -> Result<Self, ApiError> {
        let query = &call.query;
        let number = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => match text.trim().parse::<usize>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(ApiError::bad_request(format!("{name} must be a number."))),
            },
        };
        let asked = number("$top")?;
        Ok(Self {
            shape: Shape::parse(query.get("$select"), query.get("$expand")),
            filter: query.get("$filter").map(Filter::parse).transpose()?,
            order: query.get("$orderby").map_or(Ok(Vec::new()), parse_order)?,
            folders_first: query
                .get("orderingmode")
                .is_some_and(|mode| mode.eq_ignore_ascii_case("FoldersFirst") || mode == "1"),
            skip: number("$skip")?.unwrap_or(0),
            top: [asked, max_page].into_iter().flatten().min(),
        })
    }

    pub(super) fn with_default_top(mut self, top: usize) -> Self {
        self.top = self.top.or(Some(top));
        self
    }

    /// The page of a folder. Without conditions only what is on it is looked at.
    pub(super) fn page_of_folder(&self, view: &View, drive: &Drive, folder: ItemId) -> Page {
        if self.filter.is_some() || !self.order.is_empty() {
            return self.page_of(view, drive.children(folder, 0, None).entries);
        }
        let listing = drive.children(folder, self.skip, self.top);
        let next = self.next(listing.entries.len(), listing.total);
        Page { entries: listing.entries, total: listing.total, next }
    }

    /// The page of entries that are at hand, in the order in which they come unless another was asked for.
    pub(super) fn page_of(&self, view: &View, mut entries: Vec<Entry>) -> Page {
        let mut places = Places::default();
        if let Some(filter) = &self.filter {
            entries.retain(|entry| filter.accepts(view, entry, places.of(view, entry)));
        }
        if !self.order.is_empty() {
            let place = Place::default();
            entries.sort_by(|one, other| self.compare(view, one, other, &place));
        }
        let total = entries.len();
        let entries: Vec<_> = entries.into_iter().skip(self.skip).take(self.top.unwrap_or(usize::MAX)).collect();
        let next = self.next(entries.len(), total);
        Page { entries, total, next }
    }

    fn compare(&self, view: &View, one: &Entry, other: &Entry, place: &Place) -> Ordering {
        let rank = |entry: &Entry| self.folders_first && !entry.item.is_folder();
        rank(one).cmp(&rank(other)).then_with(|| {
            let by_field = |(field, descending): &(Field, bool)| {
                let order = filter::compare(&view.value(one, *field, place), &view.value(other, *field, place));
                if *descending { order.reverse() } else { order }
            };
            self.order.iter().map(by_field).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    }

    fn next(&self, len: usize, total: usize) -> Option<usize> {
        let end = self.skip.saturating_add(len);
        (self.top.is_some() && len > 0 && end < total).then_some(end)
    }

    /// The whole reply.
    pub(super) fn reply(&self, call: &Call, view: View, page: Page) -> Reply {
        let next = page.next.map(|next| link_to(call, if call.repeat_page { self.skip } else { next }));
        let url = format!("{}{}", call.base, call.path);
        let mut head = Vec::new();
        let _ = write!(
            head,
            "{{\"odata.metadata\":\"{}/$metadata#Items\",\"odata.count\":{},\"url\":\"{url}\",",
            view.root, page.total
        );
        if let Some(next) = next {
            let _ = write!(head, "\"odata.nextLink\":\"{next}\",");
        }
        head.extend_from_slice(b"\"value\":[");
        items(head, page.entries, view, self.shape.clone())
    }
}

fn parse_order(text: &str) -> Result<Vec<(Field, bool)>, ApiError> {
    let one = |part: &str| {
        let mut words = part.split_whitespace();
        let field = filter::field_named(words.next().unwrap_or_default());
        let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc") => Ok(false),
            Some("desc") => Ok(true),
            Some(other) => Err(format!("{other} is no direction")),
        };
        Ok((field?, descending?))
    };
    let parts = text.split(',').filter(|part| !part.trim().is_empty());
    let order: Result<_, String> = parts.map(one).collect();
    order.map_err(|reason| ApiError::bad_request(format!("$orderby: {reason}.")))
}

/// The same request from another item on.
fn link_to(call: &Call, skip: usize) -> String {
    let kept = call.query.pairs().iter().filter(|(name, _)| name != "$skip");
    let query: String = kept.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
    format!("{}{}?{query}$skip={skip}", call.base, call.path)
}

/// Writes the items behind the head and closes the feed, a batch at a time.
fn items(head: Vec<u8>, entries: Vec<Entry>, view: View, shape: Shape) -> Reply {
    let writer = Writer { entries: entries.into_iter(), places: Places::default(), view, shape, first: true };
    let batches = futures::stream::unfold((Some(head), writer), |(head, mut writer)| async move {
        let out = head?;
        let (batch, done) = writer.batch(out);
        let next = if done { None } else { Some(Vec::with_capacity(batch.len())) };
        Some((Ok(Bytes::from(batch)), (next, writer)))
    });
    let mut reply = streamed(StatusCode::OK, batches);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, json);
    reply
}

struct Writer {
    entries: std::vec::IntoIter<Entry>,
    places: Places,
    view: View,
    shape: Shape,
    first: bool,
}

impl Writer {
    fn batch(&mut self, mut out: Vec<u8>) -> (Vec<u8>, bool) {
        for entry in self.entries.by_ref().take(BATCH) {
            if !std::mem::take(&mut self.first) {
                out.push(b',');
            }
            self.view.write(&mut out, &entry, &self.shape, self.places.of(&self.view, &entry));
        }
        let done = self.entries.len() == 0;
        if done {
            out.extend_from_slice(b"]}");
        }
        (out, done)
    }
}

/// Remembers the last place: siblings come one after the other.
#[derive(Default)]
struct Places {
    last: Option<(Arc<[Arc<crate::drive::Item>]>, Place)>,
}

impl Places {
    fn of(&mut self, view: &View, entry: &Entry) -> &Place {
        let same = |(ancestors, _): &(Arc<_>, Place)| Arc::ptr_eq(ancestors, &entry.ancestors);
        if !self.last.as_ref().is_some_and(same) {
            self.last = None;
        }
        let (_, place) = self.last.get_or_insert_with(|| (entry.ancestors.clone(), view.place(entry)));
        place
    }
}
