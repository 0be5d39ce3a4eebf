//! What is wrong with a flow is said with its place and a remedy.

use call_flow::{FlowKey, compile};
use serde_json::{Value, json};

use crate::fixture::spec;

/// Each row: where, and words of the problem and its remedy.
fn check(written: Value, expected: &[(&str, &str, &str)]) {
    let problems = compile(&spec(written.clone()), FlowKey::new("uid", 1)).err().unwrap_or_default();
    let seen: Vec<_> = problems.iter().map(|p| (p.path.as_str(), p.to_string())).collect();
    assert_eq!(seen.len(), expected.len(), "{written:#}: {seen:#?}");
    for ((path, text), (place, problem, remedy)) in seen.iter().zip(expected) {
        assert_eq!(path, place, "{text}");
        assert!(text.contains(problem) && text.contains(remedy), "{text}");
    }
}

fn outbound(steps: Value) -> Value {
    json!({"direction": "Outbound", "steps": steps})
}

fn speak(name: &str) -> Value {
    json!({"name": name, "speak": {"payload": "Hello", "voice": "female"}})
}

fn with(mut step: Value, fields: Value) -> Value {
    step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    step
}

#[test]
fn names_are_unique_and_well_formed() {
    check(json!({"steps": []}), &[("steps", "there is none", "add at least one")]);
    check(outbound(json!([speak("a"), speak("a")])), &[("steps[1].name", "an earlier step", "a name of its own")]);
    check(outbound(json!([speak("1a")])), &[("steps[0].name", "is not a name", "beginning with a letter")]);
    check(outbound(json!([speak("end")])), &[("steps[0].name", "ends the call", "another name")]);
    check(outbound(json!([speak(&"x".repeat(51))])), &[("steps[0].name", "is not a name", "1 to 50")]);
    let many: Vec<Value> = (0..251).map(|n| speak(&format!("s{n}"))).collect();
    check(outbound(json!(many)), &[("steps", "there are 251 steps", "at most 250")]);
}

#[test]
fn targets_exist() {
    check(
        outbound(json!([with(speak("a"), json!({"next": "b", "onError": "c", "transitions": {"cancelled": "d"}}))])),
        &[
            ("steps[0].next", "no step \"b\"", "or end"),
            ("steps[0].onError", "no step \"c\"", "or end"),
            ("steps[0].transitions.cancelled", "no step \"d\"", "or end"),
        ],
    );
    check(
        json!({"direction": "Outbound", "onError": "x", "amd": {"human": "y"}, "steps": [speak("a")]}),
        &[("onError", "no step \"x\"", "or end"), ("amd.human", "no step \"y\"", "or end")],
    );
    check(
        outbound(json!([with(speak("a"), json!({"transitions": {"sung": "end"}}))])),
        &[("steps[0].transitions.sung", "is not an event", "its events are done, cancelled")],
    );
}

#[test]
fn only_a_loop_leads_back() {
    check(
        outbound(json!([speak("a"), with(speak("b"), json!({"next": "a"}))])),
        &[("steps[0]", "a circle without end: a, b and back", "loop step")],
    );
    check(
        outbound(json!([with(speak("a"), json!({"onError": "a"}))])),
        &[("steps[0]", "a circle without end: a and back", "loop step")],
    );
    check(
        outbound(json!([{"name": "l", "loop": {"to": "a", "times": 2}}, speak("a")])),
        &[("steps[0].loop.to", "does not stand before", "an earlier step")],
    );
    check(outbound(json!([speak("a"), {"name": "l", "loop": {"to": "a", "times": 2}}])), &[]);
    check(
        outbound(json!([speak("a"), {"name": "l", "loop": {"to": "a", "times": 101}}])),
        &[("steps[1].loop.times", "is 101", "1 to 100")],
    );
    // A flow's own handler of errors does not handle its own.
    check(
        json!({"direction": "Outbound", "onError": "sorry", "steps": [
            with(speak("a"), json!({"next": "end"})), speak("sorry"),
        ]}),
        &[],
    );
}

