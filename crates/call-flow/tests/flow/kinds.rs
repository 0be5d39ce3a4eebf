//! Each kind of step by itself: the endpoint that it reaches, and what leads on from it.

use std::collections::BTreeSet;

use call_flow::effect::{Made, Refusal, Request};
use call_flow::position::Phase;
use call_flow::{CallState, CommandOutcome, Effect, Flow, Found, Kind, Reaction, Seen};
use serde_json::{Value, json};
use telnyx_voice::CommandId;

use crate::fixture::{PLACE, at, ended, endpoints, event, flow, inbound, looked_up, outbound, requests};

/// Kind, parameters, and what leads on: an event with the fields of its payload -> where to. `ok` is the API's acceptance, a
/// number its refusal with that code, at 422 or the status before the stroke. `asks`: whether the call lives.
const TABLE: &str = r#"
answer                  {}                                   call.answered {} -> next; ok -> nothing; 500 -> error
reject                  {"cause":"USER_BUSY"}                ok -> nothing; 500 -> hangup
hangup                  {}                                   ok -> nothing; call.hangup {} -> over; 90018 -> over
transfer                {"to":"+15550100002"}                call.bridged {} -> stays; ok -> nothing; 10002 -> error
bridge                  {"queue":"support"}                  call.bridged {} -> stays; 90018 -> error
refer                   {"sipAddress":"sip:a@b.example"}     call.refer.started {} -> nothing; call.refer.completed {} -> next; call.refer.failed {} -> error
enqueue                 {"queueName":"support"}              call.enqueued {} -> stays; call.dequeued {"reason":"bridged"} -> stays; call.dequeued {"reason":"timeout"} -> next; call.dequeued {"reason":"leave"} -> next; call.dequeued {"reason":"hangup"} -> nothing; call.dequeued {"reason":"leave","queue":"another"} -> nothing; 90036 -> error; 90038 -> stays
leaveQueue              {}                                   call.dequeued {"reason":"leave"} -> next; 90035 -> next
speak                   {"payload":"Hi","voice":"female"}    call.speak.started {} -> nothing; call.speak.ended {"status":"completed"} -> next; call.speak.ended {"status":"call_hangup"} -> nothing; call.speak.ended {"status":"cancelled_amd"} -> again; 90034 -> error
play                    {"audioUrl":"https://a.example/b"}   call.playback.ended {"status":"completed"} -> next; call.playback.ended {"status":"file_not_found"} -> error; call.playback.ended {"status":"failed"} -> error; call.playback.ended {"status":"cancelled"} -> next; call.playback.ended {"status":"cancelled_amd"} -> again; call.playback.ended {"status":"completed","media_url":"https://a.example/other"} -> nothing; 90040 -> error
stopPlayback            {}                                   ok -> next; 500 -> error
gather                  {}                                   call.gather.ended {"status":"valid","digits":"1"} -> next; call.gather.ended {"status":"invalid"} -> next; call.gather.ended {"status":"timeout"} -> next; call.gather.ended {"status":"cancelled_amd"} -> again; call.gather.ended {"status":"call_hangup"} -> nothing; call.dtmf.received {"digit":"1"} -> nothing
gatherUsingSpeak        {"payload":"Hi","voice":"female"}    call.gather.ended {"status":"valid","digits":"1"} -> next; call.speak.ended {"status":"completed"} -> nothing
gatherUsingAudio        {"audioUrl":"https://a.example/b"}   call.gather.ended {"status":"valid","digits":"1"} -> next
gatherUsingAI           {"parameters":{"type":"object"}}     call.ai_gather.ended {"status":"valid","result":{"age":7}} -> next; call.ai_gather.partial_results {} -> nothing; call.ai_gather.ended {"status":"invalid"} -> next
stopGather              {}                                   ok -> next
startRecording          {"format":"mp3","channels":"dual"}   ok -> next; call.recording.saved {} -> nothing; 10015 -> error
stopRecording           {}                                   ok -> next
pauseRecording          {}                                   ok -> next
resumeRecording         {}                                   ok -> next
sendDtmf                {"digits":"1w2"}                     ok -> next
sendSipInfo             {"body":"x","contentType":"text/plain"}  ok -> next
startForking            {"target":"udp:192.0.2.1:9000"}      call.fork.started {} -> next; 90031 -> next
stopForking             {}                                   ok -> next; 90031 -> next
startStreaming          {"streamUrl":"wss://a.example"}      streaming.started {} -> next; streaming.failed {} -> error; 90045 -> next
stopStreaming           {}                                   ok -> next; 90046 -> next
startSiprec             {"connectorName":"x"}                siprec.started {} -> next; siprec.failed {} -> error
stopSiprec              {}                                   ok -> next
startNoiseSuppression   {}                                   ok -> next
stopNoiseSuppression    {}                                   ok -> next
startTranscription      {}                                   ok -> next; 90054 -> next; call.transcription {} -> nothing
stopTranscription       {}                                   ok -> next
startAiAssistant        {}                                   call.conversation.ended {} -> asks; call.conversation.ended {"reason":"call_hangup"} -> nothing; call.conversation.start_failed {} -> error; ok -> nothing
stopAiAssistant         {}                                   ok -> next
joinAiAssistant         {"conversationId":"c","participant":{"id":"{{callControlId}}","role":"user"}}  call.conversation.ended {} -> asks
addAiAssistantMessages  {"messages":[]}                      ok -> next
startConversationRelay  {"url":"wss://a.example"}            call.conversation.ended {} -> asks
stopConversationRelay   {}                                   ok -> next
pay                     {"amount":3.5}                       call.payment.completed {"result":"success"} -> next; call.payment.completed {"result":"cancelled"} -> error; call.payment.completed {"result":"payment-connector-error"} -> error; call.payment.progress {} -> nothing
switchSupervisorRole    {"role":"barge"}                     ok -> next
joinConference          {"conference":"standup"}             conference.participant.joined {"conference_id":"c1"} -> stays; conference.participant.left {"conference_id":"c1"} -> asks; conference.ended {"conference_id":"c1"} -> asks; 90032 -> error; 404/90058 -> error; 404/10005 -> error; 90019 -> next
leaveConference         {"conference":"standup"}             conference.participant.left {"conference_id":"c1"} -> next
holdConference          {"conference":"standup"}             ok -> next
unholdConference        {"conference":"standup"}             ok -> next
muteConference          {"conference":"standup"}             ok -> next
unmuteConference        {"conference":"standup"}             ok -> next
playConference          {"conference":"standup","audioUrl":"https://a.example/b"}  ok -> next
speakConference         {"conference":"standup","payload":"Hi","voice":"female"}   ok -> next
stopConferencePlayback  {"conference":"standup"}             ok -> next
gatherConference        {"conference":"standup","audioUrl":"https://a.example/b"}  call.gather.ended {"status":"valid","digits":"1"} -> next
sendConferenceDtmf      {"conference":"standup","digits":"1"}  ok -> next
startConferenceRecording  {"conference":"standup","format":"mp3"}  ok -> next
stopConferenceRecording   {"conference":"standup"}           ok -> next
pauseConferenceRecording  {"conference":"standup"}           ok -> next
resumeConferenceRecording {"conference":"standup"}           ok -> next
updateConference        {"conference":"standup","supervisorRole":"barge"}  ok -> next
endConference           {"conference":"standup"}             ok -> next; 90019 -> next
createConference        {"name":"standup"}                   conference.created {"conference_id":"c1"} -> stays; conference.participant.joined {"conference_id":"c1"} -> stays; 90033 -> error
dial                    {"from":"+15550100001","to":"+15550100002"}  ok -> nothing; 90041 -> error; 90018 -> error
"#;

pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) params: Value,
    cases: Vec<(String, String)>,
}

pub(crate) fn rows() -> Vec<Row> {
    TABLE
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap();
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let params = values.next().unwrap().unwrap();
            let rest = &rest[values.byte_offset()..];
            let cases = rest
                .split(';')
                .map(|case| case.split_once("->").unwrap())
                .map(|(input, expected)| (input.trim().to_owned(), expected.trim().to_owned()));
            Row { kind: Kind::parse(name).unwrap(), params, cases: cases.collect() }
        })
        .collect()
}

const SENDS_NOTHING: [Kind; 7] =
    [Kind::Switch, Kind::Wait, Kind::Set, Kind::Loop, Kind::Outcome, Kind::OptOut, Kind::CallWebhook];

fn begin(kind: Kind, params: &Value) -> (Flow, Reaction) {
    let direction = if matches!(kind, Kind::Answer | Kind::Reject) { "Inbound" } else { "Outbound" };
    let flow = flow(json!({"direction": direction, "onError": "sorry", "steps": [
        {"name": "it", kind.as_str(): params},
        {"name": "after", "wait": {"secs": 5}, "next": "end"},
        {"name": "sorry", "refer": {"sipAddress": "sip:sorry@example.com"}},
    ]}));
    let call = if direction == "Inbound" { inbound() } else { outbound() };
    let started = flow.start(call, at(0)).unwrap();
    (flow, started)
}

