//! From the spec of a `CallFlow` to what calls can run, or to all that is wrong with it. Pure.

use call_flow::{FlowKey, FlowSpec};
use serde_json::Value;

use crate::api::{CallFlowSpec, FlowProblem};
use crate::flows::UserWebhooks;

/// The longest text of one problem, in characters; the schema's bound.
const LONGEST: usize = 500;

/// The flow, or what is wrong with it.
pub(crate) fn compile(spec: &CallFlowSpec, key: FlowKey) -> Result<(call_flow::Flow, UserWebhooks), Vec<FlowProblem>> {
    let written = serde_json::from_value::<FlowSpec>(Value::Object(spec.flow.clone()));
    let written = written.map_err(|error| vec![about("spec", None, &error.to_string())])?;
    let flow = call_flow::compile(&written, key).map_err(|problems| {
        let one = |problem: call_flow::Problem| {
            let message = format!("{}; {}", problem.problem, problem.remedy);
            about(&format!("spec.{}", problem.path), problem.step.as_deref(), &message)
        };
        problems.into_iter().map(one).collect::<Vec<_>>()
    })?;
    let webhooks = UserWebhooks::from(spec.webhooks.as_ref());
    let refused: Vec<_> = flow.webhook_hosts().into_iter().filter(|host| !webhooks.allows_host(host)).collect();
    if refused.is_empty() {
        return Ok((flow, webhooks));
    }
    Err(refused
        .into_iter()
        .map(|host| {
            let message = format!("a callWebhook step asks {host}, which is not listed; add it, or ask another host");
            about("spec.webhooks.allowedHosts", None, &message)
        })
        .collect())
}

fn about(path: &str, step: Option<&str>, message: &str) -> FlowProblem {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    FlowProblem { path: cut(path), step: step.map(cut), message: cut(message) }
}
