//! Against a real server on loopback.

use std::time::Duration;

use axum::Router;
use axum::body::Body as Sent;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use reqwest::Url;

use super::*;

/// Serves this for as long as the test's runtime lives.
async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/list", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

fn near() -> Fetcher {
    Fetcher::new(Reach::new([], true)).unwrap()
}

fn question(url: Url) -> Question {
    Question { url, authorization: None, known: None, most: 1000, patience: Duration::from_secs(30) }
}

async fn all(fetcher: &Fetcher, question: Question) -> Result<Vec<u8>, FetchError> {
    match fetcher.get(question).await? {
        Answer::Document { body, .. } => body.all().await,
        Answer::Unchanged => panic!("nothing was known"),
    }
}

#[tokio::test]
async fn a_document_is_read_whole() {
    let url = serve(Router::new().route("/list", get(async || "id,to\n"))).await;
    assert_eq!(all(&near(), question(url)).await.unwrap(), b"id,to\n");
}

#[tokio::test]
async fn without_leave_loopback_is_not_opened() {
    let url = serve(Router::new().route("/list", get(async || "secret"))).await;
    let refused = all(&Fetcher::new(Reach::default()).unwrap(), question(url)).await.unwrap_err();
    assert!(matches!(refused, FetchError::Refused(Refused::NotHttps)), "{refused}");
}

#[tokio::test]
async fn what_is_announced_as_too_large_is_refused_before_it_is_read() {
    let url = serve(Router::new().route("/list", get(async || vec![b'x'; 1001]))).await;
    let Err(FetchError::TooLarge { most, announced }) = all(&near(), question(url)).await else { panic!() };
    assert_eq!((most, announced), (1000, Some(1001)));
}

#[tokio::test]
async fn what_never_ends_is_cut_where_it_is_too_large() {
    let endless =
        async || Sent::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 400]))));
    let url = serve(Router::new().route("/list", get(endless))).await;
    let Err(FetchError::TooLarge { announced, .. }) = all(&near(), question(url)).await else { panic!() };
    assert_eq!(announced, None);
}

#[tokio::test]
async fn a_server_that_goes_silent_is_given_up() {
    let begun = || stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"id,to\n")) });
    let silent = async move || Sent::from_stream(futures::StreamExt::chain(begun(), stream::pending()));
    let url = serve(Router::new().route("/list", get(silent))).await;
    let patience = Duration::from_millis(300);
    let given_up = all(&near(), Question { patience, ..question(url) }).await.unwrap_err();
    assert!(matches!(given_up, FetchError::TooSlow) && given_up.is_passing(), "{given_up}");
}

#[tokio::test]
async fn a_redirect_into_the_node_is_not_followed() {
    let router = Router::new()
        .route("/list", get(async || Redirect::temporary("http://169.254.169.254/latest/meta-data/")))
        .route("/round", get(async || Redirect::temporary("/round")))
        .route("/moved", get(async || Redirect::temporary("/here")))
        .route("/here", get(async || "moved"));
    let url = serve(router).await;
    let refused = all(&near(), question(url.clone())).await.unwrap_err();
    assert!(matches!(refused, FetchError::Refused(Refused::NotHttps)), "{refused}");
    let round = all(&near(), question(url.join("/round").unwrap())).await.unwrap_err();
    assert!(matches!(round, FetchError::Refused(Refused::TooManyRedirects)), "{round}");
    assert_eq!(all(&near(), question(url.join("/moved").unwrap())).await.unwrap(), b"moved");
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let versioned = async |headers: HeaderMap| {
        let known = headers.get("if-none-match").is_some_and(|tag| tag == "\"7\"");
        let tag = [("etag", "\"7\"")];
        if known { (StatusCode::NOT_MODIFIED, tag).into_response() } else { (tag, "list").into_response() }
    };
    let dated = async || ([("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT")], "list");
    let url = serve(Router::new().route("/list", get(versioned)).route("/dated", get(dated))).await;
    for path in ["/list", "/dated"] {
        let question = question(url.join(path).unwrap());
        let Answer::Document { version, .. } = near().get(question.clone()).await.unwrap() else { panic!("{path}") };
        assert!(version.is_some(), "{path}");
        let again = near().get(Question { known: version, ..question }).await.unwrap();
        assert!(matches!(again, Answer::Unchanged), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_server_says_who_must_act_and_never_the_url() {
    let router = Router::new()
        .route("/list", get(async || StatusCode::FORBIDDEN))
        .route("/busy", get(async || StatusCode::SERVICE_UNAVAILABLE));
    let url = serve(router).await;
    let mut signed = url.clone();
    signed.set_query(Some("sig=TOPSECRET"));
    let forbidden = all(&near(), question(signed)).await.unwrap_err();
    assert_eq!(forbidden.to_string(), "answers with status 403 Forbidden");
    assert!(!forbidden.is_passing());
    assert!(all(&near(), question(url.join("/busy").unwrap())).await.unwrap_err().is_passing());
    let nobody: Url = "http://127.0.0.1:1/list?sig=TOPSECRET".parse().unwrap();
    let error = all(&near(), question(nobody)).await.unwrap_err();
    assert!(error.is_passing() && !format!("{error:?}").contains("TOPSECRET"), "{error:?}");
}
