//! Each step by itself: its parameters, events and timer.

use telnyx_voice::bounds::Problem;

use super::Problems;
use crate::completion::{Class, Completion};
use crate::interpreter::BUILT_IN;
use crate::spec::params::camel;
use crate::spec::{Action, Direction, FlowSpec, Step};
use crate::template;

pub(super) fn check(spec: &FlowSpec, problems: &mut Problems) {
    for (index, step) in spec.steps.iter().enumerate() {
        let at = (index, step.name.as_str());
        direction(spec, step, at, problems);
        events(step, at, problems);
        timer(step, at, problems);
        templates(spec, step, at, problems);
        bounds(step, at, problems);
        conference(spec, step, at, problems);
        own(spec, step, at, problems);
        saved(spec, step, at, problems);
    }
}

fn direction(spec: &FlowSpec, step: &Step, at: (usize, &str), problems: &mut Problems) {
    let kind = step.action.kind();
    let wrong = match spec.direction {
        Direction::Outbound => kind.inbound_only(),
        // An answer on an outbound call does nothing; a refusal would have to.
        Direction::Any => kind.inbound_only() && !kind.answers(),
        Direction::Inbound => false,
    };
    if wrong {
        let problem = "can be done on an inbound call alone (the API refuses it otherwise, code 90102)";
        problems.at(at, kind.as_str(), problem, "remove it, or set the flow's direction to Inbound");
    }
}

fn events(step: &Step, at: (usize, &str), problems: &mut Problems) {
    let known = step.action.kind().outcomes();
    for event in step.transitions.keys() {
        if !known.iter().any(|outcome| outcome.name == event) {
            let names: Vec<&str> = known.iter().map(|outcome| outcome.name).collect();
            let remedy = if names.is_empty() {
                "it has no events: remove transitions".to_owned()
            } else {
                format!("its events are {}", names.join(", "))
            };
            problems.at(at, &format!("transitions.{event}"), "is not an event of this kind of step", remedy);
        }
    }
}

fn timer(step: &Step, at: (usize, &str), problems: &mut Problems) {
    if step.timeout_secs.is_some_and(|secs| !(1..=14_400).contains(&secs)) {
        problems.at(at, "timeoutSecs", "is out of range", "use 1 to 14400 seconds");
    }
    let completion = step.action.kind().completion();
    let lasts = step.action.kind().outcomes().iter().any(|outcome| outcome.class == Class::Stay);
    if step.wait_for_end == Some(false) && completion != Completion::Webhook {
        problems.at(at, "waitForEnd", "there is no end to wait for", "remove it");
    } else if step.wait_for_end == Some(false) && lasts {
        let usual = step.action.kind().usual();
        problems.at(
            at,
            "waitForEnd",
            "what the call is in lasts",
            format!("name the step that follows under transitions.{usual}"),
        );
    }
    let waits = match completion {
        Completion::Webhook | Completion::Accepted | Completion::Response | Completion::Hangup => true,
        Completion::Timer | Completion::Instant => false,
    };
    if !waits && step.timeout_secs.is_some() {
        problems.at(at, "timeoutSecs", "this kind of step waits for nothing", "remove it");
    }
}

fn templates(spec: &FlowSpec, step: &Step, at: (usize, &str), problems: &mut Problems) {
    let Ok(params) = step.action.write() else { return };
    // Conditions are CEL, not texts.
    if matches!(step.action, Action::Switch(_) | Action::Loop(_)) {
        return;
    }
    let mut names = Vec::new();
    template::names(&params, &mut names);
    names.sort();
    names.dedup();
    for name in names {
        if !spec.variables.contains_key(&name) && !BUILT_IN.contains(&name.as_str()) {
            let remedy = format!("declare it under variables, or use one of {}", BUILT_IN.join(", "));
            problems.at(at, step.action.kind().as_str(), format!("names {{{{{name}}}}}, which does not exist"), remedy);
        }
    }
}

