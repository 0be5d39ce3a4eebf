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
    CallControlId, CallLegId, CampaignEnd, ClientState, DeliveryToken, Dialer, Effect, Event, JobId, Leg, Now, OwnerId,
    Progress, Screening, SessionId, TargetState, Tuning, Version, WaitingFor,
};
use jiff::{SignedDuration, Timestamp};

use super::callee::{Assumptions, Callee};
use super::estimate::{Estimate, Hour};

/// A rehearsal ends after so much virtual time: a year.
pub const HORIZON: Duration = Duration::from_hours(366 * 24);
/// Targets of one job, as in the cluster.
const JOB: usize = 250;
/// An answer of the store, or of Telnyx.
const ANSWER: Duration = Duration::from_millis(50);
/// In seconds.
const HOUR: i64 = 3600;

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
    /// Plays the campaign to its end. Takes seconds for a hundred thousand targets: not for a thread that others wait for.
    #[must_use]
    pub fn run(self) -> Estimate {
        self.run_beside(Screening::default())
    }

    /// The same, with numbers that nobody may call.
    #[must_use]
    pub fn run_beside(self, lists: Screening) -> Estimate {
        let Some(mut stage) = Stage::set(self, lists) else { return Estimate::of_nobody() };
        stage.play();
        stage.estimate()
    }
}

impl Estimate {
    fn of_nobody() -> Self {
        Self {
            start: Timestamp::UNIX_EPOCH,
            first_dial: None,
            finish: None,
            stopped_by: None,
            targets: 0,
            dials: 0,
            most_at_once: 0,
            outcomes: BTreeMap::new(),
            blocked: 0,
            calls_per_target: BTreeMap::new(),
            per_hour: Vec::new(),
            held_up_secs: BTreeMap::new(),
            talk_secs: 0,
            cost: None,
        }
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
    start: Timestamp,
    targets: u32,
    dialer: Dialer,
    clock: Duration,
    later: BTreeMap<(Duration, u64), Later>,
    count: u64,
    live: BTreeMap<CallLegId, Live>,
    stored: BTreeMap<JobId, Arc<[TargetState]>>,
    dials: u32,
    most_at_once: u32,
    first_dial: Option<Duration>,
    finish: Option<Duration>,
    per_hour: BTreeMap<i64, u32>,
    held_up: BTreeMap<&'static str, Duration>,
    talk: Duration,
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
            start,
            targets: u32::try_from(targets.len()).unwrap_or(u32::MAX),
            dialer,
            clock: Duration::ZERO,
            later: BTreeMap::new(),
            count: 0,
            live: BTreeMap::new(),
            stored: BTreeMap::new(),
            dials: 0,
            most_at_once: 0,
            first_dial: None,
            finish: None,
            per_hour: BTreeMap::new(),
            held_up: BTreeMap::new(),
            talk: Duration::ZERO,
        };
        stage.tell(Event::AccountSet(limits));
        stage.tell(Event::DoNotCallSet { lists });
        let mut states = states.chunks(JOB);
        for (number, targets) in targets.chunks(JOB).enumerate() {
            let job = JobId::parse(&format!("job-{number}")).ok()?;
            let states = states.next().unwrap_or_default().to_vec();
            if !states.is_empty() {
                let untouched = std::iter::repeat_with(TargetState::default);
                stage.stored.insert(job.clone(), states.iter().cloned().chain(untouched).take(targets.len()).collect());
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
            let Some(progress) = self.dialer.progress(&self.owner) else { return };
            if progress.complete {
                self.finish = Some(self.clock);
                return;
            }
            if is_stuck(&progress) && self.live.is_empty() && self.later.is_empty() {
                return;
            }
            let happens = self.later.keys().next().map(|(at, _)| *at);
            let wake = self.dialer.wake().map(|wake| wake.at);
            let Some(next) = happens.into_iter().chain(wake).min().filter(|next| *next < HORIZON) else { return };
            let next = next.max(self.clock);
            *self.held_up.entry(word(&progress.waiting_for)).or_default() += next.saturating_sub(self.clock);
            self.clock = next;
            match self.later.first_entry().filter(|first| first.key().0 <= next).map(OccupiedEntry::remove) {
                Some(Later::Tell(event)) => self.tell(event),
                Some(Later::Store(save)) => self.store(save),
                Some(Later::On(leg, state, what)) => self.happen(leg, state, what),
                None => self.drain(),
            }
        }
    }

