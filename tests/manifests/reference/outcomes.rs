//! The page of outcomes: how attempts end, and what usually follows.

use std::time::Duration;

use dialer::Outcome;
use dialer::outcome::UsualRetry;
use serde_json::Value;

use super::HEAD;
use super::words::cell;

/// The page.
pub(super) fn page() -> String {
    let schema = serde_json::to_value(schemars::schema_for!(Outcome)).unwrap();
    let mut lines = vec![
        HEAD.to_owned(),
        "# Outcomes\n".to_owned(),
        "How an attempt, or a target, ended: `status.outcomes` of a campaign, `status.targets[].last` and `.outcome` of a job, the".to_owned(),
        "column `outcome` of results, and `retry.rules[].outcomes`. *Usually* is what follows where no rule says otherwise and".to_owned(),
        "attempts are left; `retry.minGapSecs` and `backoffSecs` can make it later. A call whose end is not known here counts as".to_owned(),
        "`CarrierFailure`, never as a success.".to_owned(),
        "\n| Outcome | Means | Uses an attempt | May have rung | Usually |\n|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(Outcome::ALL.iter().map(|outcome| row(*outcome, &schema)));
    lines.join("\n") + "\n"
}

fn row(outcome: Outcome, schema: &Value) -> String {
    let word = serde_json::to_value(outcome).unwrap();
    let variants = schema["oneOf"].as_array().unwrap();
    let variant = variants.iter().find(|variant| variant["const"] == word).expect("every outcome is in the schema");
    let means = cell(variant["description"].as_str().expect("every outcome is explained"));
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    let (uses, rang) = (yes(outcome.uses_attempt()), yes(outcome.may_have_rung()));
    format!("| `{outcome:?}` | {means} | {uses} | {rang} | {} |", usually(outcome.usual_retry()))
}

fn usually(retry: UsualRetry) -> String {
    match retry {
        UsualRetry::Never => "ends the target".to_owned(),
        UsualRetry::After(wait) => format!("again {}", shown(wait)),
        UsualRetry::AtMost(1, wait) => format!("again {}, once", shown(wait)),
        UsualRetry::AtMost(times, wait) => format!("again {}, at most {times} times", shown(wait)),
        UsualRetry::WhenPossible(wait) => format!("again {}, without a cap", shown(wait)),
        UsualRetry::Infra(wait) => format!("again {}, within `retry.infraRetries`", shown(wait)),
    }
}

/// A wait in its largest unit.
fn shown(wait: Duration) -> String {
    match wait.as_secs() {
        0 => "at once".to_owned(),
        secs if secs.is_multiple_of(3600) => format!("after {} h", secs / 3600),
        secs if secs.is_multiple_of(60) => format!("after {} min", secs / 60),
        secs => format!("after {secs} s"),
    }
}