#[test]
fn every_step_can_be_reached() {
    check(
        outbound(json!([with(speak("a"), json!({"next": "end"})), speak("b")])),
        &[("steps[1]", "nothing leads to it", "or remove it")],
    );
}

#[test]
fn commands_fit_the_direction_of_the_call() {
    check(
        outbound(json!([{"name": "a", "answer": {}}, {"name": "r", "reject": {"cause": "USER_BUSY"}}])),
        &[("steps[0].answer", "90102", "Inbound"), ("steps[1].reject", "90102", "Inbound")],
    );
    check(json!({"steps": [{"name": "a", "answer": {}}, speak("b")]}), &[]);
    check(
        json!({"steps": [speak("b")]}),
        &[("steps[0].speak", "needs an answered call", "put an answer step before it")],
    );
    check(
        json!({"direction": "Inbound", "steps": [
            {"name": "a", "answer": {}, "onError": "c"}, with(speak("b"), json!({"next": "end"})), speak("c"),
        ]}),
        &[("steps[2].speak", "needs an answered call", "put an answer step before it")],
    );
}

#[test]
fn conditions_and_templates_name_what_exists() {
    check(
        outbound(json!([{"name": "s", "switch": {"cases": [{"when": "vars.x == '1'", "next": "end"}]}}])),
        &[("steps[0].switch.cases[0].when", "vars.x, which is not declared", "CEL")],
    );
    check(
        outbound(json!([{"name": "s", "speak": {"payload": "Hello {{nobody}}", "voice": "female"}}])),
        &[("steps[0].speak", "names {{nobody}}", "declare it under variables")],
    );
    // What an assistant is told may hold Telnyx's own variables.
    check(outbound(json!([{"name": "s", "startAiAssistant": {"greeting": "Hello {{first_name}}"}}])), &[]);
    check(
        outbound(json!([{"name": "s", "set": {"variables": {"x": "1"}}}])),
        &[("steps[0].set.variables.x", "no such variable", "declare it")],
    );
    check(
        outbound(json!([with(speak("a"), json!({"save": {"x": "digits"}}))])),
        &[("steps[0].save", "no result", "remove it"), ("steps[0].save.x", "no such variable", "declare it")],
    );
}

#[test]
fn parameters_keep_to_the_bounds_of_the_api() {
    check(
        outbound(json!([{"name": "a", "speak": {"voice": "female"}}])),
        &[("steps[0].speak.payload", "is not set", "requires one")],
    );
    check(
        outbound(json!([{"name": "a", "speak": {"payload": "x".repeat(3001), "voice": "female"}}])),
        &[("steps[0].speak.payload", "has 3001 characters", "1 to 3000 characters")],
    );
    check(
        outbound(json!([{"name": "a", "sendDtmf": {"digits": "1x"}}])),
        &[("steps[0].sendDtmf.digits", "another character at place 2", "0-9")],
    );
    check(outbound(json!([{"name": "a", "sendDtmf": {"digits": "{{digits}}"}}])), &[]);
    check(
        outbound(json!([{"name": "a", "bridge": {}}])),
        &[("steps[0].bridge.callControlId", "is not set", "callControlId, or queue, or videoRoomId")],
    );
    check(
        outbound(json!([{"name": "a", "callWebhook": {"url": "ftp://x"}}])),
        &[("steps[0].callWebhook.url", "is not a URL", "https://")],
    );
}

