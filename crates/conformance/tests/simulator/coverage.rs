//! `docs/coverage.md`: every command and webhook of the Voice API, and what this project does with it.
//!
//! Everything in it is read out of the code: the client's table of operations, the kinds of flow steps, the custom resource
//! definitions, the plugin's verbs, the flows of tests, and what the Python package drove and saw. Only why a cell has nothing to
//! show is written by hand, here.

use call_flow::Kind;
use conformance::users::{User, steps_of, user_of};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use telnyx_voice::surface::{OPERATIONS, Operation, Verb};
use telnyx_voice::webhook::EventType;

use super::Report;
use super::places::{below, flow_test, verbs, workspace};

/// What has neither a step nor a kind, and why.
const NEITHER: &[(&str, &str)] = &[
    ("calls.retrieve_status", "asked by dialer and flows when nobody was told how a call stands"),
    ("connections.list_active_calls", "asked by dialer and flows when nobody was told how a call stands"),
    ("call_events.list", "asked by dialer and flows when nobody was told how a call stands"),
    ("webhook_deliveries.", "reads what was delivered; nothing to declare"),
    ("queues.calls.", "reads and changes calls that wait; the steps `enqueue` and `leaveQueue` move them"),
];

/// What the plugin cannot do, and why.
const NO_VERB: &[(&str, &str)] = &[
    ("call_control_applications.", "a manifest does"),
    ("outbound_voice_profiles.", "a manifest does"),
    ("queues.calls.retrieve", "`queue calls` shows them all"),
    ("queues.", "a manifest does"),
    ("calls.dial", "a `DialJob` does"),
    ("conferences.create", "a flow's step does"),
    ("conferences.retrieve_participant", "`conference participants` shows them all"),
    ("webhook_deliveries.retrieve", "`doctor` reads the list, which holds them whole"),
];

/// What nobody acts upon, and why.
const ACKNOWLEDGED: &[(&str, &str)] = &[
    ("call.hold", "the other telephone has the call on hold; nothing in a flow waits for it"),
    ("call.unhold", "the other telephone has the call on hold no more; nothing in a flow waits for it"),
    ("call.cost", "for whoever keeps books: the detail records say the same"),
    ("call.refer.started", "the step `refer` waits for its end"),
    ("call.machine.premium.detection.started", "the detection's end is what decides"),
    ("call.machine.premium.call_screening.detected", "the verdict of the detection follows, and decides"),
    ("call.deepfake_detection.", "no step asks for it; a dial of somebody else may have"),
    ("call.playback.started", "the step `play` waits for the end"),
    ("call.speak.started", "the steps that speak wait for the end"),
    ("call.recording.", "the step `stopRecording` is done when it is accepted; the file is fetched from Telnyx"),
    ("call.transcription", "for whoever reads along: what was said is kept nowhere here"),
    ("call.fork.stopped", "the step `stopForking` is done when it is accepted"),
    ("streaming.stopped", "the step `stopStreaming` is done when it is accepted"),
    ("siprec.stopped", "the step `stopSiprec` is done when it is accepted"),
    ("call.ai_gather.partial_results", "the step `gatherUsingAI` waits for the whole result"),
    ("call.ai_gather.message_history_updated", "for whoever reads along: what was said is kept nowhere here"),
    ("call.conversation.created", "the steps that converse wait for the end"),
    ("call.conversation_insights.generated", "comes after the talk, when no flow waits any more"),
    ("call.analyzed", "comes after the call, when no flow waits any more"),
    ("call.payment.progress", "the step `pay` waits for the end"),
    ("conference.floor.changed", "who speaks changes nothing that a policy declares"),
    ("conference.participant.playback.", "the step `playConference` is done when it is accepted"),
    ("conference.participant.speak.", "the step `speakConference` is done when it is accepted"),
    ("conference.playback.", "the step `playConference` is done when it is accepted"),
    ("conference.speak.", "the step `speakConference` is done when it is accepted"),
    ("conference.recording.saved", "the kind `Conference` asks for recordings; the file is fetched from Telnyx"),
];

