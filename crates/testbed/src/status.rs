//! Reading an object's status as JSON, as kubectl prints it.

use serde_json::Value;

/// The status of one of an object's conditions: `True`, `False` or `Unknown`. `None`: it has no such condition.
#[must_use]
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition.get("type").is_some_and(|is| is == kind))?;
    found.get("status")?.as_str()
}

/// Whether an object's status says Ready for its present generation.
#[must_use]
pub fn is_ready(object: &Value) -> bool {
    condition(object, "Ready") == Some("True")
        && object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ready_counts_for_the_generation_it_speaks_of() {
        let object = |status: &str, observed: u32| {
            json!({
                "metadata": { "generation": 2 },
                "status": { "observedGeneration": observed, "conditions": [
                    { "type": "Synced", "status": "False" }, { "type": "Ready", "status": status },
                ] },
            })
        };
        assert!(is_ready(&object("True", 2)));
        assert!(!is_ready(&object("True", 1)), "it speaks of the spec before");
        assert!(!is_ready(&object("Unknown", 2)));
        assert!(!is_ready(&json!({ "metadata": { "generation": 1 } })));
        assert_eq!(condition(&object("True", 2), "Synced"), Some("False"));
    }
}
