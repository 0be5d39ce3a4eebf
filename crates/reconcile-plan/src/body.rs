//! The smallest update that is safe whether the API merges nested objects or replaces them.

use crate::{Change, Fields, Rules};
use serde_json::Value;
use std::collections::BTreeSet;

/// The top-level fields that `changes` touch, plus those that every update must carry. A nested object is sent whole,
/// as observed with the desired fields laid over it: an API that replaces it loses nothing, one that merges sees no
/// difference. Empty when nothing that can be changed differs.
#[must_use]
pub fn update_body(changes: &[Change], desired: &Fields, observed: &Fields, rules: &Rules) -> Fields {
    let touched: BTreeSet<&str> = changes
        .iter()
        .filter_map(|change| change.path.split('.').next())
        .filter(|field| !rules.fixed.contains(field))
        .collect();
    if touched.is_empty() {
        return Fields::new();
    }
    let always = rules.always_sent.iter().copied();
    touched
        .into_iter()
        .chain(always)
        .filter_map(|field| {
            let wanted = desired.get(field).or_else(|| observed.get(field))?;
            Some((field.to_owned(), laid_over(wanted, observed.get(field))))
        })
        .collect()
}

/// `wanted`, on top of what is there when both are objects. Absent inner values are not repeated.
fn laid_over(wanted: &Value, actual: Option<&Value>) -> Value {
    let Value::Object(wanted) = wanted else { return wanted.clone() };
    let mut merged: Fields = actual
        .and_then(Value::as_object)
        .map(|fields| {
            fields.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
        })
        .unwrap_or_default();
    for (key, value) in wanted {
        let value = laid_over(value, merged.get(key));
        merged.insert(key.clone(), value);
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff;
    use serde_json::json;

    fn body(desired: &Value, observed: &Value, rules: &Rules) -> Value {
        let (desired, observed) = (desired.as_object().unwrap(), observed.as_object().unwrap());
        Value::Object(update_body(&diff(desired, observed, rules), desired, observed, rules))
    }

    #[test]
    fn only_changed_fields_are_sent_and_nested_ones_whole() {
        let observed =
            json!({"name": "a", "active": true, "outbound": {"channel_limit": 1, "profile": "p", "x": null}});
        let desired = json!({"name": "a", "active": false, "outbound": {"channel_limit": 2}});
        assert_eq!(
            body(&desired, &observed, &Rules::PLAIN),
            json!({"active": false, "outbound": {"channel_limit": 2, "profile": "p"}})
        );
    }

    #[test]
    fn required_fields_ride_along_and_fixed_ones_stay_behind() {
        let rules = Rules { always_sent: &["name"], fixed: &["kind"], ..Rules::PLAIN };
        let observed = json!({"name": "a", "kind": "x", "size": 1});
        assert_eq!(body(&json!({"size": 2}), &observed, &rules), json!({"name": "a", "size": 2}));
        assert_eq!(body(&json!({"kind": "y"}), &observed, &rules), json!({}));
    }
}
