//! Uploads: whole, in chunks, packed, with a token and times, with a key; and how far they are.

use std::io::Write;

use super::soap::{Client, all, base64, element, one};

fn chunk(data: impl AsRef<[u8]>, offset: usize, last: bool) -> String {
    let (data, length) = (base64(&data), data.as_ref().len());
    format!(
        "<ChunkData>{data}</ChunkData><Offset>{offset}</Offset><BytesRead>{length}</BytesRead><isLastChunk>{last}</isLastChunk>"
    )
}

fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_file_goes_up_whole() {
    let client = Client::start().await;
    let upload = |path: &str, data: &str| format!("{}<FileData>{data}</FileData>", client.at(path));
    for text in ["first", "second", ""] {
        let answer = client.ok("UploadFile", &upload("\\f.txt", &base64(text))).await;
        assert_eq!(one(&answer, "Uploaded").as_deref(), Some("true"));
        assert_eq!(client.read("f.txt").as_deref(), Some(text));
    }
    client.ok("UploadFile", &upload("\\f.txt", " c3Bh\r\n Y2Vk ")).await;
    assert_eq!(client.read("f.txt").as_deref(), Some("spaced"));
    client.put("folder/x", "x");
    for bad in ["\\none\\f", "\\folder", ""] {
        client.refused("UploadFile", &upload(bad, "")).await;
    }
    client.refused("UploadFile", &format!("{}<FileData />", element("Path", "\\nobody@example.com\\f"))).await;
}

#[tokio::test]
async fn chunks_append_and_may_be_sent_again() {
    let client = Client::start().await;
    let append = async |inner: String| client.ask("AppendChunk", &format!("{}{inner}", client.at("\\f"))).await.text;
    let appended = |answer: &str| one(answer, "ChunkAppended").expect("a flag") == "true";
    assert!(appended(&append(chunk("abc", 0, false)).await));
    assert!(!appended(&append(chunk("x", 9, false)).await), "a gap");
    assert!(appended(&append(chunk("def", 3, false)).await));
    assert!(appended(&append(chunk("DEF", 3, false)).await), "again");
    assert!(!appended(&append(chunk("x", 4, false)).await), "in the middle of a chunk");
    assert_eq!(client.read("f"), None, "nothing is there before the end");
    assert!(appended(&append(chunk("", 6, true)).await));
    assert_eq!(client.read("f").as_deref(), Some("abcDEF"));
    assert!(!appended(&append(chunk("x", 6, true)).await), "the upload is over");
    assert!(appended(&append(chunk("abc", 0, false)).await));
    assert!(appended(&append(chunk("only", 0, true)).await), "offset 0 begins again");
    assert_eq!(client.read("f").as_deref(), Some("only"));
    assert!(appended(&append(chunk("", 0, true)).await));
    assert_eq!(client.read("f").as_deref(), Some(""));
    // Some clients send a full buffer with the short last chunk and leave it to BytesRead.
    let full = chunk("short chunk and rubbish", 0, true).replace("<BytesRead>23", "<BytesRead>5");
    assert!(appended(&append(full).await));
    assert_eq!(client.read("f").as_deref(), Some("short"));
    let more = chunk("abc", 0, true).replace("<BytesRead>3", "<BytesRead>4");
    assert!(!appended(&append(more).await));
}

#[tokio::test]
async fn packed_chunks_are_unpacked_and_an_upload_can_be_taken_up() {
    let client = Client::start().await;
    let home = client.account().user().home.0;
    let append = async |inner: String| client.ok("AppendChunkGZip", &format!("{}{inner}", client.at("\\g"))).await;
    let plain =
        chunk(packed(b"hello "), 0, false).replace(&format!("<BytesRead>{}", packed(b"hello ").len()), "<BytesRead>6");
    let token = one(&append(plain).await, "UploadToken").expect("a token");
    let resume = format!(
        "<Parameters><FileName>g</FileName><ServerFileID>0</ServerFileID><LocalFileSize>11</LocalFileSize>\
         <ServerFolderID>{home}</ServerFolderID><FileGuid /><FileChecksum /><MachineName>m</MachineName>\
         <CreatedDate>2026-01-01T00:00:00</CreatedDate><ModifiedDate>2026-01-01T00:00:00</ModifiedDate>\
         <FileLastEventDate>2026-01-01T00:00:00</FileLastEventDate><ClientLocalDate>2026-01-01T00:00:00</ClientLocalDate>\
         <FileCompressionMode>true</FileCompressionMode></Parameters>"
    );
    let status = client.ok("SyncUploadResume", &resume).await;
    assert_eq!((one(&status, "FileGUID"), one(&status, "FileLength").as_deref()), (Some(token), Some("6")));
    // The length of the packed bytes is taken too.
    append(chunk(packed(b"world"), 6, true)).await;
    assert_eq!(client.read("g").as_deref(), Some("hello world"));
    let status = client.ok("SyncUploadResume", &resume).await;
    assert_eq!(one(&status, "FileLength").as_deref(), Some("0"));
    assert_ne!(one(&status, "ServerFileID").as_deref(), Some("0"));
    client.refused("AppendChunkGZip", &format!("{}{}", client.at("\\g"), chunk("no gzip", 0, true))).await;
    let elsewhere = client.ask("SyncUploadResume", &resume.replace(&format!("FolderID>{home}<"), "FolderID>1<")).await;
    assert_eq!(elsewhere.status, 500, "{}", elsewhere.text);
}

