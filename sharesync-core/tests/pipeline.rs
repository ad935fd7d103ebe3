//! The pipeline against a server that resets, truncates, trickles and stalls.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::Value;
use sharesync_core::http::{Body, Call, Pipeline, Repeat, StaticBearer};
use sharesync_core::transfer::{BytesSource, Progress, Source};
use sharesync_core::{Error, ErrorKind, Result};
use support::{ScriptedTransport, Server, pipeline, quick, response, transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn a_reset_before_the_answer_is_retried_when_the_request_is_safe() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        if connection.number > 0 {
            connection.send(response(200, "", "{\"ok\":true}")).await;
        }
    })
    .await;
    let answer: Value = pipeline(quick()).json(Call::get("Test.Get", server.url("/"))).await.unwrap();
    assert_eq!(answer["ok"], true);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_write_that_may_have_been_applied_is_reported_and_not_repeated() {
    let server = Server::start(|mut connection| async move { drop(connection.request().await) }).await;
    let call = Call::post("Test.Create", server.url("/")).subject("thing").body("x");
    let error = pipeline(quick()).bytes(call).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied(), error.attempts()), (ErrorKind::Network, true, 1));
    assert_eq!(server.requests().len(), 1);
    let text = error.to_string();
    assert!(text.contains("Test.Create of \"thing\"") && text.contains("may have carried it out"), "{text}");
}

#[tokio::test]
async fn an_idempotent_write_is_repeated_with_its_whole_body() {
    let server = Server::answering(|number, _| match number {
        0 => response(503, "", ""),
        1 => response(500, "", ""),
        _ => response(200, "", "done"),
    })
    .await;
    let progress = Progress::new();
    let source: Arc<dyn Source> = Arc::new(BytesSource::new(vec![7_u8; 300_000]));
    let body = Body::from("head").then(Body::from_source(source)).then("tail").with_progress(Some(progress.clone()));
    let call = Call::post("Test.Put", server.url("/")).repeat(Repeat::Idempotent).body(body);
    assert_eq!(pipeline(quick()).bytes(call).await.unwrap(), "done");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(request.body.len(), 300_008);
        assert!(request.body.starts_with(b"head\x07") && request.body.ends_with(b"\x07tail"));
    }
    assert_eq!(progress.transferred(), 300_000, "failed attempts are taken back");
}

#[tokio::test]
async fn a_refused_connection_is_tried_as_often_as_allowed() {
    let server = Server::start(|_| async {}).await;
    let url = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", free.local_addr().unwrap()).parse().unwrap()
    };
    let error = pipeline(quick()).bytes(Call::post("Test.Create", url)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.maybe_applied()), (ErrorKind::Network, 3, false));
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_truncated_answer_is_a_failed_attempt() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        let whole = response(200, "", "{\"name\":\"value\"}");
        let cut = if connection.number == 0 { whole.len() - 6 } else { whole.len() };
        connection.send(&whole[..cut]).await;
    })
    .await;
    let answer: Value = pipeline(quick()).json(Call::get("Test.Get", server.url("/"))).await.unwrap();
    assert_eq!(answer["name"], "value");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_answer_that_trickles_to_a_halt_stalls() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        for _ in 0..6 {
            connection.send("x").await;
            sleep(Duration::from_millis(100)).await;
        }
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let response = pipeline(quick()).send(Call::get("Test.Get", server.url("/"))).await.unwrap();
    let pieces: Vec<Result<Bytes>> = response.into_stream().collect().await;
    let (last, before) = pieces.split_last().unwrap();
    assert_eq!(before.iter().map(|piece| piece.as_ref().unwrap().len()).sum::<usize>(), 6, "it trickled while healthy");
    assert_eq!(last.as_ref().unwrap_err().kind(), ErrorKind::Stalled);
}

#[tokio::test]
async fn a_service_that_never_answers_times_out() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let config = quick().with_max_attempts(1);
    let error = pipeline(config).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_service_that_stops_reading_stalls_the_upload() {
    let server = Server::start(|mut connection| async move {
        connection.head().await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let call = Call::post("Test.Put", server.url("/")).body(vec![0; 32 << 20]);
    let error = pipeline(quick()).bytes(call).await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Stalled, true));
}

#[tokio::test]
async fn a_slow_but_healthy_upload_is_not_cut() {
    const SIZE: usize = 12 << 20;
    let server = Server::start(|mut connection| async move {
        connection.head().await;
        let (mut left, mut buffer) = (SIZE, vec![0; 256 << 10]);
        while left > 0 {
            left -= connection.stream.read(&mut buffer).await.unwrap();
            sleep(Duration::from_millis(4)).await;
        }
        connection.send(response(200, "", "received")).await;
    })
    .await;
    let started = Instant::now();
    let config = quick();
    let longest_clock = config.response_timeout;
    let body = pipeline(config).bytes(Call::post("Test.Put", server.url("/")).body(vec![0; SIZE])).await.unwrap();
    assert_eq!(body, "received");
    assert!(started.elapsed() > 2 * longest_clock, "the upload must outlast every clock, or it shows nothing");
}

