//! Strangers who say what they want slowly, or not at all; on a clock that jumps to the next thing that waits.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use telnyx_voice::webhook::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, sign};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::receive::Sender;
use super::server::connection;
use super::tests::{Bed, OURS, PATH, actor, event};
use super::*;

fn connect(bed: &Bed) -> DuplexStream {
    let (here, there) = tokio::io::duplex(64 * 1024);
    tokio::spawn(connection(there, Arc::clone(&bed.receiver), Sender::Telnyx, CancellationToken::new()));
    here
}

fn bed() -> Bed {
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    bed
}

/// A webhook with this key's signature, and its head.
fn signed(key: &SigningKey) -> String {
    let body = event("e", OURS);
    let headers = sign(key, body.as_bytes(), Timestamp::now());
    let (signature, timestamp, length) = (headers.signature, headers.timestamp, body.len());
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\n{SIGNATURE_HEADER}: {signature}\r\n{TIMESTAMP_HEADER}: {timestamp}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// Says `first` at once and the rest a byte at a time, ten a second, to the end of the connection. Returns what was answered, and
/// how long the connection lasted.
async fn trickled(bed: &Bed, first: &str, rest: &str) -> (String, Duration) {
    let began = Instant::now();
    let (mut reads, mut writes) = tokio::io::split(connect(bed));
    writes.write_all(first.as_bytes()).await.unwrap();
    let trickle = async {
        for byte in rest.bytes() {
            sleep(Duration::from_millis(100)).await;
            if writes.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answer = String::new();
    tokio::select! {
        read = reads.read_to_string(&mut answer) => drop(read.unwrap()),
        () = trickle => {}
    }
    (answer, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_head_ends_after_two_seconds_however_busy_it_is() {
    let bed = bed();
    let slow = format!("POST {PATH} HTTP/1.1\r\nx-{}: y\r\n", "x".repeat(1000));
    for (first, rest) in [("", ""), ("", slow.as_str()), ("POST / HTTP/1.1\r\nhost: x\r\n", "")] {
        let (answer, lasted) = trickled(&bed, first, rest).await;
        assert_eq!(answer, "");
        assert!((2000..2200).contains(&lasted.as_millis()), "{lasted:?} with {first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_in_is_answered_408_and_loses_its_connection_before_two_seconds() {
    let bed = bed();
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n");
    let (answer, lasted) = trickled(&bed, &head, &"x".repeat(999)).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close\r\n"), "{answer}");
    assert!(lasted < Duration::from_secs(2), "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_loses_the_connection_with_the_answer() {
    let bed = bed();
    let stranger = SigningKey::from_bytes(&[8; 32]);
    for (request, status) in [
        (signed(&stranger), "401"),
        (signed(&stranger).replace("/webhooks/sales/", "/webhooks/"), "404"),
        (signed(&stranger).replace("POST ", "PUT "), "405"),
    ] {
        let (answer, lasted) = trickled(&bed, &request, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("connection: close\r\n") && lasted < Duration::from_secs(1), "{answer} {lasted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn telnyx_keeps_its_connection_for_a_while() {
    let bed = bed();
    let mut line = connect(&bed);
    line.write_all(signed(&bed.key).as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let read = line.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && !answer.contains("connection: close"), "{answer}");
    let mut byte = [0];
    assert!(timeout(Duration::from_secs(8), line.read(&mut byte)).await.is_err(), "it is kept");
    assert_eq!(timeout(Duration::from_secs(4), line.read(&mut byte)).await.unwrap().unwrap(), 0, "and not for ever");
}
