//! The dialer, step by step: one test for each promise, and one for each fault that the simulation has found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    unreachable_pub,
    reason = "test helpers: every one of these is a failed test"
)]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use dialer::call::{AudioEnd, CallEvent, Hangup, HangupCause, Refusal, Verdict as Heard, What};
use dialer::client_state::{Party, Position};
use dialer::effect::{CommandKind, Dial, LegCommand, LookUp, Save, SaveFailure, Verdict};
use dialer::event::{CommandRefusal, Findings, Liveness, LoadedJob};
use dialer::spec::{AccountLimits, Amd, AmdMode, Audience, CampaignSpec, DialRate, DrainPolicy, OnAmbiguous, Zone};
use dialer::{
    CallControlId, CallLegId, ClientState, DeliveryToken, DialKey, Dialer, Effect, Event, JobId, Leg, Now, Outcome,
    OwnerId, SessionId, TargetState, Tuning, Version, WaitingFor,
};
use fixture::{OWNER, spec, target, wall};
use jiff::SignedDuration;

/// A dialer with one job, and the effects that wait to be performed.
struct Desk {
    dialer: Dialer,
    clock: Duration,
    effects: Vec<Effect>,
    version: u32,
    tokens: u64,
}

fn owner() -> OwnerId {
    OwnerId::parse(OWNER).unwrap()
}

fn job() -> JobId {
    JobId::parse("job-0").unwrap()
}

impl Desk {
    /// A dialer that has just loaded one job with these states.
    fn with(states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        Self::begin(Duration::ZERO, SessionId(1), states, spec)
    }

    /// A successor that starts at `at` by the wall clock.
    fn started(at: Duration, states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        Self::begin(at, SessionId(2), states, spec)
    }

    fn begin(at: Duration, session: SessionId, states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        let now = Now { wall: wall(at), up: at };
        let dialer = Dialer::new(session, Tuning::default(), now);
        let mut desk = Self { dialer, clock: at, effects: Vec::new(), version: 1, tokens: 0 };
        desk.tell(Event::AccountSet(AccountLimits { dials_per_second: 30, max_concurrent: 10 }));
        desk.set(spec);
        let targets = (0..u32::try_from(states.len()).unwrap()).map(|index| target(0, index)).collect();
        let (job, owner, version) = (job(), owner(), Version::new("1"));
        desk.tell(Event::JobLoaded(LoadedJob { job, owner, version, targets, states }));
        desk.tell(Event::Ready);
        desk
    }

    /// A dialer with one untouched target.
    fn new() -> Self {
        Self::with(vec![TargetState::default()], spec(1))
    }

    /// A dialer whose only target has been dialled.
    fn dialled(spec: CampaignSpec) -> (Self, Dial) {
        let mut desk = Self::with(vec![TargetState::default()], spec);
        desk.pass(6);
        desk.store();
        let dial = desk.dial();
        (desk, dial)
    }

