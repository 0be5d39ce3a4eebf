//! Conversations with AI assistants, gathering by AI, relays.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{Effect, Fault, Outcome, Spread};
use world::{Bench, fixed};

/// A person who says two sentences, knows a name and an age, and talks for a minute. Questions take two seconds.
fn config() -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    let person = &mut config.callees.person;
    person.patience_ms = Spread::Fixed(10_000);
    person.talk_ms = Spread::Fixed(60_000);
    person.says = vec!["Hello.".to_owned(), "Goodbye.".to_owned()];
    person.says_every_ms = Spread::Fixed(3000);
    person.facts = [("name".to_owned(), json!("Ada")), ("age".to_owned(), json!(36))].into();
    config.services.question_ms = Spread::Fixed(2000);
    config.services.insights_after_ms = Spread::Fixed(4000);
    config.services.analyzed_after_ms = Spread::Fixed(2000);
    config.services.recording_saved_after_ms = Spread::Fixed(1000);
    config
}

fn answered(config: Config) -> (Bench, String) {
    let mut bench = Bench::new(config);
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    bench.sent.clear();
    (bench, call)
}

fn assistant() -> Value {
    json!({"assistant": {"id": "assistant-1"}, "greeting": "Good morning."})
}

#[test]
fn a_conversation_lasts_until_the_other_end_has_talked_enough() {
    let (mut bench, call) = answered(config());
    let start = bench.now;
    let answer = bench.obey(&call, "ai_assistant_start", assistant());
    bench.pass_secs(120);
    let story = bench.story(start);
    let expected = [
        "call.conversation.created 0",
        "call.conversation.ended 60000",
        "call.hangup 60000",
        "call.conversation_insights.generated 64000",
        "call.analyzed 66000",
    ];
    assert_eq!(story, expected);
    let ended = bench.last("call.conversation.ended").payload();
    assert_eq!(ended["conversation_id"], answer["data"]["conversation_id"]);
    assert_eq!((&ended["assistant_id"], &ended["duration_sec"]), (&json!("assistant-1"), &json!(60)));
    let said: Vec<String> = ended["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "user")
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(said, ["Hello.", "Goodbye."]);
    assert_eq!(ended["messages"][0]["content"], "Good morning.");
}

#[test]
fn a_conversation_is_analyzed_once_it_its_call_and_its_recordings_are_complete() {
    // seconds from the conversation to the hangup, whether recorded -> when the analysis comes; insights take four seconds,
    // saving a recording one, the analysis two
    for (hangup_after, recorded, expected) in
        [(0, false, 16_000), (0, true, 16_000), (20, false, 32_000), (20, true, 33_000)]
    {
        let mut config = config();
        config.callees.person.patience_ms = Spread::Fixed(600_000);
        let (mut bench, call) = answered(config);
        let start = bench.now;
        if recorded {
            bench.obey(&call, "record_start", json!({"channels": "dual", "format": "wav"}));
        }
        let begun = bench.obey(&call, "ai_assistant_start", assistant());
        bench.pass_secs(10);
        bench.obey(&call, "ai_assistant_stop", json!({}));
        bench.pass_secs(hangup_after);
        bench.obey(&call, "hangup", json!({}));
        bench.pass_secs(60);
        let told: Vec<String> =
            bench.story(start).into_iter().filter(|event| event.starts_with("call.analyzed")).collect();
        assert_eq!(told, [format!("call.analyzed {expected}")], "{hangup_after} {recorded}");
        let payload = bench.last("call.analyzed").payload().clone();
        assert_eq!(payload["conversation_id"], begun["data"]["conversation_id"]);
        assert_eq!(payload["duration_sec"], 10);
        let insight = bench.last("call.conversation_insights.generated").payload()["results"][0].clone();
        assert_eq!(payload["conversation_insights"][0]["conversation_insights"], json!([insight]));
        assert_eq!(payload["recordings"].as_array().unwrap().len(), usize::from(recorded));
        // A started minute of the line and one of the assistant.
        assert_eq!((&payload["cost"]["total"], &payload["cost"]["currency"]), (&json!("0.010"), &json!("USD")));
    }
}

#[test]
fn a_conversation_is_stopped_by_command_and_only_one_runs_at_a_time() {
    let (mut bench, call) = answered(config());
    bench.obey(&call, "ai_assistant_stop", json!({}));
    bench.obey(&call, "ai_assistant_start", assistant());
    let parameters = json!({"parameters": {"properties": {"name": {}}}});
    assert_eq!(bench.refusal(&call, "ai_assistant_start", assistant()), "422 90061 -");
    assert_eq!(bench.refusal(&call, "gather_using_ai", parameters), "422 90061 -");
    let relay = json!({"url": "wss://example.com/relay"});
    assert_eq!(bench.refusal(&call, "conversation_relay_start", relay.clone()), "422 90061 -");
    bench.obey(&call, "ai_assistant_stop", json!({}));
    assert_eq!(bench.types(), ["call.conversation.created", "call.conversation.ended"]);
    let answer = bench.obey(&call, "conversation_relay_start", relay);
    assert!(answer["data"]["conversation_relay_id"].is_string());
    assert_eq!(bench.refusal(&call, "ai_assistant_start", assistant()), "422 90061 -");
    bench.obey(&call, "conversation_relay_stop", json!({}));
    bench.obey(&call, "ai_assistant_start", assistant());
}

#[test]
fn messages_are_added_to_a_conversation_that_runs() {
    let (mut bench, call) = answered(config());
    let messages =
        json!({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hm."}]});
    assert_eq!(bench.refusal(&call, "ai_assistant_add_messages", messages.clone()), "422 10027 -");
    let mut begin = assistant();
    begin["send_message_history_updates"] = json!(true);
    bench.obey(&call, "ai_assistant_start", begin);
    bench.obey(&call, "ai_assistant_add_messages", messages);
    let history = &bench.last("call.ai_gather.message_history_updated").payload()["message_history"];
    assert_eq!(
        history,
        &json!([{"role": "assistant", "content": "Good morning."}, {"role": "user", "content": "Hm."}])
    );
    let bad = json!({"messages": [{"role": "robot"}]});
    assert_eq!(bench.refusal(&call, "ai_assistant_add_messages", bad), "422 10015 /messages");
    bench.obey(&call, "ai_assistant_stop", json!({}));
    let ended = bench.last("call.conversation.ended").payload();
    assert!(ended["messages"].as_array().unwrap().iter().any(|one| one["role"] == "system"));
}

#[test]
fn a_conversation_that_cannot_start_tells_so() {
    let (mut bench, call) = answered(config());
    bench.world.arm(Fault::new(Effect::Fail).event("call.conversation.created"));
    bench.obey(&call, "ai_assistant_start", assistant());
    assert_eq!(bench.types(), ["call.conversation.start_failed"]);
    assert_eq!(bench.last("call.conversation.start_failed").payload()["reason"], "service_error");
}

#[test]
fn an_assistant_finds_out_what_the_other_end_knows() {
    let (mut bench, call) = answered(config());
    let start = bench.now;
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name"]});
    let body = json!({"parameters": schema, "send_partial_results": true});
    let answer = bench.obey(&call, "gather_using_ai", body);
    bench.pass_secs(30);
    let story = bench.story(start);
    // Two seconds for a question, three for an answer, twice; then two to close.
    let expected = [
        "call.conversation.created 0",
        "call.ai_gather.partial_results 5000",
        "call.ai_gather.partial_results 10000",
        "call.ai_gather.ended valid 12000",
        "call.conversation.ended 12000",
    ];
    assert_eq!(story[..5], expected);
    assert_eq!(bench.last("call.ai_gather.ended").payload()["result"], json!({"name": "Ada", "age": 36}));
    assert_eq!(bench.last("call.conversation.ended").payload()["conversation_id"], answer["data"]["conversation_id"]);
}

#[test]
fn a_required_answer_that_never_comes_makes_the_result_invalid() {
    for (required, expected) in [(json!(["city"]), "invalid"), (json!(["name"]), "valid")] {
        let (mut bench, call) = answered(config());
        let start = bench.now;
        let schema = json!({"properties": {"city": {}, "name": {}}, "required": required});
        bench.obey(&call, "gather_using_ai", json!({"parameters": schema, "user_response_timeout_ms": 4000}));
        bench.pass_secs(30);
        // 2 + 4 for the city, 2 + 3 for the name, 2 to close.
        assert!(
            bench.story(start).contains(&format!("call.ai_gather.ended {expected} 13000")),
            "{:?}",
            bench.story(start)
        );
    }
}

#[test]
fn a_hangup_ends_the_gather_and_the_conversation_first() {
    let (mut bench, call) = answered(config());
    bench.obey(&call, "gather_using_ai", json!({"parameters": {"properties": {"name": {}}, "required": ["name"]}}));
    bench.obey(&call, "hangup", json!({}));
    let expected = ["call.conversation.created", "call.ai_gather.ended", "call.conversation.ended", "call.hangup"];
    assert_eq!(bench.types(), expected);
    assert_eq!(bench.last("call.ai_gather.ended").payload()["status"], "invalid");
}

#[test]
fn a_further_leg_joins_a_conversation_and_may_end_it() {
    for (on_hangup, ends) in [("continue_conversation", false), ("end_conversation", true)] {
        let (mut bench, call) = answered(config());
        let further = bench.dial(json!({"to": "+12025550160"}));
        bench.pass_secs(1);
        let answer = bench.obey(&call, "ai_assistant_start", assistant());
        let id = answer["data"]["conversation_id"].clone();
        let participant = json!({"id": further, "role": "user", "on_hangup": on_hangup});
        let unknown = json!({"conversation_id": "none", "participant": participant});
        assert_eq!(bench.refusal(&call, "ai_assistant_join", unknown), "422 10015 /conversation_id");
        let nobody = json!({"conversation_id": id, "participant": {"id": "v3:x", "role": "user"}});
        assert_eq!(bench.refusal(&call, "ai_assistant_join", nobody), "422 90015 /participant/id");
        bench.obey(&call, "ai_assistant_join", json!({"conversation_id": id, "participant": participant}));
        bench.obey(&further, "hangup", json!({}));
        assert_eq!(bench.types().contains(&"call.conversation.ended"), ends, "{on_hangup}");
    }
}

#[test]
fn an_assistant_may_talk_from_the_answer() {
    let mut bench = Bench::new(config());
    let call = bench.call_in(json!({}));
    bench.pass_secs(1);
    bench.obey(&call, "answer", json!({"assistant": {"id": "assistant-1"}}));
    assert_eq!(bench.types(), ["call.initiated", "call.answered", "call.conversation.created"]);
}

#[test]
fn fields_of_assistants_are_judged() {
    let (mut bench, call) = answered(config());
    for (name, body, expected) in [
        ("gather_using_ai", json!({}), "422 10004 /parameters"),
        ("gather_using_ai", json!({"parameters": {}}), "422 10015 /parameters"),
        ("ai_assistant_start", json!({"assistant": {}}), "422 10004 /assistant/id"),
        ("ai_assistant_join", json!({}), "422 10004 /conversation_id"),
        ("conversation_relay_start", json!({}), "422 10004 /url"),
        ("conversation_relay_start", json!({"url": "https://example.com"}), "422 10003 /url"),
    ] {
        assert_eq!(bench.refusal(&call, name, body.clone()), expected, "{name} {body}");
    }
}