#[tokio::test]
async fn an_upload_with_a_token_keeps_its_times() {
    let client = Client::start().await;
    let upload = async |inner: &str| client.ask("ChunkUpload", &format!("{}{inner}", client.at("\\t"))).await.text;
    let none = "<LastWriteTimeUtc xsi:nil=\"true\" /><CreationTimeUtc xsi:nil=\"true\" />";
    let first = upload(&format!("{}<UploadToken />{none}", chunk("abc", 0, false))).await;
    let token = one(&first, "UploadToken").expect("a token");
    assert!(first.contains("<LastWriteTimeUtc xsi:nil=\"true\" />"), "{first}");
    let other = one(&upload(&format!("{}{none}", chunk("xyz", 0, false))).await, "UploadToken").expect("a token");
    assert_ne!(token, other, "two uploads at once");
    let times = "<LastWriteTimeUtc>2020-02-03T04:05:06.1234567Z</LastWriteTimeUtc>\
                 <CreationTimeUtc>2019-01-01T00:00:00</CreationTimeUtc>";
    let wrong = upload(&format!("{}<UploadToken>no</UploadToken>{times}", chunk("def", 3, true))).await;
    assert_eq!(one(&wrong, "ChunkAppended").as_deref(), Some("false"));
    let last = upload(&format!("{}<UploadToken>{token}</UploadToken>{times}", chunk("def", 3, true))).await;
    assert_eq!(one(&last, "LastWriteTimeUtc").as_deref(), Some("2020-02-03T04:05:06.1234567Z"));
    assert_eq!(client.read("t").as_deref(), Some("abcdef"));
    let file = client.ok("FileProperties", &client.at("\\t")).await;
    assert_eq!(one(&file, "DateLastModifiedInGMT").as_deref(), Some("02/03/2020 04:05:06"));
    assert_eq!(one(&file, "DateTimeInTicks").as_deref(), Some("637162995061234567"));
}

#[tokio::test]
async fn a_key_lets_files_into_one_folder() {
    let client = Client::start().await;
    client.put("inbox/x", "x");
    let folder = element("FolderPath", &client.path("\\inbox"));
    let key = one(&client.ok("GetFolderAccessKey", &folder).await, "FolderAccessKey").expect("a key");
    let common =
        |key: &str| format!("<APIKey>{}</APIKey><FolderAccessKey>{key}</FolderAccessKey>", client.account().api_key());
    let upload =
        |key: &str| format!("{}<FileName>whole</FileName><FileData>{}</FileData>", common(key), base64("whole"));
    client.ok("UploadFileWithFolderAccessKey", &upload(&key)).await;
    client.refused("UploadFileWithFolderAccessKey", &upload(&key.replace('.', ".1"))).await;
    let first = format!("{}<FileName>chunks</FileName>{}", common(&key), chunk("abc", 0, false));
    let token = one(&client.ok("AppendChunkWithFolderAccessKey", &first).await, "UploadToken").expect("a token");
    let last = format!(
        "{}<FileName>chunks</FileName>{}{}",
        common(&key),
        chunk("def", 3, true),
        element("UploadToken", &token)
    );
    client.ok("AppendChunkWithFolderAccessKey", &last).await;
    assert_eq!(client.read("inbox/chunks").as_deref(), Some("abcdef"));
    let log = format!(
        "<Parameters>{}<FileName>log.zip</FileName>{}</Parameters>",
        common(&key),
        chunk("log", 0, true).replace("isLastChunk", "IsLastChunk")
    );
    assert_eq!(one(&client.ok("SubmitSyncLog", &log).await, "FolderAccessKey"), Some(key));
    assert_eq!(client.names("\\inbox").await, ["chunks", "log.zip", "whole", "x"]);
}

#[tokio::test]
async fn files_are_checked_out_and_in() {
    let client = Client::start().await;
    client.put("f", "old");
    let item = element("ItemPath", &client.path("\\f"));
    client.refused("UndoCheckout", &item).await;
    let url = one(&client.ok("DownloadWithCheckout", &format!("{item}<Comments>mine</Comments>")).await, "URL");
    assert_eq!(client.get(&url.expect("an address")).await.text, "old");
    let properties = client.ok("ItemAdvancedProperties", &client.at("\\f")).await;
    assert_eq!(one(&properties, "VC_CheckoutComments").as_deref(), Some("mine"));
    assert_eq!(all(&properties, "VC_CheckoutStatusByName"), [client.account().username()]);
    let upload = format!("{}<FileData>{}</FileData><Comments>done</Comments>", client.at("\\f"), base64("new"));
    client.ok("UploadFileWithCheckin", &upload).await;
    assert_eq!(client.read("f").as_deref(), Some("new"));
    client.refused("UploadFileWithCheckin", &upload).await;
    client.ok("DownloadWithCheckout", &item).await;
    client.ok("UndoCheckout", &item).await;
}
