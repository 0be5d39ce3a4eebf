//! One world: dialers, a store, Telnyx, time, and what goes wrong between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::CallEvent;
use dialer::effect::{Dial, LegCommand, LookUp, Save};
use dialer::rules::RuleAction;
use dialer::spec::OnAmbiguous;
use dialer::{Event, JobId, Now, OwnerId, PhoneNumber, TargetState, Version};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::faults::Faults;
use crate::judge::{Check, Judge};
use crate::lives::Life;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::voice::{Step, Voice};
use crate::weather::Storm;

#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: CallEvent,
    pub attempts: u32,
}

pub enum Happening {
    /// A completion for the life that asked; lost with it.
    Answer(u32, Event),
    SaveArrives(u32, Save),
    LateWrite(JobId, Version, Arc<[TargetState]>),
    LoadArrives(u32, JobId),
    DialArrives(u32, Dial),
    LookUpArrives(u32, LookUp),
    CommandArrives(u32, LegCommand),
    OnCall(usize, Step),
    Deliver(Delivery),
    NewJob(usize),
    /// The lives hear that a job was removed.
    JobIsGone(usize),
    EveryMinute,
    /// A campaign's suspension ends.
    Resume(usize),
    Start,
    /// A life that had lost its lease and slept wakes up, and does not know yet.
    Wakes(u32),
    /// A life that had lost its lease, and did not know, ends.
    Ends(u32),
}

pub struct World {
    pub seed: u64,
    pub judge: Judge,
    pub scenario: Scenario,
    pub faults: Faults,
    pub rng: ChaCha8Rng,
    pub clock: Duration,
    pub skew: SignedDuration,
    /// What the wall clock showed at most.
    pub latest: Timestamp,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    /// Lives by number. The last one owns the account; others have lost it and do not know yet.
    pub lives: BTreeMap<u32, Life>,
    pub last_life: u32,
    /// Two lives dialled at the same time: only a lease could have kept the account's limits.
    pub overlapped: bool,
    pub tokens: u64,
    /// Steps in a row between which no time to speak of has passed.
    steps_without_time: u32,
    pub store: Store,
    pub voice: Voice,
    /// Jobs that exist.
    pub jobs: BTreeSet<usize>,
    /// Jobs that were removed, and numbers on the do-not-call list with the time since when.
    pub removed: BTreeSet<usize>,
    pub listed: BTreeMap<PhoneNumber, Duration>,
    /// Campaigns that somebody has edited, or let go on.
    pub edited: BTreeSet<OwnerId>,
    pub dials: Vec<Duration>,
    /// Whom the calls that rang have called, and when.
    pub rings: BTreeMap<PhoneNumber, Vec<Duration>>,
    /// The wall clock has jumped: times that were stored cannot be relied on.
    pub jumped: bool,
    /// Until then Telnyx answers nothing.
    pub silent_until: Duration,
    /// Until then the store answers nothing, and writes nothing.
    pub store_down_until: Duration,
    /// Until then every dial is refused so.
    pub storm: Option<(Duration, Storm)>,
    /// Written only when asked for: a seed replays.
    pub trace: Option<String>,
}

/// Less than this is no time to speak of.
const STANDSTILL: Duration = Duration::from_micros(1);

/// Answers go missing after this long.
pub const TIMEOUT: Duration = Duration::from_secs(5);

impl World {
    pub fn new(seed: u64, judge: Judge, trace: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(2);
        let mut world = Self {
            seed,
            judge,
            scenario: Scenario::draw(seed),
            faults: Faults::draw(seed),
            rng,
            clock: Duration::ZERO,
            skew: SignedDuration::ZERO,
            latest: Timestamp::UNIX_EPOCH,
            queue: BTreeMap::new(),
            sequence: 0,
            lives: BTreeMap::new(),
            last_life: 0,
            overlapped: false,
            tokens: 0,
            steps_without_time: 0,
            store: Store::new(judge),
            voice: Voice::new(judge),
            jobs: BTreeSet::new(),
            removed: BTreeSet::new(),
            listed: BTreeMap::new(),
            edited: BTreeSet::new(),
            dials: Vec::new(),
            rings: BTreeMap::new(),
            jumped: false,
            silent_until: Duration::ZERO,
            store_down_until: Duration::ZERO,
            storm: None,
            trace: trace.then(String::new),
        };
        world.note(format_args!("{:?}", world.faults.clone()));
        world.later(Duration::ZERO, Happening::NewJob(0));
        world.later(Duration::ZERO, Happening::Start);
        for job in 1..world.scenario.jobs.len() {
            let at = Duration::from_secs(world.rng.random_range(0..600));
            world.later(at, Happening::NewJob(job));
        }
        world.later(Duration::from_mins(1), Happening::EveryMinute);
        world
    }