fn command(reaction: &Reaction) -> CommandId {
    let own = reaction.effects.iter().rev().find_map(|effect| match effect {
        Effect::Command(command) if command.request.endpoint() != PLACE => Some(&command.id),
        _ => None,
    });
    own.unwrap().clone()
}

fn after(flow: &Flow, state: &CallState, id: &CommandId, input: &str) -> Reaction {
    if input == "ok" {
        return flow.on_command_result(state, id, &CommandOutcome::Accepted(Made::default()), at(1));
    }
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        let (status, code) = input.split_once('/').unwrap_or(("422", input));
        let refusal = Refusal { status: status.parse().unwrap(), codes: vec![code.to_owned()] };
        return flow.on_command_result(state, id, &CommandOutcome::Refused(refusal), at(1));
    }
    let (name, payload) = input.split_once(' ').unwrap();
    flow.on_event(state, &event(state, name, 1, &serde_json::from_str(payload).unwrap()), at(1))
}

/// Where a reaction has led.
fn place(before: &CallState, reaction: &Reaction) -> &'static str {
    let position = &reaction.state.position;
    match position.phase {
        Phase::Ended => "over",
        Phase::HangingUp if position.visit > before.position.visit => "hangup",
        Phase::Left | Phase::TalkOver => "asks",
        _ if position.visit == before.position.visit && position.phase == Phase::Established => "stays",
        _ if position.visit == before.position.visit => "nothing",
        _ => ["again", "next", "error"][usize::from(position.step)],
    }
}

#[test]
fn each_kind_reaches_its_endpoint_and_goes_on_by_its_events() {
    for Row { kind, params, cases } in rows() {
        let (flow, started) = begin(kind, &params);
        assert_eq!(endpoints(&started), kind.endpoints(), "{kind:?}");
        for (input, expected) in cases {
            let reaction = after(&flow, &started.state, &command(&started), &input);
            assert_eq!(place(&started.state, &reaction), expected, "{kind:?}: {input}");
        }
    }
}

#[test]
fn each_kind_has_a_row() {
    let mut listed: BTreeSet<Kind> = rows().iter().map(|row| row.kind).collect();
    listed.extend(SENDS_NOTHING);
    assert_eq!(listed, Kind::ALL.iter().copied().collect());
}