    fn now(&self) -> Now {
        let passed = SignedDuration::try_from(self.clock).unwrap_or(SignedDuration::MAX);
        Now { wall: self.start.saturating_add(passed).unwrap_or(self.start), up: self.clock }
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
        self.stored.insert(save.job.clone(), Arc::clone(&save.states));
        self.count += 1;
        let version = Version::new(&self.count.to_string());
        self.tell(save.stored(version));
    }

    fn dial(&mut self, dial: Dial) {
        self.dials += 1;
        if self.first_dial.is_none() {
            self.first_dial = Some(self.clock);
            self.begins();
        }
        let hour = self.now().wall.as_second().div_euclid(HOUR);
        *self.per_hour.entry(hour).or_default() += 1;
        let name = dial.key.to_string();
        let leg = Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) };
        self.live.insert(leg.id.clone(), Live::default());
        self.most_at_once = self.most_at_once.max(u32::try_from(self.live.len()).unwrap_or(u32::MAX));
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
        self.ends(dial.max_call, &leg, &state, HangupCause::TimeLimit, Some(200));
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
                self.talk += answered.map_or(Duration::ZERO, |at| clock.saturating_sub(at));
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

    fn estimate(self) -> Estimate {
        let at = |clock: Duration| {
            let passed = SignedDuration::try_from(clock).unwrap_or(SignedDuration::MAX);
            self.start.saturating_add(passed).unwrap_or(self.start)
        };
        let progress = self.dialer.progress(&self.owner);
        let counts = progress.as_ref().map(|progress| progress.tallied.counts).unwrap_or_default();
        let outcomes = progress.as_ref().map(|progress| progress.tallied.outcomes.clone()).unwrap_or_default();
        let mut calls_per_target = BTreeMap::new();
        for state in self.stored.values().flat_map(|states| states.iter()) {
            *calls_per_target.entry(state.calls()).or_default() += 1;
        }
        let seen: u32 = calls_per_target.values().sum();
        if self.targets > seen {
            *calls_per_target.entry(0).or_default() += self.targets - seen;
        }
        let spending = progress.as_ref().and_then(|progress| progress.spending);
        let stopped_by = match (self.finish, progress) {
            (None, Some(progress)) => Some(word(&progress.waiting_for).to_owned()),
            (Some(_), Some(progress)) => progress.end.map(|end| end_word(end).to_owned()),
            (Some(_) | None, None) => None,
        };
        let by_second = self.assumptions.cost_per_minute.map(|cost| self.talk.as_secs_f64() / 60.0 * cost);
        let cost = by_second.or(spending.map(|spending| spending.spent.units()));
        Estimate {
            start: self.start,
            first_dial: self.first_dial.map(at),
            finish: self.finish.map(at),
            stopped_by,
            targets: self.targets,
            dials: self.dials,
            most_at_once: self.most_at_once,
            outcomes: outcomes.into_iter().map(|(outcome, count)| (format!("{outcome:?}"), count)).collect(),
            blocked: counts.blocked,
            calls_per_target,
            per_hour: self
                .per_hour
                .iter()
                .filter_map(|(hour, dials)| Some(Hour { at: Timestamp::from_second(hour * HOUR).ok()?, dials: *dials }))
                .collect(),
            held_up_secs: self
                .held_up
                .iter()
                .filter(|(_, held)| held.as_secs() > 0)
                .map(|(what, held)| ((*what).to_owned(), held.as_secs()))
                .collect(),
            talk_secs: self.talk.as_secs(),
            cost,
        }
    }
}

