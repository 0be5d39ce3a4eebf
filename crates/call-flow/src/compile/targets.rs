//! From the names of targets to their places.

use std::collections::{BTreeMap, BTreeSet};

use super::{AmdTargets, Problems, Target, Ways};
use crate::expression::Expression;
use crate::spec::{Action, END, FlowSpec, Step};

struct Names<'a>(BTreeMap<&'a str, u8>);

impl Names<'_> {
    fn find(&self, name: &str) -> Result<Target, (String, &'static str)> {
        if name == END {
            return Ok(Target::End);
        }
        self.0
            .get(name)
            .map(|index| Target::Step(*index))
            .ok_or_else(|| (format!("there is no step {name:?}"), "name a step of this flow, or end"))
    }
}

fn place(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

pub(super) fn resolve(spec: &FlowSpec, variables: &[String], problems: &mut Problems) -> Vec<Ways> {
    let names = Names(spec.steps.iter().enumerate().map(|(index, step)| (step.name.as_str(), place(index))).collect());
    let fallback = match spec.on_error.as_deref().map(|name| names.find(name)) {
        None => Target::Fail,
        Some(Ok(target)) => target,
        Some(Err((problem, remedy))) => {
            problems.add("onError", problem, remedy);
            Target::Fail
        }
    };
    let mut loops = 0;
    let mut ways: Vec<Ways> = spec
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| step_ways(index, step, spec.steps.len(), variables, &names, &mut loops, problems))
        .collect();
    give_fallback(spec, fallback, &mut ways);
    ways
}

fn step_ways(
    index: usize,
    step: &Step,
    count: usize,
    variables: &[String],
    names: &Names<'_>,
    loops: &mut usize,
    problems: &mut Problems,
) -> Ways {
    let at = (index, step.name.as_str());
    let find = |name: &str, field: &str, problems: &mut Problems| match names.find(name) {
        Ok(target) => target,
        Err((problem, remedy)) => {
            problems.at(at, field, problem, remedy);
            Target::Fail
        }
    };
    let below = if index + 1 < count { Target::Step(place(index + 1)) } else { Target::End };
    let next = step.next.as_ref().map_or(below, |name| find(name, "next", problems));
    let on_error = step.on_error.as_ref().map_or(Target::Fail, |name| find(name, "onError", problems));
    let on = step
        .transitions
        .iter()
        .map(|(event, name)| (event.clone(), find(name, &format!("transitions.{event}"), problems)))
        .collect();
    let mut cases = Vec::new();
    let mut back = None;
    if let Action::Switch(switch) = &step.action {
        for (number, case) in switch.cases.iter().enumerate() {
            let target = find(&case.next, &format!("switch.cases[{number}].next"), problems);
            match Expression::compile(&case.when, variables) {
                Ok(expression) => cases.push((expression, target)),
                Err(problem) => {
                    let remedy = "write a CEL expression that is true or false, such as digits == '1'";
                    problems.at(at, &format!("switch.cases[{number}].when"), problem, remedy);
                }
            }
        }
    }
    if let Action::Loop(repeat) = &step.action {
        let target = find(&repeat.to, "loop.to", problems);
        if !matches!(target, Target::Step(to) if usize::from(to) < index) && target != Target::Fail {
            problems.at(
                at,
                "loop.to",
                "does not stand before the loop",
                "name an earlier step; to skip ahead use next",
            );
        }
        back = Some((target, *loops));
        *loops += 1;
    }
    Ways { next, on, on_error, cases, back }
}

/// The flow's `onError` holds for every step but those that it leads to: an error there ends the call, for else an error within
/// the handler would lead to the handler.
fn give_fallback(spec: &FlowSpec, fallback: Target, ways: &mut [Ways]) {
    let mut handler = BTreeSet::new();
    let mut open = vec![fallback];
    while let Some(target) = open.pop() {
        let Target::Step(index) = target else { continue };
        if handler.insert(index)
            && let Some(ways) = ways.get(usize::from(index))
        {
            open.extend(ways.all());
        }
    }
    for (index, (step, ways)) in spec.steps.iter().zip(ways).enumerate() {
        if step.on_error.is_none() && !handler.contains(&place(index)) {
            ways.on_error = fallback;
        }
    }
}

impl Ways {
    /// Every way, the loop's way back included.
    pub(super) fn all(&self) -> impl Iterator<Item = Target> {
        self.forward().chain(self.back.map(|(target, _)| target))
    }

    /// Every way but the loop's way back.
    pub(super) fn forward(&self) -> impl Iterator<Item = Target> {
        [self.next, self.on_error]
            .into_iter()
            .chain(self.on.values().copied())
            .chain(self.cases.iter().map(|(_, target)| *target))
    }
}

pub(super) fn amd(spec: &FlowSpec, problems: &mut Problems) -> AmdTargets {
    let names = Names(spec.steps.iter().enumerate().map(|(index, step)| (step.name.as_str(), place(index))).collect());
    let first = if spec.steps.is_empty() { Target::End } else { Target::Step(0) };
    let branch = spec.amd.clone().unwrap_or_default();
    let mut find =
        |name: &Option<String>, field: &str, unset: Target| match name.as_deref().map(|name| names.find(name)) {
            None => unset,
            Some(Ok(target)) => target,
            Some(Err((problem, remedy))) => {
                problems.add(format!("amd.{field}"), problem, remedy);
                Target::Fail
            }
        };
    let human = find(&branch.human, "human", first);
    let not_sure = find(&branch.not_sure, "notSure", human);
    AmdTargets {
        human,
        not_sure,
        machine: find(&branch.machine, "machine", first),
        beep: branch.beep.is_some().then(|| find(&branch.beep, "beep", first)),
        fax: find(&branch.fax, "fax", first),
        silence: find(&branch.silence, "silence", first),
        timeout: find(&branch.timeout, "timeout", not_sure),
    }
}

impl AmdTargets {
    /// Every way.
    pub(super) fn all(&self) -> impl Iterator<Item = Target> {
        [self.human, self.machine, self.fax, self.silence, self.not_sure, self.timeout].into_iter().chain(self.beep)
    }
}
