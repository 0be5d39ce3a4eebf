//! Lists: numbered pages, cursors, and streams of items.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use telnyx_voice::{ApplicationFilter, Call, CallEventFilter, DeliveryFilter, DeliveryStatus, Error, OccurredAt};

use crate::server::{Reply, Server, refusal};

fn numbered(page: u64, of: u64, ids: &[&str]) -> Reply {
    let data: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let meta = json!({ "page_number": page, "page_size": 250, "total_pages": of, "total_results": 5 });
    Reply::Json(200, json!({ "data": data, "meta": meta }))
}

fn cursor(after: Option<&str>, next: Option<&str>, legs: &[&str]) -> Reply {
    let data: Vec<Value> = legs.iter().map(|leg| json!({ "call_leg_id": leg })).collect();
    let meta = json!({ "cursors": { "after": after, "before": null }, "next": next, "total_items": 3 });
    Reply::Json(200, json!({ "data": data, "meta": meta }))
}

fn legs(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.call_leg_id.as_ref().unwrap().as_str()).collect()
}

fn asked(server: &Server, name: &str) -> Vec<Option<String>> {
    let find = |query: Vec<(String, String)>| query.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
    server.seen().into_iter().map(|seen| find(seen.query)).collect()
}

#[tokio::test]
async fn a_list_is_read_250_at_a_time_to_its_last_page() {
    let server =
        Server::start([numbered(1, 3, &["1", "2"]), numbered(2, 3, &["3", "4"]), numbered(3, 3, &["5"])]).await;
    let pages: Vec<_> = server.client().application_pages(&ApplicationFilter::default()).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages[0].total, Some(5));
    assert_eq!(asked(&server, "page[size]"), vec![Some("250".to_owned()); 3]);
    assert_eq!(asked(&server, "page[number]"), ["1", "2", "3"].map(|n| Some(n.to_owned())));
}

#[tokio::test]
async fn the_items_of_all_pages_are_one_stream() {
    let server = Server::start([numbered(1, 2, &["1", "2"]), numbered(2, 2, &["3"])]).await;
    let items: Vec<_> = server.client().applications(&ApplicationFilter::default()).try_collect().await.unwrap();
    assert_eq!(items.into_iter().map(|app| app.id.unwrap().to_string()).collect::<Vec<_>>(), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_page_that_nobody_asks_for_is_not_read() {
    let server = Server::start([numbered(1, 9, &["1"])]).await;
    let mut pages = std::pin::pin!(server.client().application_pages(&ApplicationFilter::default()));
    pages.next().await.unwrap().unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_list_that_shrank_ends_at_its_first_empty_page() {
    let server = Server::start([numbered(1, 4, &["1"]), numbered(2, 4, &[])]).await;
    let pages: Vec<_> = server.client().queue_pages().try_collect().await.unwrap();
    assert_eq!(pages.len(), 2);
}

#[tokio::test]
async fn a_list_without_meta_is_one_page() {
    let server = Server::start([Reply::Json(200, json!({ "data": [] }))]).await;
    let pages: Vec<_> = server.client().queue_pages().try_collect().await.unwrap();
    assert_eq!(pages.len(), 1);
}

#[tokio::test]
async fn cursors_are_followed_until_there_is_no_next() {
    let next = Some("/v2/connections/c/active_calls?page[after]=two");
    let server = Server::start([cursor(Some("two"), next, &["a", "b"]), cursor(Some("three"), None, &["c"])]).await;
    let calls: Vec<_> = server.client().active_calls(&"c".into()).unwrap().try_collect().await.unwrap();
    assert_eq!(legs(&calls), ["a", "b", "c"]);
    assert_eq!(asked(&server, "page[after]"), [None, Some("two".to_owned())]);
    assert_eq!(asked(&server, "page[number]"), [Some("1".to_owned()), None]);
}

#[tokio::test]
async fn a_cursor_that_leads_to_itself_ends_the_list() {
    let next = Some("/v2/…");
    let server = Server::start([cursor(Some("two"), next, &["a"]), cursor(Some("two"), next, &["b"])]).await;
    let calls: Vec<_> = server.client().active_calls(&"c".into()).unwrap().try_collect().await.unwrap();
    assert_eq!(legs(&calls), ["a", "b"]);
}

#[tokio::test]
async fn a_list_ends_after_an_error() {
    let server = Server::start([numbered(1, 3, &["1"]), refusal(401, "10009")]).await;
    let results: Vec<_> = server.client().applications(&ApplicationFilter::default()).collect().await;
    assert!(matches!(results[..], [Ok(_), Err(Error::Api(_))]), "{results:?}");
}

#[tokio::test]
async fn filters_are_written_as_the_api_spells_them() {
    let server = Server::start([numbered(1, 1, &[]), numbered(1, 1, &[])]).await;
    let events = CallEventFilter {
        leg_id: Some("leg/1 & more".into()),
        failed: Some(true),
        to: Some("+15550100002".into()),
        occurred_at: Some(OccurredAt::Since("2026-03-04T05:06:07Z".parse().unwrap())),
        ..CallEventFilter::default()
    };
    server.client().call_events(&events).try_collect::<Vec<_>>().await.unwrap();
    let deliveries = DeliveryFilter { status: Some(DeliveryStatus::Failed), ..DeliveryFilter::default() };
    server.client().webhook_deliveries(&deliveries).try_collect::<Vec<_>>().await.unwrap();
    let asked: Vec<Vec<_>> = server.seen().into_iter().map(|seen| seen.query).collect();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(
        asked[0],
        pairs(&[
            ("filter[leg_id]", "leg/1 & more"),
            ("filter[failed]", "true"),
            ("filter[to]", "+15550100002"),
            ("filter[occurred_at][gte]", "2026-03-04T05:06:07Z"),
            ("page[size]", "250"),
            ("page[number]", "1"),
        ])
    );
    assert_eq!(asked[1], pairs(&[("filter[status][eq]", "failed"), ("page[size]", "250"), ("page[number]", "1")]));
}
