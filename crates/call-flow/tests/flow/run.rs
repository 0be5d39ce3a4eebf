//! Flows from their beginning to their end.

use call_flow::effect::{CallCommand, Made, Refusal, Request, Timer, WebhookResponse};
use call_flow::position::{Amd, CallDirection, Ending, Phase};
use call_flow::{
    CallStart, Caller, CannotStart, CommandOutcome, Decoded, Detection, Effect, Flow, FlowKey, Found, NotThisFlow,
    OtherLeg, Reaction, SecondLeg, Seen, compile,
};
use serde_json::{Value, json};

use crate::fixture::{
    at, commands, ended, endpoints, event, flow, inbound, leg, looked_up, name, outbound, requests, run_out, say, spec,
    webhook,
};

#[test]
fn a_greeting_is_spoken_and_the_call_hung_up() {
    let flow = flow(json!({
        "direction": "Outbound",
        "variables": {"name": {"maxLength": 20, "default": "Ada"}},
        "steps": [{"name": "greet", "speak": {"payload": "Hello {{name}}", "voice": "female"}}],
    }));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [CallCommand::Speak(speak)] = commands(&started)[..] else { panic!("{:?}", started.effects) };
    assert_eq!(speak.payload.as_ref().unwrap().expose(), "Hello Ada");
    assert_eq!(speak.client_state, Some(started.state.position.encode().unwrap()));

    let ended = event(&started.state, "call.speak.ended", 4, &json!({"status": "completed"}));
    let spoken = flow.on_event(&started.state, &ended, at(5));
    assert_eq!(spoken.seen, Seen::Handled);
    assert!(matches!(commands(&spoken)[..], [CallCommand::Hangup(_)]));

    // The same webhook again, by its id and by what it carries.
    assert_eq!(flow.on_event(&spoken.state, &ended, at(6)).seen, Seen::Duplicate);
    let mut again = ended.clone();
    again.id = "another".into();
    let replayed = flow.on_event(&spoken.state, &again, at(6));
    assert_eq!((replayed.seen, replayed.effects), (Seen::Stale, vec![]));

    let gone = event(&spoken.state, "call.hangup", 7, &json!({"hangup_cause": "normal_clearing"}));
    let over = flow.on_event(&spoken.state, &gone, at(8));
    let [Effect::Ended(ended)] = &over.effects[..] else { panic!("{:?}", over.effects) };
    assert_eq!(ended.ending, Ending::Completed);
}

#[test]
fn a_lost_webhook_delays_a_call_and_does_not_strand_it() {
    let flow = flow(
        json!({"direction": "Outbound", "steps": [{"name": "greet", "speak": {"payload": "Hello", "voice": "female"}}]}),
    );
    let started = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::ArmTimer(timer)) = started.effects.last() else { panic!("{:?}", started.effects) };
    let early = flow.on_timer(&started.state, timer.key, at(1));
    assert_eq!(early.seen, Seen::Ignored);
    let late = flow.on_timer(&started.state, timer.key, timer.at);
    assert!(matches!(commands(&late)[..], [CallCommand::Hangup(_)]));
}

#[test]
fn a_command_on_an_ended_call_ends_the_flow() {
    let flow = flow(
        json!({"direction": "Outbound", "steps": [{"name": "greet", "speak": {"payload": "Hello", "voice": "female"}}]}),
    );
    let started = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::Command(command)) = started.effects.first() else { panic!("{:?}", started.effects) };
    let refused = CommandOutcome::Refused(Refusal { status: 422, codes: vec!["90018".to_owned()] });
    let over = flow.on_command_result(&started.state, &command.id, &refused, at(1));
    assert_eq!(over.state.position.phase, Phase::Ended);
    assert!(matches!(over.effects[..], [Effect::Ended(_)]));
    let accepted = CommandOutcome::Accepted(Made::default());
    assert_eq!(flow.on_command_result(&over.state, &command.id, &accepted, at(2)).seen, Seen::Stale);
}

