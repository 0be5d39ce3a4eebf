//! From what a user wrote to what can be run, or to all that is wrong with it.
//!
//! Promises that a compiled flow ends: every step that waits has a timer, no way leads in a circle except through a bounded loop, and
//! what the flow remembers always fits the call's `client_state`. Does not know how a flow is run.

mod graph;
mod names;
mod problem;
mod size;
mod steps;
mod targets;

use std::collections::BTreeMap;

pub use problem::Problem;
pub(crate) use problem::Problems;
pub(crate) use size::{MAX_CONFERENCE_ID, MAX_CONTROL_ID};

use crate::expression::Expression;
use crate::position::FlowKey;
use crate::spec::{Action, FlowSpec};

/// The most steps of a flow.
pub const MAX_STEPS: usize = 250;

/// The longest name of a step or variable, in characters.
pub const MAX_NAME: usize = 50;

/// Where a way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// To the step at this place.
    Step(u8),
    /// To the end: the call is hung up.
    End,
    /// To the end, because of an error.
    Fail,
}

/// Where the ways from one step lead.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    pub next: Target,
    pub on: BTreeMap<String, Target>,
    pub on_error: Target,
    /// Of a switch.
    pub cases: Vec<(Expression, Target)>,
    /// Of a loop: where it goes back to, and which of the flow's loops it is.
    pub back: Option<(Target, usize)>,
}

/// Where an outbound call goes by who answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmdTargets {
    pub human: Target,
    pub machine: Target,
    pub beep: Option<Target>,
    pub fax: Target,
    pub silence: Target,
    pub not_sure: Target,
    pub timeout: Target,
}

/// A flow that can be run. Compiled from one revision of one object; cheap to share.
#[derive(Debug, Clone)]
pub struct Flow {
    pub(crate) key: FlowKey,
    pub(crate) spec: FlowSpec,
    pub(crate) ways: Vec<Ways>,
    pub(crate) amd: AmdTargets,
    pub(crate) variables: Vec<String>,
    pub(crate) loops: usize,
}

impl Flow {
    /// Which flow, at which revision.
    #[must_use]
    pub fn key(&self) -> FlowKey {
        self.key
    }

    /// What it was compiled from.
    #[must_use]
    pub fn spec(&self) -> &FlowSpec {
        &self.spec
    }

    /// Whether all its steps that let the call wait name the same queue.
    pub(crate) fn queues_in_one_place(&self) -> bool {
        let mut queues = self.spec.steps.iter().filter_map(|step| {
            let Action::Enqueue(params) = &step.action else { return None };
            Some(params.as_written().queue_name.as_deref().unwrap_or_default())
        });
        let first = queues.next().unwrap_or_default();
        !first.contains("{{") && queues.all(|queue| queue == first)
    }

    /// The hosts that its `callWebhook` steps ask, each once, in alphabetical order.
    #[must_use]
    pub fn webhook_hosts(&self) -> Vec<String> {
        steps::webhook_hosts(&self.spec)
    }
}

/// Compiles a flow, or names everything that is wrong with it, in the order of the spec.
pub fn compile(spec: &FlowSpec, key: FlowKey) -> Result<Flow, Vec<Problem>> {
    let mut problems = Problems::default();
    names::check(spec, &mut problems);
    steps::check(spec, &mut problems);
    let variables: Vec<String> = spec.variables.keys().cloned().collect();
    let ways = targets::resolve(spec, &variables, &mut problems);
    let amd = targets::amd(spec, &mut problems);
    // Analyses of the whole need every target to exist.
    if problems.is_empty() {
        graph::check(spec, &ways, &amd, &mut problems);
        size::check(spec, &variables, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    let loops = ways.iter().filter(|ways| ways.back.is_some()).count();
    Ok(Flow { key, spec: spec.clone(), ways, amd, variables, loops })
}