#[tokio::test]
async fn a_source_that_ends_early_fails_with_its_own_error() {
    #[derive(Debug)]
    struct Short;

    #[async_trait::async_trait]
    impl Source for Short {
        fn size(&self) -> u64 {
            1 << 20
        }

        async fn read_at(&self, offset: u64, _max: usize) -> Result<Bytes> {
            Ok(if offset == 0 { Bytes::from(vec![0; 1000]) } else { Bytes::new() })
        }
    }

    let server = Server::answering(|_, _| response(200, "", "")).await;
    let call =
        Call::post("Test.Put", server.url("/")).repeat(Repeat::Idempotent).body(Body::from_source(Arc::new(Short)));
    let error = pipeline(quick()).bytes(call).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::SourceChanged, 1));
    assert!(error.to_string().contains("1000 of 1048576"), "{error}");
    assert!(server.requests().is_empty(), "no complete request arrived");
}

#[tokio::test]
async fn a_chunked_body_announces_no_length_and_can_be_sent_again() {
    for content in [&[][..], &[7; 3], &[7; 300_000]] {
        let server = Server::start(|mut connection| async move {
            let head = connection.head().await.to_ascii_lowercase();
            assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
            let mut body = Vec::new();
            while !body.ends_with(b"0\r\n\r\n") {
                assert!(connection.stream.read_buf(&mut body).await.unwrap() > 0, "the body breaks off");
            }
            let sevens = body.iter().filter(|byte| **byte == 7).count();
            let status = if connection.number == 0 { 503 } else { 200 };
            connection.send(response(status, "", &sevens.to_string())).await;
        })
        .await;
        let source = Body::from_source(Arc::new(BytesSource::new(content.to_vec())));
        let call = Call::post("Test.Put", server.url("/")).body(source.chunked());
        assert_eq!(pipeline(quick()).bytes(call).await.unwrap(), content.len().to_string());
        assert_eq!(server.connections.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn an_error_body_without_end_is_cut() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let server = Server::start(move |mut connection| {
        let counter = counter.clone();
        async move {
            connection.request().await;
            connection.send(format!("HTTP/1.1 400 Bad\r\nContent-Length: {}\r\n\r\n", 1_u64 << 30)).await;
            let block = vec![b'x'; 64 << 10];
            while connection.stream.write_all(&block).await.is_ok() {
                counter.fetch_add(block.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    let error = pipeline(quick()).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)));
    assert!(error.to_string().len() < 1000);
    assert!(sent.load(Ordering::SeqCst) < 64 << 20, "the connection was given up");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused() {
    let server = Server::answering(|_, _| response(200, "", &format!("\"{}\"", "x".repeat(5000)))).await;
    let config = quick().with_max_answer(4096);
    let error = pipeline(config).json::<Value>(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::TooLarge, 1));
}

#[tokio::test]
async fn html_in_place_of_json_is_a_protocol_error() {
    let server = Server::answering(|_, _| response(200, "", "<html>sign in</html>")).await;
    let error = pipeline(quick()).json::<Value>(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, Some(200)));
    assert!(error.to_string().contains("HTML"), "{error}");
}

fn authorized(server: &Server) -> Pipeline {
    let config = quick();
    Pipeline::builder("test", transport(&config))
        .config(config)
        .authorize(&server.url("/"), Arc::new(StaticBearer::new("hush")))
        .build()
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_credentials() {
    let server = Server::answering(|number, _| match number {
        0 => response(302, "Location: /elsewhere\r\n", ""),
        _ => response(200, "", "here"),
    })
    .await;
    assert_eq!(authorized(&server).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap(), "here");
    let requests = server.requests();
    assert_eq!(requests[1].line(), "GET /elsewhere HTTP/1.1");
    assert_eq!(requests[1].header("authorization"), Some("Bearer hush"));
}

#[tokio::test]
async fn a_redirect_to_another_origin_carries_no_credentials() {
    let other = Server::answering(|_, _| response(200, "", "there")).await;
    let target = other.url("/there?h=sig");
    let server = Server::answering(move |_, _| response(302, &format!("Location: {target}\r\n"), "")).await;
    assert_eq!(authorized(&server).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap(), "there");
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer hush"));
    let received = &other.requests()[0];
    assert!(
        !received.head.to_lowercase().contains("hush") && received.header("authorization").is_none(),
        "{received:?}"
    );
}

#[tokio::test]
async fn redirects_without_end_are_refused() {
    let server = Server::answering(|_, _| response(302, "Location: /again\r\n", "")).await;
    let error = pipeline(quick()).bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(server.requests().len(), 11);
}

#[tokio::test]
async fn credentials_are_refused_to_an_address_of_another_origin() {
    let server = Server::answering(|_, _| response(200, "", "")).await;
    let other = Server::answering(|_, _| response(200, "", "")).await;
    let error = authorized(&server).bytes(Call::get("Test.Get", other.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Insecure);
    assert!(other.requests().is_empty());
    let call = Call::get("Test.Get", other.url("/?sig=hush")).presigned();
    authorized(&server).bytes(call).await.unwrap();
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn plain_http_beyond_this_machine_is_refused() {
    let call = Call::get("Test.Get", "http://files.example/".parse().unwrap());
    let error = pipeline(quick()).bytes(call).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Insecure, 0));
}

#[tokio::test]
async fn a_pre_signed_address_is_in_no_error() {
    let server = Server::answering(|_, _| response(404, "", "")).await;
    let call = Call::get("Test.Chunk", server.url("/hush?h=hush")).presigned();
    let shown = format!("{call:?}");
    let error = pipeline(quick()).bytes(call).await.unwrap_err();
    for text in [shown, error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("hush"), "{text}");
    }
}

/// Answers the first request with 429 and `Retry-After: 2`, all others with 200, and notes when each came.
fn throttled_once() -> (Arc<ScriptedTransport>, Arc<std::sync::Mutex<Vec<Instant>>>) {
    let arrivals = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = arrivals.clone();
    let transport = ScriptedTransport::new(move |_| {
        let first = {
            let mut arrivals = noted.lock().unwrap();
            arrivals.push(Instant::now());
            arrivals.len() == 1
        };
        async move {
            let response = http::Response::builder();
            if first {
                response.status(429).header("retry-after", "2").body("").unwrap()
            } else {
                response.body("fine").unwrap()
            }
        }
    });
    (transport, arrivals)
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_every_request_of_the_account() {
    let (transport, arrivals) = throttled_once();
    let pipeline = Pipeline::builder("test", transport).build();
    let call = |name| Call::post(name, "https://files.example/".parse().unwrap());
    let throttled = tokio::spawn({
        let (pipeline, call) = (pipeline.clone(), call("Test.First"));
        async move { pipeline.bytes(call).await }
    });
    sleep(Duration::from_millis(100)).await;
    let others = (0..8).map(|_| pipeline.bytes(call("Test.Other")));
    for result in futures::future::join_all(others).await {
        assert_eq!(result.unwrap(), "fine");
    }
    assert_eq!(
        throttled.await.unwrap().unwrap(),
        "fine",
        "a throttled write was surely not carried out: it is repeated"
    );
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 10);
    for later in &arrivals[1..] {
        assert!(*later - arrivals[0] >= Duration::from_secs(2), "{:?}", *later - arrivals[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_the_others_also_where_the_request_itself_gives_up() {
    let (transport, arrivals) = throttled_once();
    let pipeline = Pipeline::builder("test", transport).config(quick().with_max_attempts(1)).build();
    let call = || Call::get("Test.Get", "https://files.example/".parse().unwrap());
    assert_eq!(pipeline.bytes(call()).await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(pipeline.bytes(call()).await.unwrap(), "fine");
    let arrivals = arrivals.lock().unwrap();
    assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(2), "{:?}", arrivals[1] - arrivals[0]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_patience_is_handed_out() {
    let transport = ScriptedTransport::new(|_| async {
        http::Response::builder().status(503).header("retry-after", "86400").body("").unwrap()
    });
    let pipeline = Pipeline::builder("test", transport).build();
    let error = pipeline.bytes(Call::get("Test.Get", "https://files.example/".parse().unwrap())).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(86400)));
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 1));
}

#[tokio::test(start_paused = true)]
async fn the_number_of_requests_under_way_is_bounded() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let transport = ScriptedTransport::new({
        let (running, most) = (running.clone(), most.clone());
        move |_| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let running = running.clone();
            async move {
                sleep(Duration::from_millis(10)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                http::Response::new("")
            }
        }
    });
    let config = quick().with_concurrency(4);
    let pipeline = Pipeline::builder("test", transport).config(config).build();
    let calls = (0..64).map(|_| pipeline.bytes(Call::get("Test.Get", "https://files.example/".parse().unwrap())));
    let results: Vec<Result<Bytes, Error>> = futures::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 4);
}
