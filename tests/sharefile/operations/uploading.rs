//! Beginning an upload, in both forms. What is sent afterwards is in `uploads`.

use serde_json::json as value;
use sharesync::Timestamp;
use sharesync::sharefile::UploadParams;
use sharesync::sharefile::model::UploadMethod;

use crate::sharefile::fixtures::documented;
use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same;
use crate::sharefile::stage::{Stage, json};

operations! {
    "POST /sf/v3/Items(id)/Upload | Upload File" => upload,
    "POST /sf/v3/Items(id)/Upload2 | Upload File (request body form)" => upload2,
}

/// Every documented parameter.
fn all() -> UploadParams {
    let created: Timestamp = "2021-03-04T05:06:07.8912345Z".parse().unwrap();
    let modified: Timestamp = "2021-07-04T05:06:07Z".parse().unwrap();
    UploadParams::new()
        .with_method(UploadMethod::Threaded)
        .with_raw(true)
        .with_file_name("a b+c.txt")
        .with_file_size(5_000_000_000)
        .with_batch_id("batch1")
        .with_batch_last(true)
        .with_can_resume(true)
        .with_start_over(false)
        .with_tool("tool1")
        .with_overwrite(false)
        .with_title("Title")
        .with_details("Details")
        .with_is_send(true)
        .with_send_guid("guid1")
        .with_op_id("op1")
        .with_thread_count(4)
        .with_response_format("json")
        .with_notify(false)
        .with_client_created_date(created)
        .with_client_modified_date(modified)
        .with_expiration_days(30)
        .with_base_file_id("fi0")
}

async fn upload(stage: &Stage) {
    let answers =
        ["standard", "streamed", "threaded"].map(|name| stage.fixture(&format!("upload_specification_{name}")));
    stage.api.script(answers.clone().map(json));
    let example = UploadParams::new().with_method(UploadMethod::parse("method"));
    let spec = stage.items().upload("fo1", example).await.unwrap();
    assert!(stage.sent("POST /sf/v3/Items(fo1)/Upload?method=method").body.is_empty());
    let read = [
        spec,
        stage.items().upload("fo1", all()).await.unwrap(),
        stage.items().upload("fo1", UploadParams::raw(UploadMethod::Standard, "a", 0)).await.unwrap(),
    ];
    for (spec, answer) in read.iter().zip(&answers) {
        let mut answer = answer.clone();
        // An empty address is none.
        let fields = answer.as_object_mut().unwrap();
        fields.retain(|name, value| !(name.ends_with("Uri") && value == ""));
        same(spec, &answer);
    }
    let methods = read.map(|spec| spec.method.unwrap());
    assert_eq!(methods, [UploadMethod::Standard, UploadMethod::Streamed, UploadMethod::Threaded]);

    stage.seen()[1].check(
        "POST /sf/v3/Items(fo1)/Upload?method=Threaded&raw=true&fileName=a b+c.txt&fileSize=5000000000&batchId=batch1\
         &batchLast=true&canResume=true&startOver=false&tool=tool1&overwrite=false&title=Title&details=Details&isSend=true\
         &sendGuid=guid1&opid=op1&threadCount=4&responseFormat=json&notify=false\
         &clientCreatedDateUTC=2021-03-04T05:06:07.8912345Z&clientModifiedDateUTC=2021-07-04T05:06:07Z\
         &expirationDays=30&baseFileId=fi0",
    );
}

async fn upload2(stage: &Stage) {
    let answer = stage.fixture("upload_specification_threaded");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let example = UploadParams::new().with_method(UploadMethod::parse("Method")).with_raw(false);
    let spec = stage.items().upload2("fo1", example.with_file_name("FileName").with_file_size(2048)).await.unwrap();
    assert_eq!(stage.sent("POST /sf/v3/Items(fo1)/Upload2").json(), documented("upload2"));
    assert_eq!(spec.max_number_of_threads, Some(4));
    assert_eq!(spec.chunk_uri.unwrap().expose().as_str(), answer["ChunkUri"].as_str().unwrap());
    assert_eq!(spec.finish_uri.unwrap().expose().as_str(), answer["FinishUri"].as_str().unwrap());

    stage.items().upload2("fo1", all()).await.unwrap();
    let sent = stage.sent("POST /sf/v3/Items(fo1)/Upload2?expirationDays=30");
    // `tool` and `responseFormat` cannot be passed in this form, and the dates lose the suffix of their names.
    let expected = value!({
        "Method": "Threaded", "Raw": true, "FileName": "a b+c.txt", "FileSize": 5_000_000_000_u64, "BatchId": "batch1",
        "BatchLast": true, "CanResume": true, "StartOver": false, "Overwrite": false, "Title": "Title",
        "Details": "Details", "IsSend": true, "SendGuid": "guid1", "Opid": "op1", "ThreadCount": 4, "Notify": false,
        "ClientCreatedDate": "2021-03-04T05:06:07.8912345Z", "ClientModifiedDate": "2021-07-04T05:06:07Z",
        "BaseFileId": "fi0",
    });
    assert_eq!(sent.json(), expected);
}
