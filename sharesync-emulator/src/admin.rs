//! The emulator's own paths, for programs that cannot call the library: `/_emulator/faults`, `/_emulator/requests`,
//! `/_emulator/changes`, and `/_emulator/fill`, which puts many small files into a folder at once.

use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::drive::DriveError;
use crate::faults::Fault;
use crate::http::{Query, Reply, empty, full, json as json_reply};
use crate::proxy;
use crate::server::Shared;

/// No list of faults is longer.
const MOST: usize = 1 << 20;

pub(crate) async fn serve(shared: &Shared, parts: &Parts, body: Incoming) -> Reply {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_emulator/faults") => faults(shared),
        (&Method::POST, "/_emulator/faults") => add_faults(shared, body).await,
        (&Method::DELETE, "/_emulator/faults") => {
            shared.faults.clear();
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "/_emulator/requests") => requests(shared, &query),
        (&Method::DELETE, "/_emulator/requests") => {
            shared.requests.clear();
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "/_emulator/changes") => changes(shared, &query),
        (&Method::POST, "/_emulator/fill") => fill(shared, &query).await,
        (_, proxy::SIGN_IN) => proxy::sign_in_page(),
        _ => full(StatusCode::NOT_FOUND, "text/plain", "nothing is served here\n"),
    }
}

fn ok(value: &Value) -> Reply {
    json_reply(StatusCode::OK, value.to_string())
}

fn faults(shared: &Shared) -> Reply {
    let all = shared.faults.all().into_iter().map(|(fault, struck)| json!({"fault": fault, "struck": struck}));
    ok(&all.collect::<Value>())
}

/// Makes the folder `path` in the first user's home, with `files` files of `size` bytes in it.
async fn fill(shared: &Shared, query: &Query) -> Reply {
    let number = |name| query.number(name).unwrap_or(0);
    let (files, size) = (number("files"), usize::try_from(number("size")).unwrap_or(usize::MAX));
    let Some(user) = shared.drive.users().into_iter().next().filter(|_| size <= MOST) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let (drive, path) = (shared.drive.clone(), query.get("path").unwrap_or_default().to_owned());
    let filled = tokio::task::spawn_blocking(move || {
        let folder = drive.make_path(user.id, user.home, &path)?;
        for file in 0..files {
            let content = file.to_string().into_bytes().into_iter().cycle().take(size).collect::<Vec<_>>();
            drive.put_bytes(user.id, folder.item.id, &format!("file-{file:06}.txt"), content)?;
        }
        Ok::<_, DriveError>(())
    });
    match filled.await {
        Ok(Ok(())) => empty(StatusCode::NO_CONTENT),
        Ok(Err(error)) => full(StatusCode::CONFLICT, "text/plain; charset=utf-8", format!("{error}\n")),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Takes one fault or an array of faults as JSON, or the text form of the program's `--faults`.
async fn add_faults(shared: &Shared, body: Incoming) -> Reply {
    let Ok(body) = Limited::new(body, MOST).collect().await else {
        return empty(StatusCode::BAD_REQUEST);
    };
    match parse(&body.to_bytes()) {
        Ok(faults) => {
            faults.into_iter().for_each(|fault| shared.faults.add(fault));
            empty(StatusCode::NO_CONTENT)
        }
        Err(reason) => full(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", reason),
    }
}

fn parse(body: &[u8]) -> Result<Vec<Fault>, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?.trim();
    let refused = |error: serde_json::Error| error.to_string();
    match text.bytes().next() {
        Some(b'[') => serde_json::from_str(text).map_err(refused),
        Some(b'{') => serde_json::from_str(text).map(|fault| vec![fault]).map_err(refused),
        _ => Fault::parse_list(text),
    }
}

fn requests(shared: &Shared, query: &Query) -> Reply {
    let records = shared.requests.matching(query.get("path").unwrap_or_default());
    ok(&json!({"count": shared.requests.count(), "leaks": shared.requests.leaks().len(), "requests": records}))
}

fn changes(shared: &Shared, query: &Query) -> Reply {
    let limit = query.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1000);
    let changes = shared.drive.changes_after(query.number("after").unwrap_or(0), limit);
    let listed = changes.iter().map(|change| {
        json!({"sequence": change.sequence, "at": change.at.to_string(), "kind": change.kind, "item": change.item,
               "name": change.name, "parent": change.parent, "from": change.from})
    });
    ok(&json!({"last": shared.drive.last_change(), "changes": listed.collect::<Value>()}))
}
