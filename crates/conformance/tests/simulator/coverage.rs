//! `docs/coverage.md`: every command and webhook of the Voice API, and what this project does with it.
//!
//! Everything in it is read out of the code: the client's table of operations, the kinds of flow steps, the custom resource
//! definitions, and what the Python package drove and saw. Only why a cell has nothing to show is written by hand, here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use call_flow::Kind;
use telnyx_voice::surface::{OPERATIONS, Operation};
use telnyx_voice::webhook::EventType;

use super::Report;

/// Which kind reconciles which resource or sends which single command, and the kind's definition.
const KINDS: &[(&str, &str, &str)] = &[
    ("call_control_applications", "CallControlApplication", "callcontrolapplications"),
    ("outbound_voice_profiles", "OutboundVoiceProfile", "outboundvoiceprofiles"),
    ("queues", "Queue", "queues"),
    ("calls.dial", "OutboundCampaign", "outboundcampaigns"),
    ("conferences.actions.end_conference", "Conference", "conferences"),
    ("conferences.actions.hold", "Conference", "conferences"),
    ("conferences.actions.mute", "Conference", "conferences"),
    ("conferences.actions.play", "Conference", "conferences"),
    ("conferences.actions.record_pause", "Conference", "conferences"),
    ("conferences.actions.record_resume", "Conference", "conferences"),
    ("conferences.actions.record_start", "Conference", "conferences"),
    ("conferences.actions.record_stop", "Conference", "conferences"),
    ("conferences.actions.speak", "Conference", "conferences"),
    ("conferences.actions.unhold", "Conference", "conferences"),
    ("conferences.actions.unmute", "Conference", "conferences"),
    ("conferences.actions.update", "Conference", "conferences"),
    ("conferences.list", "Conference", "conferences"),
    ("conferences.list_participants", "Conference", "conferences"),
    ("conferences.retrieve_participant", "Conference", "conferences"),
];

/// What has neither a step nor a kind, and why.
const NEITHER: &[(&str, &str)] = &[
    ("calls.retrieve_status", "asked by dialer and flows when nobody was told how a call stands"),
    ("connections.list_active_calls", "asked by dialer and flows when nobody was told how a call stands"),
    ("call_events.list", "asked by dialer and flows when nobody was told how a call stands"),
    ("webhook_deliveries.", "reads what was delivered; nothing to declare"),
    ("queues.calls.", "reads and changes calls that wait; the steps `enqueue` and `leaveQueue` move them"),
    ("conferences.retrieve", "reads; nothing to declare"),
    (
        "conferences.update_participant",
        "changes a participant who has joined; the step `joinConference` sets the same at the start",
    ),
];

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
    let mut page = HEAD.to_owned();
    let operations: BTreeMap<&str, &Operation> = OPERATIONS.iter().map(|one| (one.name, *one)).collect();
    write!(page, "\n## Commands: {}\n\n", report.contract.methods.len()).unwrap();
    page += "| API | Client | Declared by | Simulator | Judged in |\n|---|---|---|---|---|\n";
    for name in &report.contract.methods {
        let operation = operations.get(name.as_str()).unwrap_or_else(|| panic!("the client has no {name}"));
        let driven = report.driven.get(name);
        let served = if driven.is_some() { "serves it" } else { "does not serve it yet" };
        let cells = [
            format!("`{} {}`", operation.verb.as_str(), operation.path),
            client(operation),
            declared_by(name),
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
            acted_upon_by(&sources, &payload),
            sent.to_owned(),
            story(report.events.get(event.as_str())),
        ];
        row(&mut page, &cells);
    }
    page
}

fn row(page: &mut String, cells: &[String; 5]) {
    assert!(cells.iter().all(|cell| !cell.is_empty()), "an empty cell: {cells:?}");
    writeln!(page, "| {} |", cells.join(" | ")).unwrap();
}

fn client(operation: &Operation) -> String {
    operation.body.map_or_else(|| format!("`{}`", operation.method), |body| format!("`{}({body})`", operation.method))
}

/// The kinds and steps that use a method.
fn users(name: &str) -> Vec<String> {
    let resource = name.rsplit_once('.').map_or(name, |(resource, _)| resource);
    let kind = KINDS.iter().find(|(what, _, _)| [name, resource].contains(what)).map(|(_, kind, definition)| {
        assert!(workspace().join(format!("crds/{definition}.yaml")).is_file(), "there is no kind {kind}");
        format!("kind `{kind}`")
    });
    let steps = Kind::ALL.iter().filter(|kind| kind.endpoints().contains(&name));
    kind.into_iter().chain(steps.map(|kind| format!("step `{}`", kind.as_str()))).collect()
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

fn acted_upon_by(sources: &[(&str, String)], payload: &str) -> String {
    let names: Vec<&str> = sources.iter().filter(|(_, text)| mentions(text, payload)).map(|(name, _)| *name).collect();
    if names.is_empty() { "nobody; it is acknowledged".to_owned() } else { names.join(", ") }
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
    ACTORS.iter().map(|(folder, name)| (*name, rust_below(&workspace().join(folder)))).collect()
}

fn rust_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &rust_below(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
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
