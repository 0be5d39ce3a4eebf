//! What follows from where the ways lead: circles, steps that nothing leads to, commands before the call is answered.

use std::collections::BTreeSet;

use super::{AmdTargets, Problems, Target, Ways};
use crate::spec::{Direction, FlowSpec, Kind};

pub(super) fn check(spec: &FlowSpec, ways: &[Ways], amd: &AmdTargets, problems: &mut Problems) {
    if let Some(circle) = circle(ways) {
        let names: Vec<&str> =
            circle.iter().filter_map(|at| spec.steps.get(*at)).map(|step| step.name.as_str()).collect();
        if let (Some(first), Some(step)) = (circle.first(), names.first()) {
            let problem = format!("leads in a circle without end: {} and back", names.join(", "));
            problems.at((*first, step), "", problem, "go back with a loop step, which has a bound");
        }
    }
    let entries: Vec<Target> = match spec.direction {
        Direction::Inbound => vec![Target::Step(0)],
        // A call that nobody listened to begins at the first step too.
        Direction::Outbound | Direction::Any => amd.all().chain([Target::Step(0)]).collect(),
    };
    let reached = reach(ways, &entries, |_| false);
    for (index, step) in spec.steps.iter().enumerate() {
        if !reached.contains(&index) {
            problems.at(
                (index, &step.name),
                "",
                "nothing leads to it",
                "name it in a next, on or onError, or remove it",
            );
        }
    }
    unanswered(spec, ways, problems);
}

/// The steps that can be reached. `stops`: whether a step's usual ways on are not followed, only its ways out of an error.
fn reach(ways: &[Ways], entries: &[Target], stops: impl Fn(usize) -> bool) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = entries.to_vec();
    while let Some(target) = open.pop() {
        let Target::Step(index) = target else { continue };
        let index = usize::from(index);
        if !reached.insert(index) {
            continue;
        }
        let Some(ways) = ways.get(index) else { continue };
        if stops(index) {
            open.push(ways.on_error);
        } else {
            open.extend(ways.all());
        }
    }
    reached
}

/// An inbound call has to be answered before most commands.
fn unanswered(spec: &FlowSpec, ways: &[Ways], problems: &mut Problems) {
    if spec.direction == Direction::Outbound {
        return;
    }
    let kind = |index: usize| spec.steps.get(index).map(|step| step.action.kind());
    let reached = reach(ways, &[Target::Step(0)], |index| kind(index).is_some_and(Kind::answers));
    for index in reached {
        if let Some(step) = spec.steps.get(index)
            && step.action.kind().needs_answer()
        {
            let problem = "needs an answered call, and a way leads here on which an inbound call is not";
            problems.at(
                (index, &step.name),
                step.action.kind().as_str(),
                problem,
                "put an answer step before it, or make the flow Outbound",
            );
        }
    }
}

/// A way that comes back to itself without a loop step, if there is one: depth first, in the order of the steps.
fn circle(ways: &[Ways]) -> Option<Vec<usize>> {
    let mut done = vec![false; ways.len()];
    for start in 0..ways.len() {
        let mut path: Vec<(usize, Vec<Target>)> = Vec::new();
        let mut enter = Some(start);
        loop {
            if let Some(index) = enter.take() {
                if let Some(at) = path.iter().position(|(on_path, _)| *on_path == index) {
                    return Some(path.into_iter().skip(at).map(|(index, _)| index).collect());
                }
                if !done.get(index).copied().unwrap_or(true) {
                    path.push((index, ways.get(index).map(|ways| ways.forward().collect()).unwrap_or_default()));
                }
            }
            let Some((index, open)) = path.last_mut() else { break };
            match open.pop() {
                Some(Target::Step(next)) => enter = Some(usize::from(next)),
                Some(Target::End | Target::Fail) => {}
                None => {
                    if let Some(done) = done.get_mut(*index) {
                        *done = true;
                    }
                    path.pop();
                }
            }
        }
    }
    None
}
