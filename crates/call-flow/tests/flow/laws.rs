//! Laws that hold for every flow and every order of what happens to its call.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use call_flow::effect::{Made, Refusal, Request, TimerKey, WebhookResponse};
use call_flow::position::{Phase, Position, Seat};
use call_flow::spec::Direction;
use call_flow::{
    CallStart, CallState, CommandOutcome, Decoded, Detection, Effect, Flow, FlowKey, Found, Kind, MAX_VISITS, Reaction,
    Seen, compile,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use telnyx_voice::webhook::{Event, Payload};
use telnyx_voice::{ClientState, CommandId};

use crate::fixture::{self, at, leg, outbound, spec, webhook};
use crate::{coverage, kinds};

/// Steps to draw flows from: every kind that sends something, by its row in the table of kinds, the flow's own, and sound in the
/// background.
fn actions(direction: &str) -> Vec<Value> {
    let mut actions = vec![
        json!({"speak": {"payload": "Hi {{name}}", "voice": "female"}}),
        json!({"speak": {"payload": "Hi", "voice": "female"}, "waitForEnd": false}),
        json!({"play": {"mediaName": "a"}, "waitForEnd": false}),
        json!({"gather": {"maximumDigits": 4}, "save": {"name": "digits"}}),
        json!({"bridge": {"callControlId": "{{secondLeg}}"}}),
        json!({"sendDtmf": {"digits": "1{{digits}}"}}),
        json!({"createConference": {"name": "{{direction}}"}}),
        json!({"joinConference": {"conference": "other"}}),
        json!({"leaveConference": {"conference": "other"}}),
        json!({"enqueue": {"queueName": "other"}}),
        json!({"wait": {"secs": 7}}),
        json!({"set": {"variables": {"name": "{{name}}x"}}}),
        json!({"switch": {"cases": [{"when": "digits == '1' || vars.name == 'x'", "next": "end"}]}}),
        json!({"callWebhook": {"url": "https://a.example/?d={{digits}}"}}),
        json!({"outcome": {"value": "Reached {{digits}}"}}),
        json!({"optOut": {}}),
    ];
    let fits = |kind: Kind| match kind {
        Kind::Reject => direction == "Inbound",
        Kind::Answer => direction != "Outbound",
        _ => true,
    };
    let kinds = kinds::rows().into_iter().filter(|row| fits(row.kind));
    actions.extend(kinds.map(|row| json!({row.kind.as_str(): row.params})));
    actions
}

/// What leads on, by what it says. Beside these, every type of webhook is drawn without a word in it.
const EVENTS: [(&str, &str); 42] = [
    ("call.answered", "{}"),
    ("call.bridged", "{}"),
    ("call.machine.detection.ended", r#"{"result":"human"}"#),
    ("call.machine.greeting.ended", r#"{"result":"ended"}"#),
    ("call.machine.premium.detection.ended", r#"{"result":"machine"}"#),
    ("call.machine.premium.detection.ended", r#"{"result":"human_residence"}"#),
    ("call.machine.premium.greeting.ended", r#"{"result":"beep_detected"}"#),
    ("call.speak.ended", r#"{"status":"completed"}"#),
    ("call.speak.ended", r#"{"status":"completed"}"#),
    ("call.speak.ended", r#"{"status":"cancelled_amd"}"#),
    ("call.speak.ended", r#"{"status":"call_hangup"}"#),
    ("call.playback.ended", r#"{"status":"completed"}"#),
    ("call.playback.ended", r#"{"status":"completed","media_name":"a"}"#),
    ("call.playback.ended", r#"{"status":"failed"}"#),
    ("call.gather.ended", r#"{"status":"valid","digits":"1"}"#),
    ("call.gather.ended", r#"{"status":"timeout","digits":"123456789"}"#),
    ("call.gather.ended", r#"{"status":"cancelled_amd"}"#),
    ("call.ai_gather.ended", r#"{"status":"valid","result":{"age":7}}"#),
    ("call.dequeued", r#"{"reason":"timeout"}"#),
    ("call.dequeued", r#"{"reason":"bridged"}"#),
    ("call.dequeued", r#"{"reason":"leave","queue":"other"}"#),
    ("call.enqueued", "{}"),
    ("call.dtmf.received", r#"{"digit":"5"}"#),
    ("call.refer.completed", "{}"),
    ("call.refer.failed", "{}"),
    ("call.fork.started", "{}"),
    ("call.conversation.ended", "{}"),
    ("call.conversation.ended", r#"{"reason":"call_hangup"}"#),
    ("call.conversation.start_failed", r#"{"reason":"service_error"}"#),
    ("call.payment.completed", r#"{"result":"success"}"#),
    ("call.payment.completed", r#"{"result":"cancelled"}"#),
    ("streaming.started", "{}"),
    ("streaming.failed", "{}"),
    ("siprec.started", "{}"),
    ("conference.created", r#"{"conference_id":"c1"}"#),
    ("conference.participant.joined", r#"{"conference_id":"c1"}"#),
    ("conference.participant.joined", r#"{"conference_id":"c2"}"#),
    ("conference.participant.left", r#"{"conference_id":"c1"}"#),
    ("conference.participant.left", r#"{"conference_id":"c2"}"#),
    ("conference.ended", r#"{"conference_id":"c1"}"#),
    ("conference.ended", r#"{"conference_id":"c2"}"#),
    ("call.never.heard.of", "{}"),
];

/// Those, and every type that the contract names but the hangup, which ends all.
static ALL_EVENTS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let spoken = EVENTS.iter().map(|(name, payload)| ((*name).to_owned(), serde_json::from_str(payload).unwrap()));
    let contract: Value = serde_json::from_str(coverage::CONTRACT).unwrap();
    let names = contract["webhooks"].as_object().unwrap().keys().filter(|name| *name != "call.hangup").cloned();
    spoken.chain(names.map(|name| (name, json!({})))).collect()
});

/// What a flow is made of: actions, and where each leads beside the step below; whether it listens to who answered; its direction.
type Plan =
    (Vec<(prop::sample::Index, Option<prop::sample::Index>, Option<(prop::sample::Index, u8)>)>, bool, &'static str);

fn plan() -> impl Strategy<Value = Plan> {
    let index = any::<prop::sample::Index>;
    let step = (index(), prop::option::weighted(0.3, index()), prop::option::weighted(0.2, (index(), 1u8..4)));
    (prop::collection::vec(step, 1..9), any::<bool>(), prop::sample::select(&["Outbound", "Inbound", "Any"][..]))
}

/// A flow of a plan; `None` where a step cannot be reached, which the compiler refuses.
fn build((steps, amd, direction): &Plan) -> Option<Flow> {
    let actions = actions(direction);
    let mut written = Vec::new();
    if *direction != "Outbound" {
        written.push(json!({"name": "pickUp", "answer": {}, "onError": "end"}));
    }
    for (number, (action, on_error, back)) in steps.iter().enumerate() {
        let mut step = action.get(&actions).clone();
        step["name"] = format!("s{number}").into();
        if let Some(later) = on_error {
            let later = number + 1 + later.index(steps.len());
            step["onError"] = if later < steps.len() { format!("s{later}").into() } else { "end".into() };
        }
        written.push(step);
        if let Some((to, times)) = back {
            let to = format!("s{}", to.index(number + 1));
            written.push(json!({"name": format!("loop{number}"), "loop": {"to": to, "times": times}}));
        }
    }
    let mut whole = json!({
        "direction": direction, "variables": {"name": {"maxLength": 6, "default": "Ada"}}, "steps": written,
    });
    if *amd && *direction != "Inbound" {
        whole["amd"] = json!({"machine": "end", "beep": "s0"});
    }
    compile(&spec(whole), FlowKey::new("uid", 3)).ok()
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// A webhook of the call, or of its second leg, which carries what the leg does, or did before.
    Webhook { which: prop::sample::Index, leg: &'static str, old: bool, again: bool, late: i64 },
    /// The callee hangs up.
    Hangup,
    /// The API answers the oldest command that has none.
    Answer(CommandOutcome),
    /// The oldest question to the user's program is answered.
    Response(WebhookResponse),
    /// Time passes until the timer.
    Timer,
    /// The process dies and another goes on, knowing what the call carries.
    Restart,
    /// The API says how the call stands, if it was asked.
    Found(Found),
}

const FOUND: &[Found] = &[
    Found::Unknown,
    Found::Alive { answered: false, together: false },
    Found::Alive { answered: true, together: false },
    Found::Alive { answered: true, together: true },
];

fn happening() -> impl Strategy<Value = Happening> {
    let refused = |codes: &'static [&'static str]| {
        prop::sample::select(codes).prop_map(|code| {
            Happening::Answer(CommandOutcome::Refused(Refusal { status: 422, codes: vec![code.to_owned()] }))
        })
    };
    let made = Made { leg: Some("v3:b".into()), conference: None };
    prop_oneof![
        8 => (any::<prop::sample::Index>(), prop::sample::select(&["a", "a", "a", "b", "z"][..]), prop::bool::weighted(0.2), prop::bool::weighted(0.1), prop_oneof![3 => Just(0), 1 => 1_i64..=30])
            .prop_map(|(which, leg, old, again, late)| Happening::Webhook { which, leg, old, again, late }),
        6 => Just(Happening::Answer(CommandOutcome::Accepted(made))),
        1 => refused(&["90034", "90033", "10015", "90036", "90038", "90045", "90032", "90019"]),
        1 => Just(Happening::Answer(CommandOutcome::FateUnknown)),
        2 => Just(Happening::Response(WebhookResponse::Ok(json!({"a": 1})))),
        1 => Just(Happening::Response(WebhookResponse::Failed)),
        2 => Just(Happening::Timer),
        1 => Just(Happening::Restart),
        2 => prop::sample::select(FOUND).prop_map(Happening::Found),
        1 => prop::bool::weighted(0.2).prop_map(|gone| if gone { Happening::Hangup } else { Happening::Timer }),
    ]
}

/// The call as the API has it, and what the flow is owed.
#[allow(clippy::struct_excessive_bools, reason = "facts of a call, any of which may come with any other")]
struct World {
    flow: Flow,
    state: CallState,
    now: Timestamp,
    timer: Option<(TimerKey, Timestamp)>,
    /// Each with its endpoint.
    commands: Vec<(CommandId, &'static str)>,
    questions: Vec<CommandId>,
    looked_up: Option<TimerKey>,
    /// What the call carried, oldest first.
    carried: Vec<ClientState>,
    /// Requests by their id.
    sent: BTreeMap<CommandId, String>,
    second: Option<ClientState>,
    last: Option<Event>,
    events: u32,
    inbound: bool,
    room: Room,
    answered: bool,
    /// The flow gave up waiting for the answer's webhook.
    guessed: bool,
    over: bool,
}

/// The call's conference, as far as the flow was told.
#[derive(Default)]
struct Room {
    /// The one that it is in.
    present: Option<String>,
    /// The one that it was in before.
    former: Option<String>,
    /// Whether it has left that.
    left: bool,
}

impl Room {
    /// The call goes to another one, which nobody has named yet.
    fn enter(&mut self) {
        if let Some(present) = self.present.take() {
            (self.former, self.left) = (Some(present), false);
        }
    }

    fn joined(&mut self, id: &str) {
        (self.present, self.left) = (Some(id.to_owned()), false);
    }

    fn parted(&mut self, id: &str) {
        *self = Self { present: None, former: Some(id.to_owned()), left: true };
    }

    /// It was not let in.
    fn stay(&mut self) {
        if !self.left && self.present.is_none() {
            self.present.clone_from(&self.former);
        }
    }

    /// Whether the flow can know that this is not the conference that the call is in or goes to.
    fn is_another(&self, id: &str) -> bool {
        match (&self.present, &self.former) {
            (Some(present), _) => present != id,
            (None, Some(former)) => former == id,
            (None, None) => false,
        }
    }
}

const ENTERING: [&str; 2] = ["conferences.create", "conferences.actions.join"];

/// What may be sent to a call that is not answered.
const UNANSWERED: [&str; 11] = [
    "calls.actions.answer",
    "calls.actions.reject",
    "calls.actions.refer",
    "calls.actions.leave_queue",
    "conferences.actions.end_conference",
    "calls.actions.hangup",
    "calls.actions.update_client_state",
    "calls.actions.bridge",
    "calls.actions.enqueue",
    "calls.actions.switch_supervisor_role",
    "calls.dial",
];

impl World {
    fn new(flow: Flow, detection: Detection, answered: bool, comes_in: bool) -> Self {
        let inbound = match flow.spec().direction {
            Direction::Inbound => true,
            Direction::Outbound => false,
            Direction::Any => comes_in,
        };
        let (call, answered, detection) = if inbound {
            (fixture::inbound(), false, Detection::Disabled)
        } else {
            (CallStart { answered, detection, origin: "attempt".to_owned(), ..outbound() }, answered, detection)
        };
        // A call that comes in carries nothing before its first command.
        let first = (!inbound).then(|| flow.first_position(&call, at(0)).unwrap().encode().unwrap());
        let started = flow.start(call, at(0)).unwrap();
        let mut world = Self {
            flow,
            state: started.state.clone(),
            now: at(0),
            timer: None,
            commands: Vec::new(),
            questions: Vec::new(),
            looked_up: None,
            carried: first.into_iter().collect(),
            sent: BTreeMap::new(),
            second: None,
            last: None,
            events: 0,
            inbound,
            room: Room::default(),
            answered: answered || matches!(detection, Detection::Verdict(_)),
            guessed: false,
            over: false,
        };
        world.perform(started);
        world
    }

    fn perform(&mut self, reaction: Reaction) {
        assert!(!self.over || reaction.effects.is_empty(), "after the end: {:?}", reaction.effects);
        let text = reaction.state.position.encode().expect("what a flow remembers always fits");
        let Some(Decoded::Leg(read)) = Decoded::read(&text) else { panic!("{:?}", reaction.state.position) };
        assert_eq!(*read, reaction.state.position);
        self.state = reaction.state;
        for effect in reaction.effects {
            match effect {
                Effect::Command(command) => {
                    self.obey(&command.request);
                    let place = command.request.endpoint() == "calls.actions.update_client_state";
                    let text = format!("{:?}", command.request);
                    let before = self.sent.insert(command.id.clone(), text.clone());
                    assert!(
                        place || before.as_ref().is_none_or(|before| *before == text),
                        "two commands under one id: {text}"
                    );
                    if before.is_none() && ENTERING.contains(&command.request.endpoint()) {
                        self.room.enter();
                    }
                    self.commands.push((command.id, command.request.endpoint()));
                }
                Effect::ArmTimer(timer) => self.timer = Some((timer.key, timer.at)),
                Effect::CallWebhook(call) => self.questions.push(call.id),
                Effect::LookUp(asked) => self.looked_up = Some(asked.key),
                Effect::SetOutcome(_) | Effect::OptOut => {}
                Effect::Ended(_) => {
                    self.over = true;
                    self.timer = None;
                }
            }
        }
        assert!(self.over || self.timer.is_some(), "nothing to wait for");
    }

    /// Whether the call's state admits the request.
    fn obey(&mut self, request: &Request) {
        let endpoint = request.endpoint();
        let on_second = matches!(request, Request::Call(leg, _) if leg.as_str() != "v3:a");
        assert!(!on_second || endpoint == "calls.actions.hangup", "{endpoint} on the second leg");
        let picks_up = matches!(endpoint, "calls.actions.answer" | "calls.actions.reject");
        assert!(self.inbound || !picks_up, "{endpoint} on an outbound call");
        let admitted = self.answered || self.guessed || UNANSWERED.contains(&endpoint);
        assert!(admitted, "{endpoint} before the answer");
        if on_second {
            return;
        }
        self.carried.extend(state_of(request));
        if let Request::Dial(dial) = request {
            self.second.clone_from(&dial.client_state);
        }
    }

    fn happen(&mut self, happening: Happening) {
        self.now += jiff::SignedDuration::from_secs(1);
        match happening {
            Happening::Webhook { which, leg, old, again, late } => {
                let event = match (again, &self.last) {
                    (true, Some(last)) => last.clone(),
                    _ => self.webhook(which, leg, old, late),
                };
                let own = event.call_leg_id().is_some_and(|leg| leg.as_str() == "leg-a");
                // Machine detection follows an answer, and so does all that is heard.
                self.answered |= own && !event.event_type.as_str().starts_with("call.initiated");
                self.last = Some(event.clone());
                let reaction = self.flow.on_event(&self.state, &event, self.now);
                assert!(!self.is_past(&event) || reaction.effects.is_empty(), "{event:?}: {:?}", reaction.effects);
                self.hear_of_conference(&event, &reaction);
                self.perform(reaction);
            }
            Happening::Hangup => {
                self.events += 1;
                let id = format!("hangup {}", self.events);
                let event = webhook(&id, "call.hangup", self.secs(), "a", self.carried.last(), &json!({}));
                let reaction = self.flow.on_event(&self.state, &event, self.now);
                self.perform(reaction);
                assert!(self.over);
            }
            Happening::Answer(outcome) => {
                if self.commands.is_empty() {
                    return;
                }
                self.answer(outcome);
            }
            Happening::Response(response) => {
                if self.questions.is_empty() {
                    return;
                }
                let id = self.questions.remove(0);
                let reaction = self.flow.on_webhook_response(&self.state, &id, response, self.now);
                self.perform(reaction);
            }
            Happening::Timer => self.let_time_pass(),
            Happening::Restart => self.restart(),
            Happening::Found(found) => {
                let Some(key) = self.looked_up.take() else { return };
                self.answered |= matches!(found, Found::Alive { answered: true, .. });
                let reaction = self.flow.on_look_up(&self.state, key, found, self.now);
                self.perform(reaction);
            }
        }
    }

    fn answer(&mut self, outcome: CommandOutcome) {
        let (id, endpoint) = self.commands.remove(0);
        let mut outcome = outcome;
        if let ("conferences.create", CommandOutcome::Accepted(made)) = (endpoint, &mut outcome) {
            let taken = self.room.former.as_deref() == Some("c1");
            made.conference = self.room.present.clone().or(Some(if taken { "c2" } else { "c1" }.to_owned()));
        }
        let reaction = self.flow.on_command_result(&self.state, &id, &outcome, self.now);
        if ENTERING.contains(&endpoint) && reaction.seen != Seen::Stale {
            match &outcome {
                CommandOutcome::Accepted(Made { conference: Some(id), .. }) => self.room.joined(id),
                CommandOutcome::Refused(_) => self.room.stay(),
                CommandOutcome::Accepted(_) | CommandOutcome::FateUnknown => {}
            }
        }
        self.perform(reaction);
    }

    /// What another conference says changes nothing; what the flow was told of its own is known from then on.
    fn hear_of_conference(&mut self, event: &Event, reaction: &Reaction) {
        let (arrives, id) = match &event.payload {
            Payload::ConferenceCreated(about) => (true, &about.conference_id),
            Payload::ConferenceParticipantJoined(about) => (true, &about.conference_id),
            Payload::ConferenceParticipantLeft(about) => (false, &about.conference_id),
            Payload::ConferenceEnded(about) => (false, &about.conference_id),
            _ => return,
        };
        let Some(id) = id.as_ref().map(telnyx_voice::ConferenceId::as_str) else { return };
        if !arrives && self.room.is_another(id) {
            let (before, after) = (&self.state.position, &reaction.state.position);
            assert_eq!((before.visit, before.phase), (after.visit, after.phase), "{id} is another's: {event:?}");
            assert!(reaction.effects.is_empty(), "{id} is another's: {:?}", reaction.effects);
        } else if reaction.seen == Seen::Handled {
            if arrives { self.room.joined(id) } else { self.room.parted(id) }
        }
    }

    /// Whether an event tells of a step that the call has left. The webhooks of a conference do not say.
    fn is_past(&self, event: &Event) -> bool {
        let carried = match event.client_state().and_then(Decoded::read) {
            Some(Decoded::Leg(position)) => position.visit,
            Some(Decoded::SecondLeg(mark)) => mark.visit,
            Some(Decoded::OtherVersion(_)) | None => return false,
        };
        let within = matches!(self.state.position.phase, Phase::UnderWay | Phase::Established);
        // A second leg may still part from the one that it was bridged with.
        let second = event.call_leg_id().is_some_and(|leg| leg.as_str() == "leg-b");
        within
            && !second
            && carried < self.state.position.visit
            && !event.event_type.as_str().starts_with("conference.")
    }

    fn secs(&self) -> i64 {
        self.now.as_second() - at(0).as_second()
    }

    fn webhook(&mut self, which: prop::sample::Index, leg: &str, old: bool, late: i64) -> Event {
        self.events += 1;
        let (name, payload) = which.get(&ALL_EVENTS[..]);
        let carried = match leg {
            "a" if old => self.carried.first(),
            "a" => self.carried.last(),
            "b" => self.second.as_ref(),
            _ => None,
        };
        let id = format!("event {}", self.events);
        webhook(&id, name, self.secs() - late, leg, carried, payload)
    }

    fn let_time_pass(&mut self) {
        let Some((key, when)) = self.timer else { return };
        self.now = self.now.max(when);
        self.guessed |= matches!(key.phase, Phase::Ringing | Phase::Listening | Phase::AwaitingAnswer);
        let leaves =
            self.flow.spec().steps[usize::from(self.state.position.step)].action.kind() == Kind::LeaveConference;
        let reaction = self.flow.on_timer(&self.state, key, self.now);
        // A conference is left, whether or not its webhook came.
        if leaves && key.phase == Phase::UnderWay && reaction.seen == Seen::Handled {
            self.room.enter();
            self.room.left = self.room.former.is_some();
        }
        self.perform(reaction);
    }

    fn restart(&mut self) {
        if self.over || self.carried.is_empty() {
            return;
        }
        let Some(Decoded::Leg(position)) = self.carried.last().and_then(Decoded::read) else { panic!() };
        let position: Position = *position;
        self.commands.clear();
        self.questions.clear();
        self.looked_up = None;
        self.timer = None;
        let reaction = self.flow.resume(leg(), position, self.now).unwrap();
        self.perform(reaction);
        // What the flow was told since is forgotten.
        let known = self.state.position.conference.clone();
        self.room = match self.state.position.seat {
            Seat::Here => Room { present: known, former: None, left: false },
            Seat::Before => Room { present: None, former: known, left: false },
            Seat::Left => Room { present: None, former: known, left: true },
        };
    }
}

/// The `client_state` that a request brings to the call.
fn state_of(request: &Request) -> Option<ClientState> {
    match request {
        Request::Call(_, command) => command.client_state(),
        Request::Conference(_, command) => command.client_state(),
        Request::CreateConference(create) => create.client_state.clone(),
        Request::Dial(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_call_is_commanded_within_its_state_and_the_flow_ends(
        plan in plan(),
        answered: bool,
        comes_in: bool,
        detection in prop::sample::select(&[Detection::Disabled, Detection::Enabled][..]),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let Some(flow) = build(&plan) else { return Ok(()) };
        let mut world = World::new(flow, detection, answered, comes_in);
        for happening in happenings {
            world.happen(happening);
        }
        // From now on nobody says anything: time alone brings the flow to its end.
        let mut timers = 0;
        while !world.over {
            world.let_time_pass();
            timers += 1;
            prop_assert!(timers < usize::from(MAX_VISITS) + 10, "{:?}", world.state.position);
        }
    }
}

#[test]
fn most_plans_make_a_flow() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let made = (0..200).filter(|_| build(&plan().new_tree(&mut runner).unwrap().current()).is_some()).count();
    assert!(made > 100, "{made} of 200");
}
