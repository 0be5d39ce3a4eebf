//! A dialer at work, step by step: what it is told, and what it wants done.

use std::sync::Arc;
use std::time::Duration;

use dialer::call::{CallEvent, Hangup, HangupCause, Refusal, What};
use dialer::client_state::Position;
use dialer::effect::{Dial, LegCommand, LookUp, Save, Verdict};
use dialer::event::{Findings, Liveness, LoadedJob};
use dialer::spec::{AccountLimits, Audience, CampaignSpec, TargetSpec};
use dialer::{
    CallControlId, CallLegId, ClientState, DeliveryToken, DialKey, Dialer, Effect, Event, JobId, Leg, Now, Outcome,
    OwnerId, SessionId, TargetState, Tuning, Version, WaitingFor,
};

use crate::fixture::{OWNER, spec, target, wall};

/// A dialer with one job, and the effects that wait to be performed.
pub struct Desk {
    pub dialer: Dialer,
    pub clock: Duration,
    pub effects: Vec<Effect>,
    pub version: u32,
    pub tokens: u64,
    /// The states stored last.
    pub stored: Vec<TargetState>,
}

pub fn owner() -> OwnerId {
    OwnerId::parse(OWNER).unwrap()
}

pub fn job() -> JobId {
    JobId::parse("job-0").unwrap()
}

impl Desk {
    /// A dialer that has just loaded one job with these states.
    pub fn with(states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        Self::begin(Duration::ZERO, SessionId(1), states, spec)
    }

    /// A successor that starts at `at` by the wall clock.
    pub fn started(at: Duration, states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        Self::begin(at, SessionId(2), states, spec)
    }

    /// A dialer that has just loaded one job of these targets, untouched.
    pub fn of(targets: Vec<TargetSpec>, spec: CampaignSpec) -> Self {
        let states = vec![TargetState::default(); targets.len()];
        Self::load(Duration::ZERO, SessionId(1), targets, states, spec)
    }

    pub fn begin(at: Duration, session: SessionId, states: Vec<TargetState>, spec: CampaignSpec) -> Self {
        let targets = (0..u32::try_from(states.len()).unwrap()).map(|index| target(0, index)).collect();
        Self::load(at, session, targets, states, spec)
    }

    fn load(
        at: Duration,
        session: SessionId,
        targets: Vec<TargetSpec>,
        states: Vec<TargetState>,
        spec: CampaignSpec,
    ) -> Self {
        let now = Now { wall: wall(at), up: at };
        let dialer = Dialer::new(session, Tuning::default(), now);
        let mut desk = Self { dialer, clock: at, effects: Vec::new(), version: 1, tokens: 0, stored: states.clone() };
        desk.tell(Event::AccountSet(AccountLimits { dials_per_second: 30, max_concurrent: 10 }));
        desk.set(spec);
        let (job, owner, version) = (job(), owner(), Version::new("1"));
        desk.tell(Event::JobLoaded(LoadedJob { job, owner, version, targets: targets.into(), states }));
        desk.tell(Event::Ready);
        desk
    }

    /// A dialer with one untouched target.
    pub fn new() -> Self {
        Self::with(vec![TargetState::default()], spec(1))
    }

    /// A dialer whose only target has been dialled.
    pub fn dialled(spec: CampaignSpec) -> (Self, Dial) {
        let mut desk = Self::with(vec![TargetState::default()], spec);
        desk.pass(6);
        desk.store();
        let dial = desk.dial();
        (desk, dial)
    }

