//! The errors that the API itself reports.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::private::mask_digits;

/// An answer that says no: status 4xx or 5xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What the body says; empty where the body is not of the API's form, as from a proxy.
    pub items: Vec<ErrorItem>,
    /// What the headers say about the request rate.
    pub rate: RateLimit,
}

/// One error of the body. There may be several.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ErrorItem {
    /// A number as text. Means nothing without the status and the endpoint: codes collide.
    pub code: String,
    /// A fixed text per code.
    pub title: String,
    /// A text with values from the request, phone numbers among them: [`safe_detail`](Self::safe_detail) masks those.
    pub detail: String,
    /// The field of the body, for example `/to`.
    pub pointer: Option<String>,
    /// The parameter of the query.
    pub parameter: Option<String>,
}

/// The `x-ratelimit-*` headers. All optional: the specification declares none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub limit: Option<u32>,
    /// Requests left in this window.
    pub remaining: Option<u32>,
    /// Until the window is over.
    pub reset: Option<Duration>,
}

impl RateLimit {
    /// Reads the headers of an answer; what makes no sense is left out.
    #[must_use]
    pub fn from_headers(headers: &http::HeaderMap) -> Self {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
        let count = |name| number(name).filter(|n| (0.0..=f64::from(u32::MAX)).contains(n)).map(whole);
        Self {
            limit: count("x-ratelimit-limit"),
            remaining: count("x-ratelimit-remaining"),
            // An hour bounds what a wrong header, an epoch say, can do.
            reset: number("x-ratelimit-reset").filter(|s| (0.0..=3600.0).contains(s)).map(Duration::from_secs_f64),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller checked the range")]
fn whole(number: f64) -> u32 {
    number as u32
}

impl ErrorItem {
    /// The detail with all longer digit runs masked, fit for logs and status.
    #[must_use]
    pub fn safe_detail(&self) -> String {
        mask_digits(&self.detail)
    }
}

impl fmt::Debug for ErrorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorItem")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("detail", &self.safe_detail())
            .field("pointer", &self.pointer)
            .field("parameter", &self.parameter)
            .finish()
    }
}

impl ApiError {
    /// Reads the body of an answer that says no. Whatever the body is, there is an error.
    #[must_use]
    pub fn read(status: u16, rate: RateLimit, body: &[u8]) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let items = body.errors.into_iter().map(RawItem::tidy).collect();
        Self { status, items, rate }
    }

    /// Whether one of the errors has this code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.items.iter().any(|item| item.code == code)
    }

    /// The code of the first error.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.items.first().map(|item| item.code.as_str())
    }

    /// All errors in one line, digits masked: fit for logs and status.
    #[must_use]
    pub fn safe_detail(&self) -> String {
        self.to_string()
    }
}

impl std::error::Error for ApiError {}

/// Status, codes, fields and masked details.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the API answered {}", self.status)?;
        for (index, item) in self.items.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            write!(f, "{} {}", item.code, mask_digits(&item.title))?;
            if let Some(field) = item.pointer.as_ref().or(item.parameter.as_ref()) {
                write!(f, " ({field})")?;
            }
            if !item.detail.is_empty() && item.detail != item.title {
                write!(f, ": {}", item.safe_detail())?;
            }
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    #[serde(default)]
    code: Code,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    source: Option<Source>,
}

/// Documented as text; a number is read as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Text(String),
    Number(i64),
    Other(serde::de::IgnoredAny),
}

impl Default for Code {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(default)]
    pointer: Option<String>,
    #[serde(default)]
    parameter: Option<String>,
}

impl RawItem {
    fn tidy(self) -> ErrorItem {
        let source = self.source.unwrap_or_default();
        ErrorItem {
            code: match self.code {
                Code::Text(text) => text,
                Code::Number(number) => number.to_string(),
                Code::Other(_) => String::new(),
            },
            title: self.title.unwrap_or_default(),
            detail: self.detail.unwrap_or_default(),
            pointer: source.pointer,
            parameter: source.parameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(headers: &[(&'static str, &'static str)]) -> RateLimit {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
        RateLimit::from_headers(&headers.collect())
    }

    #[test]
    fn rate_headers_are_read_where_they_make_sense() {
        let all = rate(&[("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1.5")]);
        let reset = Some(Duration::from_millis(1500));
        assert_eq!(all, RateLimit { limit: Some(200), remaining: Some(0), reset });
        assert_eq!(rate(&[]), RateLimit::default());
        for nonsense in ["-1", "soon", "NaN", "1789600000", "inf", ""] {
            assert_eq!(rate(&[("x-ratelimit-reset", nonsense)]).reset, None, "{nonsense}");
        }
    }
}