#[test]
fn a_call_that_carries_its_position_is_resumed_by_it() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "stop", "stopPlayback": {}},
        {"name": "rest", "wait": {"secs": 10}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    // The command was accepted, for the call carries what it brought; the process died before it went on.
    let resumed = flow.resume(leg(), started.state.position.clone(), at(3)).unwrap();
    assert_eq!(resumed.state.position.step, 1);
    assert!(matches!(commands(&resumed)[..], [CallCommand::UpdateClientState(_)]));
    let Some(Effect::ArmTimer(timer)) = resumed.effects.last() else { panic!("{:?}", resumed.effects) };
    assert_eq!(timer.at, at(13));
}

fn with_detection() -> CallStart {
    CallStart { answered: false, detection: Detection::Enabled, ..outbound() }
}

fn screened() -> Flow {
    let wait = |name: &str| json!({"name": name, "wait": {"secs": 5}, "next": "end"});
    flow(json!({
        "direction": "Outbound",
        "amd": {"machine": "machine", "beep": "beep", "fax": "end", "silence": "silence"},
        "steps": [wait("first"), wait("machine"), wait("beep"), wait("silence")],
    }))
}

#[test]
fn who_answers_decides_where_an_outbound_call_begins() {
    let table = [
        ("detection.ended", r#"{"result":"human"}"#, "first", Some(Amd::Human)),
        ("detection.ended", r#"{"result":"not_sure"}"#, "first", Some(Amd::NotSure)),
        ("premium.detection.ended", r#"{"result":"human_business"}"#, "first", Some(Amd::Human)),
        ("premium.detection.ended", r#"{"result":"silence"}"#, "silence", Some(Amd::Silence)),
        // A beep before the verdict: no verdict will come.
        ("premium.greeting.ended", r#"{"result":"beep_detected"}"#, "beep", Some(Amd::Beep)),
        ("premium.greeting.ended", r#"{"result":"no_beep_detected"}"#, "machine", Some(Amd::Machine)),
    ];
    let flow = screened();
    for (event, payload, step, amd) in table {
        let ringing = flow.start(with_detection(), at(0)).unwrap();
        let answered = say(&flow, &ringing.state, 9, "call.answered", json!({}));
        assert_eq!(answered.state.position.phase, Phase::Listening);
        let payload: Value = serde_json::from_str(payload).unwrap();
        let mut said = say(&flow, &answered.state, 11, &format!("call.machine.{event}"), payload);
        if said.state.position.phase == Phase::AwaitingGreetingEnd {
            let Some(Effect::ArmTimer(timer)) = said.effects.last() else { panic!() };
            said = flow.on_timer(&said.state, timer.key, timer.at);
        }
        assert_eq!((name(&flow, &said.state).as_str(), said.state.position.amd), (step, amd), "{event}");
    }
}

#[test]
fn a_machine_is_waited_for_until_its_greeting_ends() {
    let flow = screened();
    let ringing = flow.start(with_detection(), at(0)).unwrap();
    // The verdict implies the answer, whose webhook comes late.
    let machine = say(&flow, &ringing.state, 10, "call.machine.premium.detection.ended", json!({"result": "machine"}));
    assert_eq!(machine.state.position.phase, Phase::AwaitingGreetingEnd);
    let late = say(&flow, &machine.state, 9, "call.answered", json!({}));
    assert_ne!(late.seen, Seen::Handled);
    let beep =
        say(&flow, &machine.state, 15, "call.machine.premium.greeting.ended", json!({"result": "beep_detected"}));
    assert_eq!(name(&flow, &beep.state), "beep");
}

#[test]
fn a_detector_that_never_speaks_counts_as_unsure() {
    let flow = screened();
    let ringing = flow.start(with_detection(), at(0)).unwrap();
    let answered = say(&flow, &ringing.state, 9, "call.answered", json!({}));
    let Some(Effect::ArmTimer(timer)) = answered.effects.last() else { panic!() };
    let silent = flow.on_timer(&answered.state, timer.key, timer.at);
    assert_eq!((name(&flow, &silent.state).as_str(), silent.state.position.amd), ("first", Some(Amd::Timeout)));
}

#[test]
fn keys_choose_the_way_and_are_remembered() {
    let flow = flow(json!({
        "direction": "Inbound",
        "variables": {"pin": {"maxLength": 4}},
        "steps": [
            {"name": "pickUp", "answer": {}},
            {"name": "ask", "gatherUsingSpeak": {"payload": "PIN", "voice": "female", "maximumDigits": 6},
             "save": {"pin": "digits"}, "onError": "tooLong"},
            {"name": "check", "switch": {"cases": [{"when": "vars.pin == '4711'", "next": "thanks"}]}},
            {"name": "again", "loop": {"to": "ask", "times": 2}},
            {"name": "sorry", "hangup": {}},
            {"name": "thanks", "speak": {"payload": "Thanks, {{pin}}", "voice": "female"}, "next": "end"},
            {"name": "tooLong", "outcome": {"value": "TooLong {{digits}}"}},
        ],
    }));
    let ringing = flow.start(inbound(), at(0)).unwrap();
    assert_eq!(endpoints(&ringing), ["calls.actions.answer"]);
    let mut state = say(&flow, &ringing.state, 1, "call.answered", json!({})).state;
    for (second, digits, expected) in [
        (2, "1", "calls.actions.gather_using_speak"),
        (3, "2", "calls.actions.gather_using_speak"),
        (4, "3", "calls.actions.hangup"),
    ] {
        let asked = say(&flow, &state, second, "call.gather.ended", json!({"status": "valid", "digits": digits}));
        assert_eq!(endpoints(&asked), [expected], "{digits}");
        if second == 3 {
            let right = say(&flow, &asked.state, 5, "call.gather.ended", json!({"status": "valid", "digits": "4711"}));
            let [CallCommand::Speak(speak)] = commands(&right)[..] else { panic!("{:?}", right.effects) };
            assert_eq!(speak.payload.as_ref().unwrap().expose(), "Thanks, 4711");
            let long = say(&flow, &asked.state, 5, "call.gather.ended", json!({"status": "valid", "digits": "47110"}));
            assert!(long.effects.contains(&Effect::SetOutcome("TooLong 47110".to_owned())), "{:?}", long.effects);
        }
        state = asked.state;
    }
}

#[test]
fn a_second_leg_belongs_to_the_flow_that_called_it() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "call", "dial": {"from": "+15550100001", "to": "+15550100002"}, "transitions": {"busy": "busy"}},
        {"name": "connect", "bridge": {"callControlId": "{{secondLeg}}"}, "next": "end"},
        {"name": "busy", "outcome": {"value": "Busy"}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [_, Request::Dial(dial)] = requests(&started)[..] else { panic!("{:?}", started.effects) };
    assert_eq!(dial.connection_id, Some("17".into()));
    let marked = dial.client_state.as_ref();
    let Some(Decoded::SecondLeg(mark)) = marked.and_then(Decoded::read) else { panic!() };
    assert_eq!((mark.parent.as_str(), mark.parent_control.as_str()), ("leg-a", "v3:a"));

    let busy = webhook("1", "call.hangup", 3, "b", marked, &json!({"hangup_cause": "user_busy"}));
    assert!(flow.on_event(&started.state, &busy, at(3)).effects.contains(&Effect::SetOutcome("Busy".to_owned())));

    let answered = webhook("2", "call.answered", 3, "b", marked, &json!({}));
    let connecting = flow.on_event(&started.state, &answered, at(3));
    let [CallCommand::Bridge(bridge)] = commands(&connecting)[..] else { panic!("{:?}", connecting.effects) };
    assert_eq!(bridge.call_control_id, Some("v3:b".into()));
    let bridged = say(&flow, &connecting.state, 4, "call.bridged", json!({}));
    assert_eq!(bridged.state.position.phase, Phase::Established);

    let gone = webhook("3", "call.hangup", 60, "b", marked, &json!({"hangup_cause": "normal_clearing"}));
    let parted = flow.on_event(&bridged.state, &gone, at(60));
    assert_eq!(endpoints(&parted), ["calls.actions.hangup"]);

    // Whoever hangs up first, nobody is left behind.
    let over = say(&flow, &bridged.state, 60, "call.hangup", json!({"hangup_cause": "normal_clearing"}));
    let [Request::Call(leg, _)] = requests(&over)[..] else { panic!("{:?}", over.effects) };
    assert_eq!(leg.as_str(), "v3:b");
    assert_eq!(ended(&over).unwrap().ending, Ending::HungUp);
    // A leg of another flow is nobody's.
    let foreign = webhook("4", "call.answered", 3, "c", Some(&started.state.position.encode().unwrap()), &json!({}));
    assert_eq!(flow.on_event(&started.state, &foreign, at(3)).seen, Seen::Foreign);
}

#[test]
fn the_role_of_a_supervisor_is_that_of_the_leg_that_was_called_to_supervise() {
    let supervising = json!({
        "from": "+15550100001", "to": "+15550100002", "superviseCallControlId": "{{callControlId}}", "supervisorRole": "monitor",
    });
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "call", "dial": supervising},
        {"name": "speak-up", "switchSupervisorRole": {"role": "barge"}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [_, Request::Dial(dial)] = requests(&started)[..] else { panic!("{:?}", started.effects) };
    assert_eq!(dial.supervise_call_control_id, Some("v3:a".into()));
    let answered = webhook("1", "call.answered", 3, "b", dial.client_state.as_ref(), &json!({}));
    let speaking = flow.on_event(&started.state, &answered, at(3));
    let [Request::Call(placed, _), Request::Call(leg, command)] = requests(&speaking)[..] else {
        panic!("{:?}", speaking.effects)
    };
    assert!(matches!(**command, CallCommand::SwitchSupervisorRole(_)), "{command:?}");
    assert_eq!((placed.as_str(), leg.as_str()), ("v3:a", "v3:b"));
}

#[test]
fn the_caller_survives_a_transfer_that_fails() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "pass", "transfer": {"to": "+15550100002"}, "transitions": {"noAnswer": "sorry"}, "next": "end"},
        {"name": "sorry", "speak": {"payload": "Nobody there", "voice": "female"}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [CallCommand::Transfer(transfer)] = commands(&started)[..] else { panic!("{:?}", started.effects) };
    let marked = transfer.target_leg_client_state.clone();
    let rung_out = webhook("1", "call.hangup", 30, "b", marked.as_ref(), &json!({"hangup_cause": "timeout"}));
    assert_eq!(endpoints(&flow.on_event(&started.state, &rung_out, at(30))), ["calls.actions.speak"]);
    // Once both talk, the end of the other leg is no failure.
    let bridged = say(&flow, &started.state, 5, "call.bridged", json!({}));
    assert_eq!(endpoints(&flow.on_event(&bridged.state, &rung_out, at(30))), ["calls.actions.hangup"]);
}

#[test]
fn a_program_of_the_users_own_decides() {
    let flow = flow(json!({
        "direction": "Outbound",
        "variables": {"plan": {"maxLength": 8}},
        "steps": [
            {"name": "ask", "callWebhook": {"url": "https://crm.example/plans?of={{digits}}&x={{plan}}", "body": {"try": "{{attempt}}"}},
             "save": {"plan": "customer.plan"}, "onError": "end"},
            {"name": "choose", "switch": {"cases": [{"when": "vars.plan == 'gold'", "next": "hello"}]}, "next": "end"},
            {"name": "hello", "speak": {"payload": "Hello", "voice": "female"}},
        ],
    }));
    assert_eq!(flow.webhook_hosts(), ["crm.example"]);
    let started = flow.start(outbound(), at(0)).unwrap();
    let call = started.effects.iter().find_map(|effect| match effect {
        Effect::CallWebhook(call) => Some(call.clone()),
        _ => None,
    });
    let call = call.unwrap();
    assert_eq!((call.url.as_str(), &call.body), ("https://crm.example/plans?of=&x=", &json!({"try": "1"})));
    let gold = WebhookResponse::Ok(json!({"customer": {"plan": "gold"}}));
    let answered = flow.on_webhook_response(&started.state, &call.id, gold.clone(), at(1));
    assert_eq!(endpoints(&answered), ["calls.actions.speak"]);
    assert_eq!(flow.on_webhook_response(&answered.state, &call.id, gold, at(2)).seen, Seen::Stale);
    let failed = flow.on_webhook_response(&started.state, &call.id, WebhookResponse::Failed, at(1));
    assert_eq!(endpoints(&failed), ["calls.actions.hangup"]);
    // After a restart the question is asked again, under the same id.
    let resumed = flow.resume(leg(), started.state.position.clone(), at(3)).unwrap();
    assert!(resumed.effects.iter().any(|effect| matches!(effect, Effect::CallWebhook(again) if again.id == call.id)));
}

#[test]
fn the_webhooks_of_a_conference_carry_its_owners_state_and_lead_astray_nobody() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "enter", "joinConference": {"conference": "standup"}, "transitions": {"joined": "mute"}, "next": "end"},
        {"name": "mute", "muteConference": {"callControlIds": ["{{callControlId}}"]}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    // The owner's leg runs the same flow, and is further.
    let mut owner = started.state.position.clone();
    owner.visit = 9;
    let owned = owner.encode().unwrap();
    let joined = webhook("1", "conference.participant.joined", 2, "a", Some(&owned), &json!({"conference_id": "c1"}));
    let inside = flow.on_event(&started.state, &joined, at(2));
    assert_eq!((inside.seen, inside.state.position.visit), (Seen::Handled, 2));
    let [_, Request::Conference(conference, _)] = requests(&inside)[..] else { panic!("{:?}", inside.effects) };
    assert_eq!(conference, "c1");
}

#[test]
fn a_call_that_another_process_went_on_with_is_followed() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "a", "speak": {"payload": "One", "voice": "female"}},
        {"name": "b", "speak": {"payload": "Two", "voice": "female"}},
    ]}));
    let here = flow.start(outbound(), at(0)).unwrap().state;
    let there = say(&flow, &here, 2, "call.speak.ended", json!({"status": "completed"})).state;
    let done = event(&there, "call.speak.ended", 4, &json!({"status": "completed"}));
    let followed = flow.on_event(&here, &done, at(4));
    assert_eq!(endpoints(&followed), ["calls.actions.hangup"]);
}

