//! Conferences one after another, and calls that end in one.

use call_flow::effect::Made;
use call_flow::position::{Ending, Phase, Seat};
use call_flow::{CallState, CommandOutcome, Decoded, Effect, Flow, Reaction, Seen};
use serde_json::json;

use crate::fixture::{
    PLACE, accepted, answered, at, ended, endpoints, flow, leg, name, outbound, refused, requests, run_out, say,
};

const JOINED: &str = "conference.participant.joined";
const LEFT: &str = "conference.participant.left";
const ENDED: &str = "conference.ended";

fn hears(flow: &Flow, state: &CallState, secs: i64, event_type: &str, conference: &str) -> Reaction {
    say(flow, state, secs, event_type, json!({"conference_id": conference}))
}

/// Begins one conference, leaves it, and enters another by the step given.
fn one_then(two: serde_json::Value) -> Flow {
    let mut two = two;
    two["name"] = json!("two");
    two["next"] = json!("after");
    flow(json!({"direction": "Outbound", "steps": [
        {"name": "one", "createConference": {"name": "one"}, "transitions": {"joined": "leave"}},
        {"name": "leave", "leaveConference": {}},
        two,
        {"name": "after", "wait": {"secs": 5}},
    ]}))
}

fn create() -> serde_json::Value {
    json!({"createConference": {"name": "two"}})
}

fn join() -> serde_json::Value {
    json!({"joinConference": {"conference": "two"}})
}

/// The call is in step `two`, whose conference nobody has named yet.
fn entering(flow: &Flow) -> Reaction {
    let one = hears(flow, &flow.start(outbound(), at(0)).unwrap().state, 1, JOINED, "c1");
    assert_eq!(name(flow, &one.state), "leave");
    let two = hears(flow, &one.state, 2, LEFT, "c1");
    assert_eq!(name(flow, &two.state), "two");
    two
}

#[test]
fn what_a_conference_that_was_left_says_late_does_not_end_the_next_one() {
    for step in [create(), join()] {
        let flow = one_then(step);
        let two = entering(&flow);
        for late in [LEFT, ENDED] {
            // Before the next one is known.
            let early = hears(&flow, &two.state, 3, late, "c1");
            assert_eq!((early.seen, early.effects, early.state.position.phase), (Seen::Stale, vec![], Phase::UnderWay));
            // And after.
            let inside = hears(&flow, &two.state, 4, JOINED, "c2");
            assert_eq!(inside.state.position.phase, Phase::Established);
            let stays = hears(&flow, &inside.state, 5, late, "c1");
            assert_eq!((stays.seen, stays.effects), (Seen::Stale, vec![]), "{late}");
            // Its own end is one.
            let parted = hears(&flow, &inside.state, 6, late, "c2");
            assert_eq!(name(&flow, &accepted(&flow, &parted, 7).state), "after", "{late}");
        }
    }
}

#[test]
fn a_conference_is_known_by_what_made_it() {
    let flow = one_then(create());
    let two = entering(&flow);
    let made = CommandOutcome::Accepted(Made { conference: Some("c2".to_owned()), ..Made::default() });
    let known = answered(&flow, &two, &made, 3);
    for other in ["c1", "c3"] {
        for event in [JOINED, LEFT, ENDED] {
            assert_eq!(hears(&flow, &known.state, 4, event, other).seen, Seen::Stale, "{event} of {other}");
        }
    }
    // Its webhooks may come in either order, or not at all.
    let gone = hears(&flow, &known.state, 4, LEFT, "c2");
    assert_eq!(gone.state.position.phase, Phase::Left);
}

#[test]
fn an_end_that_comes_before_the_beginning_is_an_end() {
    let flow = one_then(join());
    let gone = hears(&flow, &entering(&flow).state, 5, LEFT, "c2");
    assert_eq!(gone.state.position.phase, Phase::Left);
    assert_eq!(hears(&flow, &gone.state, 4, JOINED, "c2").effects, vec![]);
    assert_eq!(name(&flow, &accepted(&flow, &gone, 6).state), "after");
}

