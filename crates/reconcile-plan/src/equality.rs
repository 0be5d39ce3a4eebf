//! When two JSON values mean the same to the API.

use crate::Fields;
use serde_json::Value;
use std::collections::BTreeSet;

/// How a field is compared. `null`, a missing field and an empty list are always the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// Same JSON value; `1` and `1.0` are the same number; lists keep their order.
    Exact,
    /// Same address: scheme and host in any case, default port optional, `/` and no path alike; `""` is no address.
    Url,
    /// Same decimal number, written as a string or a number (`"10"`, `"10.00"`, `10`).
    Decimal,
    /// Same members in any order and any number of times.
    Set,
}

/// The facts about one kind's fields that the comparison needs.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Dotted path (`outbound.channel_limit`) and how it is compared. Anything else is [`Equality::Exact`].
    pub equality: &'static [(&'static str, Equality)],
    /// Top-level fields that every update must carry, changed or not, because the API requires them.
    pub always_sent: &'static [&'static str],
    /// Top-level fields that the API cannot change once the object exists. A difference in one of them is reported,
    /// never sent.
    pub fixed: &'static [&'static str],
}

impl Rules {
    /// Every field compared exactly, nothing required on update.
    pub const PLAIN: Self = Self { equality: &[], always_sent: &[], fixed: &[] };

    pub(crate) fn equality_of(&self, path: &str) -> Equality {
        self.equality.iter().find(|(known, _)| *known == path).map_or(Equality::Exact, |(_, equality)| *equality)
    }
}

impl Equality {
    /// Do both values mean the same?
    #[must_use]
    pub fn holds(self, desired: &Value, actual: &Value) -> bool {
        if is_absent(desired) && is_absent(actual) {
            return true;
        }
        match self {
            Self::Exact => same_json(desired, actual),
            Self::Url => url_key(desired) == url_key(actual),
            Self::Decimal => match (decimal_key(desired), decimal_key(actual)) {
                (Some(left), Some(right)) => left == right,
                _ => same_json(desired, actual),
            },
            Self::Set => set_key(desired) == set_key(actual),
        }
    }
}

/// `null` and an empty list stand for "not there".
fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn same_json(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) => l == r || l.as_f64() == r.as_f64(),
        (Value::Array(l), Value::Array(r)) => l.len() == r.len() && l.iter().zip(r).all(|(l, r)| same_json(l, r)),
        (Value::Object(l), Value::Object(r)) => same_object(l, r) && same_object(r, l),
        _ => left == right,
    }
}

/// Everything in `left` is the same in `right`.
fn same_object(left: &Fields, right: &Fields) -> bool {
    left.iter().all(|(key, value)| {
        let other = right.get(key).unwrap_or(&Value::Null);
        (is_absent(value) && is_absent(other)) || same_json(value, other)
    })
}

/// Scheme and authority in lower case, default port and lone slash dropped. `None` is "no address".
fn url_key(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    if text.is_empty() {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Some(text.to_owned()) };
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    let path = if path == "/" { "" } else { path };
    Some(format!("{scheme}://{authority}{path}"))
}

/// Digits without leading or trailing zeros, with sign. `None` when the value is no decimal number.
fn decimal_key(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let sign = if whole.is_empty() && part.is_empty() { "" } else { sign };
    Some(format!("{sign}{whole}.{part}"))
}

/// Members by their text, so that order and repetition do not matter.
fn set_key(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(ToString::to_string).collect(),
        Value::Null => BTreeSet::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => BTreeSet::from([value.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::Equality::{self, Decimal, Exact, Set, Url};
    use serde_json::{Value, json};

    #[test]
    #[expect(clippy::needless_pass_by_value, reason = "json! literals read better by value in a table")]
    fn values_that_mean_the_same_are_equal() {
        fn check(rule: Equality, left: Value, right: Value, equal: bool) {
            assert_eq!(rule.holds(&left, &right), equal, "{rule:?}: {left} and {right}");
            assert_eq!(rule.holds(&right, &left), equal, "{rule:?}: {right} and {left} (mirrored)");
        }
        check(Exact, json!(null), json!([]), true);
        check(Exact, json!(1), json!(1.0), true);
        check(Exact, json!(1), json!("1"), false);
        check(Exact, json!(["a", "b"]), json!(["b", "a"]), false);
        check(Exact, json!({"a": 1}), json!({"a": 1.0, "b": null}), true);
        check(Exact, json!({"a": 1}), json!({"a": 1, "b": 2}), false);
        check(Exact, json!(""), json!(null), false);
        check(Url, json!(""), json!(null), true);
        check(Url, json!("HTTPS://Hooks.Example.com:443"), json!("https://hooks.example.com/"), true);
        check(Url, json!("http://h:80/A"), json!("http://h/A"), true);
        check(Url, json!("http://h/A"), json!("http://h/a"), false);
        check(Url, json!("http://h:443/"), json!("http://h/"), false);
        check(Url, json!("http://h?x=1"), json!("http://h"), false);
        check(Decimal, json!("10"), json!("10.00"), true);
        check(Decimal, json!("010.50"), json!(10.5), true);
        check(Decimal, json!("-0"), json!("0.0"), true);
        check(Decimal, json!("10"), json!("100"), false);
        check(Decimal, json!("ten"), json!("ten"), true);
        check(Decimal, json!("10"), json!(null), false);
        check(Set, json!(["US", "CA"]), json!(["CA", "US", "US"]), true);
        check(Set, json!(["US"]), json!(["US", "CA"]), false);
        check(Set, json!([]), json!(null), true);
    }
}
