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

/// Not a store, which would have to judge the signature: what is shown is that the crate's requests go our way.
#[tokio::test]
async fn requests_to_a_store_are_signed_and_meet_the_same_rules() {
    let signed = async |headers: HeaderMap| {
        let signature = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signed =
            signature.starts_with("AWS4-HMAC-SHA256 Credential=AKID/") && signature.contains("/eu-central-1/s3/");
        let sent = [("etag", "\"9\""), ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT")];
        if signed { (sent, "id,to\n").into_response() } else { StatusCode::FORBIDDEN.into_response() }
    };
    let url = serve(Router::new().route("/lists/in/a.csv", get(signed))).await;
    let endpoint = url.origin().ascii_serialization();
    let place = Place::parse("s3://lists/in/a.csv", Some("eu-central-1"), Some(&endpoint)).unwrap();
    let open = async |fetcher: &Fetcher, credentials: Option<Credentials>, most| {
        fetcher.open(&place, credentials.as_ref(), None, most, Duration::from_mins(1)).await
    };
    let keys = || {
        let entries = [("accessKeyId", "AKID"), ("secretAccessKey", "SECRET")];
        Some(Credentials::new(entries.map(|(key, value)| (key.to_owned(), value.to_owned()))))
    };
    let Answer::Document { body, version } = open(&near(), keys(), 1000).await.unwrap() else { panic!() };
    assert_eq!((body.all().await.unwrap(), version), (b"id,to\n".to_vec(), Some(Version::new("\"9\""))));
    let too_large = open(&near(), keys(), 3).await.unwrap_err();
    assert!(matches!(too_large, FetchError::TooLarge { announced: Some(6), .. }), "{too_large}");
    let unsigned = open(&near(), None, 1000).await.unwrap_err();
    assert!(matches!(unsigned, FetchError::Status { status: StatusCode::FORBIDDEN }), "{unsigned:?}");
    let incomplete = open(&near(), Some(Credentials::default()), 1000).await.unwrap_err();
    assert!(incomplete.to_string().contains("accessKeyId"), "{incomplete}");
    let far = open(&Fetcher::new(Reach::default()).unwrap(), keys(), 1000).await.unwrap_err();
    assert!(matches!(far, FetchError::Refused(Refused::NotHttps)), "{far:?}");
}