    /// A dialer whose only target rings on `leg()`, as the store knows.
    fn ringing(spec: CampaignSpec) -> (Self, Dial) {
        let (mut desk, dial) = Self::dialled(spec);
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg()) });
        desk.pass(2);
        desk.store();
        (desk, dial)
    }

    fn set(&mut self, spec: CampaignSpec) {
        self.tell(Event::CampaignSet { owner: owner(), spec: Arc::new(spec), audience: Audience::Complete });
    }

    fn tell(&mut self, event: Event) {
        let now = Now { wall: wall(self.clock), up: self.clock };
        self.dialer.handle(now, event);
        self.poll();
    }

    fn poll(&mut self) {
        let now = Now { wall: wall(self.clock), up: self.clock };
        self.effects.extend(std::iter::from_fn(|| self.dialer.poll(now)));
    }

    /// Lets time pass, waking the dialer whenever it wants to be.
    fn pass(&mut self, seconds: u64) {
        let until = self.clock + Duration::from_secs(seconds);
        while let Some(wake) = self.dialer.wake().filter(|wake| wake.at <= until) {
            self.clock = self.clock.max(wake.at);
            self.poll();
        }
        self.clock = until;
    }

    fn take<T>(&mut self, pick: impl Fn(Effect) -> Result<T, Effect>) -> Option<T> {
        let mut found = None;
        for effect in std::mem::take(&mut self.effects) {
            match if found.is_none() { pick(effect) } else { Err(effect) } {
                Ok(it) => found = Some(it),
                Err(other) => self.effects.push(other),
            }
        }
        found
    }

    fn save(&mut self) -> Save {
        let save = self.take(|effect| if let Effect::Save(save) = effect { Ok(save) } else { Err(effect) });
        save.expect("a save")
    }

    /// Takes the next save and stores it. Returns the states stored.
    fn store(&mut self) -> Vec<TargetState> {
        let save = self.save();
        let states = save.states.to_vec();
        self.version += 1;
        self.tell(save.stored(Version::new(&self.version.to_string())));
        states
    }

    fn next_dial(&mut self) -> Option<Dial> {
        self.take(|effect| if let Effect::Dial(dial) = effect { Ok(dial) } else { Err(effect) })
    }

    fn dial(&mut self) -> Dial {
        self.next_dial().expect("a dial")
    }

    fn next_command(&mut self) -> Option<LegCommand> {
        self.take(|effect| if let Effect::Command(command) = effect { Ok(command) } else { Err(effect) })
    }

    fn command(&mut self) -> LegCommand {
        self.next_command().expect("a command")
    }

    fn accept(&mut self, command: &LegCommand) {
        let (command_id, leg) = (command.command_id, command.leg.id.clone());
        self.tell(Event::CommandAccepted { command_id, leg });
    }

    fn look_up(&mut self) -> LookUp {
        let asked = self.take(|effect| if let Effect::LookUp(asked) = effect { Ok(asked) } else { Err(effect) });
        asked.expect("a look-up")
    }

    /// Answers the next look-up.
    fn find(&mut self, liveness: Liveness) {
        let key = self.look_up().key;
        self.tell(Event::LookedUp { key, findings: Some(Findings { liveness, events: Vec::new() }) });
    }

    fn webhook(&mut self, key: &DialKey, on: Leg, position: Position, what: What) {
        self.tokens += 1;
        let state = ClientState { key: key.clone(), position };
        let call = CallEvent { leg: on, occurred_at: wall(self.clock), state, what };
        self.tell(Event::Webhook { token: DeliveryToken(self.tokens), call });
    }

    fn verdicts(&mut self) -> Vec<Verdict> {
        let pick = |effect| if let Effect::Acknowledge { verdict, .. } = effect { Ok(verdict) } else { Err(effect) };
        std::iter::from_fn(|| self.take(pick)).collect()
    }

    fn reload(&mut self, states: Vec<TargetState>) {
        let asked = self.take(|effect| if let Effect::Load { job } = effect { Ok(job) } else { Err(effect) });
        self.version += 1;
        let version = Version::new(&self.version.to_string());
        self.tell(Event::Reloaded { job: asked.expect("a load"), version, states });
    }

    fn outcome(&self) -> Option<Outcome> {
        self.dialer.progress(&owner()).unwrap().tallied.outcomes.keys().next().copied()
    }
}

fn leg() -> Leg {
    Leg { control: CallControlId::new("v3:1"), id: CallLegId::new("leg-1") }
}

fn other_leg() -> Leg {
    Leg { control: CallControlId::new("v3:2"), id: CallLegId::new("leg-2") }
}

fn hung_up(cause: HangupCause, sip: Option<u16>) -> What {
    What::HungUp(Hangup { cause, sip })
}

fn refusal(status: u16, code: &str) -> Refusal {
    Refusal { status, code: Some(code.into()), pointer: None, retry_after: None }
}

#[test]
fn nothing_rings_before_its_claim_is_stored() {
    let mut desk = Desk::new();
    desk.pass(30);
    assert!(desk.next_dial().is_none());
    desk.store();
    assert_eq!(desk.dial().key.attempt.n, 1);
    desk.pass(20);
    assert!(desk.next_dial().is_none(), "one claim rings once");
}

#[test]
fn a_claim_whose_save_was_refused_is_never_dialled() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    assert!(desk.next_dial().is_none());
}

