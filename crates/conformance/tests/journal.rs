//! Telnyx's Python package judges the request bodies in a journal, and says no to wrong ones.

#![allow(clippy::unwrap_used, reason = "tests")]

use conformance::{Python, ScriptError};

/// What the judge says of a journal with these lines: what it printed, or what it complained of.
fn judge(lines: &[&str], expected: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let mut arguments = vec![file.to_str().unwrap()];
    arguments.extend(expected);
    Python::ready().unwrap().run("journal.py", &arguments).map_err(|error| match error {
        ScriptError::Failed { output, .. } => output,
        error @ ScriptError::Start { .. } => error.to_string(),
    })
}

const DIAL: &str = r#"{"method":"POST","path":"/calls","query":null,"status":200,
    "body":{"to":"+12025550100","from":"+12025550001","connection_id":"1","timeout_secs":30}}"#;
const LOOK_UP: &str = r#"{"method":"GET","path":"/calls/v3:abc","query":null,"status":200,"body":null}"#;
/// `queue_name` is in the path; the package's type for the body names it all the same.
const KEEP: &str =
    r#"{"method":"PATCH","path":"/queues/q/calls/v3:abc","query":null,"status":200,"body":{"keep_after_hangup":true}}"#;

fn line(text: &str) -> String {
    text.replace('\n', " ")
}

#[test]
fn right_bodies_are_counted_by_endpoint() {
    let dial = line(DIAL);
    let said = judge(&[&dial, LOOK_UP, &dial, KEEP], &["POST /calls"]).unwrap();
    assert!(said.contains("2 bodies of POST /calls\n"), "{said}");
    assert!(said.contains("1 bodies of PATCH /queues/{queue_name}/calls/{call_control_id}\n"), "{said}");
    assert!(said.contains("3 bodies judged by Telnyx's Python package, 0 complaints"), "{said}");
}

#[test]
fn wrong_bodies_are_refused_and_the_field_is_named() {
    let cases = [
        (
            r#""timeout_secs":30"#,
            r#""timeout_secs":"30""#,
            "POST /calls: timeout_secs: Input should be a valid integer",
        ),
        (r#""timeout_secs":30"#, r#""timeout":30"#, "POST /calls: timeout: Extra inputs are not permitted"),
        (r#""timeout_secs":30"#, r#""client_state":null"#, "POST /calls: client_state: Input should be a valid string"),
        (r#""to":"+12025550100","#, "", "POST /calls: to: Field required"),
        (
            r#""timeout_secs":30"#,
            r#""answering_machine_detection":"sometimes""#,
            "POST /calls: answering_machine_detection: Input should be 'premium'",
        ),
        (
            r#""timeout_secs":30"#,
            r#""answering_machine_detection_config":{"silence":1}"#,
            "POST /calls: answering_machine_detection_config.silence: Extra inputs are not permitted",
        ),
        (r#""path":"/calls""#, r#""path":"/call""#, "POST /call: is not in the contract"),
    ];
    let bad = cases.map(|(right, wrong, _)| {
        assert!(DIAL.contains(right), "{right}");
        line(&DIAL.replace(right, wrong))
    });
    let said = judge(&bad.each_ref().map(String::as_str), &[]).unwrap_err();
    for (_, wrong, complaint) in cases {
        assert!(said.contains(complaint), "{wrong}: {said}");
    }
    assert!(said.contains(&format!("{} complaints", cases.len())), "{said}");
}

#[test]
fn a_journal_without_what_the_operator_must_have_sent_is_refused() {
    let refused = line(DIAL).replace("\"status\":200", "\"status\":422");
    for journal in [&[LOOK_UP][..], &[LOOK_UP, &refused]] {
        let said = judge(journal, &["POST /calls"]).unwrap_err();
        assert!(said.contains("POST /calls: no accepted body in the journal"), "{said}");
    }
}
