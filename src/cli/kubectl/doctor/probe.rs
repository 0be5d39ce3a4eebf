//! One request over the public way in, as Telnyx would send it but unsigned: what answers must be the operator's refusal.
//!
//! Carries nothing: no key, no number, an empty object as body.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, WWW_AUTHENTICATE};
use reqwest::{Client, Response, Url};
use tokio::time::Instant;

use super::finding::{Check, Finding};
use crate::fetch::public_roots;

const CHECK: &str = "webhooks";
/// Longer than Telnyx waits, so that a slow way is told from one that does not answer at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long Telnyx waits by default (Telnyx: receiving webhooks guide).
const TELNYX_WAITS: Duration = Duration::from_secs(2);

/// A client that trusts whom Telnyx trusts, and follows nobody.
pub(super) fn client() -> Result<Client, Box<dyn Error>> {
    let client = Client::builder()
        .tls_backend_preconfigured(public_roots()?)
        .http1_only()
        .user_agent(concat!("kubectl-telnyx/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(client)
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// An answer.
    Answer {
        status: u16,
        /// It asks for credentials of its own: a login in front of the operator.
        challenged: bool,
        /// It has no body. The operator's refusals have none.
        empty: bool,
        /// The clock of whoever answered.
        date: Option<Timestamp>,
        took: Duration,
    },
    /// No secure connection.
    Tls(String),
    /// No answer within [`PATIENCE`].
    Nothing,
    /// No connection.
    Unreachable(String),
}

/// Sends an unsigned webhook.
pub(super) async fn knock(http: &Client, url: &str) -> Heard {
    let begun = Instant::now();
    heard(http.post(url).header(CONTENT_TYPE, "application/json").body("{}").send().await, begun).await
}

/// Asks for a page without saying who asks: for whether there is an answer, and its date.
pub(super) async fn look(http: &Client, url: &str) -> Heard {
    let begun = Instant::now();
    heard(http.get(url).send().await, begun).await
}

async fn heard(answer: Result<Response, reqwest::Error>, begun: Instant) -> Heard {
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() => return Heard::Nothing,
        Err(error) => return of_error(&error),
    };
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let date = header(DATE).and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|date| date.timestamp());
    let challenged = answer.headers().contains_key(WWW_AUTHENTICATE);
    let (status, took) = (answer.status().as_u16(), begun.elapsed());
    let empty = matches!(answer.chunk().await, Ok(None));
    Heard::Answer { status, challenged, empty, date, took }
}

fn of_error(error: &reqwest::Error) -> Heard {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = error.to_string();
    while let Some(error) = cause {
        if let Some(tls) = tls(error) {
            return Heard::Tls(tls.to_string());
        }
        last = error.to_string();
        cause = error.source();
    }
    Heard::Unreachable(last)
}

fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()))
}

/// Where a URL leads, without what may be private in it.
pub(super) fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| Some(format!("{}://{}", url.scheme(), url.host_str()?)));
    let port = parsed.as_ref().and_then(Url::port).map(|port| format!(":{port}")).unwrap_or_default();
    host.map_or_else(|| "(no URL)".to_owned(), |host| host + &port)
}

/// What an unsigned webhook to `url` has met.
pub(super) fn judge(about: &str, url: &str, heard: &Heard) -> Finding {
    let check = Check::new(CHECK, about);
    let host = host(url);
    let (status, challenged, empty, took) = match heard {
        Heard::Answer { status, challenged, empty, took, .. } => (*status, *challenged, *empty, *took),
        Heard::Tls(problem) => {
            return check.fail(
                format!("{host}: no secure connection ({problem})"),
                "serve a certificate for that name, with its chain, from an authority that browsers trust",
            );
        }
        Heard::Nothing => {
            return check.fail(
                format!("{host}: no answer within {} s", PATIENCE.as_secs()),
                "look at what stands in front of the operator: firewall, load balancer, NetworkPolicy",
            );
        }
        Heard::Unreachable(problem) => {
            return check.fail(
                format!("{host}: cannot be reached ({problem})"),
                "check DNS and the Ingress or route; spec.webhookBaseUrl of the account is the public address",
            );
        }
    };
    let between = "send /webhooks/ straight to the operator's Service: no login page, no redirect, no bot protection";
    match status {
        401 if challenged => check.fail(format!("{host}: something in front asks for a login (401)"), between),
        401 if !empty => {
            check.fail(format!("{host}: something that is not the operator refuses (401 with a page)"), between)
        }
        401 if took > TELNYX_WAITS => check.warn(
            format!("{host}: the operator answers after {:.1} s", took.as_secs_f64()),
            format!("Telnyx waits {} s: look at what slows the way down", TELNYX_WAITS.as_secs()),
        ),
        401 => check.ok(format!("{host}: the operator refuses what is not signed, as it should")),
        404 => check.fail(
            format!("{host}: what answers knows no such account (404)"),
            "see that the address leads to the operator that watches this account, and adds no path of its own",
        ),
        503 => check.fail(
            format!("{host}: the operator is not ready for this account, or nothing stands behind the route (503)"),
            "see the account's Ready condition, and whether the operator's Pod is ready",
        ),
        200..=299 => check.fail(
            format!("{host}: something accepts a webhook that nobody signed ({status}): it is not the operator"),
            between,
        ),
        300..=399 => check.fail(format!("{host}: redirects ({status}), which Telnyx does not follow"), between),
        _ => check.fail(format!("{host}: answers {status}"), between),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn answer(status: u16) -> Heard {
        Heard::Answer { status, challenged: false, empty: true, date: None, took: Duration::from_millis(80) }
    }

    fn changed(change: impl FnOnce(&mut bool, &mut bool, &mut Duration)) -> Heard {
        let (mut challenged, mut empty, mut took) = (false, true, Duration::from_millis(80));
        change(&mut challenged, &mut empty, &mut took);
        Heard::Answer { status: 401, challenged, empty, date: None, took }
    }

    #[test]
    fn only_the_operators_own_refusal_is_well() {
        for (heard, verdict, said) in [
            (answer(401), Verdict::Ok, "as it should"),
            (changed(|_, _, took| *took = Duration::from_secs(3)), Verdict::Warn, "after 3.0 s"),
            (changed(|challenged, _, _| *challenged = true), Verdict::Fail, "asks for a login"),
            (changed(|_, empty, _| *empty = false), Verdict::Fail, "401 with a page"),
            (answer(200), Verdict::Fail, "nobody signed"),
            (answer(302), Verdict::Fail, "redirects"),
            (answer(404), Verdict::Fail, "no such account"),
            (answer(503), Verdict::Fail, "not ready"),
            (answer(418), Verdict::Fail, "answers 418"),
            (Heard::Tls("expired".to_owned()), Verdict::Fail, "no secure connection (expired)"),
            (Heard::Nothing, Verdict::Fail, "no answer within 10 s"),
            (Heard::Unreachable("refused".to_owned()), Verdict::Fail, "cannot be reached (refused)"),
        ] {
            let found = judge("voice/support", "https://hooks.example.com/webhooks/voice/main/uid", &heard);
            assert_eq!(found.verdict, verdict, "{heard:?}");
            assert!(found.cause.contains(said), "{}", found.cause);
            assert!(found.cause.starts_with("https://hooks.example.com: "), "{}", found.cause);
        }
    }

    #[test]
    fn of_a_url_only_its_host_is_shown() {
        assert_eq!(host("http://user:secret@h.example:8080/path?token=1"), "http://h.example:8080");
        assert_eq!(host("nonsense"), "(no URL)");
    }
}