#[test]
fn a_save_of_unknown_fate_is_read_back_before_anything_rings() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    let states = save.states.to_vec();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    desk.pass(2);
    assert!(desk.next_dial().is_none());
    desk.reload(states);
    assert_eq!(desk.dial().key.refusals, 0);
}

#[test]
fn a_late_write_of_our_own_claim_is_given_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    let claimed = save.states.to_vec();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    desk.pass(2);
    desk.reload(vec![TargetState::default()]);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    desk.reload(claimed);
    desk.pass(1);
    let states = desk.store();
    assert_eq!((states[0].tally().attempts, states[0].tally().refusals), (0, 1), "given back, under a new dial id");
}

/// The states that a process leaves behind that dies between the save of a claim, made at 5 s, and its dial.
fn left_behind() -> Vec<TargetState> {
    let mut first = Desk::new();
    first.pass(6);
    first.store()
}

#[test]
fn a_claim_that_a_crash_left_behind_is_dialled_under_its_own_id() {
    let (_, dial) = Desk::dialled(spec(1));
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.pass(1);
    assert!(successor.next_dial().is_none(), "nothing rings before it is known not to");
    successor.find(Liveness::NoTrace);
    successor.pass(1);
    let save = successor.save();
    assert!(matches!(&save.states[0], TargetState::Claimed { claim, .. } if claim.by == SessionId(2)));
    successor.pass(6);
    assert!(successor.next_dial().is_none(), "nothing rings before it is this process's own");
    successor.tell(save.stored(Version::new("2")));
    let again = successor.dial();
    assert_eq!((again.command_id, &again.key), (dial.command_id, &dial.key));
    let began = wall(Duration::from_secs(5));
    while wall(successor.clock) < began + SignedDuration::from_secs(90) {
        successor.tell(Event::DialFateUnknown { key: again.key.clone() });
        successor.pass(3);
        while successor.next_dial().is_some() {
            assert!(wall(successor.clock) <= began + SignedDuration::from_secs(50), "Telnyx may have forgotten the id");
        }
    }
    assert_eq!(successor.look_up().key, again.key);
}

#[test]
fn an_old_claim_and_one_from_the_future_are_looked_up_and_not_dialled() {
    for started in [40, 2] {
        let mut successor = Desk::started(Duration::from_secs(started), left_behind(), spec(1));
        successor.find(Liveness::NoTrace);
        successor.pass(60);
        assert!(successor.next_dial().is_none(), "started at {started} s");
        assert_eq!(successor.dialer.progress(&owner()).unwrap().tallied.counts.claimed, 1);
    }
}

#[test]
fn a_claim_taken_over_is_never_given_back() {
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.find(Liveness::NoTrace);
    successor.pass(1);
    successor.store();
    successor.set(CampaignSpec { suspended: true, ..spec(1) });
    successor.pass(10);
    assert!(successor.next_dial().is_none());
    let counts = successor.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!((counts.claimed, counts.waiting()), (1, 0), "its maker may have dialled it");
    successor.look_up();
}

#[test]
fn the_refusal_of_a_dial_taken_over_says_nothing_about_the_predecessors() {
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.find(Liveness::NoTrace);
    successor.pass(6);
    successor.store();
    let dial = successor.dial();
    successor.tell(Event::DialRefused { key: dial.key, refusal: refusal(429, "90103") });
    assert_eq!(successor.dialer.progress(&owner()).unwrap().tallied.counts.claimed, 1);
}

#[test]
fn whoever_gives_a_claim_back_yields_to_the_process_that_has_taken_it_over() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(1));
    desk.pass(6);
    let claimed = desk.store();
    desk.set(CampaignSpec { suspended: true, ..spec(1) });
    desk.pass(1);
    let save = desk.save();
    let given_back = save.states.iter().filter(|state| state.tally().refusals == 1).count();
    let mut taken_over = claimed;
    for state in &mut taken_over {
        if let TargetState::Claimed { claim, .. } = state {
            claim.by = SessionId(2);
        }
    }
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    desk.reload(taken_over);
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert!(given_back > 0);
    assert_eq!((counts.claimed, counts.waiting()), (5, 0), "they are the other's now, and may be ringing");
}

