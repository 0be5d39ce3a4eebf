//! Errors in the form of the API.
//!
//! Promises `{"errors":[{"code","title","detail","source"}]}` with string codes (Telnyx: "API error codes"). Does not know
//! which rule was broken where; every rule names its own code.

use serde::Serialize;

/// A request that was not carried out: an HTTP status and one or more reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) errors: Vec<ApiError>,
}

/// One reason, as it appears in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
}

/// Which part of the request is to blame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
}

impl ApiError {
    pub(crate) fn new(code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), title: title.to_owned(), detail: detail.into(), source: None }
    }

    /// Blames a field of the body, by JSON pointer.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.source = Some(Source { pointer: Some(pointer.into()), parameter: None });
        self
    }

    /// Blames a query parameter.
    pub(crate) fn parameter(mut self, name: impl Into<String>) -> Self {
        self.source = Some(Source { pointer: None, parameter: Some(name.into()) });
        self
    }

    pub(crate) fn with(self, status: u16) -> Refusal {
        Refusal { status, errors: vec![self] }
    }
}

impl Refusal {
    /// 404 with code 10005.
    pub(crate) fn not_found() -> Self {
        ApiError::new("10005", "Resource not found", "The requested resource or URL could not be found.").with(404)
    }

    /// 401 with code 10009.
    pub(crate) fn unauthenticated() -> Self {
        ApiError::new("10009", "Authentication failed", "The API key is missing, malformed, revoked or unknown.")
            .with(401)
    }

    /// Any status and code, as a fault orders it; a field may be blamed.
    pub(crate) fn ordered(status: u16, code: &str, pointer: Option<&str>) -> Self {
        let error = ApiError::new(code, title_of(code), "This answer was ordered by a fault of the simulator.");
        match pointer {
            Some(pointer) => error.at(pointer).with(status),
            None => error.with(status),
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            errors: &'a [ApiError],
        }
        // Strings and a list of them: serialization has no way to fail.
        serde_json::to_vec(&Body { errors: &self.errors }).unwrap_or_default()
    }
}

fn title_of(code: &str) -> &'static str {
    match code {
        "10005" => "Resource not found",
        "10007" => "Unexpected error",
        "10009" => "Authentication failed",
        "10010" => "Authorization failed",
        "10011" => "Too many requests",
        "90015" => "Invalid Call Control ID",
        "90018" => "Call has already ended",
        "90034" => "Call not answered yet",
        "90103" => "Dials per second limit exceeded",
        _ => "Error",
    }
}
