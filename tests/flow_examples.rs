//! Every example of a call flow runs in the simulator, from the command line, and its picture is in the documentation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may")]

mod rehearsal;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn flow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_telnyx-operator"))
        .arg("flow")
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

/// Everything that happens when an example is run.
fn happenings(file: &str, more: &[&str]) -> Vec<String> {
    rehearsal::happenings(&root().join("examples/flows").join(file).with_extension("yaml"), more)
}

/// Fails unless these happened in this order, others between them.
fn assert_in_order(file: &str, happened: &[String], wanted: &[&str]) {
    let mut left = wanted.iter().peekable();
    for happening in happened {
        left.next_if(|wanted| **wanted == happening);
    }
    assert_eq!(left.next(), None, "{file}: not in order: {wanted:?}\n{}", happened.join("\n"));
}

/// Runs them at once: each waits for what happens in its call.
fn side_by_side<const N: usize>(all: [impl FnOnce() + Send; N]) {
    std::thread::scope(|scope| all.map(|one| scope.spawn(one)).map(|one| one.join().unwrap()));
}

#[test]
fn the_menu_leads_to_the_queue_to_sales_and_to_voicemail() {
    side_by_side(
        [
            ("1", &["step menu", "step choose", "step support", "webhook call.enqueued", "ended HungUp"][..]),
            ("2", &["step sales", "command transfer", "webhook call.bridged"]),
            (
                "3",
                &["step voicemail", "command start_recording", "webhook call.recording.saved", "webhook call.hangup"],
            ),
            ("-,-", &["step menu", "step voicemail"]),
        ]
        .map(|(digits, steps)| {
            move || assert_in_order("ivr-menu", &happenings("ivr-menu", &["--digits", digits]), steps)
        }),
    );
}

#[test]
fn an_appointment_is_confirmed_cancelled_or_left_to_the_machine() {
    side_by_side(
        [
            (
                &["--digits", "1"][..],
                &["webhook call.answered", "step ask", "outcome confirmed", "ended Completed"][..],
            ),
            (&["--digits", "9"], &["step opt-out", "optOut the callee is not to be called again"]),
            (&["--callee", "machine"], &["step leave-message", "webhook call.speak.ended", "ended Completed"]),
            (&["--callee", "fax"], &["ended Completed"]),
            (&["--callee", "busy"], &["webhook call.hangup", "ended HungUp"]),
        ]
        .map(|(more, steps)| {
            move || assert_in_order("appointment-confirmation", &happenings("appointment-confirmation", more), steps)
        }),
    );
}

#[test]
fn a_caller_meets_the_agent_in_a_conference() {
    let happened = happenings("support-line", &["--name", "support-line"]);
    // Which webhook says first that the caller is in it is not certain.
    assert_in_order("support-line", &happened, &["command conferences.create", "command calls.dial", "step talk"]);
    let agents = happened.iter().filter(|one| *one == "command calls.dial").count();
    assert_eq!(agents, 1, "the webhook of the agent who joins is no second caller: {happened:?}");
}

#[test]
fn a_supervisor_who_finds_no_conference_is_told() {
    assert_in_order(
        "support-line",
        &happenings("support-line", &["--name", "supervisor"]),
        &["step not-now", "ended Completed"],
    );
}

#[test]
fn a_survey_asks_again_and_counts_the_delighted() {
    let happened = happenings("survey", &["--digits", "-,5,5"]);
    assert_in_order("survey", &happened, &["step again", "step ask-waiting", "step ask-agent", "outcome delighted"]);
    let happened = happenings("survey", &["--digits", "5,1"]);
    assert!(!happened.contains(&"outcome delighted".to_owned()), "{happened:?}");
}

#[test]
fn nobody_talks_before_the_recorder_is_connected() {
    let wanted = ["step notice", "command start_siprec", "webhook siprec.started", "command transfer"];
    assert_in_order("compliance-recording", &happenings("compliance-recording", &[]), &wanted);
}