#[test]
fn a_claim_found_at_load_is_looked_up() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.pass(1);
    let claimed = {
        let mut first = Desk::new();
        first.pass(6);
        first.store()
    };
    let mut successor = Desk::with(claimed, spec(1));
    let asked = successor.look_up();
    assert_eq!(asked.key, dial.key);
    successor.tell(Event::LookedUp {
        key: asked.key.clone(),
        findings: Some(Findings { liveness: Liveness::Live(leg()), events: Vec::new() }),
    });
    successor.pass(2);
    assert!(matches!(&successor.store()[0], TargetState::Dialing { leg: Some(found), .. } if *found == leg()));
    assert!(successor.next_dial().is_none());
}

#[test]
fn a_claim_that_was_stored_too_late_is_given_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.pass(61);
    desk.tell(save.stored(Version::new("2")));
    assert!(desk.next_dial().is_none(), "a successor may have looked it up and found nothing");
    desk.pass(1);
    assert_eq!(desk.store()[0].tally().refusals, 1);
}

#[test]
fn a_lost_answer_is_asked_again_under_the_same_id_and_then_looked_up() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    let began = desk.clock;
    let mut resends = 0;
    while desk.clock < began + Duration::from_mins(1) {
        desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
        desk.pass(3);
        while let Some(again) = desk.next_dial() {
            assert_eq!(again.command_id, dial.command_id);
            assert!(desk.clock <= began + Duration::from_secs(48), "Telnyx may have forgotten the id");
            resends += 1;
        }
    }
    assert!(resends > 10, "{resends}");
    assert_eq!(desk.look_up().key, dial.key);
}

#[test]
fn a_refused_resend_says_nothing_about_the_first_dial() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
    desk.pass(2);
    assert_eq!(desk.dial().command_id, dial.command_id);
    desk.tell(Event::DialRefused { key: dial.key.clone(), refusal: refusal(429, "90103") });
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!((counts.claimed, counts.waiting()), (1, 0), "a phone may be ringing");
}

#[test]
fn a_refused_dial_is_tried_again_under_a_new_id_and_the_same_attempt() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::DialRefused { key: dial.key.clone(), refusal: refusal(429, "90103") });
    desk.pass(1);
    desk.store();
    desk.pass(10);
    desk.store();
    let again = desk.dial();
    assert_eq!(again.key.attempt, dial.key.attempt);
    assert_ne!(again.command_id, dial.command_id);
}

#[test]
fn a_late_hangup_of_a_failed_try_does_not_end_the_next() {
    let (mut desk, first) = Desk::ringing(spec(1));
    desk.webhook(&first.key, leg(), Position::Ringing, hung_up(HangupCause::Unspecified, Some(503)));
    desk.pass(1);
    desk.store();
    desk.pass(302);
    desk.store();
    let second = desk.dial();
    assert_eq!(second.key.attempt, first.key.attempt, "a carrier failure gives its attempt back");
    desk.webhook(&first.key, leg(), Position::Ringing, hung_up(HangupCause::Unspecified, Some(503)));
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.in_flight(), 1);
}

#[test]
fn a_webhook_is_acknowledged_when_its_result_is_stored() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    desk.pass(1);
    assert_eq!(desk.verdicts(), []);
    assert!(matches!(desk.store()[..], [TargetState::Done { outcome: Outcome::InvalidNumber, .. }]));
    assert_eq!(desk.verdicts(), [Verdict::Done]);
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    assert_eq!(desk.verdicts(), [Verdict::Done], "a duplicate has nothing to wait for");
}

#[test]
fn what_loses_nothing_is_acknowledged_at_once_and_stored_at_leisure() {
    let amd = Amd { mode: AmdMode::Premium, ..spec(1).amd };
    let (mut desk, dial) = Desk::dialled(CampaignSpec { amd, ..spec(1) });
    for what in [What::Initiated, What::Answered, What::Other] {
        desk.webhook(&dial.key, leg(), Position::Ringing, what);
        assert_eq!(desk.verdicts(), [Verdict::Done]);
    }
    desk.pass(1);
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::Save(_))), "it waits for company");
    desk.pass(1);
    let states = desk.store();
    assert!(matches!(states[..], [TargetState::Dialing { leg: Some(_), position: Position::Listening, .. }]));
}

