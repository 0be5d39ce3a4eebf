//! What a flow's status says, out of what is known of it. Pure.

use std::sync::Arc;

use jiff::Timestamp;

use crate::api::{CallFlowStatus, FlowProblem, FlowRevision, StepCount};
use crate::dialing::conditions::{Fact, Reason, Type, merge};
use crate::flows::{Runnable, StepDelta};

/// The most problems in a status.
const PROBLEMS: usize = 20;
/// The most revisions in a status.
const REVISIONS: usize = 50;

/// What came of looking at a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Calls can run it.
    Valid,
    /// They cannot.
    Invalid(Vec<FlowProblem>),
}

/// All that a status is made of.
pub(super) struct Findings<'a> {
    pub(super) generation: i64,
    pub(super) verdict: &'a Verdict,
    pub(super) deleting: bool,
    /// The revision that new calls run.
    pub(super) current: Option<i64>,
    /// Every revision that is kept, the newest first.
    pub(super) revisions: &'a [(u32, Arc<Runnable>)],
    /// What was counted in the current revision since the last status, in the order of its steps.
    pub(super) counted: &'a [StepDelta],
}

/// The status that says so. `before` is the one that was written last.
pub(super) fn report(findings: &Findings<'_>, before: &CallFlowStatus, now: Timestamp) -> CallFlowStatus {
    let active = |revision: &Arc<Runnable>| revision.tally.active();
    let active_calls = findings.revisions.iter().map(|(_, revision)| active(revision)).sum();
    let is_shown =
        |number: u32, revision: &Arc<Runnable>| active(revision) > 0 || Some(i64::from(number)) == findings.current;
    let problems = match findings.verdict {
        Verdict::Valid => Vec::new(),
        Verdict::Invalid(problems) => problems.iter().take(PROBLEMS).cloned().collect(),
    };
    CallFlowStatus {
        observed_generation: Some(findings.generation),
        conditions: merge(&before.conditions, facts(findings), findings.generation, now),
        revision: findings.current,
        active_calls: Some(active_calls),
        revisions: findings
            .revisions
            .iter()
            .filter(|(number, revision)| is_shown(*number, revision))
            .take(REVISIONS)
            .map(|(number, revision)| FlowRevision { revision: i64::from(*number), active_calls: active(revision) })
            .collect(),
        steps: steps(findings, before),
        problems,
    }
}

/// The counts of the current revision. Another revision begins at zero.
fn steps(findings: &Findings<'_>, before: &CallFlowStatus) -> Vec<StepCount> {
    let current = findings.revisions.iter().find(|(number, _)| Some(i64::from(*number)) == findings.current);
    let Some((_, runnable)) = current else { return Vec::new() };
    let known = if before.revision == findings.current { before.steps.as_slice() } else { &[] };
    let counted = findings.counted.iter().copied().chain(std::iter::repeat(StepDelta::default()));
    let count = |name: &str, delta: StepDelta| {
        let known = known.iter().find(|step| step.name == name);
        StepCount {
            name: name.to_owned(),
            entered: known.map_or(0, |step| step.entered) + delta.entered,
            errors: known.map_or(0, |step| step.errors) + delta.errors,
        }
    };
    runnable.flow.spec().steps.iter().zip(counted).map(|(step, delta)| count(&step.name, delta)).collect()
}

fn facts(findings: &Findings<'_>) -> Vec<Fact> {
    if findings.deleting {
        // The number of calls is in status: a message that counts would be a write per call.
        let message = "the flow is being deleted: no call begins but those of campaigns that keep a revision of it, and calls under way go \
                       on to their end";
        return vec![
            Fact::no(Type::Ready, Reason::Draining, message),
            Fact::yes(Type::Reconciling, Reason::Draining, message),
        ];
    }
    match findings.verdict {
        Verdict::Valid => vec![Fact::yes(Type::Ready, Reason::Valid, "calls can run the flow")],
        Verdict::Invalid(problems) => {
            let message = problem_message(problems, findings.current);
            vec![
                Fact::no(Type::Ready, Reason::InvalidFlow, message.clone()),
                Fact::yes(Type::Stalled, Reason::InvalidFlow, message),
            ]
        }
    }
}

fn problem_message(problems: &[FlowProblem], current: Option<i64>) -> String {
    let first = problems.first().map_or_else(String::new, |problem| match &problem.step {
        Some(step) => format!("{} (step {step}): {}", problem.path, problem.message),
        None => format!("{}: {}", problem.path, problem.message),
    });
    let more = match problems.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more in status.problems)", several - 1),
    };
    let meanwhile = current.map_or("no call can run it", |_| "new calls run the last valid revision");
    format!("{first}{more}; {meanwhile}")
}