#[test]
fn the_call_carries_the_position_before_a_command_counts() {
    for Row { kind, params, .. } in rows() {
        let (_, started) = begin(kind, &params);
        let position = started.state.position.encode().unwrap();
        let first = requests(&started)[0];
        let carried = match first {
            Request::Call(_, command) => command.client_state(),
            Request::Conference(_, command) => command.client_state(),
            Request::CreateConference(create) => create.client_state.clone(),
            Request::Dial(_) => None,
        };
        assert_eq!(carried, Some(position), "{kind:?}");
    }
}

#[test]
fn a_call_that_is_over_ends_every_kind() {
    for Row { kind, params, .. } in rows() {
        let (flow, started) = begin(kind, &params);
        let gone = event(&started.state, "call.hangup", 1, &json!({"hangup_cause": "normal_clearing"}));
        let over = flow.on_event(&started.state, &gone, at(2));
        assert!(ended(&over).is_some(), "{kind:?}");
        let later = flow.on_event(&over.state, &event(&over.state, "call.cost", 3, &json!({})), at(4));
        assert_eq!((later.seen, later.effects), (Seen::Stale, vec![]), "{kind:?}");
    }
}

#[test]
fn every_kind_goes_on_when_its_webhook_is_lost() {
    for Row { kind, params, .. } in rows() {
        let (flow, started) = begin(kind, &params);
        let Some(Effect::ArmTimer(timer)) = started.effects.last() else { panic!("{kind:?}: {:?}", started.effects) };
        // What lasts as long as people talk is ended by the flow's own limit.
        let patience = i64::from(flow.spec().steps[0].patience_secs());
        let expected = if started.state.position.phase == Phase::HangingUp { 30 } else { patience };
        assert_eq!(timer.at, at(expected), "{kind:?}");
        let mut late = flow.on_timer(&started.state, timer.key, timer.at);
        if let Some(asked) = looked_up(&late) {
            assert!(matches!(kind, Kind::Transfer | Kind::Bridge), "{kind:?}");
            let apart = Found::Alive { answered: true, together: false };
            late = flow.on_look_up(&late.state, asked.key, apart, timer.at);
        }
        assert_ne!(place(&started.state, &late), "nothing", "{kind:?}");
    }
}

#[test]
fn a_refused_command_that_wants_an_answer_waits_for_it() {
    let flow =
        flow(json!({"direction": "Outbound", "steps": [{"name": "a", "speak": {"payload": "Hi", "voice": "x"}}]}));
    let mut call = outbound();
    call.answered = false;
    let ringing = flow.start(call, at(0)).unwrap();
    // The answer's webhook is lost, and the API never says how the call stands.
    let mut tried = ringing;
    while endpoints(&tried).is_empty() {
        let Some(Effect::ArmTimer(timer)) = tried.effects.last() else { panic!() };
        assert!(timer.at <= at(720), "{timer:?}");
        tried = flow.on_timer(&tried.state, timer.key, timer.at);
    }
    assert_eq!(endpoints(&tried), ["calls.actions.speak"]);
    let refused = after(&flow, &tried.state, &command(&tried), "90034");
    assert_eq!(refused.state.position.phase, Phase::AwaitingAnswer);
    let answered = flow.on_event(&refused.state, &event(&refused.state, "call.answered", 700, &json!({})), at(701));
    assert_eq!(endpoints(&answered), ["calls.actions.speak"]);
    assert_ne!(command(&answered), command(&tried));
}

#[test]
fn a_prompt_that_detection_cuts_is_begun_again_three_times() {
    let (flow, started) = begin(Kind::Speak, &json!({"payload": "Hi", "voice": "female"}));
    let mut state = started.state;
    for second in 1..=3 {
        let cut = event(&state, "call.speak.ended", second, &json!({"status": "cancelled_amd"}));
        let again = flow.on_event(&state, &cut, at(second));
        assert_eq!(endpoints(&again), ["calls.actions.speak"], "{second}");
        state = again.state;
    }
    let cut = event(&state, "call.speak.ended", 4, &json!({"status": "cancelled_amd"}));
    assert_eq!(flow.on_event(&state, &cut, at(4)).state.position.step, 1);
}