/// How many rows may have nothing to show but a reason: a list that grows is looked at.
const REASONS: [usize; 3] = [5, 8, 26];

/// Where an event is acted upon: the folder below the workspace, and its name in the table.
const ACTORS: &[(&str, &str)] =
    &[("crates/call-flow/src", "flows"), ("crates/dialer/src", "dialer"), ("src", "operator")];

const HEAD: &str = "\
<!-- Generated from the code by `make generate`. -->

# Coverage

Every command and every webhook of the Telnyx Voice API, and what this project does with it. A test writes this page again and fails
when it differs.

- **Client**: the method of `telnyx_voice::Client`, and the type of its body.
- **Declared by**: the kind of object or the step of a call flow that uses it, or why none does.
- **Plugin**: the words after `kubectl telnyx` that send it, or why none do.
- **Flow test**: a flow that a test runs against the simulator, with such a step.
- **Acted upon by**: the parts whose code names the payload, as its text tells, or why none does: every webhook is acknowledged.
- **Simulator**: whether `telnyx-simulator` serves or sends it.
- **Judged in**: the story in `crates/conformance/python` in which Telnyx's own Python package drove it, or took it as a webhook,
  with every field checked.
";

/// The page as it should be.
fn page(report: &Report) -> String {
    for (prefix, _) in NEITHER {
        let needed = |name: &&String| name.starts_with(prefix) && users(name).is_empty();
        assert!(report.contract.methods.iter().any(|name| needed(&name)), "{prefix} needs no reason any more");
    }
    assert_eq!([NEITHER.len(), NO_VERB.len(), ACKNOWLEDGED.len()], REASONS, "reasons for having nothing to show");
    let mut page = HEAD.to_owned();
    let operations: BTreeMap<&str, &Operation> = OPERATIONS.iter().map(|one| (one.name, *one)).collect();
    write!(page, "\n## Commands: {}\n\n", report.contract.methods.len()).unwrap();
    page +=
        "| API | Client | Declared by | Plugin | Flow test | Simulator | Judged in |\n|---|---|---|---|---|---|---|\n";
    let plugin = Plugin::read();
    for name in &report.contract.methods {
        let operation = operations.get(name.as_str()).unwrap_or_else(|| panic!("the client has no {name}"));
        let driven = report.driven.get(name);
        let served = if driven.is_some() { "serves it" } else { "does not serve it yet" };
        let cells = [
            format!("`{} {}`", operation.verb.as_str(), operation.path),
            client(operation),
            declared_by(name),
            plugin.cell(name, operation),
            tested_by(name),
            served.to_owned(),
            story(driven),
        ];
        row(&mut page, &cells);
    }
    let sources = sources();
    write!(page, "\n## Webhooks: {}\n\n", EventType::KNOWN.len()).unwrap();
    page += "| Event | Client | Acted upon by | Simulator | Judged in |\n|---|---|---|---|---|\n";
    for event in EventType::KNOWN {
        let payload = format!("Payload::{event:?}");
        let sent = if report.events.contains_key(event.as_str()) { "sends it" } else { "does not send it yet" };
        let cells = [
            format!("`{event}`"),
            format!("`{payload}`"),
            acted_upon_by(&sources, event.as_str(), &payload),
            sent.to_owned(),
            story(report.events.get(event.as_str())),
        ];
        row(&mut page, &cells);
    }
    page
}

fn row(page: &mut String, cells: &[String]) {
    assert!(cells.iter().all(|cell| !cell.is_empty()), "an empty cell: {cells:?}");
    writeln!(page, "| {} |", cells.join(" | ")).unwrap();
}

fn client(operation: &Operation) -> String {
    operation.body.map_or_else(|| format!("`{}`", operation.method), |body| format!("`{}({body})`", operation.method))
}

/// The kinds and steps that use a method.
fn users(name: &str) -> Vec<String> {
    let kind = user_of(name).map(|User { kind, definition, .. }| {
        assert!(workspace().join(format!("crds/{definition}.yaml")).is_file(), "there is no kind {kind}");
        format!("kind `{kind}`")
    });
    kind.into_iter().chain(steps_of(name).map(|kind| format!("step `{}`", kind.as_str()))).collect()
}

