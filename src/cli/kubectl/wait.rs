//! Waiting until the operator has done what was asked for.

use std::time::Duration;

use clap::{Arg, ArgMatches, value_parser};
use kube::api::DynamicObject;
use serde_json::Value;
use tokio::time::Instant;

use super::error::PluginError;
use super::kinds::Kind;
use super::place::Place;
use super::status::condition;

/// Between two looks.
const PACE: Duration = Duration::from_millis(300);

/// The option that says how long.
pub(super) fn argument() -> Arg {
    Arg::new("timeout")
        .long("timeout")
        .value_name("SECONDS")
        .default_value("60")
        .value_parser(value_parser!(u64).range(0..=3600))
        .help("How long to wait until it is done, 0 to 3600; 0 does not wait")
}

/// How long; `None`: not at all.
pub(super) fn patience(matches: &ArgMatches) -> Option<Duration> {
    matches.get_one::<u64>("timeout").filter(|seconds| **seconds > 0).map(|seconds| Duration::from_secs(*seconds))
}

/// Looks at an object until it is `done`. `what` is what was asked for.
pub(super) async fn until(
    place: &Place,
    (kind, name): (Kind, &str),
    what: &str,
    patience: Duration,
    done: impl Fn(&DynamicObject) -> bool,
) -> Result<DynamicObject, PluginError> {
    let begun = Instant::now();
    loop {
        let object = place.object(kind, name).await?;
        if done(&object) {
            return Ok(object);
        }
        if begun.elapsed() >= patience {
            let (what, seconds) = (what.to_owned(), patience.as_secs());
            return Err(PluginError::NotYet { what, seconds, said: standing(&object) });
        }
        tokio::time::sleep(PACE).await;
    }
}

/// `Ready False, CredentialsInvalid: …`, as its condition has it.
pub(super) fn standing(object: &DynamicObject) -> String {
    let Some(ready) = condition(object, "Ready") else { return "it has no Ready condition".to_owned() };
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    format!("Ready {}, {}: {}", text("status"), text("reason"), text("message"))
}

/// Whether the newest spec has been carried out.
pub(super) fn is_ready(object: &DynamicObject) -> bool {
    let observed = object.data.pointer("/status/observedGeneration").and_then(Value::as_i64);
    observed == object.metadata.generation && condition(object, "Ready").is_some_and(|ready| ready["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ready_counts_for_the_newest_spec_alone() {
        let mut object = DynamicObject::new("waiting", &Kind::Queue.resource());
        object.metadata.generation = Some(2);
        let ready = json!([{ "type": "Ready", "status": "True", "reason": "Available", "message": "it exists" }]);
        object.data = json!({ "status": { "observedGeneration": 1, "conditions": ready } });
        assert!(!is_ready(&object));
        assert_eq!(standing(&object), "Ready True, Available: it exists");
        object.metadata.generation = Some(1);
        assert!(is_ready(&object));
        object.data = json!({});
        assert!(!is_ready(&object));
        assert_eq!(standing(&object), "it has no Ready condition");
    }
}