#[test]
fn a_conference_can_be_entered_again() {
    let flow = one_then(json!({"joinConference": {"conference": "one"}}));
    let inside = hears(&flow, &entering(&flow).state, 3, JOINED, "c1");
    assert_eq!((inside.state.position.phase, inside.state.position.seat), (Phase::Established, Seat::Here));
    assert_eq!(hears(&flow, &inside.state, 4, LEFT, "c1").state.position.phase, Phase::Left);
}

#[test]
fn moving_at_once_is_not_over_when_the_first_conference_says_so() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "one", "createConference": {"name": "one"}, "transitions": {"joined": "two"}},
        {"name": "two", "createConference": {"name": "two"}, "next": "end"},
    ]}));
    let two = hears(&flow, &flow.start(outbound(), at(0)).unwrap().state, 1, "conference.created", "c1");
    assert_eq!(name(&flow, &two.state), "two");
    for event in [JOINED, LEFT, ENDED] {
        assert_eq!(hears(&flow, &two.state, 2, event, "c1").seen, Seen::Stale, "{event}");
    }
    // After a restart too: the call carries it.
    let Some(Decoded::Leg(carried)) = Decoded::read(&two.state.position.encode().unwrap()) else { panic!() };
    let resumed = flow.resume(leg(), *carried, at(3)).unwrap();
    assert_eq!(hears(&flow, &resumed.state, 4, LEFT, "c1").seen, Seen::Stale);
}

#[test]
fn a_conference_that_cannot_be_entered_leaves_the_call_where_it_is() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "one", "createConference": {"name": "one"}, "transitions": {"joined": "two"}},
        {"name": "two", "createConference": {"name": "two"}, "transitions": {"exists": "leave"}},
        {"name": "leave", "leaveConference": {}, "next": "after"},
        {"name": "after", "wait": {"secs": 5}},
    ]}));
    let two = hears(&flow, &flow.start(outbound(), at(0)).unwrap().state, 1, JOINED, "c1");
    let leaving = refused(&flow, &two, 422, "90033", 2);
    assert_eq!(name(&flow, &leaving.state), "leave");
    let sent = format!("{:?}", requests(&leaving));
    assert!(sent.contains("c1"), "{sent}");
    assert_eq!(name(&flow, &hears(&flow, &leaving.state, 3, LEFT, "c1").state), "after");
}

