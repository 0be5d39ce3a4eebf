//! One world: a dialer, a store, Telnyx, time, and what goes wrong between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::CallEvent;
use dialer::effect::{Dial, LegCommand, LookUp, Save, Verdict};
use dialer::event::LoadedJob;
use dialer::rules::RuleAction;
use dialer::spec::{Audience, CampaignSpec, OnAmbiguous};
use dialer::{
    DeliveryToken, Dialer, Effect, Event, JobId, Now, OwnerId, PhoneNumber, SessionId, TargetState, Tuning, Version,
};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::faults::Faults;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::voice::{Step, Voice};

/// One life of the dialer, from a start to a crash.
pub struct Life {
    pub began: Duration,
    pub dialer: Dialer,
    pub tokens: BTreeMap<DeliveryToken, (Duration, Delivery)>,
}

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
    Resume,
    Start,
    /// A life that had lost its lease, and did not know, ends.
    Ends(u32),
}

pub struct World {
    pub seed: u64,
    pub scenario: Scenario,
    pub faults: Faults,
    pub rng: ChaCha8Rng,
    pub clock: Duration,
    skew: SignedDuration,
    /// What the wall clock showed at most.
    pub latest: Timestamp,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    /// Lives by number. The last one owns the account; others have lost it and do not know yet.
    pub lives: BTreeMap<u32, Life>,
    last_life: u32,
    /// Two lives dialled at the same time: only a lease could have kept the account's limits.
    pub overlapped: bool,
    tokens: u64,
    /// Steps in a row between which no time to speak of has passed.
    steps_without_time: u32,
    pub store: Store,
    pub voice: Voice,
    pub suspended: bool,
    pub jobs: BTreeSet<usize>,
    /// Jobs that were removed, and numbers on the do-not-call list with the time since when.
    pub removed: BTreeSet<usize>,
    pub listed: BTreeMap<PhoneNumber, Duration>,
    pub dials: Vec<Duration>,
    /// Whom the calls that rang have called, and when.
    pub rings: BTreeMap<PhoneNumber, Vec<Duration>>,
    /// The wall clock has jumped: times that were stored cannot be relied on.
    pub jumped: bool,
    /// Until then Telnyx answers nothing.
    pub silent_until: Duration,
    /// Written only when asked for: a seed replays.
    pub trace: Option<String>,
}

/// Less than this is no time to speak of.
const STANDSTILL: Duration = Duration::from_micros(1);

/// Answers go missing after this long.
pub const TIMEOUT: Duration = Duration::from_secs(5);