#[test]
fn what_an_assistant_gathers_is_told_to_the_users_program() {
    // Nothing answers at orders.example.com: the flow goes on by its error branch.
    let wanted =
        ["command gather_using_ai", "webhook call.ai_gather.ended", "step tell", "stepFailed tell", "step sorry"];
    assert_in_order("ai-gather", &happenings("ai-gather", &[]), &wanted);
}

#[test]
fn keys_that_are_typed_are_pressed_and_h_hangs_up() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"))
        .args(["flow", "run", "--json", "--speed", "10", "--interactive", "--file", "examples/flows/ivr-menu.yaml"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut terminal = child.stdin.take().unwrap();
    let (mut happened, mut is_answered) = (Vec::new(), false);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let happening = format!("{} {}", line["kind"].as_str().unwrap(), line["name"].as_str().unwrap());
        match happening.as_str() {
            // A key that comes before the question is none: it is pressed again.
            "command gather_using_speak" | "webhook call.dtmf.received" if !is_answered => {
                writeln!(terminal, "1").unwrap();
            }
            "webhook call.gather.ended" => is_answered = true,
            "webhook call.enqueued" => writeln!(terminal, "h").unwrap(),
            _ => {}
        }
        happened.push(happening);
    }
    assert!(child.wait().unwrap().success(), "{happened:?}");
    let story = ["webhook call.gather.ended", "step support", "webhook call.enqueued"];
    // A command that finds the call gone may tell of the end before its webhook does.
    for end in ["webhook call.hangup", "ended HungUp"] {
        assert_in_order("ivr-menu", &happened, &[&story[..], &[end]].concat());
    }
}

#[test]
fn a_mistake_is_told_before_anything_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.yaml");
    let manifest = "kind: CallFlow\nmetadata: {name: broken}\nspec:\n  steps: [{name: a, hangup: {}, next: nowhere}]\n";
    std::fs::write(&file, manifest).unwrap();
    for command in ["check", "run", "graph"] {
        let output = flow(&[command, "--file", file.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(text.contains("nowhere") && text.contains("step a"), "{command}: {text}");
    }
}

#[test]
fn every_example_has_its_picture_in_the_documentation() {
    let mut pictures = BTreeSet::new();
    for (file, name) in examples() {
        let page = root().join(format!("docs/flows/{name}.md"));
        let output = flow(&["graph", "--file", file.to_str().unwrap(), "--name", &name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let picture = page_of(&file, &name, &String::from_utf8(output.stdout).unwrap());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(page.parent().unwrap()).unwrap();
            std::fs::write(&page, &picture).unwrap();
        }
        let written = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(written == picture, "{} is not up to date: make generate", page.display());
        pictures.insert(page);
    }
    let kept: BTreeSet<PathBuf> =
        std::fs::read_dir(root().join("docs/flows")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept, pictures, "a picture of no example");
}

#[test]
fn a_flow_is_drawn_as_svg_with_the_names_of_its_steps_and_ways() {
    let file = root().join("examples/flows/ivr-menu.yaml");
    let output = flow(&["graph", "--file", file.to_str().unwrap(), "--output", "svg"]);
    let picture = String::from_utf8(output.stdout).unwrap();
    assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"), "{picture}");
    for text in [">pick-up<", ">gatherUsingSpeak<", ">digits == &apos;1&apos;<", ">any error<"] {
        assert!(picture.contains(text), "no {text} in {picture}");
    }
    assert!(!picture.contains("small") && !picture.contains("&quot;"), "{picture}");
}

fn page_of(file: &Path, name: &str, picture: &str) -> String {
    let example = file.file_name().unwrap().to_str().unwrap();
    format!(
        "<!-- Generated by `make generate`. -->\n# {name}\n\nFrom `examples/flows/{example}`.\n\n```mermaid\n{picture}```\n"
    )
}

/// Every flow of the examples: the file and the name.
fn examples() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("examples/flows")).unwrap() {
        let file = entry.unwrap().path();
        let manifests: Vec<Value> = serde_saphyr::from_multiple(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for manifest in manifests {
            found.push((file.clone(), manifest["metadata"]["name"].as_str().unwrap().to_owned()));
        }
    }
    found.sort();
    assert!(found.len() > 6);
    found
}
