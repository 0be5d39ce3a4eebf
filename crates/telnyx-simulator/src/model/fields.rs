//! Reads a JSON body field by field and collects every complaint with its JSON pointer.
//!
//! Promises that `null` reads as "not given" except where a reader says `nullable`. Does not know any endpoint.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::refusal::{ApiError, Refusal};

/// A field that may be cleared with `null`.
pub(crate) enum Given<T> {
    /// Not given, or complained about.
    Absent,
    Null,
    Value(T),
}

impl<T> From<Option<T>> for Given<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

/// A body, or an object inside it, being read.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: String,
    errors: Vec<ApiError>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, at: String::new(), errors: Vec::new() }
    }

    /// The complaints so far, as a 422.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        if self.errors.is_empty() { Ok(()) } else { Err(Refusal { status: 422, errors: self.errors }) }
    }

    /// The complaints so far, as a 422, with more to be read.
    pub(crate) fn check(&mut self) -> Result<(), Refusal> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Refusal { status: 422, errors: std::mem::take(&mut self.errors) })
    }

    pub(crate) fn complain(&mut self, error: ApiError) {
        self.errors.push(error);
    }

    pub(crate) fn require(&mut self, names: &[&str]) {
        for name in names {
            if self.given(name).is_none() {
                let error = ApiError::new("10004", "Missing required parameter", format!("{name} is required."));
                let pointer = self.pointer(name);
                self.complain(error.at(pointer));
            }
        }
    }

    /// Complains about every field that `known` does not list.
    pub(crate) fn refuse_unknown(&mut self, known: &[&str]) {
        for name in self.map.keys().filter(|name| !known.contains(&name.as_str())) {
            let error = ApiError::new("10015", "Invalid parameter", format!("{name} is not a field of this request."));
            let pointer = self.pointer(name);
            self.errors.push(error.at(pointer));
        }
    }

    pub(crate) fn given(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &str, characters: RangeInclusive<usize>) -> Option<&'a str> {
        let value = self.given(name)?;
        match value.as_str() {
            Some(text) if characters.contains(&text.chars().count()) => Some(text),
            Some(_) => {
                self.bad(name, "10015", format!("must have {} to {} characters.", characters.start(), characters.end()))
            }
            None => self.bad(name, "10015", "must be a string."),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.given(name)?;
        value.as_bool().or_else(|| self.bad(name, "10015", "must be true or false."))
    }

    pub(crate) fn whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.given(name)?;
        match value.as_u64() {
            Some(number) if range.contains(&number) => Some(number),
            Some(_) => self.bad(name, "10033", format!("must be from {} to {}.", range.start(), range.end())),
            None => self.bad(name, "10015", "must be a whole number that is not negative."),
        }
    }

    /// A whole number of milliseconds or the like whose error has a code of its own.
    pub(crate) fn coded(&mut self, name: &str, code: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.given(name)?;
        value.as_u64().filter(|number| range.contains(number)).or_else(|| {
            self.bad(name, code, format!("must be a whole number from {} to {}.", range.start(), range.end()))
        })
    }

    /// Text that `fits`; the error has a code of its own.
    pub(crate) fn coded_text(
        &mut self,
        name: &str,
        code: &str,
        want: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        let value = self.given(name)?;
        value.as_str().filter(|text| fits(text)).or_else(|| self.bad(name, code, want))
    }

    pub(crate) fn nullable_whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Given<u64> {
        if self.is_null(name) { Given::Null } else { self.whole(name, range).into() }
    }

    pub(crate) fn nullable_text(&mut self, name: &str, characters: RangeInclusive<usize>) -> Given<&'a str> {
        if self.is_null(name) { Given::Null } else { self.text(name, characters).into() }
    }

    fn is_null(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(Value::is_null)
    }

    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.given(name)?;
        match value.as_f64() {
            Some(number) if number >= 0.0 => Some(number),
            Some(_) => self.bad(name, "10033", "must not be negative."),
            None => self.bad(name, "10015", "must be a number."),
        }
    }

    pub(crate) fn choice(&mut self, name: &str, options: &[&'static str]) -> Option<&'static str> {
        let value = self.given(name)?;
        let chosen = value.as_str().and_then(|text| options.iter().find(|option| **option == text));
        match chosen {
            Some(option) => Some(option),
            None => self.bad(name, "10032", format!("must be one of: {}.", options.join(", "))),
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.given(name)?;
        let list: Option<Vec<String>> =
            value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        list.or_else(|| self.bad(name, "10015", "must be a list of strings."))
    }

    /// An absolute http or https URL of at most 2000 characters; code 10003 otherwise.
    pub(crate) fn url(&mut self, name: &str) -> Option<&'a str> {
        let value = self.given(name)?;
        match value.as_str() {
            Some(url) if is_url(url) => Some(url),
            Some(_) | None => {
                self.bad(name, "10003", "must be an absolute http or https URL of at most 2000 characters.")
            }
        }
    }

    /// Base64 text; code 90017 otherwise.
    pub(crate) fn base64(&mut self, name: &str) -> Option<&'a str> {
        let value = self.given(name)?;
        match value.as_str() {
            Some(text) if BASE64.decode(text).is_ok() => Some(text),
            Some(_) | None => self.bad(name, "90017", "must be a base64 string."),
        }
    }

    /// Reads an object inside this one; complaints carry its path.
    pub(crate) fn inner(&mut self, name: &str, read: impl FnOnce(&mut Fields<'a>)) {
        let Some(value) = self.given(name) else { return };
        let Some(map) = value.as_object() else {
            self.bad::<()>(name, "10015", "must be an object.");
            return;
        };
        let mut inner = Fields { map, at: self.pointer(name), errors: Vec::new() };
        read(&mut inner);
        self.errors.append(&mut inner.errors);
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// Complains about one field; always `None`, so that a reader can end with it.
    pub(crate) fn bad<T>(&mut self, name: &str, code: &str, want: impl AsRef<str>) -> Option<T> {
        let title = match code {
            "10003" => "Invalid URL",
            "10032" => "Invalid enumerated value",
            "10033" => "Value outside of range",
            "90017" => "Invalid client state",
            _ => "Invalid parameter",
        };
        let pointer = self.pointer(name);
        self.errors.push(ApiError::new(code, title, format!("{name} {}", want.as_ref())).at(pointer));
        None
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && text.len() <= 2000 && !text.contains(char::is_whitespace)
    })
}

/// `+` and 2 to 15 digits of which the first is not 0 (ITU-T E.164).
pub(crate) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Overwrites or clears `target` when there is something to write.
pub(crate) fn set_or_clear<T>(target: &mut Option<T>, given: Given<impl Into<T>>) {
    match given {
        Given::Absent => {}
        Given::Null => *target = None,
        Given::Value(value) => *target = Some(value.into()),
    }
}

/// Overwrites `target` when there is something to write.
pub(crate) fn set<T>(target: &mut T, value: Option<impl Into<T>>) {
    if let Some(value) = value {
        *target = value.into();
    }
}