#[test]
fn fields_that_exclude_or_need_each_other_are_named() {
    let url = "https://a.example/b";
    let table = [
        (json!({"play": {}}), "play.audioUrl", "is not set", "audioUrl, or mediaName, or playbackContent"),
        (
            json!({"play": {"audioUrl": url, "mediaName": "m"}}),
            "play.audioUrl",
            "beside another",
            "audioUrl, mediaName alone",
        ),
        (json!({"play": {"audioUrl": "{{digits}}", "mediaName": "m"}}), "play.audioUrl", "beside another", "mediaName"),
        (
            json!({"bridge": {"callControlId": "v3:b", "queue": "q"}}),
            "bridge.callControlId",
            "beside another",
            "queue alone",
        ),
        (json!({"startForking": {}}), "startForking.target", "is not set", "target, or rx with tx"),
        (json!({"gather": {"minimumDigits": 9, "maximumDigits": 2}}), "gather.minimumDigits", "is 9", "maximumDigits"),
        (
            json!({"createConference": {"name": "n", "holdAudioUrl": url, "holdMediaName": "m"}}),
            "createConference.holdAudioUrl",
            "beside another",
            "holdMediaName",
        ),
        (
            json!({"createConference": {"name": "n", "durationMinutes": 9999}}),
            "createConference.durationMinutes",
            "is 9999",
            "1 to 240",
        ),
        (json!({"dial": {"from": "hello", "to": "+15550100002"}}), "dial.from", "begins with something else", "+"),
        (
            json!({"dial": {"from": "+15550100001", "to": "+15550100002", "fromDisplayName": "Ada & Co"}}),
            "dial.fromDisplayName",
            "another character at place 5",
            "A-Za-z0-9",
        ),
    ];
    for (step, field, problem, remedy) in table {
        let written = with(json!({"name": "a"}), step);
        check(outbound(json!([written])), &[(&format!("steps[0].{field}"), problem, remedy)]);
    }
    check(outbound(json!([{"name": "a", "bridge": {"queue": "q"}}])), &[]);
    check(outbound(json!([{"name": "a", "dial": {"from": "{{digits}}", "to": "+15550100002"}}])), &[]);
}

#[test]
fn a_conference_is_named_before_it_is_commanded() {
    check(
        outbound(json!([{"name": "a", "muteConference": {}}])),
        &[("steps[0].muteConference.conference", "enters no conference", "name it")],
    );
    check(
        outbound(json!([{"name": "a", "joinConference": {}}])),
        &[("steps[0].joinConference.conference", "is not set", "by its name or id")],
    );
    check(outbound(json!([{"name": "a", "unholdConference": {"conference": "standup"}}])), &[]);
    check(outbound(json!([{"name": "a", "createConference": {"name": "standup"}}])), &[]);
}

#[test]
fn timers_belong_to_what_waits() {
    check(outbound(json!([{"name": "a", "wait": {"secs": 0}}])), &[("steps[0].wait.secs", "is 0", "1 to 14400")]);
    check(
        outbound(json!([with(speak("a"), json!({"timeoutSecs": 0}))])),
        &[("steps[0].timeoutSecs", "out of range", "1 to 14400")],
    );
    check(
        outbound(json!([{"name": "a", "optOut": {}, "timeoutSecs": 3}])),
        &[("steps[0].timeoutSecs", "waits for nothing", "remove it")],
    );
    check(
        outbound(json!([{"name": "a", "stopPlayback": {}, "waitForEnd": false}])),
        &[("steps[0].waitForEnd", "no end to wait for", "remove it")],
    );
}

#[test]
fn what_a_flow_remembers_fits_the_call() {
    check(
        json!({"direction": "Outbound", "variables": {"a": {"maxLength": 256}}, "steps": [speak("a")]}),
        &[("variables", "the call would carry up to", "lower maxLength")],
    );
    check(
        json!({"direction": "Inbound", "variables": {"a": {"maxLength": 256}}, "steps": [
            {"name": "a", "answer": {}}, {"name": "g", "gather": {"maximumDigits": 4}},
        ]}),
        &[],
    );
    check(
        json!({"variables": {"vars": {"maxLength": 257, "default": ""}}, "steps": [{"name": "h", "hangup": {}}]}),
        &[("variables.vars", "every flow has", "another name"), ("variables.vars.maxLength", "is 257", "1 to 256")],
    );
}
