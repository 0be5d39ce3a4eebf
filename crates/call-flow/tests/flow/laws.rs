//! Laws that hold for every flow and every order of what happens to its call.

use std::collections::BTreeMap;

use call_flow::effect::{Made, Refusal, Request, TimerKey, WebhookResponse};
use call_flow::position::{Phase, Position};
use call_flow::{
    CallStart, CallState, CommandOutcome, Decoded, Detection, Effect, Flow, FlowKey, Found, MAX_VISITS, Reaction,
    compile,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use telnyx_voice::webhook::Event;
use telnyx_voice::{ClientState, CommandId};

use crate::fixture::{at, leg, outbound, spec, webhook};

/// Steps to draw flows from: their ends come by webhook, by acceptance, by time, by a program, or at once.
fn actions() -> Vec<Value> {
    vec![
        json!({"speak": {"payload": "Hi {{name}}", "voice": "female"}}),
        json!({"play": {"mediaName": "a"}}),
        json!({"gather": {"maximumDigits": 4}, "save": {"name": "digits"}}),
        json!({"transfer": {"to": "+15550100002"}}),
        json!({"dial": {"from": "+15550100001", "to": "+15550100002"}}),
        json!({"bridge": {"callControlId": "{{secondLeg}}"}}),
        json!({"enqueue": {"queueName": "q"}}),
        json!({"stopPlayback": {}}),
        json!({"sendDtmf": {"digits": "1{{digits}}"}}),
        json!({"joinConference": {"conference": "c"}}),
        json!({"muteConference": {"conference": "c"}}),
        json!({"switchSupervisorRole": {"role": "barge"}}),
        json!({"startStreaming": {"streamUrl": "wss://a.example"}}),
        json!({"wait": {"secs": 7}}),
        json!({"set": {"variables": {"name": "{{name}}x"}}}),
        json!({"switch": {"cases": [{"when": "digits == '1' || vars.name == 'x'", "next": "end"}]}}),
        json!({"callWebhook": {"url": "https://a.example/?d={{digits}}"}}),
        json!({"outcome": {"value": "Reached {{digits}}"}}),
        json!({"optOut": {}}),
        json!({"hangup": {}}),
    ]
}

const EVENTS: [(&str, &str); 24] = [
    ("call.answered", "{}"),
    ("call.initiated", "{}"),
    ("call.bridged", "{}"),
    ("call.machine.premium.detection.ended", r#"{"result":"machine"}"#),
    ("call.machine.premium.detection.ended", r#"{"result":"human_residence"}"#),
    ("call.machine.premium.greeting.ended", r#"{"result":"beep_detected"}"#),
    ("call.speak.ended", r#"{"status":"completed"}"#),
    ("call.speak.ended", r#"{"status":"cancelled_amd"}"#),
    ("call.playback.ended", r#"{"status":"completed"}"#),
    ("call.playback.ended", r#"{"status":"failed"}"#),
    ("call.gather.ended", r#"{"status":"valid","digits":"1"}"#),
    ("call.gather.ended", r#"{"status":"timeout","digits":"123456789"}"#),
    ("call.dequeued", r#"{"reason":"timeout"}"#),
    ("call.dequeued", r#"{"reason":"bridged"}"#),
    ("call.enqueued", "{}"),
    ("call.dtmf.received", r#"{"digit":"5"}"#),
    ("call.cost", "{}"),
    ("call.never.heard.of", "{}"),
    ("streaming.started", "{}"),
    ("streaming.failed", "{}"),
    ("conference.participant.joined", r#"{"conference_id":"c1"}"#),
    ("conference.participant.left", r#"{"conference_id":"c1"}"#),
    ("conference.ended", r#"{"conference_id":"c1"}"#),
    ("call.recording.saved", "{}"),
];

/// What a flow is made of: actions, and where each leads beside the step below.
type Plan = (Vec<(prop::sample::Index, Option<prop::sample::Index>, Option<(prop::sample::Index, u8)>)>, bool);

fn plan() -> impl Strategy<Value = Plan> {
    let index = any::<prop::sample::Index>;
    let step = (index(), prop::option::weighted(0.3, index()), prop::option::weighted(0.2, (index(), 1u8..4)));
    (prop::collection::vec(step, 1..9), any::<bool>())
}

/// A flow of a plan; `None` where a step cannot be reached, which the compiler refuses.
fn build((steps, amd): &Plan) -> Option<Flow> {
    let actions = actions();
    let mut written = Vec::new();
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
        "direction": "Outbound", "variables": {"name": {"maxLength": 6, "default": "Ada"}}, "steps": written,
    });
    if *amd {
        whole["amd"] = json!({"machine": "end", "beep": "s0"});
    }
    compile(&spec(whole), FlowKey::new("uid", 3)).ok()
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// A webhook of the call, or of its second leg, which carries what the leg does, or did before.
    Webhook { which: prop::sample::Index, leg: &'static str, old: bool, again: bool },
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
    let made = Made { leg: Some("v3:b".into()), conference: Some("c1".to_owned()) };
    prop_oneof![
        8 => (any::<prop::sample::Index>(), prop::sample::select(&["a", "a", "a", "b", "z"][..]), prop::bool::weighted(0.2), prop::bool::weighted(0.1))
            .prop_map(|(which, leg, old, again)| Happening::Webhook { which, leg, old, again }),
        6 => Just(Happening::Answer(CommandOutcome::Accepted(made))),
        1 => refused(&["90034", "90033", "10015", "90036", "90045"]),
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
struct World {
    flow: Flow,
    state: CallState,
    now: Timestamp,
    timer: Option<(TimerKey, Timestamp)>,
    commands: Vec<CommandId>,
    questions: Vec<CommandId>,
    looked_up: Option<TimerKey>,
    /// What the call carried, oldest first.
    carried: Vec<ClientState>,
    /// Requests by their id.
    sent: BTreeMap<CommandId, String>,
    second: Option<ClientState>,
    last: Option<Event>,
    events: u32,
    answered: bool,
    /// The flow gave up waiting for the answer's webhook.
    guessed: bool,
    over: bool,
}

/// What may be sent to a call that is not answered.
const UNANSWERED: [&str; 6] = [
    "calls.actions.hangup",
    "calls.actions.update_client_state",
    "calls.actions.bridge",
    "calls.actions.enqueue",
    "calls.actions.switch_supervisor_role",
    "calls.dial",
];

impl World {
    fn new(flow: Flow, detection: Detection, answered: bool) -> Self {
        let call = CallStart { answered, detection, origin: "attempt".to_owned(), ..outbound() };
        let first = flow.first_position(&call, at(0)).unwrap().encode().unwrap();
        let started = flow.start(call, at(0)).unwrap();
        let mut world = Self {
            flow,
            state: started.state.clone(),
            now: at(0),
            timer: None,
            commands: Vec::new(),
            questions: Vec::new(),
            looked_up: None,
            carried: vec![first],
            sent: BTreeMap::new(),
            second: None,
            last: None,
            events: 0,
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
                    assert!(place || before.is_none_or(|before| before == text), "two commands under one id: {text}");
                    self.commands.push(command.id);
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
        assert!(!matches!(endpoint, "calls.actions.answer" | "calls.actions.reject"), "{endpoint} on an outbound call");
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
            Happening::Webhook { which, leg, old, again } => {
                let event = match (again, &self.last) {
                    (true, Some(last)) => last.clone(),
                    _ => self.webhook(which, leg, old),
                };
                let own = event.call_leg_id().is_some_and(|leg| leg.as_str() == "leg-a");
                // Machine detection follows an answer, and so does all that is heard.
                self.answered |= own && !event.event_type.as_str().starts_with("call.initiated");
                self.last = Some(event.clone());
                let reaction = self.flow.on_event(&self.state, &event, self.now);
                assert!(!self.is_past(&event) || reaction.effects.is_empty(), "{event:?}: {:?}", reaction.effects);
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
                let id = self.commands.remove(0);
                let reaction = self.flow.on_command_result(&self.state, &id, &outcome, self.now);
                self.perform(reaction);
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

    fn webhook(&mut self, which: prop::sample::Index, leg: &str, old: bool) -> Event {
        self.events += 1;
        let (name, payload) = which.get(&EVENTS);
        let carried = match leg {
            "a" if old => self.carried.first(),
            "a" => self.carried.last(),
            "b" => self.second.as_ref(),
            _ => None,
        };
        let id = format!("event {}", self.events);
        webhook(&id, name, self.secs(), leg, carried, &serde_json::from_str(payload).unwrap())
    }

    fn let_time_pass(&mut self) {
        let Some((key, when)) = self.timer else { return };
        self.now = self.now.max(when);
        self.guessed |= matches!(key.phase, Phase::Ringing | Phase::Listening);
        let reaction = self.flow.on_timer(&self.state, key, self.now);
        self.perform(reaction);
    }

    fn restart(&mut self) {
        if self.over {
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
        detection in prop::sample::select(&[Detection::Disabled, Detection::Enabled][..]),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let Some(flow) = build(&plan) else { return Ok(()) };
        let mut world = World::new(flow, detection, answered);
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