#[test]
fn an_event_older_than_the_last_changes_nothing() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "a", "speak": {"payload": "One", "voice": "female"}},
        {"name": "b", "speak": {"payload": "Two", "voice": "female"}},
    ]}));
    let first = flow.start(outbound(), at(0)).unwrap().state;
    let second = say(&flow, &first, 20, "call.speak.ended", json!({"status": "completed"})).state;
    // It carries the present position, for that is the call's by now.
    let old = say(&flow, &second, 19, "call.speak.ended", json!({"status": "completed"}));
    assert_eq!((old.seen, old.effects), (Seen::Stale, vec![]));
}

#[test]
fn a_running_call_keeps_its_revision() {
    let written = json!({"direction": "Outbound", "steps": [{"name": "a", "wait": {"secs": 5}}]});
    let old = compile(&spec(written.clone()), FlowKey::new("uid", 1)).unwrap();
    let new = compile(&spec(written.clone()), FlowKey::new("uid", 2)).unwrap();
    let other = compile(&spec(written), FlowKey::new("another", 1)).unwrap();
    let state = old.start(outbound(), at(0)).unwrap().state;
    assert_eq!(new.resume(leg(), state.position.clone(), at(1)).unwrap_err(), NotThisFlow::OtherRevision(1));
    assert_eq!(other.resume(leg(), state.position.clone(), at(1)).unwrap_err(), NotThisFlow::OtherFlow);
    let event = event(&state, "call.answered", 1, &json!({}));
    assert_eq!(new.on_event(&state, &event, at(1)).seen, Seen::Foreign);
}