fn declared_by(name: &str) -> String {
    let users = users(name);
    if users.is_empty() {
        let reason = NEITHER.iter().find(|(prefix, _)| name.starts_with(prefix));
        let (_, reason) = reason.unwrap_or_else(|| panic!("say why {name} has neither kind nor step"));
        return format!("no step: {reason}");
    }
    users.join(", ")
}

/// The flows of tests that have a step with this method.
fn tested_by(name: &str) -> String {
    let test = |kind: Kind| {
        let path = flow_test(kind.as_str()).unwrap_or_else(|| panic!("no test runs a step {}", kind.as_str()));
        let (_, file) = path.rsplit_once('/').unwrap();
        format!("[{file}](../{path})")
    };
    // Any step may carry its position so; the first that always does is enough.
    let tests: Vec<String> = steps_of(name).take(1).map(test).collect();
    if tests.is_empty() { "no step".to_owned() } else { tests.join(", ") }
}

/// What the plugin does.
struct Plugin {
    verbs: BTreeMap<String, String>,
    code: String,
}

impl Plugin {
    fn read() -> Self {
        Self { verbs: verbs(), code: below("src/cli/kubectl", ".rs").into_values().collect() }
    }

    fn cell(&self, name: &str, operation: &Operation) -> String {
        if let Some(words) = operation.body.and_then(|body| self.verbs.get(body)) {
            return format!("`{words}`");
        }
        let uses = |method: &str| self.code.contains(&format!("client.{method}("));
        if uses(operation.method) || uses(&format!("{}_pages", operation.method)) || uses(&paged(operation.method)) {
            return if operation.verb == Verb::Get { "reads it" } else { "changes it" }.to_owned();
        }
        let reason = NO_VERB.iter().find(|(prefix, _)| name.starts_with(prefix));
        let (_, reason) = reason.unwrap_or_else(|| panic!("say why the plugin does nothing with {name}"));
        format!("no: {reason}")
    }
}

/// The client's method that lists page by page, of that which lists one by one.
fn paged(method: &str) -> String {
    let one = method.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let one = one.unwrap_or_else(|| method.trim_end_matches('s').to_owned());
    format!("{one}_pages")
}

fn acted_upon_by(sources: &[(&str, String)], event: &str, payload: &str) -> String {
    let names: Vec<&str> = sources.iter().filter(|(_, text)| mentions(text, payload)).map(|(name, _)| *name).collect();
    let reason = ACKNOWLEDGED.iter().find(|(prefix, _)| event.starts_with(prefix));
    match (names.as_slice(), reason) {
        ([], Some((_, reason))) => format!("nobody: {reason}"),
        ([], None) => panic!("say why nobody acts upon {event}"),
        (names, None) => names.join(", "),
        (names, Some(_)) => panic!("{names:?} act upon {event}: it needs no reason any more"),
    }
}

/// Whether the text has this name, and not only a longer one.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next.is_alphanumeric()))
}

fn story(story: Option<&String>) -> String {
    let Some((file, name)) = story.and_then(|story| story.split_once('.')) else { return "no story yet".to_owned() };
    format!("[{file}.{name}](../crates/conformance/python/{file}.py)")
}

/// All the Rust below each actor's folder.
fn sources() -> Vec<(&'static str, String)> {
    ACTORS.iter().map(|(folder, name)| (*name, below(folder, ".rs").into_values().collect())).collect()
}

/// Compares the page in the tree with the page of the code; with `UPDATE=1` writes it instead.
pub(super) fn check(report: &Report) {
    let path = workspace().join("docs/coverage.md");
    let page = page(report);
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(path, page).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let differing: Vec<&str> = page.lines().filter(|line| !stored.lines().any(|one| one == *line)).collect();
    assert!(
        stored == page,
        "docs/coverage.md is not what the code says: run `make generate` and commit\n{differing:#?}"
    );
}
