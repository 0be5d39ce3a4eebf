//! How a trial looks: one line for each happening, or one JSON object.

use std::io::{self, Write as _};
use std::time::Instant;

use call_flow::CommandOutcome;
use call_flow::effect::Request;
use serde_json::{Map, Value, json};
use telnyx_voice::webhook::Event;

use crate::flows::Happening;

/// Longest shown text of a field.
const LONGEST: usize = 80;

/// Prints what happens.
pub(super) struct Printer {
    steps: Vec<String>,
    json: bool,
    colour: bool,
    began: Instant,
}

/// One line.
struct Line {
    /// For the eye.
    sign: &'static str,
    /// For programs.
    kind: &'static str,
    name: String,
    details: Map<String, Value>,
}

impl Line {
    fn new(sign: &'static str, kind: &'static str, name: impl Into<String>) -> Self {
        Self { sign, kind, name: name.into(), details: Map::new() }
    }

    fn colour(&self) -> &'static str {
        match self.kind {
            "webhook" => "36",
            "command" => "32",
            "step" => "1",
            "refused" | "stepFailed" => "31",
            _ => "33",
        }
    }
}

impl Printer {
    pub(super) fn new(steps: Vec<String>, json: bool, colour: bool) -> Self {
        Self { steps, json, colour: colour && std::env::var_os("NO_COLOR").is_none(), began: Instant::now() }
    }

    /// Prints one happening.
    pub(super) fn print(&mut self, happening: &Happening) -> io::Result<()> {
        let line = self.line(happening);
        let at = self.began.elapsed().as_secs_f64();
        let mut out = io::stdout().lock();
        let Line { sign, kind, name, details } = &line;
        if self.json {
            let at = (at * 1000.0).round() / 1000.0;
            return writeln!(out, "{}", json!({ "seconds": at, "kind": kind, "name": name, "details": details }));
        }
        let (on, off) = if self.colour { (format!("\x1b[{}m", line.colour()), "\x1b[0m") } else { Default::default() };
        writeln!(out, "{at:8.3}s {on}{sign} {name}{off}{}", shown(details))
    }

    fn line(&self, happening: &Happening) -> Line {
        let step = |index: &usize| self.steps.get(*index).cloned().unwrap_or_default();
        match happening {
            Happening::Webhook(event) => {
                Line { details: of_event(event), ..Line::new("<-", "webhook", event.event_type.as_str()) }
            }
            Happening::Step(index) => Line::new("==", "step", step(index)),
            Happening::StepFailed(index) => Line::new("!!", "stepFailed", step(index)),
            Happening::Command(command) => {
                let (name, details) = of_request(&command.request);
                Line { details, ..Line::new("->", "command", name) }
            }
            Happening::NotAccepted(outcome) => Line::new("!!", "refused", refused(outcome)),
            Happening::Timer => Line::new("..", "timer", "a timer ran out"),
            Happening::LookedUp => Line::new("->", "lookedUp", "how does the call stand?"),
            Happening::Asked(url) => Line::new("->", "asked", url),
            Happening::Outcome(outcome) => Line::new("==", "outcome", outcome),
            Happening::OptOut => Line::new("==", "optOut", "the callee is not to be called again"),
            Happening::Ended(ending) => Line::new("==", "ended", format!("{ending:?}")),
        }
    }
}

fn refused(outcome: &CommandOutcome) -> String {
    match outcome {
        CommandOutcome::Accepted(_) => "accepted".to_owned(),
        CommandOutcome::Refused(refusal) => format!("refused: {} {}", refusal.status, refusal.codes.join(", ")),
        CommandOutcome::FateUnknown => "no answer".to_owned(),
    }
}

/// What is of interest in an event.
fn of_event(event: &Event) -> Map<String, Value> {
    const SHOWN: [&str; 9] =
        ["direction", "digit", "digits", "status", "result", "reason", "hangup_cause", "hangup_source", "state"];
    let event = serde_json::to_value(event).unwrap_or_default();
    let payload = event.pointer("/data/payload").and_then(Value::as_object);
    let is_shown = |(field, value): &(&String, &Value)| SHOWN.contains(&field.as_str()) && !value.is_null();
    payload.into_iter().flatten().filter(is_shown).map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn of_request(request: &Request) -> (String, Map<String, Value>) {
    let name = request.operation().name;
    let body = request.body().unwrap_or_default();
    let mut details = body.as_object().cloned().unwrap_or_default();
    // The flow's own: of no interest to whoever wrote it.
    details.retain(|field, _| field != "client_state" && field != "command_id");
    (name.strip_prefix("calls.actions.").unwrap_or(name).to_owned(), details)
}

fn shown(details: &Map<String, Value>) -> String {
    let text = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match text.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
            None => text,
        }
    };
    details.iter().fold(String::new(), |line, (field, value)| line + "  " + field + "=" + &text(value))
}
