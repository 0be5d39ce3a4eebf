//! Names and limits of the whole.

use std::collections::BTreeSet;

use super::{MAX_NAME, MAX_STEPS, Problems};
use crate::spec::{END, FlowSpec};

/// The longest value that a variable may be declared with, in bytes.
const MAX_VARIABLE: u16 = 256;

const MAX_VARIABLES: usize = 32;

pub(super) fn check(spec: &FlowSpec, problems: &mut Problems) {
    if spec.steps.is_empty() {
        problems.add("steps", "there is none", "add at least one step");
    }
    if spec.steps.len() > MAX_STEPS {
        let problem = format!("there are {} steps", spec.steps.len());
        problems.add("steps", problem, format!("use at most {MAX_STEPS}"));
    }
    if let Some(secs) = spec.time_limit_secs
        && !(60..=14_400).contains(&secs)
    {
        problems.add("timeLimitSecs", format!("is {secs}"), "use 60 to 14400 seconds");
    }
    let mut seen = BTreeSet::new();
    for (index, step) in spec.steps.iter().enumerate() {
        let at = (index, step.name.as_str());
        if !is_name(&step.name) {
            let remedy = format!("use 1 to {MAX_NAME} letters, digits, - or _, beginning with a letter");
            problems.at(at, "name", "is not a name", remedy);
        } else if step.name == END {
            problems.at(at, "name", "\"end\" is the target that ends the call", "choose another name");
        }
        if !seen.insert(&step.name) {
            problems.at(at, "name", "an earlier step has this name", "give every step a name of its own");
        }
    }
    variables(spec, problems);
}

fn variables(spec: &FlowSpec, problems: &mut Problems) {
    if spec.variables.len() > MAX_VARIABLES {
        let problem = format!("there are {} variables", spec.variables.len());
        problems.add("variables", problem, format!("use at most {MAX_VARIABLES}"));
    }
    for (name, variable) in &spec.variables {
        let path = format!("variables.{name}");
        if !is_name(name) || name.contains('-') {
            let remedy = format!("use 1 to {MAX_NAME} letters, digits or _, beginning with a letter");
            problems.add(&path, "is not a name", remedy);
        }
        // `vars` holds all of them in conditions.
        if crate::interpreter::BUILT_IN.contains(&name.as_str()) || name == "vars" {
            problems.add(&path, "is a name that every flow has", "choose another name");
        }
        if !(1..=MAX_VARIABLE).contains(&variable.max_length) {
            let problem = format!("is {}", variable.max_length);
            problems.add(format!("{path}.maxLength"), problem, format!("use 1 to {MAX_VARIABLE} bytes"));
        }
        if variable.default.len() > usize::from(variable.max_length) {
            let problem = format!("is longer than maxLength, {} bytes", variable.max_length);
            problems.add(format!("{path}.default"), problem, "shorten it or raise maxLength");
        }
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
