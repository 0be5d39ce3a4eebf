//! Which of the fields that the user set differ at the API.

use crate::{Fields, Rules};
use serde::Serialize;
use serde_json::Value;

/// One field with both of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Dotted path in the API's own spelling: `outbound.channel_limit`.
    pub path: String,
    /// What the spec asks for.
    pub desired: Value,
    /// What is there; `null` when nothing is.
    pub actual: Value,
}

/// Compares only what `desired` holds: a field the user did not set is not the operator's business, whatever it is.
/// Objects are entered, lists are compared whole. The result is ordered by path.
#[must_use]
pub fn diff(desired: &Fields, observed: &Fields, rules: &Rules) -> Vec<Change> {
    let mut changes = Vec::new();
    walk("", desired, observed, rules, &mut changes);
    changes
}

fn walk(prefix: &str, desired: &Fields, observed: &Fields, rules: &Rules, changes: &mut Vec<Change>) {
    let nothing = Fields::new();
    for (key, wanted) in desired {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let actual = observed.get(key).unwrap_or(&Value::Null);
        if let Value::Object(wanted) = wanted {
            walk(&path, wanted, actual.as_object().unwrap_or(&nothing), rules, changes);
        } else if !rules.equality_of(&path).holds(wanted, actual) {
            changes.push(Change { path, desired: wanted.clone(), actual: actual.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Equality;
    use serde_json::json;

    const RULES: Rules = Rules { equality: &[("inner.url", Equality::Url)], ..Rules::PLAIN };

    fn paths(desired: &Value, observed: &Value) -> Vec<String> {
        diff(desired.as_object().unwrap(), observed.as_object().unwrap(), &RULES)
            .into_iter()
            .map(|change| change.path)
            .collect()
    }

    #[test]
    fn only_fields_that_the_user_set_are_compared() {
        let observed = json!({"name": "a", "active": true, "inner": {"limit": 3, "url": "http://H/"}});
        assert!(paths(&json!({}), &observed).is_empty());
        assert!(paths(&json!({"inner": {}}), &observed).is_empty());
        assert!(paths(&json!({"inner": {"url": "http://h"}}), &observed).is_empty());
        assert_eq!(paths(&json!({"name": "b", "inner": {"limit": 4}}), &observed), ["inner.limit", "name"]);
    }

    #[test]
    fn an_object_that_is_missing_differs_leaf_by_leaf() {
        assert_eq!(
            paths(&json!({"inner": {"limit": 1, "on": true}}), &json!({"inner": null})),
            ["inner.limit", "inner.on"]
        );
    }
}