/// Steps that end with the call, what is heard when it is hung up, and what says that it is not over yet.
const TALKS: [(&str, &str, &str, &str); 4] = [
    ("createConference", r#"{"name":"one"}"#, LEFT, "left"),
    ("joinConference", r#"{"conference":"one"}"#, ENDED, "ended"),
    ("startAiAssistant", "{}", "call.conversation.ended", "ended"),
    ("startConversationRelay", r#"{"url":"wss://a.example"}"#, "call.conversation.ended", "ended"),
];

fn talk(kind: &str, params: &str, way: &str) -> Flow {
    let params: serde_json::Value = serde_json::from_str(params).unwrap();
    flow(json!({"direction": "Outbound", "steps": [
        {"name": "talk", kind: params, "transitions": {way: "good"}, "next": "end"},
        {"name": "good", "outcome": {"value": "TalkedToTheEnd", "success": true}},
    ]}))
}

#[test]
fn who_hangs_up_in_a_talk_does_not_go_on_with_the_flow() {
    for (kind, params, event, way) in TALKS {
        let flow = talk(kind, params, way);
        let started = flow.start(outbound(), at(0)).unwrap();
        let asks = hears(&flow, &started.state, 5, event, "c1");
        let [request] = requests(&asks)[..] else { panic!("{kind}: {:?}", asks.effects) };
        assert_eq!(request.endpoint(), PLACE, "{kind}");
        // The hangup's webhook says it, or the API's refusal.
        let hung_up = say(&flow, &asks.state, 6, "call.hangup", json!({"hangup_cause": "normal_clearing"}));
        for over in [hung_up, refused(&flow, &asks, 422, "90018", 6)] {
            assert!(matches!(over.effects[..], [Effect::Ended(_)]), "{kind}: {:?}", over.effects);
            assert_eq!(ended(&over).unwrap().ending, Ending::HungUp, "{kind}");
            assert_eq!((over.state.position.outcome.as_str(), over.state.position.success), ("", None), "{kind}");
        }
    }
}

#[test]
fn who_stays_after_a_talk_goes_on_whatever_becomes_of_the_question() {
    for (kind, params, event, way) in TALKS {
        let flow = talk(kind, params, way);
        let started = flow.start(outbound(), at(0)).unwrap();
        let asks = hears(&flow, &started.state, 5, event, "c1");
        let Some(Decoded::Leg(carried)) = Decoded::read(&asks.state.position.encode().unwrap()) else { panic!() };
        let went_on = [
            accepted(&flow, &asks, 6),
            answered(&flow, &asks, &CommandOutcome::FateUnknown, 6),
            refused(&flow, &asks, 422, "10015", 6),
            run_out(&flow, &asks),
            flow.resume(leg(), *carried, at(6)).unwrap(),
        ];
        for reaction in went_on {
            assert!(
                reaction.effects.contains(&Effect::SetOutcome("TalkedToTheEnd".to_owned())),
                "{kind}: {:?}",
                reaction.effects
            );
            assert_eq!(endpoints(&reaction), ["calls.actions.hangup"], "{kind}");
        }
        // What is heard meanwhile changes nothing.
        assert_eq!(hears(&flow, &asks.state, 7, ENDED, "c1").effects, vec![], "{kind}");
    }
}

#[test]
fn a_conference_that_cannot_be_joined_says_why() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "join", "joinConference": {"conference": "one"}, "onError": "failed", "next": "end",
         "transitions": {"full": "full", "notFound": "none", "ended": "over"}},
        {"name": "full", "wait": {"secs": 5}, "next": "end"},
        {"name": "none", "wait": {"secs": 5}, "next": "end"},
        {"name": "over", "wait": {"secs": 5}, "next": "end"},
        {"name": "failed", "wait": {"secs": 5}, "next": "end"},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let table = [
        (422, "90032", "full"),
        (422, "90019", "over"),
        (404, "90058", "none"),
        (404, "10005", "none"),
        (422, "90058", "none"),
        (422, "10015", "failed"),
        (403, "10010", "failed"),
    ];
    for (status, code, step) in table {
        assert_eq!(name(&flow, &refused(&flow, &started, status, code, 1).state), step, "{status} {code}");
    }
}

#[test]
fn a_caller_who_waits_in_one_queue_is_not_said_to_wait_in_another() {
    let queue = |name: &str| json!({"queueName": name});
    let two = flow(json!({"direction": "Outbound", "steps": [
        {"name": "one", "enqueue": queue("one"), "transitions": {"enqueued": "two"}},
        {"name": "two", "enqueue": queue("two"), "onError": "sorry", "next": "end"},
        {"name": "sorry", "leaveQueue": {}},
    ]}));
    let waits = say(&two, &two.start(outbound(), at(0)).unwrap().state, 1, "call.enqueued", json!({"queue": "one"}));
    assert_eq!(name(&two, &waits.state), "two");
    assert_eq!(name(&two, &refused(&two, &waits, 422, "90038", 2).state), "sorry");
    let left = say(&two, &waits.state, 2, "call.dequeued", json!({"queue": "one", "reason": "leave"}));
    assert_eq!(left.effects, vec![], "what the first queue says late");
    // In the queue that it asks for, it is where it wants to be.
    let one = flow(json!({"direction": "Outbound", "steps": [{"name": "one", "enqueue": queue("one")}]}));
    let again = refused(&one, &one.start(outbound(), at(0)).unwrap(), 422, "90038", 1);
    assert_eq!(again.state.position.phase, Phase::Established);
}