#[test]
fn a_webhook_that_comes_again_waits_for_the_command_that_it_led_to() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    assert_eq!(desk.verdicts(), []);
    let play = desk.command();
    desk.accept(&play);
    assert_eq!(desk.verdicts(), [Verdict::Done; 2]);
}

#[test]
fn a_webhook_whose_result_cannot_be_stored_is_asked_for_again() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    desk.pass(1);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    assert_eq!(desk.verdicts(), [Verdict::Retry]);
}

#[test]
fn a_webhook_never_waits_longer_than_telnyx_does() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.pass(2);
    assert_eq!(desk.verdicts(), [Verdict::Retry]);
}

#[test]
fn a_webhook_of_an_unknown_target_is_the_shells_to_judge() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    let mut key = dial.key;
    key.attempt.target = dialer::TargetId::parse("nobody").unwrap();
    desk.webhook(&key, leg(), Position::Ringing, What::Answered);
    assert_eq!(desk.verdicts(), [Verdict::NotHere]);
}

#[test]
fn an_announcement_is_played_and_the_call_hung_up() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    assert!(matches!(play.kind, CommandKind::Play(_)));
    assert_eq!(desk.verdicts(), []);
    desk.accept(&play);
    assert_eq!(desk.verdicts(), [Verdict::Done], "the accepted command carries the effect");
    desk.webhook(&dial.key, leg(), play.client_state.position, What::AudioEnded(AudioEnd::Completed));
    let hangup = desk.command();
    assert_eq!(hangup.kind, CommandKind::Hangup);
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, hung_up(HangupCause::NormalClearing, Some(200)));
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
}

#[test]
fn an_announcement_goes_on_after_a_restart() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.pass(1);
    let stored = {
        desk.webhook(&dial.key, leg(), Position::Ringing, What::Initiated);
        let (mut same, _) = Desk::dialled(spec(1));
        same.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg()) });
        same.pass(2);
        same.store()
    };
    let mut successor = Desk::with(stored, spec(1));
    let playing = Position::Announcing { visit: 1, to: Party::Unscreened };
    successor.webhook(&dial.key, leg(), playing, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(successor.command().kind, CommandKind::Hangup);
}

#[test]
fn a_command_without_an_answer_is_sent_again_under_its_id() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    desk.tell(Event::CommandFateUnknown { command_id: play.command_id, leg: leg().id });
    desk.pass(1);
    assert_eq!(desk.command(), play);
    let throttled = CommandRefusal::Throttled { after: Duration::from_secs(1) };
    desk.tell(Event::CommandRefused { command_id: play.command_id, leg: leg().id, refusal: throttled });
    desk.pass(2);
    assert_ne!(desk.command().command_id, play.command_id, "a refusal may have burnt the id");
}

#[test]
fn an_unplayable_announcement_ends_the_call() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    let (command_id, on) = (play.command_id, leg().id);
    desk.tell(Event::CommandRefused { command_id, leg: on, refusal: CommandRefusal::Invalid });
    let hangup = desk.command();
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, hung_up(HangupCause::NormalClearing, None));
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!(counts.retrying, 1, "an unplayable announcement is tried once more");
}

#[test]
fn a_detector_that_says_nothing_is_not_sure() {
    let amd = Amd { mode: AmdMode::Premium, ..spec(1).amd };
    let (mut desk, dial) = Desk::ringing(CampaignSpec { amd, ..spec(1) });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.pass(2);
    desk.store();
    assert!(desk.next_command().is_none());
    desk.pass(60);
    let play = desk.command();
    assert_eq!(play.client_state.position, Position::Announcing { visit: 1, to: Party::NotSure });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Detected(Heard::Machine));
    assert!(desk.next_command().is_none(), "a late verdict changes nothing");
}

#[test]
fn a_second_leg_of_one_dial_is_hung_up_once() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    for _ in 0..2 {
        desk.webhook(&dial.key, other_leg(), Position::Ringing, What::Answered);
    }
    let hangup = desk.command();
    assert_eq!((hangup.kind, hangup.leg), (CommandKind::Hangup, other_leg()));
    assert!(desk.next_command().is_none());
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.in_flight(), 1);
}

