//! The loop: one input, then drain, then jump to whatever comes next.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::{AudioEnd, CallEvent, Hangup, HangupCause, Verdict, What};
use dialer::client_state::{FlowEnd, InFlow, Position};
use dialer::effect::{CommandKind, Dial, LegCommand, Save};
use dialer::event::{Findings, Liveness, LoadedJob};
use dialer::spec::{AccountLimits, AmdMode, Audience, CampaignSpec, TargetSpec};
use dialer::{
    CallControlId, CallLegId, ClientState, DeliveryToken, Dialer, Effect, Event, JobId, Leg, Now, OwnerId, Screening,
    SessionId, TargetState, Tuning, Version, WaitingFor,
};
use jiff::Timestamp;

use super::callee::{Assumptions, Callee};
use super::estimate::Estimate;
use super::record::Record;

/// A rehearsal ends after so much virtual time: a year.
pub const HORIZON: Duration = Duration::from_hours(366 * 24);
/// Targets of one job, as in the cluster.
const JOB: usize = 250;
/// An answer of the store, or of Telnyx.
const ANSWER: Duration = Duration::from_millis(50);

/// A campaign to be rehearsed.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// What the campaign asks for. A suspension is ignored: what is asked is what happens once it ends.
    pub spec: CampaignSpec,
    /// What the account may do; the campaign has it for itself.
    pub limits: AccountLimits,
    /// The list, in the order of calling.
    pub targets: Vec<TargetSpec>,
    /// Where the targets stand at the beginning, in the same order; what is missing at the end is untouched.
    pub states: Vec<TargetState>,
    /// What the wall clock says at the beginning.
    pub start: Timestamp,
    /// What is assumed of the callees.
    pub assumptions: Assumptions,
}

impl Rehearsal {
    /// Plays the campaign to its end, beside numbers that nobody may call. Takes seconds for a hundred thousand targets: not for a
    /// thread that others wait for.
    #[must_use]
    pub fn run(self, lists: Screening) -> Estimate {
        let Some(mut stage) = Stage::set(self, lists) else { return Estimate::default() };
        stage.play();
        let progress = stage.dialer.progress(&stage.owner);
        stage.record.estimate(progress, &stage.assumptions)
    }
}

/// What happens later.
enum Later {
    Tell(Event),
    Store(Save),
    /// Something happens on a leg that still lives.
    On(Leg, ClientState, What),
}

/// A call under way.
#[derive(Default)]
struct Live {
    answered: Option<Duration>,
}

struct Stage {
    owner: OwnerId,
    spec: Arc<CampaignSpec>,
    assumptions: Assumptions,
    dialer: Dialer,
    clock: Duration,
    later: BTreeMap<(Duration, u64), Later>,
    count: u64,
    live: BTreeMap<CallLegId, Live>,
    record: Record,
}

impl Stage {
    /// `None`: never, for these ids are ids.
    fn set(rehearsal: Rehearsal, lists: Screening) -> Option<Self> {
        let Rehearsal { spec, limits, targets, states, start, assumptions } = rehearsal;
        let owner = OwnerId::parse("rehearsal").ok()?;
        let spec = Arc::new(CampaignSpec { suspended: false, ..spec });
        let dialer = Dialer::new(SessionId(1), Tuning::default(), Now { wall: start, up: Duration::ZERO });
        let mut stage = Self {
            owner: owner.clone(),
            spec: Arc::clone(&spec),
            assumptions,
            dialer,
            clock: Duration::ZERO,
            later: BTreeMap::new(),
            count: 0,
            live: BTreeMap::new(),
            record: Record::new(start, targets.len()),
        };
        stage.tell(Event::AccountSet(limits));
        stage.tell(Event::DoNotCallSet { lists });
        let mut states = states.chunks(JOB);
        for (number, targets) in targets.chunks(JOB).enumerate() {
            let job = JobId::parse(&format!("job-{number}")).ok()?;
            let states = states.next().unwrap_or_default().to_vec();
            if !states.is_empty() {
                let untouched = std::iter::repeat_with(TargetState::default);
                let stored = states.iter().cloned().chain(untouched).take(targets.len()).collect();
                stage.record.stored(job.clone(), stored);
            }
            stage.tell(Event::JobLoaded(LoadedJob {
                job,
                owner: owner.clone(),
                version: Version::new("0"),
                targets: targets.into(),
                states,
            }));
        }
        stage.tell(Event::CampaignSet { owner, spec, audience: Audience::Complete });
        stage.tell(Event::Ready);
        Some(stage)
    }