/// The API's bounds. A field that holds a template is measured once it is filled in.
fn bounds(step: &Step, at: (usize, &str), problems: &mut Problems) {
    let Err(broken) = step.action.check() else { return };
    let kind = step.action.kind().as_str();
    let path: Vec<_> = broken.field.split('.').map(camel).collect();
    let Ok(params) = step.action.write() else { return };
    let within = broken.field.split(['.', '[']).next().unwrap_or_default();
    let mut names = Vec::new();
    template::names(params.get(camel(within).as_ref()).unwrap_or(&params), &mut names);
    // Whether a field is set does not depend on what fills it in.
    if names.is_empty() || matches!(broken.problem, Problem::Missing | Problem::Together) {
        let field = format!("{kind}.{}", path.join("."));
        let allowed = broken.allowed.to_string();
        problems.at(at, &field, broken.problem.to_string(), format!("allowed: {}", camel(&allowed)));
    }
}

fn conference(spec: &FlowSpec, step: &Step, at: (usize, &str), problems: &mut Problems) {
    if step.action.conference() != Some(None) {
        return;
    }
    let field = format!("{}.conference", step.action.kind().as_str());
    if step.action.kind().enters_conference() {
        problems.at(at, &field, "is not set", "name the conference to enter, by its name or id");
    } else if !spec.steps.iter().any(|step| step.action.kind().enters_conference()) {
        let remedy = "name it, or enter one with createConference or joinConference";
        problems.at(at, &field, "is not set, and the flow enters no conference", remedy);
    }
}

fn saved(spec: &FlowSpec, step: &Step, at: (usize, &str), problems: &mut Problems) {
    if !step.save.is_empty() && !step.action.kind().has_result() {
        problems.at(at, "save", "this kind of step has no result", "remove it");
    }
    for (variable, field) in &step.save {
        if !spec.variables.contains_key(variable) {
            problems.at(at, &format!("save.{variable}"), "there is no such variable", "declare it under variables");
        }
        if field.is_empty() {
            problems.at(at, &format!("save.{variable}"), "names no field of the result", "name one, such as digits");
        }
    }
}

/// The flow's own kinds.
fn own(spec: &FlowSpec, step: &Step, at: (usize, &str), problems: &mut Problems) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds send a request, whose bounds are the API's")]
    match &step.action {
        Action::Switch(switch) => {
            if switch.cases.is_empty() || switch.cases.len() > 50 {
                problems.at(at, "switch.cases", format!("there are {}", switch.cases.len()), "use 1 to 50 cases");
            }
            if switch.cases.iter().any(|case| case.when.len() > 1024) {
                problems.at(at, "switch.cases", "a condition is too long", "use at most 1024 characters");
            }
        }
        Action::Wait(wait) if !(1..=14_400).contains(&wait.secs) => {
            problems.at(at, "wait.secs", format!("is {}", wait.secs), "use 1 to 14400 seconds");
        }
        Action::Set(set) => {
            if set.variables.is_empty() {
                problems.at(at, "set.variables", "sets nothing", "name a variable and its value");
            }
            for variable in set.variables.keys().filter(|name| !spec.variables.contains_key(*name)) {
                let field = format!("set.variables.{variable}");
                problems.at(at, &field, "there is no such variable", "declare it under variables");
            }
        }
        Action::Loop(repeat) if !(1..=100).contains(&repeat.times) => {
            problems.at(at, "loop.times", format!("is {}", repeat.times), "use 1 to 100");
        }
        Action::Outcome(outcome) if outcome.value.is_empty() || outcome.value.chars().count() > 64 => {
            problems.at(at, "outcome.value", "is empty or too long", "use 1 to 64 characters");
        }
        Action::CallWebhook(call) if host(&call.url).is_none() => {
            let remedy = "write http:// or https:// and a host without {{ }}, at most 2000 characters in all";
            problems.at(at, "callWebhook.url", "is not a URL with a fixed host", remedy);
        }
        _ => {}
    }
}

/// The host of a URL, without its port.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    (!host.is_empty() && url.len() <= 2000 && host.chars().all(named) && !authority.contains(['{', '@']))
        .then_some(host)
}

pub(super) fn webhook_hosts(spec: &FlowSpec) -> Vec<String> {
    let mut hosts: Vec<String> = spec
        .steps
        .iter()
        .filter_map(|step| {
            let Action::CallWebhook(call) = &step.action else { return None };
            host(&call.url).map(str::to_ascii_lowercase)
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}
