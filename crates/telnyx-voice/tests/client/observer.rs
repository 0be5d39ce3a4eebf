//! What whoever counts is told: templates and statuses, never an id.

use std::sync::{Arc, Mutex};

use serde_json::json;
use telnyx_voice::{HangupRequest, Observer};

use crate::server::{Reply, Server, data, refusal};

type Told = Arc<Mutex<Vec<(String, Option<u16>)>>>;

fn notebook() -> (Told, Observer) {
    let told = Told::default();
    let book = Arc::clone(&told);
    let observer: Observer = Arc::new(move |exchange| {
        book.lock().unwrap().push((format!("{} {}", exchange.method, exchange.route), exchange.status));
    });
    (told, observer)
}

#[tokio::test]
async fn every_try_is_told_by_its_template_and_status() {
    let server = Server::start([
        refusal(503, "10007"),
        data(json!({ "id": "7" })),
        refusal(404, "10005"),
        Reply::Json(200, json!({ "data": [], "meta": { "page_number": 1, "total_pages": 1 } })),
    ])
    .await;
    let (told, observer) = notebook();
    let client = server.builder().observer(observer).build().unwrap();
    client.get_application(&"7".into()).await.unwrap();
    client.hangup(&"v3:secret".into(), &HangupRequest::default()).await.unwrap_err();
    let pages: Vec<_> = futures::StreamExt::collect(client.queue_pages()).await;
    assert!(pages.iter().all(Result::is_ok));
    let expected = [
        ("GET /call_control_applications/{id}", Some(503)),
        ("GET /call_control_applications/{id}", Some(200)),
        ("POST /calls/{call_control_id}/actions/hangup", Some(404)),
        ("GET /queues", Some(200)),
    ];
    let told = told.lock().unwrap();
    assert_eq!(told.iter().map(|(route, status)| (route.as_str(), *status)).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_try_without_an_answer_has_no_status() {
    let (told, observer) = notebook();
    let server = Server::start([]).await;
    let url = server.url();
    drop(server);
    let client = telnyx_voice::Client::builder(telnyx_voice::ApiKey::new("KEY0123").unwrap())
        .base_url(url)
        .retries(telnyx_voice::RetryPolicy { tries: 1, ..telnyx_voice::RetryPolicy::default() })
        .observer(observer)
        .build()
        .unwrap();
    client.get_queue("support").await.unwrap_err();
    assert_eq!(*told.lock().unwrap(), [("GET /queues/{queue_name}".to_owned(), None)]);
}