    fn play(&mut self) {
        loop {
            let Some(waiting) = self.dialer.waiting(&self.owner) else { return };
            if waiting.complete {
                self.record.finished(self.clock);
                return;
            }
            if self.is_stuck(&waiting.waiting_for) {
                return;
            }
            let happens = self.later.keys().next().map(|(at, _)| *at);
            let wake = self.dialer.wake().map(|wake| wake.at);
            let Some(next) = happens.into_iter().chain(wake).min().filter(|next| *next < HORIZON) else { return };
            let next = next.max(self.clock);
            self.record.held_up(&waiting.waiting_for, next.saturating_sub(self.clock));
            self.clock = next;
            match self.later.first_entry().filter(|first| first.key().0 <= next).map(OccupiedEntry::remove) {
                Some(Later::Tell(event)) => self.tell(event),
                Some(Later::Store(save)) => self.store(save),
                Some(Later::On(leg, state, what)) => self.happen(leg, state, what),
                None => self.drain(),
            }
        }
    }

    /// Whether only a person could bring the campaign on, and no call is under way that might.
    fn is_stuck(&self, waiting_for: &WaitingFor) -> bool {
        let is_idle = || {
            let is_on_its_way = |later: &Later| match later {
                Later::Tell(_) | Later::Store(_) => true,
                // Of a call that is over.
                Later::On(..) => false,
            };
            self.live.is_empty() && !self.later.values().any(is_on_its_way)
        };
        let opens = || self.dialer.progress(&self.owner).is_some_and(|progress| progress.next_window_opens.is_some());
        needs_a_person(waiting_for, opens) && is_idle()
    }

    fn now(&self) -> Now {
        Now { wall: self.record.wall(self.clock), up: self.clock }
    }

    fn after(&mut self, wait: Duration, what: Later) {
        self.count += 1;
        self.later.insert((self.clock + wait, self.count), what);
    }

    fn tell(&mut self, event: Event) {
        let now = self.now();
        self.dialer.handle(now, event);
        self.drain();
    }

    fn drain(&mut self) {
        let now = self.now();
        while let Some(effect) = self.dialer.poll(now) {
            match effect {
                Effect::Save(save) => self.after(ANSWER, Later::Store(save)),
                Effect::Dial(dial) => self.dial(dial),
                Effect::Command(command) => self.command(command),
                Effect::Acknowledge { .. } => {}
                // Nothing is lost here, so whatever is looked for is there, or never was.
                Effect::Load { job } => self.after(ANSWER, Later::Tell(Event::ReloadFailed { job })),
                Effect::LookUp(look_up) => {
                    let findings = Some(Findings { liveness: Liveness::NoTrace, events: Vec::new() });
                    self.after(ANSWER, Later::Tell(Event::LookedUp { key: look_up.key, findings }));
                }
            }
        }
    }

    fn store(&mut self, save: Save) {
        self.record.stored(save.job.clone(), Arc::clone(&save.states));
        self.count += 1;
        let version = Version::new(&self.count.to_string());
        self.tell(save.stored(version));
    }