#[test]
fn a_flow_takes_the_calls_that_it_is_for() {
    let inward = flow(json!({"direction": "Inbound", "steps": [{"name": "a", "answer": {}}]}));
    assert_eq!(inward.start(outbound(), at(0)).unwrap_err(), CannotStart::Direction);
    let outward = flow(json!({"direction": "Outbound", "steps": [{"name": "a", "hangup": {}}]}));
    assert_eq!(outward.start(inbound(), at(0)).unwrap_err(), CannotStart::Direction);
    let long = CallStart { origin: "x".repeat(141), ..outbound() };
    assert_eq!(outward.start(long, at(0)).unwrap_err(), CannotStart::Origin);
    assert_eq!(outward.start(outbound(), at(0)).unwrap().state.position.direction, CallDirection::Outbound);
}

#[test]
fn time_ends_a_talk_that_does_not_end() {
    let flow = flow(json!({"direction": "Outbound", "timeLimitSecs": 600, "steps": [
        {"name": "pass", "transfer": {"to": "+15550100002"}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let bridged = say(&flow, &started.state, 5, "call.bridged", json!({}));
    let Some(Effect::ArmTimer(timer)) = bridged.effects.last() else { panic!() };
    assert_eq!(timer.at, at(600));
    let cut = flow.on_timer(&bridged.state, timer.key, timer.at);
    assert_eq!(endpoints(&cut), ["calls.actions.hangup"]);
    // Three hangups that nothing comes of, and the flow is over all the same.
    let mut reaction = cut;
    for _ in 0..4 {
        let Some(Effect::ArmTimer(timer)) = reaction.effects.last() else { panic!("{:?}", reaction.effects) };
        reaction = flow.on_timer(&reaction.state, timer.key, timer.at);
    }
    assert_eq!(ended(&reaction).unwrap().ending, Ending::TimeLimit);
}

#[test]
fn what_was_begun_in_the_background_does_not_hold_up_the_flow() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "music", "play": {"mediaName": "m", "loop": "infinity"}, "waitForEnd": false},
        {"name": "rest", "wait": {"secs": 5}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::Command(command)) = started.effects.first() else { panic!() };
    let accepted = CommandOutcome::Accepted(Made::default());
    let playing = flow.on_command_result(&started.state, &command.id, &accepted, at(1));
    assert_eq!(name(&flow, &playing.state), "rest");
}

#[test]
fn the_late_end_of_a_step_that_was_given_up_is_not_the_end_of_the_next() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "a", "speak": {"payload": "One", "voice": "female"}, "timeoutSecs": 5},
        {"name": "b", "speak": {"payload": "Two", "voice": "female"}},
    ]}));
    let first = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::ArmTimer(timer)) = first.effects.last() else { panic!() };
    let second = flow.on_timer(&first.state, timer.key, timer.at);
    assert_eq!(name(&flow, &second.state), "b");
    let carried = first.state.position.encode().unwrap();
    let late = webhook("late", "call.speak.ended", 6, "a", Some(&carried), &json!({"status": "completed"}));
    let reaction = flow.on_event(&second.state, &late, at(7));
    assert_eq!((reaction.seen, reaction.effects), (Seen::Stale, vec![]));
}

