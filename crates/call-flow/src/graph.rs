//! A flow as a picture.
//!
//! Promises the same picture for the same flow, also for one that does not compile: a target that does not exist is drawn. Does not
//! know how a flow is run. Layout is left to Mermaid, which Git hosts and documentation sites draw.

use std::fmt::Write as _;

use crate::completion::Class;
use crate::spec::{Action, Direction, END, FlowSpec, Step};

/// How an edge is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// As a rule.
    Solid,
    /// After an error.
    Dotted,
    /// Back, by a loop.
    Thick,
}

/// The flow as a Mermaid flowchart (mermaid.js.org, syntax of flowcharts).
///
/// A step is a box with its name and kind, a way is an arrow with its event; ways out of an error are dotted, loops thick.
#[must_use]
pub fn mermaid(spec: &FlowSpec) -> String {
    let mut out = String::from("flowchart TD\n");
    out.push_str("  start([call])\n");
    for (index, step) in spec.steps.iter().enumerate() {
        let kind = step.action.kind().as_str();
        let (open, close) = shape(&step.action);
        let _ = writeln!(out, "  s{index}{open}\"{}<br/><small>{kind}</small>\"{close}", escape(&step.name));
    }
    out.push_str("  done([end])\n");
    for (from, to, label, line) in edges(spec) {
        let arrow = match line {
            Line::Solid => "-->",
            Line::Dotted => "-.->",
            Line::Thick => "==>",
        };
        let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", escape(&label)) };
        let _ = writeln!(out, "  {from} {arrow}{label} {to}");
    }
    out
}

/// A choice is a diamond; what ends a call has round ends.
fn shape(action: &Action) -> (&'static str, &'static str) {
    if matches!(action, Action::Switch(_)) {
        ("{", "}")
    } else if action.kind().outcomes().is_empty() {
        ("([", "])")
    } else {
        ("[", "]")
    }
}

fn edges(spec: &FlowSpec) -> Vec<(String, String, String, Line)> {
    let mut edges = Vec::new();
    let mut add = |from: &str, to: String, label: &str, line: Line| {
        let edge = (from.to_owned(), to, label.to_owned(), line);
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    };
    let first = if spec.steps.is_empty() { "done".to_owned() } else { "s0".to_owned() };
    add(
        "start",
        first,
        if spec.amd.is_some() && spec.direction == Direction::Any { "inbound" } else { "" },
        Line::Solid,
    );
    if let Some(amd) = &spec.amd {
        let branches = [
            ("human", &amd.human),
            ("machine", &amd.machine),
            ("beep", &amd.beep),
            ("fax", &amd.fax),
            ("silence", &amd.silence),
            ("notSure", &amd.not_sure),
            ("timeout", &amd.timeout),
        ];
        for (event, target) in branches {
            if let Some(target) = target {
                add("start", node(spec, target), event, Line::Solid);
            }
        }
    }
    if let Some(target) = &spec.on_error {
        add("start", node(spec, target), "any error", Line::Dotted);
    }
    for (index, step) in spec.steps.iter().enumerate() {
        step_edges(spec, index, step, &mut add);
    }
    edges
}

fn step_edges(spec: &FlowSpec, index: usize, step: &Step, add: &mut dyn FnMut(&str, String, &str, Line)) {
    let from = format!("s{index}");
    if let Action::Switch(switch) = &step.action {
        for case in &switch.cases {
            add(&from, node(spec, &case.next), &case.when, Line::Solid);
        }
    }
    if let Action::Loop(repeat) = &step.action {
        add(&from, node(spec, &repeat.to), &format!("{} times", repeat.times), Line::Thick);
    }
    for (event, target) in &step.transitions {
        let error = step.action.kind().outcomes().iter().any(|way| way.name == event && way.class == Class::Error);
        add(&from, node(spec, target), event, if error { Line::Dotted } else { Line::Solid });
    }
    let goes_on = step
        .action
        .kind()
        .outcomes()
        .iter()
        .any(|way| way.class == Class::Next && !step.transitions.contains_key(way.name));
    if goes_on {
        let below = if index + 1 < spec.steps.len() { format!("s{}", index + 1) } else { "done".to_owned() };
        add(&from, step.next.as_ref().map_or(below, |name| node(spec, name)), "", Line::Solid);
    }
    if let Some(target) = &step.on_error {
        add(&from, node(spec, target), "error", Line::Dotted);
    }
}

/// The node of a target. What does not exist gets one of its own.
fn node(spec: &FlowSpec, target: &str) -> String {
    if target == END {
        return "done".to_owned();
    }
    match spec.steps.iter().position(|step| step.name == target) {
        Some(index) => format!("s{index}"),
        None => format!("missing[\"no step {}\"]", escape(target)),
    }
}

/// Text within quotes: Mermaid reads entities by `#`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_is_drawn_with_its_ways() {
        let spec: FlowSpec = serde_json::from_value(json!({
            "direction": "Outbound",
            "amd": {"machine": "end"},
            "onError": "bye",
            "steps": [
                {"name": "menu", "gather": {"maximumDigits": 1}, "transitions": {"timeout": "again", "failed": "bye"}},
                {"name": "choose", "switch": {"cases": [{"when": "digits == \"1\"", "next": "bye"}]}},
                {"name": "again", "loop": {"to": "menu", "times": 2}},
                {"name": "bye", "hangup": {}, "onError": "nowhere"},
            ],
        }))
        .unwrap();
        let expected = r#"flowchart TD
  start([call])
  s0["menu<br/><small>gather</small>"]
  s1{"choose<br/><small>switch</small>"}
  s2["again<br/><small>loop</small>"]
  s3(["bye<br/><small>hangup</small>"])
  done([end])
  start --> s0
  start -->|"machine"| done
  start -.->|"any error"| s3
  s0 -.->|"failed"| s3
  s0 -->|"timeout"| s2
  s0 --> s1
  s1 -->|"digits == #quot;1#quot;"| s3
  s1 --> s2
  s2 ==>|"2 times"| s0
  s2 --> s3
  s3 -.->|"error"| missing["no step nowhere"]
"#;
        assert_eq!(mermaid(&spec), expected);
    }
}