    fn dial(&mut self, dial: Dial) {
        let name = dial.key.to_string();
        let leg = Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) };
        self.live.insert(leg.id.clone(), Live::default());
        if self.record.dialled(self.clock, self.live.len()) {
            self.begins();
        }
        let callee = self.assumptions.draw(&dial.key, dial.ring_timeout);
        self.after(ANSWER, Later::Tell(Event::DialAccepted { key: dial.key, leg: Some(leg.clone()) }));
        let state = dial.client_state;
        self.on(2 * ANSWER, &leg, &state, What::Initiated);
        match callee {
            Callee::Person { after, verdict } => self.answers(&leg, &state, after, verdict, Verdict::Human),
            Callee::Machine { after, verdict, greeting } => {
                self.answers(&leg, &state, after, verdict, Verdict::Machine);
                if self.spec.amd.mode != AmdMode::Disabled {
                    self.on(after + verdict + greeting, &leg, &state, What::GreetingEnded);
                }
            }
            Callee::Nobody => self.ends(dial.ring_timeout, &leg, &state, HangupCause::Timeout, None),
            Callee::Busy { after } => self.ends(after, &leg, &state, HangupCause::UserBusy, Some(486)),
            Callee::NoSuchNumber { after } => self.ends(after, &leg, &state, HangupCause::NotFound, Some(404)),
        }
    }

    /// From now on the campaign's deadline counts, unless it had begun before.
    fn begins(&mut self) {
        if self.spec.active_deadline.is_none() || self.spec.started_at.is_some() {
            return;
        }
        let spec = CampaignSpec { started_at: Some(self.now().wall), ..CampaignSpec::clone(&self.spec) };
        self.spec = Arc::new(spec);
        let (owner, spec) = (self.owner.clone(), Arc::clone(&self.spec));
        self.after(ANSWER, Later::Tell(Event::CampaignSet { owner, spec, audience: Audience::Complete }));
    }

    fn answers(&mut self, leg: &Leg, state: &ClientState, after: Duration, verdict: Duration, who: Verdict) {
        self.on(after, leg, state, What::Answered);
        self.ends(after + self.spec.max_call, leg, state, HangupCause::TimeLimit, Some(200));
        if self.spec.amd.mode != AmdMode::Disabled {
            self.on(after + verdict, leg, state, What::Detected(who));
        }
    }

    fn ends(&mut self, after: Duration, leg: &Leg, state: &ClientState, cause: HangupCause, sip: Option<u16>) {
        self.on(after, leg, state, What::HungUp(Hangup { cause, sip }));
    }

    fn on(&mut self, after: Duration, leg: &Leg, state: &ClientState, what: What) {
        self.after(after, Later::On(leg.clone(), state.clone(), what));
    }

    fn command(&mut self, command: LegCommand) {
        let LegCommand { leg, command_id, client_state, kind } = command;
        self.after(ANSWER, Later::Tell(Event::CommandAccepted { command_id, leg: leg.id.clone() }));
        match kind {
            CommandKind::Play(_) => {
                self.on(ANSWER + self.assumptions.talk, &leg, &client_state, What::AudioEnded(AudioEnd::Completed));
            }
            // The flow comes to its end, and hangs up.
            CommandKind::RunFlow(_) => {
                let position = match client_state.position {
                    Position::InFlow(flow) => {
                        Position::InFlow(InFlow { visit: flow.visit + 1, end: FlowEnd::Completed, ..flow })
                    }
                    position @ (Position::Ringing
                    | Position::Listening
                    | Position::AwaitingBeep
                    | Position::Announcing { .. }
                    | Position::HangingUp { .. }) => position,
                };
                let ended = ClientState { position, ..client_state };
                let after = ANSWER + self.assumptions.talk;
                self.ends(after, &leg, &ended, HangupCause::NormalClearing, Some(200));
            }
            CommandKind::Hangup => self.ends(2 * ANSWER, &leg, &client_state, HangupCause::NormalClearing, Some(200)),
        }
    }

    /// Something happens on a leg. Nothing does once it is over.
    fn happen(&mut self, leg: Leg, state: ClientState, what: What) {
        let clock = self.clock;
        let Some(live) = self.live.get_mut(&leg.id) else { return };
        match what {
            What::Answered => live.answered = Some(clock),
            What::HungUp(_) => {
                let answered = live.answered;
                self.live.remove(&leg.id);
                self.record.talked(answered.map_or(Duration::ZERO, |at| clock.saturating_sub(at)));
            }
            What::Initiated
            | What::Detected(_)
            | What::GreetingEnded
            | What::AudioEnded(_)
            | What::Connected
            | What::Other => {}
        }
        self.count += 1;
        let call = CallEvent { leg, occurred_at: self.now().wall, state, what };
        self.tell(Event::Webhook { token: DeliveryToken(self.count), call });
    }
}

/// Whether only a person could bring the campaign on. `opens`: some window will open.
fn needs_a_person(waiting_for: &WaitingFor, opens: impl FnOnce() -> bool) -> bool {
    match waiting_for {
        WaitingFor::ConfigError { .. }
        | WaitingFor::Halt(_)
        | WaitingFor::Budget
        | WaitingFor::Suspension
        | WaitingFor::DoNotCallLists
        | WaitingFor::Agents => true,
        WaitingFor::Window => !opens(),
        WaitingFor::Pacing
        | WaitingFor::NothingToDial
        | WaitingFor::CallerIds { .. }
        | WaitingFor::Start { .. }
        | WaitingFor::Due { .. }
        | WaitingFor::Concurrency
        | WaitingFor::Capacity
        | WaitingFor::Results
        | WaitingFor::Jobs => false,
    }
}
