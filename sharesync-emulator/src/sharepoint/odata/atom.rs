//! Answers as Atom XML, the form there is when none is asked for.

use super::{Answer, Data, Entity, Expanded, Fields};
use crate::drive::Drive;
use crate::sharepoint::times::coarse;
use crate::sharepoint::xml::{PROLOG, element, escape};

const NAMESPACES: &str = "xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" \
    xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\" xmlns:georss=\"http://www.georss.org/georss\" \
    xmlns:gml=\"http://www.opengis.net/gml\"";
const ATOM: &str = "xmlns=\"http://www.w3.org/2005/Atom\"";
const SCHEME: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/scheme";
const RELATED: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/related";

pub(super) fn write(answer: &Answer) -> String {
    match answer {
        Answer::Entity(entity) => format!("{PROLOG}{}", entry(entity, &format!(" {ATOM} {NAMESPACES}"))),
        Answer::Feed { entities, next } => {
            let entries: String = entities.iter().map(|entity| entry(entity, "")).collect();
            let next =
                next.as_ref().map(|next| format!("<link rel=\"next\" href=\"{}\"/>", escape(next))).unwrap_or_default();
            format!("{PROLOG}<feed {ATOM} {NAMESPACES}><id/><title/>{}{entries}{next}</feed>", updated())
        }
        Answer::Value(name, data) => format!("{PROLOG}{}", property(name, data, &format!(" {NAMESPACES}"))),
        Answer::Nothing => format!("{PROLOG}<d:Null {NAMESPACES} m:null=\"true\"/>"),
    }
}

fn updated() -> String {
    element("updated", &coarse(Drive::now()))
}

fn entry(entity: &Entity, namespaces: &str) -> String {
    let etag = entity.etag.as_ref().map(|etag| format!(" m:etag=\"{}\"", escape(etag))).unwrap_or_default();
    let address = escape(&entity.uri);
    let base = entity.uri.split_once("/_api/").map_or("", |(base, _)| base);
    let links: String = entity.links.iter().map(|link| related(entity, link)).collect();
    format!(
        "<entry xml:base=\"{}/_api/\"{namespaces}{etag}><id>{address}</id><category term=\"{}\" scheme=\"{SCHEME}\"/>\
         <link rel=\"edit\" href=\"{address}\"/>{links}<title/>{}<author><name/></author>\
         <content type=\"application/xml\"><m:properties>{}</m:properties></content></entry>",
        escape(base),
        entity.type_name,
        updated(),
        properties(&entity.fields)
    )
}

/// A link to what is related, with what `$expand` brought of it.
fn related(entity: &Entity, name: &str) -> String {
    let expanded = entity.expanded.iter().find(|(expanded, _)| *expanded == name).map(|(_, expanded)| expanded);
    let (kind, inline) = match expanded {
        Some(Expanded::Many(entities)) => {
            let entries: String = entities.iter().map(|entity| entry(entity, "")).collect();
            ("feed", format!("<m:inline><feed><id/><title/>{}{entries}</feed></m:inline>", updated()))
        }
        Some(Expanded::One(entity)) => ("entry", format!("<m:inline>{}</m:inline>", entry(entity, ""))),
        None => ("entry", String::new()),
    };
    let address = escape(&format!("{}/{name}", entity.uri));
    format!(
        "<link rel=\"{RELATED}/{name}\" type=\"application/atom+xml;type={kind}\" title=\"{name}\" href=\"{address}\">{inline}</link>"
    )
}

fn properties(fields: &Fields) -> String {
    fields.iter().map(|(name, data)| property(name, data, "")).collect()
}

/// `<d:Name m:type="…">…</d:Name>`.
fn property(name: &str, data: &Data, attributes: &str) -> String {
    let edm = match data {
        Data::List(type_name, _) => Some(format!("Collection({type_name})")),
        other => other.edm().map(str::to_owned),
    };
    let edm = edm.map(|edm| format!(" m:type=\"{edm}\"")).unwrap_or_default();
    match data {
        Data::Null => format!("<d:{name}{attributes} m:null=\"true\"/>"),
        data => format!("<d:{name}{attributes}{edm}>{}</d:{name}>", content(data)),
    }
}

fn content(data: &Data) -> String {
    match data {
        Data::Null => String::new(),
        Data::Bool(value) => value.to_string(),
        Data::Int32(number) | Data::Int64(number) => number.to_string(),
        Data::Text(text) | Data::Guid(text) | Data::Date(text) => escape(text),
        Data::Complex(_, fields) => properties(fields),
        Data::List(type_name, values) => values
            .iter()
            .map(|value| match value {
                Data::Complex(..) => format!("<d:element m:type=\"{type_name}\">{}</d:element>", content(value)),
                simple => format!("<d:element>{}</d:element>", content(simple)),
            })
            .collect(),
    }
}