impl World {
    pub fn new(seed: u64, trace: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(2);
        let mut world = Self {
            seed,
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
            store: Store::default(),
            voice: Voice::default(),
            suspended: false,
            jobs: BTreeSet::new(),
            removed: BTreeSet::new(),
            listed: BTreeMap::new(),
            dials: Vec::new(),
            rings: BTreeMap::new(),
            jumped: false,
            silent_until: Duration::ZERO,
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

    fn now(&self, life: u32) -> Now {
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
        if self.suspended {
            self.resume();
        }
        if self.owner_life().is_none() {
            self.start();
        }
        // What waits for a person is decided, and what was set up wrong is put right.
        self.scenario.spec.on_ambiguous = OnAmbiguous::CountAsAttempt;
        self.scenario.spec.retry.rules.retain(|rule| rule.action != RuleAction::PauseCampaign);
        self.scenario.spec.max_calls = None;
        self.scenario.spec.breaker = None;
        self.scenario.spec.max_call += Duration::from_secs(1);
        self.tell_owner(Event::AccountSet(self.scenario.account));
        self.tell_campaign();
    }

    pub fn run_until_idle(&mut self, how_long: Duration) {
        let until = self.clock + how_long;
        while !self.is_over() {
            assert!(self.advance(until), "not over in time: {:?}", self.progress());
        }
    }

    /// The life that owns the account.
    pub fn owner_life(&self) -> Option<(u32, &Life)> {
        self.lives.get(&self.last_life).map(|life| (self.last_life, life))
    }

    fn progress(&self) -> Option<dialer::Progress> {
        self.owner_life()?.1.dialer.progress(&self.scenario.owner)
    }

    pub fn is_over(&self) -> bool {
        let Some((_, life)) = self.owner_life() else { return false };
        let finished = |job| life.dialer.job_progress(job).is_some_and(|progress| progress.finished);
        self.jobs.len() + self.removed.len() == self.scenario.jobs.len()
            && life.dialer.progress(&self.scenario.owner).is_none_or(|progress| progress.complete)
            && self.voice.alive() == 0
            && self.jobs.iter().all(|job| finished(&self.scenario.jobs[*job].0))
    }

    /// Goes to the next thing that happens, if that is before `until`.
    fn advance(&mut self, until: Duration) -> bool {
        let event_at = self.queue.keys().next().map(|(at, _)| *at);
        let wakes = self.lives.iter().filter_map(|(number, life)| Some((life.began + life.dialer.wake()?.at, *number)));
        let wake = wakes.min();
        let next = [event_at, wake.map(|(at, _)| at)].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= until) else {
            self.clock = until;
            return false;
        };
        self.steps_without_time = if next <= self.clock + STANDSTILL { self.steps_without_time + 1 } else { 0 };
        assert!(self.steps_without_time < 10_000, "time stands still at {:?}", self.clock);
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
                let done = self.store.swap(&job, &base, &states).is_some();
                self.note(format_args!("late write of {job}: {done}"));
            }
            Happening::LoadArrives(life, job) => self.load_arrives(life, job),
            Happening::DialArrives(life, dial) => self.dial_arrives(life, &dial),
            Happening::LookUpArrives(life, look_up) => self.look_up_arrives(life, &look_up),
            Happening::CommandArrives(life, command) => self.command_arrives(life, &command),
            Happening::OnCall(call, step) => self.on_call(call, step),
            Happening::Deliver(delivery) => self.deliver(delivery),
            Happening::NewJob(job) => self.new_job(job),
            Happening::JobIsGone(job) => self.job_is_gone(job),
            Happening::EveryMinute => self.every_minute(),
            Happening::Resume => self.resume(),
            Happening::Start => self.start(),
            Happening::Ends(life) => self.end(life),
        }
    }

    fn tell(&mut self, life: u32, event: Event) {
        let now = self.now(life);
        if self.lives.contains_key(&life) {
            self.note(format_args!("{life}> {event:?}"));
        }
        if let Some(living) = self.lives.get_mut(&life) {
            living.dialer.handle(now, event);
            self.drain(life);
        }
    }

    fn tell_owner(&mut self, event: Event) {
        self.tell(self.last_life, event);
    }

    /// Performs effects until there are none, or the process dies.
    fn drain(&mut self, life: u32) {
        self.check_counts(life);
        loop {
            let now = self.now(life);
            let Some(living) = self.lives.get_mut(&life) else { return };
            let Some(effect) = living.dialer.poll(now) else { break };
            if life == self.last_life && self.chance(self.faults.crash) {
                if self.rng.random_bool(0.25) {
                    self.stop();
                    self.perform(life, effect);
                    continue;
                }
                let longest = self.rng.random_range(0..3);
                let down = self.delay([300, 6000, 120_000][longest]);
                self.later(down, Happening::Start);
                if !self.chance(self.faults.lease_loss) {
                    self.note(format_args!("--- crash"));
                    self.end(life);
                    return;
                }
                self.lose_lease();
            }
            self.perform(life, effect);
        }
        self.check_counts(life);
        self.check_tokens(life);
    }

    /// The life that owns the account is told to end, and its successor starts after it.
    fn stop(&mut self) {
        self.note(format_args!("--- stop"));
        let (life, lives_on) = (self.last_life, self.delay(10_000));
        self.later(lives_on, Happening::Ends(life));
        let down = lives_on + self.delay(3000);
        self.later(down, Happening::Start);
        self.last_life += 1;
        self.later(Duration::ZERO, Happening::Answer(life, Event::Stopping));
    }

    /// The life that owns the account no longer does, and lives on for a while without knowing.
    fn lose_lease(&mut self) {
        self.note(format_args!("--- lease lost"));
        self.overlapped = true;
        let (life, lives_on) = (self.last_life, self.delay(90_000));
        self.later(lives_on, Happening::Ends(life));
        self.last_life += 1;
    }

    fn end(&mut self, life: u32) {
        for (_, delivery) in self.lives.remove(&life).into_iter().flat_map(|life| life.tokens.into_values()) {
            self.deliver_again(delivery);
        }
    }

    fn start(&mut self) {
        if self.owner_life().is_some() {
            return;
        }
        self.last_life += 1;
        let (number, began) = (self.last_life, self.clock);
        let now = Now { wall: self.wall(), up: Duration::ZERO };
        let dialer = Dialer::new(SessionId(number), Tuning::default(), now);
        self.note(format_args!("--- life {number}"));
        self.lives.insert(number, Life { began, dialer, tokens: BTreeMap::new() });
        self.tell_owner(Event::AccountSet(self.scenario.account));
        self.tell_list();
        self.tell_campaign();
        for job in self.jobs.clone() {
            self.tell_job(job);
        }
        self.tell_owner(Event::Ready);
    }

    fn tell_campaign(&mut self) {
        let spec = CampaignSpec { suspended: self.suspended, ..self.scenario.spec.clone() };
        let all = self.jobs.len() + self.removed.len() == self.scenario.jobs.len();
        let audience = if all { Audience::Complete } else { Audience::MoreToCome };
        let (owner, spec) = (self.scenario.owner.clone(), Arc::new(spec));
        for life in self.lives.keys().copied().collect::<Vec<_>>() {
            self.tell(life, Event::CampaignSet { owner: owner.clone(), spec: Arc::clone(&spec), audience });
        }
    }

    fn tell_job(&mut self, index: usize) {
        let (job, targets) = self.scenario.jobs[index].clone();
        let (version, states) = self.store.read(&job);
        let owner = self.scenario.owner.clone();
        self.tell_owner(Event::JobLoaded(LoadedJob { job, owner, version, targets, states }));
    }

    /// A job vanishes from the store; the lives hear of it later, or when they save.
    fn remove_job(&mut self) {
        let Some(job) = self.jobs.iter().next().copied() else { return };
        self.note(format_args!("--- job {job} is removed"));
        self.jobs.remove(&job);
        self.removed.insert(job);
        self.store.remove(&self.scenario.jobs[job].0);
        let late = self.delay(20_000);
        self.later(late, Happening::JobIsGone(job));
    }

    fn job_is_gone(&mut self, index: usize) {
        let job = self.scenario.jobs[index].0.clone();
        for life in self.lives.keys().copied().collect::<Vec<_>>() {
            self.tell(life, Event::JobRemoved { job: job.clone() });
        }
        self.tell_campaign();
    }

    /// Some number must not be called from now on.
    fn list_somebody(&mut self) {
        let job = self.rng.random_range(0..self.scenario.jobs.len());
        let targets = &self.scenario.jobs[job].1;
        let number = targets[self.rng.random_range(0..targets.len())].to.clone();
        let clock = self.clock;
        self.listed.entry(number).or_insert(clock);
        self.tell_list();
    }

    fn tell_list(&mut self) {
        let numbers: BTreeSet<PhoneNumber> = self.listed.keys().cloned().collect();
        for life in self.lives.keys().copied().collect::<Vec<_>>() {
            self.tell(life, Event::DoNotCallSet { numbers: numbers.clone() });
        }
    }

    fn new_job(&mut self, index: usize) {
        self.store.create(&self.scenario.jobs[index].0);
        self.jobs.insert(index);
        self.tell_job(index);
        self.tell_campaign();
    }

    fn every_minute(&mut self) {
        self.later(Duration::from_mins(1), Happening::EveryMinute);
        if self.chance(self.faults.wall_jumps) {
            let jump = self.rng.random_range(-1800..1800);
            self.skew += SignedDuration::from_secs(jump);
            self.jumped = true;
            self.note(format_args!("--- the wall clock jumps by {jump} s"));
        }
        if self.chance(200) {
            self.tell_owner(Event::AccountSet(self.scenario.account));
        }
        if self.chance(self.faults.outages) {
            self.silent_until = self.clock + self.delay(180_000);
        }
        if self.chance(self.faults.edits) {
            self.scenario.edit(&mut self.rng);
            self.tell_campaign();
        }
        if self.chance(self.faults.removals) {
            self.remove_job();
        }
        if self.chance(self.faults.lists) {
            self.list_somebody();
        }
        if !self.suspended && self.chance(self.faults.suspensions) {
            self.suspended = true;
            self.tell_campaign();
            let pause = self.delay(900_000);
            self.later(pause, Happening::Resume);
        }
    }

    fn resume(&mut self) {
        self.suspended = false;
        self.tell_campaign();
    }

    fn perform(&mut self, life: u32, effect: Effect) {
        match &effect {
            Effect::Save(save) => self.note(format_args!("{life}< Save {} at {}", save.job, save.base)),
            effect => self.note(format_args!("{life}< {effect:?}")),
        }
        let after = self.delay(150);
        match effect {
            Effect::Save(save) => {
                self.check_save(life, &save);
                let slow = if self.chance(self.faults.slow_store) { self.delay(200_000) } else { Duration::ZERO };
                self.later(after + slow, Happening::SaveArrives(life, save));
            }
            Effect::Load { job } => self.later(after, Happening::LoadArrives(life, job)),
            Effect::Dial(dial) => {
                self.check_dial(&dial);
                self.later(after, Happening::DialArrives(life, dial));
            }
            Effect::LookUp(look_up) => self.later(after, Happening::LookUpArrives(life, look_up)),
            Effect::Command(command) => self.later(after, Happening::CommandArrives(life, command)),
            Effect::Acknowledge { token, verdict } => self.acknowledged(life, token, verdict),
        }
    }

    fn on_call(&mut self, call: usize, step: Step) {
        let times = (self.clock, self.wall());
        if matches!(step, Step::Ring) {
            self.check_ring(call);
        }
        self.note(format_args!("= call {call} {step:?}"));
        let (event, steps) = self.voice.step(call, step, times, &self.faults, &mut self.rng);
        for (after, call, step) in steps {
            self.later(after, Happening::OnCall(call, step));
        }
        let Some(event) = event else { return };
        if self.chance(self.faults.webhook_lost) {
            return;
        }
        let twice = self.chance(self.faults.webhook_twice);
        for _ in 0..=u32::from(twice) {
            let late = if self.chance(self.faults.webhook_late) { 90_000 } else { 300 };
            let after = self.delay(late);
            self.later(after, Happening::Deliver(Delivery { event: event.clone(), attempts: 0 }));
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.tokens += 1;
        let token = DeliveryToken(self.tokens);
        let clock = self.clock;
        // Any life may be the one that is reached.
        let reached = self.rng.random_range(0..self.lives.len().max(1));
        let Some(life) = self.lives.keys().nth(reached).copied().filter(|_| !self.chance(self.faults.delivery_fails))
        else {
            self.deliver_again(delivery);
            return;
        };
        let call = delivery.event.clone();
        if let Some(living) = self.lives.get_mut(&life) {
            living.tokens.insert(token, (clock, delivery));
        }
        self.tell(life, Event::Webhook { token, call });
    }

    fn deliver_again(&mut self, mut delivery: Delivery) {
        delivery.attempts += 1;
        if delivery.attempts < 7 {
            let after = Duration::from_secs(1 << delivery.attempts);
            self.later(after, Happening::Deliver(delivery));
        }
    }

    fn acknowledged(&mut self, life: u32, token: DeliveryToken, verdict: Verdict) {
        let living = self.lives.get_mut(&life).unwrap();
        let (_, delivery) = living.tokens.remove(&token).expect("a token is answered once");
        match verdict {
            Verdict::Done => self.check_ack(&delivery.event),
            Verdict::Retry | Verdict::NotHere => self.deliver_again(delivery),
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

/// The owner of every world.
pub fn owner() -> OwnerId {
    OwnerId::parse("5f0c2b9e-0000-4000-8000-000000000001").unwrap()
}