    pub fn note(&mut self, line: std::fmt::Arguments<'_>) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:>9.3} {line}", self.clock.as_secs_f64());
        }
    }

    pub fn wall(&self) -> Timestamp {
        self.scenario.begins + self.skew + SignedDuration::try_from(self.clock).unwrap()
    }

    pub fn now(&self, life: u32) -> Now {
        let began = self.lives.get(&life).map_or(Duration::ZERO, |life| life.began);
        Now { wall: self.wall(), up: self.clock.saturating_sub(began) }
    }

    pub fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.random_ratio(thousandths, 1000)
    }

    pub fn delay(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(1..=most))
    }

    pub fn later(&mut self, after: Duration, what: Happening) {
        self.sequence += 1;
        self.queue.insert((self.clock + after, self.sequence), what);
    }

    pub fn run_with_faults(&mut self, how_long: Duration) {
        let until = self.clock + how_long;
        while !self.is_over() && self.advance(until) {}
    }

    /// From here on nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.note(format_args!("--- healed"));
        self.faults = Faults::default();
        self.silent_until = self.clock;
        self.store_down_until = self.clock;
        self.storm = None;
        if self.owner_life().is_none() {
            self.start();
        }
        // What waits for a person is decided, and what was set up wrong is put right.
        for campaign in &mut self.scenario.campaigns {
            let spec = &mut campaign.spec;
            spec.on_ambiguous = OnAmbiguous::CountAsAttempt;
            spec.retry.rules.retain(|rule| rule.action != RuleAction::PauseCampaign);
            spec.max_calls = None;
            spec.cost = None;
            spec.breaker = None;
            spec.pacing.adaptive = None;
            spec.max_call += Duration::from_secs(1);
            campaign.suspended = false;
        }
        self.tell_owner(Event::AccountSet(self.account()));
        for campaign in 0..self.scenario.campaigns.len() {
            self.tell_campaign(campaign);
        }
    }

    pub fn run_until_idle(&mut self, how_long: Duration) {
        let until = self.clock + how_long;
        while !self.is_over() {
            let goes_on = self.advance(until);
            self.judge.hold(Check::EverythingEnds, goes_on, || format!("not over in time: {:?}", self.progress()));
            if !goes_on {
                return;
            }
        }
    }

    /// The life that owns the account.
    pub fn owner_life(&self) -> Option<(u32, &Life)> {
        self.lives.get(&self.last_life).map(|life| (self.last_life, life))
    }

    fn progress(&self) -> Vec<Option<dialer::Progress>> {
        let progress = |campaign: &crate::scenario::Campaign| self.owner_life()?.1.dialer.progress(&campaign.owner);
        self.scenario.campaigns.iter().map(progress).collect()
    }

    pub fn is_over(&self) -> bool {
        let Some((_, life)) = self.owner_life() else { return false };
        if self.judge.breaks(Check::FinishedIsStored) && self.clock > Duration::from_mins(5) {
            return true;
        }
        let finished = |job| life.dialer.job_progress(job).is_some_and(|progress| progress.finished);
        self.jobs.len() + self.removed.len() == self.scenario.jobs.len()
            && self.voice.alive().next().is_none()
            && self.progress().iter().all(|progress| progress.as_ref().is_none_or(|progress| progress.complete))
            && self.jobs.iter().all(|job| finished(&self.scenario.jobs[*job].id))
    }

    /// Goes to the next thing that happens, if that is before `until`.
    fn advance(&mut self, until: Duration) -> bool {
        let event_at = self.queue.keys().next().map(|(at, _)| *at);
        let awake = self.lives.iter().filter(|(_, life)| life.missed.is_none());
        let stands_still = self.judge.breaks(Check::TimeGoesOn);
        let wakes = awake.filter_map(|(number, life)| {
            let at = if stands_still { Some(Duration::ZERO) } else { life.dialer.wake().map(|wake| wake.at) };
            Some((life.began + at?, *number))
        });
        let wake = wakes.min();
        let next = [event_at, wake.map(|(at, _)| at)].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= until) else {
            self.clock = until;
            return false;
        };
        self.steps_without_time = if next <= self.clock + STANDSTILL { self.steps_without_time + 1 } else { 0 };
        let goes_on = self.steps_without_time < 10_000;
        self.judge.hold(Check::TimeGoesOn, goes_on, || format!("time stands still at {:?}", self.clock));
        self.clock = self.clock.max(next);
        self.latest = self.latest.max(self.wall());
        if event_at == Some(next) {
            let (_, happening) = self.queue.pop_first().unwrap();
            self.happens(happening);
        } else if let Some((_, life)) = wake {
            self.drain(life);
        }
        true
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Answer(life, event) => self.tell(life, event),
            Happening::SaveArrives(life, save) => self.save_arrives(life, save),
            Happening::LateWrite(job, base, states) => {
                let done = self.store.swap(&job, &base, &states, self.clock).is_some();
                self.note(format_args!("late write of {job}: {done}"));
            }
            Happening::LoadArrives(life, job) => self.load_arrives(life, job),
            Happening::DialArrives(life, dial) => self.dial_arrives(life, dial),
            Happening::LookUpArrives(life, look_up) => self.look_up_arrives(life, &look_up),
            Happening::CommandArrives(life, command) => self.command_arrives(life, &command),
            Happening::OnCall(call, step) => self.on_call(call, step),
            Happening::Deliver(delivery) => self.deliver(delivery),
            Happening::NewJob(job) => self.new_job(job),
            Happening::JobIsGone(job) => self.job_is_gone(job),
            Happening::EveryMinute => self.every_minute(),
            Happening::Resume(campaign) => self.resume(campaign),
            Happening::Start => self.start(),
            Happening::Wakes(life) => self.wakes(life),
            Happening::Ends(life) => self.end(life),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(trace) = self.trace.as_ref().filter(|_| std::thread::panicking()) {
            let lines: Vec<&str> = trace.lines().collect();
            let wanted = std::env::var("TRACE").ok().and_then(|lines| lines.parse().ok()).unwrap_or(80);
            eprintln!("{}\n(TRACE=n shows n lines)", lines[lines.len().saturating_sub(wanted)..].join("\n"));
        }
    }
}

/// The owner of a world's campaign.
pub fn owner(campaign: usize) -> OwnerId {
    OwnerId::parse(&format!("5f0c2b9e-0000-4000-8000-{campaign:012}")).unwrap()
}
