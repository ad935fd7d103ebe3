//! What a browser sees: the list of operations, the help page of one with its sample messages, and IIS's error pages.

use http::StatusCode;

use super::operations;
use super::schema::{Field, Kind, Occurs, Operation, Service};
use super::soap::{API, Version, escaped};
use crate::http::{Reply, full};

const HTML: &str = "text/html; charset=utf-8";

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>\n{body}\n</body></html>\n"
    );
    full(status, HTML, html)
}

/// The list of operations.
pub(super) fn index(service: Service) -> Reply {
    let mut names: Vec<_> = operations::of(service).map(|operation| operation.name).collect();
    names.sort_unstable();
    let items: String = names.iter().map(|name| format!("<li><a href=\"?op={name}\">{name}</a></li>\n")).collect();
    let body = format!(
        "<p>The following operations are supported. See the <a href=\"?WSDL\">service description</a>.</p>\n<ul>\n{items}</ul>"
    );
    page(StatusCode::OK, service.name(), &body)
}

/// The sample messages of an operation, in both versions.
pub(super) fn operation(service: Service, operation: &Operation) -> Reply {
    let samples = [("SOAP 1.1", Version::V11, "soap"), ("SOAP 1.2", Version::V12, "soap12")];
    let samples = samples.map(|(title, version, prefix)| {
        let response =
            Field { name: operation.result, kind: Kind::Object(operation.response), occurs: Occurs::Optional };
        let request = envelope(version, prefix, operation.name, operation.request);
        let response =
            envelope(version, prefix, &format!("{}Response", operation.name), std::slice::from_ref(&response));
        format!("<h2>{title}</h2>\n<pre>{}</pre>\n<pre>{}</pre>\n", escaped(&request), escaped(&response))
    });
    page(StatusCode::OK, &format!("{}: {}", service.name(), operation.name), &samples.concat())
}

fn envelope(version: Version, prefix: &str, name: &str, fields: &[Field]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{prefix}:Envelope xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:{prefix}=\"{}\">\n  <{prefix}:Body>\n    <{name} xmlns=\"{API}\">\n",
        version.namespace()
    );
    fields.iter().for_each(|field| sample(&mut out, field, 6));
    out.push_str(&format!("    </{name}>\n  </{prefix}:Body>\n</{prefix}:Envelope>"));
    out
}

/// An element with the name of its type as its value; lists show two.
fn sample(out: &mut String, field: &Field, indent: usize) {
    let name = field.name;
    for _ in 0..if field.occurs == Occurs::Many { 2 } else { 1 } {
        let value = match &field.kind {
            Kind::Text => "string".to_owned(),
            Kind::Bool => "boolean".to_owned(),
            Kind::Short => "short".to_owned(),
            Kind::Int => "int".to_owned(),
            Kind::Long => "long".to_owned(),
            Kind::UnsignedLong => "unsignedLong".to_owned(),
            Kind::Double => "double".to_owned(),
            Kind::Date => "dateTime".to_owned(),
            Kind::Bytes => "base64Binary".to_owned(),
            Kind::OneOf(names) => names.join(" or "),
            Kind::Object(fields) => {
                out.push_str(&format!("{:indent$}<{name}>\n", ""));
                fields.iter().for_each(|field| sample(out, field, indent + 2));
                out.push_str(&format!("{:indent$}</{name}>\n", ""));
                continue;
            }
        };
        out.push_str(&format!("{:indent$}<{name}>{value}</{name}>\n", ""));
    }
}

/// An error page as the web server in front of the service makes them.
pub(super) fn error(status: StatusCode, what: &str) -> Reply {
    let reason = status.canonical_reason().unwrap_or("Error");
    page(status, &format!("{} - {reason}", status.as_u16()), &format!("<p>{}</p>", escaped(what)))
}

/// The page of something else than an error.
pub(super) fn plain(title: &str, body: &str) -> Reply {
    page(StatusCode::OK, title, body)
}