    /// A dialer whose only target rings on `leg()`, as the store knows.
    pub fn ringing(spec: CampaignSpec) -> (Self, Dial) {
        let (mut desk, dial) = Self::dialled(spec);
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg()) });
        desk.pass(2);
        desk.store();
        (desk, dial)
    }

    pub fn set(&mut self, spec: CampaignSpec) {
        self.tell(Event::CampaignSet { owner: owner(), spec: Arc::new(spec), audience: Audience::Complete });
    }

    pub fn tell(&mut self, event: Event) {
        let now = Now { wall: wall(self.clock), up: self.clock };
        self.dialer.handle(now, event);
        self.poll();
    }

    pub fn poll(&mut self) {
        let now = Now { wall: wall(self.clock), up: self.clock };
        self.effects.extend(std::iter::from_fn(|| self.dialer.poll(now)));
    }

    /// Lets time pass, waking the dialer whenever it wants to be.
    pub fn pass(&mut self, seconds: u64) {
        self.pass_until(self.clock + Duration::from_secs(seconds));
    }

    fn pass_until(&mut self, until: Duration) {
        while let Some(wake) = self.dialer.wake().filter(|wake| wake.at <= until) {
            self.clock = self.clock.max(wake.at);
            self.poll();
        }
        self.clock = until;
    }

    /// As [`pass`](Self::pass), in milliseconds.
    pub fn pass_millis(&mut self, millis: u64) {
        let until = self.clock + Duration::from_millis(millis);
        self.pass_until(until);
    }

    pub fn take<T>(&mut self, pick: impl Fn(Effect) -> Result<T, Effect>) -> Option<T> {
        let mut found = None;
        for effect in std::mem::take(&mut self.effects) {
            match if found.is_none() { pick(effect) } else { Err(effect) } {
                Ok(it) => found = Some(it),
                Err(other) => self.effects.push(other),
            }
        }
        found
    }

    pub fn save(&mut self) -> Save {
        let save = self.take(|effect| if let Effect::Save(save) = effect { Ok(save) } else { Err(effect) });
        save.expect("a save")
    }

    /// Takes the next save and stores it. Returns the states stored.
    pub fn store(&mut self) -> Vec<TargetState> {
        let save = self.save();
        let states = save.states.to_vec();
        self.version += 1;
        self.stored.clone_from(&states);
        self.tell(save.stored(Version::new(&self.version.to_string())));
        states
    }

    pub fn next_dial(&mut self) -> Option<Dial> {
        self.take(|effect| if let Effect::Dial(dial) = effect { Ok(dial) } else { Err(effect) })
    }

    pub fn dial(&mut self) -> Dial {
        self.next_dial().expect("a dial")
    }

    pub fn next_command(&mut self) -> Option<LegCommand> {
        self.take(|effect| if let Effect::Command(command) = effect { Ok(command) } else { Err(effect) })
    }

    pub fn command(&mut self) -> LegCommand {
        self.next_command().expect("a command")
    }

    pub fn accept(&mut self, command: &LegCommand) {
        let (command_id, leg) = (command.command_id, command.leg.id.clone());
        self.tell(Event::CommandAccepted { command_id, leg });
    }

    pub fn look_up(&mut self) -> LookUp {
        let asked = self.take(|effect| if let Effect::LookUp(asked) = effect { Ok(asked) } else { Err(effect) });
        asked.expect("a look-up")
    }

    /// Answers the next look-up.
    pub fn find(&mut self, liveness: Liveness) {
        let key = self.look_up().key;
        self.tell(Event::LookedUp { key, findings: Some(Findings { liveness, events: Vec::new() }) });
    }

    pub fn webhook(&mut self, key: &DialKey, on: Leg, position: Position, what: What) {
        let state = ClientState { key: key.clone(), position };
        self.call_event(CallEvent { leg: on, occurred_at: wall(self.clock), state, what });
    }

    /// A webhook that comes now, of something that happened on `leg()` at `at`.
    pub fn webhook_of(&mut self, at: Duration, key: &DialKey, position: Position, what: What) {
        let state = ClientState { key: key.clone(), position };
        self.call_event(CallEvent { leg: leg(), occurred_at: wall(at), state, what });
    }

    fn call_event(&mut self, call: CallEvent) {
        self.tokens += 1;
        self.tell(Event::Webhook { token: DeliveryToken(self.tokens), call });
    }

    pub fn wants_to_save(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Save(_)))
    }

    pub fn verdicts(&mut self) -> Vec<Verdict> {
        let pick = |effect| if let Effect::Acknowledge { verdict, .. } = effect { Ok(verdict) } else { Err(effect) };
        std::iter::from_fn(|| self.take(pick)).collect()
    }

    pub fn reload(&mut self, states: Vec<TargetState>) {
        let asked = self.take(|effect| if let Effect::Load { job } = effect { Ok(job) } else { Err(effect) });
        self.version += 1;
        let version = Version::new(&self.version.to_string());
        self.tell(Event::Reloaded { job: asked.expect("a load"), version, states });
    }

    /// Answers every save that waits.
    pub fn store_all(&mut self) {
        while self.wants_to_save() {
            self.store();
        }
    }

    /// Stores whatever is to be stored until nothing has been for three seconds. Returns what was stored last, if
    /// anything was.
    pub fn settle_down(&mut self) -> Vec<TargetState> {
        let (mut quiet, mut last) = (0, Vec::new());
        while quiet < 3 {
            self.pass(1);
            quiet += 1;
            while self.wants_to_save() {
                last = self.store();
                quiet = 0;
            }
        }
        last
    }

    /// Lets time pass, and stores, until there is a dial.
    pub fn pass_until_dial(&mut self) {
        for _ in 0..300_000 {
            self.store_all();
            if self.effects.iter().any(|effect| matches!(effect, Effect::Dial(_))) {
                return;
            }
            self.pass_millis(200);
        }
        panic!("nothing is dialled: {:?}", self.waiting_for());
    }

    pub fn waiting_for(&self) -> WaitingFor {
        self.dialer.progress(&owner()).unwrap().waiting_for
    }

    /// Another campaign of the account, with one job.
    pub fn second_campaign(&mut self, spec: CampaignSpec, targets: Vec<TargetSpec>) {
        let (owner, spec) = (second_owner(), Arc::new(spec));
        self.tell(Event::CampaignSet { owner: owner.clone(), spec, audience: Audience::Complete });
        let (job, version) = (JobId::parse("job-1").unwrap(), Version::new("1"));
        self.tell(Event::JobLoaded(LoadedJob { job, owner, version, targets: targets.into(), states: Vec::new() }));
    }

    /// The second campaign, written anew.
    pub fn set_second(&mut self, spec: CampaignSpec) {
        self.tell(Event::CampaignSet { owner: second_owner(), spec: Arc::new(spec), audience: Audience::Complete });
    }

    pub fn outcome(&self) -> Option<Outcome> {
        self.dialer.progress(&owner()).unwrap().tallied.outcomes.keys().next().copied()
    }
}

pub fn second_owner() -> OwnerId {
    OwnerId::parse("second").unwrap()
}

/// A leg of the dial's own.
pub fn leg_of(dial: &Dial) -> Leg {
    let name = dial.key.to_string();
    Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) }
}

pub fn leg() -> Leg {
    Leg { control: CallControlId::new("v3:1"), id: CallLegId::new("leg-1") }
}

pub fn other_leg() -> Leg {
    Leg { control: CallControlId::new("v3:2"), id: CallLegId::new("leg-2") }
}

pub fn hung_up(cause: HangupCause, sip: Option<u16>) -> What {
    What::HungUp(Hangup { cause, sip })
}

pub fn refusal(status: u16, code: &str) -> Refusal {
    Refusal { status, code: Some(code.into()), pointer: None, retry_after: None }
}