#[test]
fn more_keys_than_were_asked_for_are_an_error() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "ask", "gather": {"maximumDigits": 1}, "onError": "odd", "next": "end"},
        {"name": "odd", "outcome": {"value": "Odd"}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let keyed = say(&flow, &started.state, 1, "call.gather.ended", json!({"status": "valid", "digits": "12"}));
    assert!(keyed.effects.contains(&Effect::SetOutcome("Odd".to_owned())), "{:?}", keyed.effects);
    assert_eq!(keyed.state.position.digits, "");
}

#[test]
fn a_talk_is_not_cut_by_a_restart() {
    let flow = flow(json!({"direction": "Outbound", "steps": [{"name": "pass", "transfer": {"to": "+15550100002"}}]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let bridged = say(&flow, &started.state, 5, "call.bridged", json!({}));
    let [CallCommand::UpdateClientState(carried)] = commands(&bridged)[..] else { panic!("{:?}", bridged.effects) };
    let Some(Decoded::Leg(position)) = Decoded::read(carried.client_state.as_ref().unwrap()) else { panic!() };
    let resumed = flow.resume(leg(), *position, at(1000)).unwrap();
    let [Effect::ArmTimer(timer)] = resumed.effects[..] else { panic!("{:?}", resumed.effects) };
    assert_eq!(timer.at, at(14_400));
}

fn timer(reaction: &Reaction) -> Timer {
    let Some(Effect::ArmTimer(timer)) = reaction.effects.last() else { panic!("{:?}", reaction.effects) };
    *timer
}

fn answer(flow: &Flow, asked: &Reaction, found: Found, secs: i64) -> Reaction {
    let key = looked_up(asked).unwrap_or_else(|| panic!("{:?}", asked.effects)).key;
    flow.on_look_up(&asked.state, key, found, at(secs))
}

const APART: Found = Found::Alive { answered: true, together: false };
const TOGETHER: Found = Found::Alive { answered: true, together: true };

fn passing() -> Flow {
    flow(json!({"direction": "Outbound", "steps": [
        {"name": "pass", "transfer": {"to": "+15550100002"}, "onError": "sorry", "next": "thanks"},
        {"name": "thanks", "wait": {"secs": 1}, "next": "end"},
        {"name": "sorry", "wait": {"secs": 1}, "next": "end"},
    ]}))
}

#[test]
fn a_talk_whose_webhooks_were_lost_goes_on() {
    let flow = passing();
    let started = flow.start(outbound(), at(0)).unwrap();
    let asked = run_out(&flow, &started);
    assert_eq!(looked_up(&asked).map(|asked| &asked.other), Some(&OtherLeg::Called));
    assert_eq!(endpoints(&asked), [""; 0], "nobody is cut while the question is open");
    let talking = answer(&flow, &asked, TOGETHER, 76);
    assert_eq!((talking.state.position.phase, timer(&talking).at), (Phase::Established, at(14_400)));
    let carried = Decoded::read(&talking.state.position.encode().unwrap());
    assert!(matches!(carried, Some(Decoded::Leg(position)) if position.phase == Phase::Established));
    // A leg that parks itself goes on when the other one hangs up.
    let mark = SecondLeg {
        key: talking.state.position.key,
        parent: "leg-a".into(),
        parent_control: "v3:a".into(),
        visit: talking.state.position.visit,
    };
    let payload = json!({"hangup_cause": "normal_clearing"});
    let gone = webhook("gone", "call.hangup", 900, "b", Some(&mark.encode().unwrap()), &payload);
    assert_eq!(name(&flow, &flow.on_event(&talking.state, &gone, at(901)).state), "thanks");
}

#[test]
fn a_leg_that_was_not_reached_is_given_up_though_no_webhook_says_so() {
    let flow = passing();
    let asked = run_out(&flow, &flow.start(outbound(), at(0)).unwrap());
    assert_eq!(name(&flow, &answer(&flow, &asked, APART, 76).state), "sorry");
    assert!(ended(&answer(&flow, &asked, Found::Gone, 76)).is_some());
}

#[test]
fn as_long_as_the_api_does_not_say_how_a_talk_stands_it_is_asked_again() {
    let flow = passing();
    let mut asked = run_out(&flow, &flow.start(outbound(), at(0)).unwrap());
    for (secs, next) in [(80, 110), (115, 145)] {
        let waits = answer(&flow, &asked, Found::Unknown, secs);
        assert_eq!((name(&flow, &waits.state).as_str(), timer(&waits).at), ("pass", at(next)));
        asked = run_out(&flow, &waits);
    }
    // No answer at all is the same.
    let waits = run_out(&flow, &asked);
    assert_eq!((name(&flow, &waits.state).as_str(), timer(&waits).at), ("pass", at(145 + 60 + 30)));
    let late = answer(&flow, &asked, TOGETHER, 300);
    assert_eq!(late.state.position.phase, Phase::Established);
    let key = looked_up(&asked).unwrap().key;
    assert_eq!(flow.on_look_up(&waits.state, key, APART, at(300)).seen, Seen::Stale, "it was not asked any more");
    assert_eq!(flow.on_look_up(&late.state, key, APART, at(301)).seen, Seen::Stale, "it has gone on");
}

#[test]
fn an_answer_whose_webhooks_were_lost_is_noticed_when_it_has_rung_for_long_enough() {
    let flow = screened();
    let ringing = flow.start(with_detection(), at(0)).unwrap();
    assert_eq!(timer(&ringing).at, at(45));
    let asked = run_out(&flow, &ringing);
    let rings = answer(&flow, &asked, Found::Alive { answered: false, together: false }, 46);
    assert_eq!((rings.state.position.phase, timer(&rings).at), (Phase::Ringing, at(76)));
    let asked = run_out(&flow, &rings);
    // The verdict may still come; it is waited for as after any answer.
    let answered = answer(&flow, &asked, APART, 77);
    assert_eq!((answered.state.position.phase, timer(&answered).at), (Phase::Listening, at(112)));
    assert_eq!(name(&flow, &run_out(&flow, &answered).state), "first");
    // One that nobody knows of is over; one that rings for ever is given up as it was before.
    assert!(ended(&answer(&flow, &asked, Found::Gone, 77)).is_some());
    let mut rings = rings;
    while rings.state.position.phase == Phase::Ringing {
        let asked = run_out(&flow, &rings);
        rings = answer(
            &flow,
            &asked,
            Found::Alive { answered: false, together: false },
            timer(&rings).at.as_second() - at(0).as_second(),
        );
    }
    assert_eq!((name(&flow, &rings.state).as_str(), rings.state.position.amd), ("first", Some(Amd::Timeout)));
}

#[test]
fn who_called_in_travels_with_the_call_where_it_may_have_to_be_said() {
    let opting = |direction: &str| {
        flow(json!({"direction": direction, "steps": [
            {"name": "pause", "wait": {"secs": 1}},
            {"name": "out", "optOut": {}},
        ]}))
    };
    let from = |call: CallStart| CallStart { caller: Caller::parse("+15550100001"), ..call };
    let carried = |flow: &Flow, call: CallStart| {
        let started = flow.start(call, at(0)).unwrap();
        let Some(Decoded::Leg(position)) = Decoded::read(&started.state.position.encode().unwrap()) else { panic!() };
        position.caller.map(Caller::expose)
    };
    assert_eq!(carried(&opting("Any"), from(inbound())).as_deref(), Some("+15550100001"));
    assert_eq!(carried(&opting("Any"), from(outbound())), None, "an attempt knows whom it calls");
    let silent = flow(json!({"direction": "Inbound", "steps": [{"name": "a", "answer": {}}]}));
    assert_eq!(carried(&silent, from(inbound())), None, "nobody will ask");
}