/// Whether only a person could bring the campaign on.
fn is_stuck(progress: &Progress) -> bool {
    match &progress.waiting_for {
        WaitingFor::ConfigError { .. }
        | WaitingFor::Halt(_)
        | WaitingFor::Budget
        | WaitingFor::Suspension
        | WaitingFor::DoNotCallLists
        | WaitingFor::Agents => true,
        WaitingFor::Window => progress.next_window_opens.is_none(),
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

/// What ends a campaign before all its targets were reached.
fn end_word(end: CampaignEnd) -> &'static str {
    match end {
        CampaignEnd::Satisfied => "SuccessPolicy",
        CampaignEnd::TooManyFailed => "FailurePolicy",
        CampaignEnd::FailedByRule => "Rule",
        CampaignEnd::DeadlineExceeded => "Deadline",
    }
}

fn word(waiting_for: &WaitingFor) -> &'static str {
    match waiting_for {
        WaitingFor::Pacing => "Pacing",
        WaitingFor::NothingToDial => "LastCalls",
        WaitingFor::Suspension => "Suspension",
        WaitingFor::ConfigError { .. } => "ConfigError",
        WaitingFor::Halt(_) => "CircuitBreaker",
        WaitingFor::Budget => "Budget",
        WaitingFor::CallerIds { .. } => "CallerIds",
        WaitingFor::Start { .. } => "Start",
        WaitingFor::Results => "Sink",
        WaitingFor::DoNotCallLists => "DoNotCallLists",
        WaitingFor::Agents => "Agents",
        WaitingFor::Window => "Window",
        WaitingFor::Due { .. } => "Retry",
        WaitingFor::Concurrency => "Concurrency",
        WaitingFor::Capacity => "Capacity",
        WaitingFor::Jobs => "Jobs",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dialer::spec::Zone;
    use dialer::target::Tally;
    use dialer::{Outcome, PhoneNumber, TargetId};
    use serde_json::{Value, json};

    use super::*;
    use crate::dialing::resolve;

    /// A Monday, at midnight in Chicago.
    const MONDAY: &str = "2026-06-01T05:00:00Z";

    fn spec(changes: &Value) -> CampaignSpec {
        let mut plan = json!({
            "accountRef": { "name": "main" },
            "applicationRef": { "name": "app" },
            "from": ["+15550009999"],
            "purpose": "Informational",
            "announcement": { "text": { "payload": "Your parcel is here." } },
            "pacing": { "dialsPerSecond": 1, "maxConcurrentCalls": 100 },
            "calleeTimeZone": { "default": "America/Chicago" },
            "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "start": "09:00", "end": "17:00" }],
            "retry": { "maxAttemptsPerTarget": 1 },
            "circuitBreaker": { "enabled": false },
        });
        for (name, value) in changes.as_object().unwrap() {
            plan[name] = value.clone();
        }
        resolve("spec", &serde_json::from_value(plan).unwrap(), "rehearsal", None).unwrap()
    }

    fn rehearsal(targets: usize, changes: &Value) -> Rehearsal {
        let target = |n| TargetSpec {
            id: TargetId::parse(&format!("t{n}")).unwrap(),
            to: PhoneNumber::parse(&format!("+1555{n:07}")).unwrap(),
            zone: None,
            zone_of_number: Zone::Unknown,
            consent_at: None,
            not_before: None,
            expires_at: None,
        };
        Rehearsal {
            spec: spec(changes),
            limits: AccountLimits { dials_per_second: 30, max_concurrent: 1000 },
            targets: (0..targets).map(target).collect(),
            states: Vec::new(),
            start: MONDAY.parse().unwrap(),
            assumptions: Assumptions { cost_per_minute: Some(0.6), ..Assumptions::default() },
        }
    }

    #[test]
    fn a_list_longer_than_a_day_is_called_within_windows_at_the_pace_that_was_asked_for() {
        let estimate = rehearsal(40_000, &json!({})).run();
        assert_eq!((estimate.dials, estimate.targets), (40_000, 40_000));
        let first = estimate.first_dial.unwrap().to_string();
        assert!(first.starts_with("2026-06-01T14:00:00"), "{first}");
        // 8 hours of 3600 on Monday; the rest on Tuesday, 9 to about 12:07.
        let finish = estimate.finish.unwrap().to_string();
        assert!(finish.starts_with("2026-06-02T17:0"), "{finish}");
        assert!(estimate.per_hour.iter().all(|hour| hour.dials <= 3604), "{:?}", estimate.busiest());
        assert_eq!(estimate.per_hour.iter().map(|hour| hour.dials).sum::<u32>(), 40_000);
        assert_eq!(estimate.outcomes.values().sum::<u32>(), 40_000);
        assert_eq!(estimate.calls_per_target, BTreeMap::from([(1, 40_000)]));
        assert!(estimate.held_up_secs["Window"] > 23 * 3600, "{:?}", estimate.held_up_secs);
        let completed = f64::from(estimate.outcomes["Completed"]) / 40_000.0;
        // A quarter are people, a quarter machines, and without a detector nobody tells them apart.
        assert!((completed - 0.5).abs() < 0.01, "{completed}");
        let minutes = estimate.cost.unwrap() / 0.6;
        assert!((minutes * 60.0 - f64::from(u32::try_from(estimate.talk_secs).unwrap())).abs() < 1.0);
    }

    #[test]
    fn retries_are_played_to_their_end_and_the_same_seed_gives_the_same_estimate() {
        let retry = json!({ "retry": { "maxAttemptsPerTarget": 3 } });
        let estimate = rehearsal(300, &retry).run();
        assert!(estimate.finish.is_some() && estimate.dials > 450, "{estimate:?}");
        assert!(estimate.calls_per_target.keys().all(|calls| (1..=3).contains(calls)));
        assert_eq!(estimate, rehearsal(300, &retry).run());
        let mut other = rehearsal(300, &retry);
        other.assumptions.seed = 2;
        assert_ne!(estimate.outcomes, other.run().outcomes);
    }

    #[test]
    fn what_never_ends_says_what_stops_it() {
        for (changes, stopped_by, dials) in [
            (json!({ "windows": [] }), "Window", 0),
            (json!({ "budget": { "maxCalls": 7 } }), "Budget", 7),
            (json!({ "budget": { "cost": { "max": "3", "perCall": "0.25" } } }), "Budget", 12),
        ] {
            let estimate = rehearsal(20, &changes).run();
            assert_eq!((estimate.stopped_by.as_deref(), estimate.dials), (Some(stopped_by), dials));
            assert_eq!(estimate.finish, None);
        }
    }

    #[test]
    fn who_must_not_be_called_is_blocked_and_not_dialled() {
        let mut all = rehearsal(10, &json!({}));
        for target in all.targets.iter_mut().take(4) {
            target.zone = Some(Zone::Unknown);
        }
        let estimate = all.run();
        assert_eq!((estimate.blocked, estimate.dials), (4, 6));
        assert_eq!(estimate.outcomes["ComplianceBlocked"], 4);
        assert_eq!(estimate.calls_per_target, BTreeMap::from([(0, 4), (1, 6)]));
    }

    #[test]
    fn who_is_on_a_list_or_has_not_agreed_is_blocked_and_a_day_off_is_waited_for() {
        let listed: std::collections::BTreeSet<_> =
            rehearsal(2, &json!({})).targets.into_iter().map(|t| t.to).collect();
        let mut campaign = rehearsal(
            10,
            &json!({ "compliance": { "consentRequired": true, "holidays": [{ "date": "2026-06-01" }] } }),
        );
        for target in campaign.targets.iter_mut().take(7) {
            target.consent_at = Some(Timestamp::UNIX_EPOCH);
        }
        let estimate = campaign.run_beside(Screening::Ready { list: Arc::new(listed), as_of: None });
        assert_eq!((estimate.blocked, estimate.dials), (5, 5), "two are listed, three have not agreed");
        let first = estimate.first_dial.unwrap().to_string();
        assert!(first.starts_with("2026-06-02T14:00:0"), "{first}");
    }

    #[test]
    fn who_is_on_a_do_not_call_list_is_not_dialled_and_a_list_that_was_never_read_stops_everybody() {
        let all = rehearsal(10, &json!({}));
        let numbers = all.targets.iter().take(3).map(|target| target.to.clone()).collect::<BTreeSet<_>>();
        let lists = Screening::Ready { list: Arc::new(numbers), as_of: None };
        let estimate = all.clone().run_beside(lists);
        assert_eq!((estimate.blocked, estimate.dials), (3, 7));
        let estimate = all.run_beside(Screening::NotReady);
        assert_eq!((estimate.stopped_by.as_deref(), estimate.dials), (Some("DoNotCallLists"), 0));
    }

    #[test]
    fn of_a_campaign_that_has_begun_only_the_rest_is_dialled() {
        let mut all = rehearsal(600, &json!({}));
        all.assumptions.seed = 3;
        let done = TargetState::Done { tally: Tally { attempts: 1, ..Tally::default() }, outcome: Outcome::Busy };
        all.states = vec![done; 400];
        let estimate = all.run();
        assert_eq!(estimate.dials, 200);
        assert!(estimate.outcomes["Busy"] >= 400, "{:?}", estimate.outcomes);
        assert_eq!(estimate.outcomes.values().sum::<u32>(), 600);
        assert_eq!(estimate.calls_per_target, BTreeMap::from([(1, 600)]));
    }

    #[test]
    fn the_limits_of_account_and_campaign_hold() {
        let fast = json!({ "pacing": { "dialsPerSecond": 500, "maxConcurrentCalls": 40 } });
        let estimate = rehearsal(2000, &fast).run();
        assert_eq!(estimate.most_at_once, 40);
        assert!(estimate.held_up_secs["Concurrency"] > 60, "{:?}", estimate.held_up_secs);
        let mut calls = rehearsal(3000, &json!({ "pacing": { "dialsPerSecond": 500, "maxConcurrentCalls": 10_000 } }));
        calls.limits = AccountLimits { dials_per_second: 10, max_concurrent: 10_000 };
        // Nine tenths of the account's ten a second.
        let estimate = calls.run();
        let took = estimate.finish.unwrap().duration_since(estimate.first_dial.unwrap()).as_secs();
        assert!(took >= 3000 / 10, "{took}");
    }

    #[test]
    fn a_bound_of_money_holds_and_the_estimate_has_its_prices() {
        let cost = json!({ "budget": { "cost": { "max": "20", "perMinute": "0.10", "perCall": "0.01" } } });
        let mut bound = rehearsal(5000, &cost);
        bound.assumptions.cost_per_minute = None;
        let estimate = bound.run();
        let cost = estimate.cost.unwrap();
        // The last calls are not begun, since each may last for eleven minutes.
        assert!((18.0..=20.0).contains(&cost), "{cost}");
        assert_eq!(estimate.stopped_by.as_deref(), Some("Budget"));
        assert!(estimate.dials < 5000, "{}", estimate.dials);
    }

    #[test]
    fn what_ends_early_says_why() {
        let mut late = rehearsal(5000, &json!({}));
        late.spec.active_deadline = Some(Duration::from_mins(10));
        let estimate = late.run();
        assert_eq!(estimate.stopped_by.as_deref(), Some("Deadline"));
        assert!((590..=606).contains(&estimate.dials), "{}", estimate.dials);
        assert_eq!(estimate.outcomes["Expired"] + estimate.dials, 5000);
        let some = rehearsal(1000, &json!({ "successPolicy": { "completedCount": "10%" } })).run();
        assert_eq!(some.stopped_by.as_deref(), Some("SuccessPolicy"));
        assert!((100..200).contains(&some.outcomes["Completed"]), "{:?}", some.outcomes);
    }

    #[test]
    fn a_suspended_campaign_is_rehearsed_as_if_it_went_on() {
        assert_eq!(rehearsal(5, &json!({ "suspend": true })).run().dials, 5);
    }
}
