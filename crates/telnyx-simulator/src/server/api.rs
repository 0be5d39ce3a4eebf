//! The API over HTTP: bytes in, the model's answer out.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, Request as HttpRequest, Response as HttpResponse, StatusCode, Uri, header};

use super::state::Shared;
use crate::model::{Body, Method, RateHeaders, Request, Response};

/// `None` closes the connection without a byte, as a fault orders.
pub(super) async fn handle(shared: &Arc<Shared>, request: HttpRequest<HttpBody>) -> Option<HttpResponse<HttpBody>> {
    let (parts, body) = request.into_parts();
    let Some(method) = method(&parts.method) else { return Some(plain(StatusCode::METHOD_NOT_ALLOWED)) };
    let Ok(bytes) = axum::body::to_bytes(body, shared.config.limits.body_bytes).await else {
        return Some(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request = Request {
        method,
        path: path(&parts.uri),
        query: query(&parts.uri),
        key: bearer(&parts.headers),
        body: parse(&bytes),
    };
    let held = shared.world().holds(&request);
    let response = match held {
        None => carry_out(shared, &parts.uri, &bytes, &request),
        Some(held) => {
            let shared = Arc::clone(shared);
            // A client that gives up ends the future that serves it; the request is on its way all the same.
            let late = tokio::spawn(async move {
                tokio::time::sleep(held).await;
                carry_out(&shared, &parts.uri, &bytes, &request)
            });
            late.await.unwrap_or(Response::Hangup)
        }
    };
    match response {
        Response::Hangup => None,
        Response::Answer { status, rate, body, after } => {
            if after > Duration::ZERO {
                tokio::time::sleep(after).await;
            }
            Some(answer(status, rate, body))
        }
    }
}

fn carry_out(shared: &Shared, uri: &Uri, bytes: &[u8], request: &Request) -> Response {
    let response = shared.world().handle(shared.clock.now(), request);
    if let Some(journal) = &shared.journal {
        let status = match &response {
            Response::Answer { status, .. } => Some(*status),
            Response::Hangup => None,
        };
        journal.write(request.method, uri, bytes, status);
    }
    shared.bell.notify_one();
    response
}

fn answer(status: u16, rate: Option<RateHeaders>, body: Vec<u8>) -> HttpResponse<HttpBody> {
    let mut response = HttpResponse::builder().status(status);
    if !body.is_empty() {
        response = response.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    }
    if let Some(rate) = rate {
        response = response
            .header("x-ratelimit-limit", rate.limit)
            .header("x-ratelimit-remaining", rate.remaining)
            .header("x-ratelimit-reset", rate.reset);
    }
    response.body(HttpBody::from(body)).unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
}

fn plain(status: StatusCode) -> HttpResponse<HttpBody> {
    let mut response = HttpResponse::new(HttpBody::empty());
    *response.status_mut() = status;
    response
}

fn method(method: &axum::http::Method) -> Option<Method> {
    match method.as_str() {
        "GET" => Some(Method::Get),
        "POST" => Some(Method::Post),
        "PUT" => Some(Method::Put),
        "PATCH" => Some(Method::Patch),
        "DELETE" => Some(Method::Delete),
        _ => None,
    }
}

fn path(uri: &Uri) -> Vec<String> {
    let path = uri.path().strip_prefix("/v2").unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty()).map(|part| percent_decode(part, false)).collect()
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode(name, true), percent_decode(value, true)))
        .collect()
}

/// RFC 3986, section 2.1; in a query `+` is a blank as HTML forms write it.
fn percent_decode(text: &str, form: bool) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut ahead = bytes.clone();
                let pair = ahead.next().and_then(hex).zip(ahead.next().and_then(hex));
                if let Some((high, low)) = pair {
                    decoded.push(high * 16 + low);
                    bytes = ahead;
                } else {
                    decoded.push(b'%');
                }
            }
            b'+' if form => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}

fn parse(bytes: &[u8]) -> Body {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Body::Object(serde_json::Map::new());
    }
    serde_json::from_slice(bytes).map_or(Body::Malformed, Body::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded_and_broken_ones_kept() {
        for (text, form, plain) in [
            ("v3%3Aabc", false, "v3:abc"),
            ("a+b", false, "a+b"),
            ("a+b", true, "a b"),
            ("%2B1202", true, "+1202"),
            ("100%", true, "100%"),
            ("%zz", true, "%zz"),
        ] {
            assert_eq!(percent_decode(text, form), plain, "{text}");
        }
    }
}
