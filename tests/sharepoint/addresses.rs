//! Names in addresses: quotes, percent signs, hashes, plus signs, and letters of other alphabets.

use percent_encoding::percent_decode_str;
use serde_json::json;
use sharesync::http::Body;
use sharesync::sharepoint::{ItemsQuery, Target};
use sharesync::{ItemRef, RemoteStore as _};

use super::stage::{FILE, Farm, LIBRARY, ROOT, ROOT_PATH, empty, file, guid, json_answer};

const NAMES: [&str; 6] = [
    "O'Neil ''x''.txt",
    "100% %41 %.txt",
    "a#b #1.txt",
    "a+b + c.txt",
    "Отчёт 日本語 é.txt",
    "a&b=c;d,e@(f)[g]{h}.txt",
];

#[tokio::test]
async fn every_name_stays_what_it_is() {
    for name in NAMES {
        let path = format!("{ROOT_PATH}/{name}");
        let described = file(FILE, name, &path, 1, 5);
        let farm = Farm::with_store(move |seen| match seen.below() {
            below if below.contains("GetFileByServerRelativePath") => json_answer(200, &json!({"d": described})),
            _ => empty(404),
        })
        .await;
        let store = farm.store().await;
        let before = farm.seen().await.len();
        let item = store.stat(&ItemRef::Path(format!("/{name}").parse().unwrap())).await.unwrap();
        assert_eq!((item.name.as_str(), item.path.unwrap().to_string()), (name, format!("/{name}")));
        let seen = farm.seen().await;
        let target = &seen[before].target;
        assert!(!target.contains(['#', '+', ' ']), "{target}");
        let quoted = percent_decode_str(target).decode_utf8().unwrap().into_owned();
        let expected = format!("GetFileByServerRelativePath(decodedUrl='{}')", path.replace('\'', "''"));
        assert!(quoted.contains(&expected), "{quoted}");
    }
}

#[tokio::test]
async fn names_of_new_files_and_places_of_moved_ones() {
    for name in NAMES {
        let described = file(FILE, name, &format!("{ROOT_PATH}/{name}"), 1, 0);
        let farm = Farm::start(move |_| json_answer(200, &json!({"d": described}))).await;
        let client = farm.client().await;
        let added = client.files().add(&Target::Id(guid(ROOT)), name, false, Body::empty()).await.unwrap();
        assert_eq!(added.name.as_deref(), Some(name));
        let path = format!("{ROOT_PATH}/{name}");
        client.files().move_to(&Target::Id(guid(FILE)), &path, false).await.unwrap();
        client.files().copy_to(&Target::path(&path), &path, false).await.unwrap();
        client.folders().move_to(&Target::Id(guid(FILE)), &path).await.unwrap();
        let seen = farm.seen().await;
        let lines: Vec<_> =
            seen.iter().map(|seen| percent_decode_str(seen.below()).decode_utf8().unwrap().into_owned()).collect();
        let (name, path) = (name.replace('\'', "''"), path.replace('\'', "''"));
        let expected = [
            format!("_api/web/GetFolderById('{ROOT}')/Files/AddUsingPath(decodedurl='{name}',overwrite=false)"),
            format!("_api/web/GetFileById('{FILE}')/MoveToUsingPath(DecodedUrl='{path}',moveOperations=0)"),
            format!(
                "_api/web/GetFileByServerRelativePath(decodedUrl='{path}')/CopyToUsingPath(DecodedUrl='{path}',bOverWrite=false)"
            ),
            format!("_api/web/GetFolderById('{FILE}')/MoveToUsingPath(DecodedUrl='{path}')"),
        ];
        assert_eq!(lines, expected);
    }
}

#[tokio::test]
async fn both_forms_of_identifiers_are_the_same_item() {
    let farm = Farm::start(|_| empty(404)).await;
    let sync = farm.client().await.sync(guid(LIBRARY));
    for id in [FILE.to_owned(), super::stage::simple(FILE), format!("{{{}}}", FILE.to_uppercase())] {
        sync.items(guid(&id), ItemsQuery::new()).await.unwrap_err();
    }
    let seen = farm.seen().await;
    assert!(seen.iter().all(|request| request.line() == seen[0].line()));
}
