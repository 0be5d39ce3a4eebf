//! Sending: a turn in the budget, one try, another where that is safe, and reading the answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::Client;
use super::fence::{FencedBody, Withheld, time_for};
use super::observer::Exchange;
use super::request::Request;
use super::retry::Repeat;
use crate::budget::Permit;
use crate::error::{ApiError, Class, Error, RateLimit, TransportError, classify};
use crate::surface::Verb;

/// A 2xx answer.
pub(super) struct Accepted {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// What most answers wrap their object in.
#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

impl Client {
    /// Sends, repeating where that is safe.
    pub(super) async fn send(&self, request: &Request) -> Result<Accepted, Error> {
        let began = Instant::now();
        let mut tried = 0;
        let mut unsure = None;
        loop {
            let error = match self.attempt(request).await {
                Ok(accepted) => return Ok(accepted),
                Err(error) => error,
            };
            tried += 1;
            let jitter = (self.shared.jitter)();
            let Some(pause) = self.shared.retries.pause(request.repeat, &error, tried, began.elapsed(), jitter) else {
                return Err(if is_about_this_try_alone(&error) { unsure.unwrap_or(error) } else { error });
            };
            tracing::debug!(
                operation = request.operation.name, tried, pause_ms = pause.as_millis(), %error,
                "sending again"
            );
            if error.may_have_acted() {
                unsure = Some(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends and reads the object in the answer's `data`.
    pub(super) async fn object<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.send(request).await?.data()
    }

    /// Sends what makes something, and reads what was made; without a usable id in it, it cannot be found again by this answer.
    pub(super) async fn made<T: DeserializeOwned>(
        &self,
        request: &Request,
        id: impl FnOnce(&T) -> Option<&str>,
    ) -> Result<T, Error> {
        let accepted = self.send(request).await?;
        let made = accepted.data::<T>().ok().filter(|made| id(made).is_some_and(|id| !id.is_empty()));
        made.ok_or(Error::AcceptedWithoutIds { status: accepted.status })
    }

    async fn attempt(&self, request: &Request) -> Result<Accepted, Error> {
        let permit = self.shared.budget.turn(request.ask).await;
        let timeout = match request.repeat {
            Repeat::CommandId => self.shared.command_timeout,
            Repeat::Unsafe | Repeat::Idempotent | Repeat::Never => self.shared.timeout,
        };
        // After the turn, which may have been waited for.
        let fence = self.shared.fence.as_ref().filter(|_| request.operation.verb != Verb::Get);
        let timeout = time_for(fence, timeout).ok_or(Error::Withheld)?;
        let began = Instant::now();
        let result = match tokio::time::timeout(timeout, self.exchange(request, &permit)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout { after: timeout }),
        };
        if let Some(observer) = &self.shared.observer {
            let status = match &result {
                Ok(accepted) => Some(accepted.status),
                Err(error) => error.api().map(|answer| answer.status),
            };
            let (method, route) = (request.operation.verb.as_str(), request.operation.path);
            observer(&Exchange { method, route, status, took: began.elapsed() });
        }
        result
    }

    async fn exchange(&self, request: &Request, permit: &Permit) -> Result<Accepted, Error> {
        let url = [&*self.shared.base, request.path.as_str()].concat();
        let mut out = self.shared.http.request(request.method(), url);
        let withheld = Withheld::default();
        if let Some(body) = &request.body {
            out =
                out.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(match &self.shared.fence {
                    Some(fence) => {
                        reqwest::Body::wrap(FencedBody::new(body.clone(), Arc::clone(fence), withheld.clone()))
                    }
                    None => body.clone().into(),
                });
        }
        let response = match out.send().await {
            Ok(response) => response,
            Err(_) if withheld.is_so() => return Err(Error::Withheld),
            Err(error) => return Err(transport(error, self.shared.timeout)),
        };
        let status = response.status();
        let rate = RateLimit::from_headers(response.headers());
        permit.answered(rate);
        let body = response.bytes().await.map_err(|error| transport(error, self.shared.timeout));
        if status.is_success() {
            return Ok(Accepted { status: status.as_u16(), body: body? });
        }
        // The status has come, so that a body cut short does not make the fate unknown.
        let error = Error::Api(Box::new(ApiError::read(status.as_u16(), rate, &body.unwrap_or_default())));
        let class = classify(&error, request.operation.endpoint);
        if class == Class::RequestRate {
            permit.requests_refused(rate.reset);
        } else if class == Class::DialRate {
            permit.dials_refused();
        }
        Err(error)
    }
}

impl Accepted {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Decode {
            status: self.status,
            line: error.line(),
            column: error.column(),
        })
    }

    pub(super) fn data<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.json::<Data<T>>().map(|wrapped| wrapped.data)
    }
}

/// Whether anything can have left is all that matters here. The address is dropped: it may hold a phone number.
/// Whether the request was turned away unread, or never left: that says nothing of an earlier try whose answer was lost.
fn is_about_this_try_alone(error: &Error) -> bool {
    match error {
        Error::NotSent(_) | Error::Withheld => true,
        Error::Api(error) => error.status == 429,
        Error::NoAnswer(_)
        | Error::Timeout { .. }
        | Error::AcceptedWithoutIds { .. }
        | Error::Decode { .. }
        | Error::Unsendable { .. }
        | Error::OutOfBounds(_) => false,
    }
}

fn transport(error: reqwest::Error, timeout: Duration) -> Error {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        Error::NotSent(TransportError::new(error))
    } else if error.is_timeout() {
        Error::Timeout { after: timeout }
    } else {
        Error::NoAnswer(TransportError::new(error))
    }
}