#[test]
fn a_configuration_error_stops_the_campaign_at_the_first_refusal_until_something_changes() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(10));
    desk.pass(6);
    desk.store();
    let first = desk.dial();
    desk.tell(Event::DialRefused { key: first.key, refusal: refusal(422, "10015") });
    desk.effects.retain(|effect| !matches!(effect, Effect::Dial(_)));
    desk.pass(60);
    let states = desk.store();
    assert!(states.iter().all(|state| state.tally().attempts == 0), "no attempt is used");
    assert!(desk.next_dial().is_none());
    let waiting_for = desk.dialer.progress(&owner()).unwrap().waiting_for;
    assert!(matches!(waiting_for, WaitingFor::ConfigError { status: 422, .. }), "{waiting_for:?}");
    desk.set(spec(10));
    desk.pass(1);
    desk.store();
    assert!(desk.next_dial().is_some());
}

#[test]
fn a_callee_whose_zone_nobody_knows_is_not_called() {
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { default_zone: Zone::Unknown, ..spec(1) });
    desk.pass(60);
    assert!(matches!(desk.store()[..], [TargetState::Done { outcome: Outcome::ComplianceBlocked, .. }]));
    assert!(desk.next_dial().is_none());
    assert!(desk.dialer.progress(&owner()).unwrap().complete);
}

#[test]
fn suspension_gives_undialled_claims_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.set(CampaignSpec { suspended: true, ..spec(1) });
    desk.tell(save.stored(Version::new("2")));
    desk.pass(2);
    assert!(desk.next_dial().is_none());
    let states = desk.store();
    assert!(matches!(&states[..], [TargetState::Pending { tally, .. }] if tally.attempts == 0));
}

#[test]
fn an_orderly_stop_gives_back_what_is_undialled_and_leaves_nothing_unstored() {
    for stored_before in [true, false] {
        let mut desk = Desk::with(vec![TargetState::default(); 20], spec(1));
        desk.pass(6);
        let save = desk.save();
        let mut save = Some(save);
        if stored_before {
            desk.tell(save.take().unwrap().stored(Version::new("2")));
        }
        let dialled = std::iter::from_fn(|| desk.next_dial()).count();
        assert_eq!(dialled > 0, stored_before);
        desk.tell(Event::Stopping);
        if let Some(save) = save {
            desk.tell(save.stored(Version::new("2")));
        }
        let mut states = Vec::new();
        for _ in 0..10 {
            desk.pass(1);
            if desk.effects.iter().any(|effect| matches!(effect, Effect::Save(_))) {
                states = desk.store();
            }
        }
        assert!(desk.next_dial().is_none());
        let claimed = states.iter().filter(|state| matches!(state, TargetState::Claimed { .. })).count();
        assert_eq!(claimed, dialled, "only what was dialled stays claimed");
        assert!(states.iter().any(|state| state.tally().refusals == 1), "something was given back");
        assert!(states.iter().all(|state| state.tally().attempts == 0), "no attempt is used");
        assert!(desk.dialer.is_stored());
    }
}

#[test]
fn suspension_drains_as_the_campaign_says() {
    for (drain, waits) in [
        (DrainPolicy::LetFinish, None),
        (DrainPolicy::StopRingingAfter15s, Some(15)),
        (DrainPolicy::HangupAll, Some(0)),
    ] {
        let (mut desk, dial) = Desk::ringing(CampaignSpec { drain, ..spec(1) });
        desk.set(CampaignSpec { drain, suspended: true, ..spec(1) });
        desk.pass(10);
        assert_eq!(desk.next_command().is_some(), waits == Some(0), "{drain:?}");
        desk.pass(10);
        assert_eq!(desk.next_command().is_some(), waits == Some(15), "{drain:?}");
        let canceled = hung_up(HangupCause::OriginatorCancel, None);
        if waits.is_some() {
            let position = Position::decode("hcu").unwrap();
            desk.webhook(&dial.key, leg(), position, canceled);
            assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.retrying, 1);
        }
    }
}

#[test]
fn no_trace_for_three_minutes_follows_the_policy() {
    for (policy, expected) in
        [(OnAmbiguous::CountAsAttempt, "retrying"), (OnAmbiguous::Skip, "skipped"), (OnAmbiguous::Hold, "held")]
    {
        let campaign = CampaignSpec { on_ambiguous: policy, ..spec(1) };
        let (mut desk, dial) = Desk::dialled(campaign);
        desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
        for _ in 0..40 {
            desk.pass(10);
            while desk.next_dial().is_some() {
                desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
            }
            let asked = desk.take(|effect| if let Effect::LookUp(asked) = effect { Ok(asked) } else { Err(effect) });
            if let Some(asked) = asked {
                let findings = Some(Findings { liveness: Liveness::NoTrace, events: Vec::new() });
                desk.tell(Event::LookedUp { key: asked.key, findings });
            }
        }
        let progress = desk.dialer.progress(&owner()).unwrap();
        let counts = progress.tallied.counts;
        let found = match (counts.retrying, progress.tallied.outcomes.get(&Outcome::Ambiguous), counts.ambiguous) {
            (1, None, 0) => "retrying",
            (0, Some(1), 1) => "skipped",
            (0, None, 1) => "held",
            _ => "something else",
        };
        assert_eq!(found, expected, "{counts:?}");
        assert_eq!(progress.complete, policy == OnAmbiguous::Skip);
    }
}

#[test]
fn a_held_target_is_decided_when_the_policy_no_longer_holds_it() {
    let claim = dialer::target::ClaimRecord { at: wall(Duration::ZERO), by: SessionId(9), from: 0 };
    let held = TargetState::Held { tally: dialer::target::Tally::default(), claim };
    let skip = CampaignSpec { on_ambiguous: OnAmbiguous::Skip, ..spec(1) };
    let mut desk = Desk::with(vec![held.clone()], skip.clone());
    assert_eq!(desk.outcome(), Some(Outcome::Ambiguous), "at load");
    desk = Desk::with(vec![held], CampaignSpec { on_ambiguous: OnAmbiguous::Hold, ..spec(1) });
    assert_eq!(desk.outcome(), None);
    desk.set(skip);
    assert_eq!(desk.outcome(), Some(Outcome::Ambiguous), "at an edit");
}

#[test]
fn two_campaigns_share_the_accounts_channels() {
    let campaign = CampaignSpec {
        pacing: dialer::spec::Pacing { dials_per_second: DialRate::per_second(20), max_concurrent: 100 },
        ..spec(20)
    };
    let mut desk = Desk::with(vec![TargetState::default(); 50], campaign.clone());
    let second = OwnerId::parse("second").unwrap();
    let spec = Arc::new(campaign);
    desk.tell(Event::CampaignSet { owner: second.clone(), spec, audience: Audience::Complete });
    desk.tell(Event::JobLoaded(LoadedJob {
        job: JobId::parse("job-1").unwrap(),
        owner: second.clone(),
        version: Version::new("1"),
        targets: (0..50).map(|index| target(1, index)).collect(),
        states: Vec::new(),
    }));
    for _ in 0..20 {
        desk.pass(1);
        while let Some(save) = desk.take(|effect| if let Effect::Save(save) = effect { Ok(save) } else { Err(effect) })
        {
            desk.version += 1;
            let version = Version::new(&desk.version.to_string());
            desk.tell(save.stored(version));
        }
    }
    let in_flight = |id: &OwnerId| desk.dialer.progress(id).unwrap().tallied.counts.in_flight();
    assert_eq!((in_flight(&owner()), in_flight(&second)), (5, 5), "of 10 channels");
}

#[test]
fn too_many_webhooks_at_once_are_asked_for_again() {
    let now = Now { wall: wall(Duration::ZERO), up: Duration::ZERO };
    let tuning = Tuning { max_deliveries: 0, ..Tuning::default() };
    let mut dialer = Dialer::new(SessionId(1), tuning, now);
    let (_, dial) = Desk::dialled(spec(1));
    let state = dial.client_state;
    let call = CallEvent { leg: leg(), occurred_at: now.wall, state, what: What::Answered };
    dialer.handle(now, Event::Webhook { token: DeliveryToken(7), call });
    let answer = dialer.poll(now);
    assert!(matches!(answer, Some(Effect::Acknowledge { token: DeliveryToken(7), verdict: Verdict::Retry })));
}
