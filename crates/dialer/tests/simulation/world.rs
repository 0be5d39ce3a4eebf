//! One world: a dialer, a store, Telnyx, time, and what goes wrong between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::{CallEvent, Refusal};
use dialer::effect::{Dial, LegCommand, LookUp, Save, SaveFailure, Verdict};
use dialer::event::{CommandRefusal, LoadedJob};
use dialer::spec::{AccountLimits, Audience, CampaignSpec, TargetSpec};
use dialer::{DeliveryToken, Dialer, Effect, Event, JobId, Now, OwnerId, SessionId, TargetState, Tuning, Version};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::faults::Faults;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::voice::{Step, Voice};

/// One life of the dialer, from a start to a crash.
struct Life {
    number: u32,
    began: Duration,
    dialer: Dialer,
    tokens: BTreeMap<DeliveryToken, (Duration, Delivery)>,
}

#[derive(Clone, Debug)]
struct Delivery {
    event: CallEvent,
    attempts: u32,
}

enum Happening {
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
    EveryMinute,
    Resume,
    Start,
}

pub struct World {
    pub seed: u64,
    pub scenario: Scenario,
    faults: Faults,
    rng: ChaCha8Rng,
    clock: Duration,
    skew: SignedDuration,
    /// What the wall clock showed at most.
    latest: Timestamp,
    queue: BTreeMap<(Duration, u64), Happening>,
    sequence: u64,
    life: Option<Life>,
    lives: u32,
    tokens: u64,
    store: Store,
    pub voice: Voice,
    suspended: bool,
    jobs: BTreeSet<usize>,
    dials: Vec<Duration>,
    /// Written only when asked for: a seed replays.
    pub trace: Option<String>,
}

/// Answers go missing after this long.
const TIMEOUT: Duration = Duration::from_secs(5);

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
            life: None,
            lives: 0,
            tokens: 0,
            store: Store::default(),
            voice: Voice::default(),
            suspended: false,
            jobs: BTreeSet::new(),
            dials: Vec::new(),
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

    fn note(&mut self, line: std::fmt::Arguments<'_>) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:>9.3} {line}", self.clock.as_secs_f64());
        }
    }

    fn wall(&self) -> Timestamp {
        self.scenario.begins + self.skew + SignedDuration::try_from(self.clock).unwrap()
    }

    fn now(&self) -> Now {
        let began = self.life.as_ref().map_or(Duration::ZERO, |life| life.began);
        Now { wall: self.wall(), up: self.clock.saturating_sub(began) }
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.random_ratio(thousandths, 1000)
    }

    fn delay(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(1..=most))
    }

    fn later(&mut self, after: Duration, what: Happening) {
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
        if self.suspended {
            self.resume();
        }
        if self.life.is_none() {
            self.start();
        }
    }

    pub fn run_until_idle(&mut self, how_long: Duration) {
        let until = self.clock + how_long;
        while !self.is_over() {
            assert!(self.advance(until), "not over in time: {:?}", self.progress());
        }
    }

    fn progress(&self) -> Option<dialer::Progress> {
        self.life.as_ref()?.dialer.progress(&self.scenario.owner)
    }

    pub fn is_over(&self) -> bool {
        self.jobs.len() == self.scenario.jobs.len()
            && self.progress().is_some_and(|progress| progress.complete)
            && self.voice.alive() == 0
            && self.scenario.jobs.iter().all(|(job, _)| {
                self.life.as_ref().unwrap().dialer.job_progress(job).is_some_and(|progress| progress.finished)
            })
    }

    /// Goes to the next thing that happens, if that is before `until`.
    fn advance(&mut self, until: Duration) -> bool {
        let event_at = self.queue.keys().next().map(|(at, _)| *at);
        let wake_at = self.life.as_ref().and_then(|life| Some(life.began + life.dialer.wake()?.at));
        let next = [event_at, wake_at].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= until) else {
            self.clock = until;
            return false;
        };
        self.clock = self.clock.max(next);
        self.latest = self.latest.max(self.wall());
        if event_at == Some(next) {
            let (_, happening) = self.queue.pop_first().unwrap();
            self.happens(happening);
        } else {
            self.drain();
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
            Happening::EveryMinute => self.every_minute(),
            Happening::Resume => self.resume(),
            Happening::Start => self.start(),
        }
    }

    fn tell(&mut self, number: u32, event: Event) {
        if self.life.as_ref().is_none_or(|life| life.number != number) {
            return;
        }
        let now = self.now();
        self.note(format_args!("> {event:?}"));
        if let Some(life) = &mut self.life {
            life.dialer.handle(now, event);
        }
        self.drain();
    }

    fn tell_alive(&mut self, event: Event) {
        if let Some(number) = self.life.as_ref().map(|life| life.number) {
            self.tell(number, event);
        }
    }

    /// Performs effects until there are none, or the process dies.
    fn drain(&mut self) {
        self.check_counts();
        loop {
            let now = self.now();
            let Some(life) = &mut self.life else { return };
            let number = life.number;
            let Some(effect) = life.dialer.poll(now) else { break };
            if self.chance(self.faults.crash) {
                self.crash();
                return;
            }
            self.perform(number, effect);
        }
        self.check_counts();
        self.check_tokens();
    }

    fn crash(&mut self) {
        self.note(format_args!("--- crash"));
        let Some(life) = self.life.take() else { return };
        for (_, delivery) in life.tokens.into_values() {
            self.deliver_again(delivery);
        }
        let down = self.delay(120_000);
        self.later(down, Happening::Start);
    }

    fn start(&mut self) {
        if self.life.is_some() {
            return;
        }
        self.lives += 1;
        let began = self.clock;
        let now = Now { wall: self.wall(), up: Duration::ZERO };
        let dialer = Dialer::new(SessionId(self.lives), Tuning::default(), now);
        let number = self.lives;
        self.note(format_args!("--- life {number}"));
        self.life = Some(Life { number: self.lives, began, dialer, tokens: BTreeMap::new() });
        self.tell_alive(Event::AccountSet(self.scenario.account));
        self.tell_campaign();
        for job in self.jobs.clone() {
            self.tell_job(job);
        }
        self.tell_alive(Event::Ready);
    }

    fn tell_campaign(&mut self) {
        let spec = CampaignSpec { suspended: self.suspended, ..self.scenario.spec.clone() };
        let all = self.jobs.len() == self.scenario.jobs.len();
        let audience = if all { Audience::Complete } else { Audience::MoreToCome };
        self.tell_alive(Event::CampaignSet { owner: self.scenario.owner.clone(), spec: Arc::new(spec), audience });
    }

    fn tell_job(&mut self, index: usize) {
        let (job, targets) = self.scenario.jobs[index].clone();
        let (version, states) = self.store.read(&job);
        let owner = self.scenario.owner.clone();
        self.tell_alive(Event::JobLoaded(LoadedJob { job, owner, version, targets, states }));
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
            self.note(format_args!("--- the wall clock jumps by {jump} s"));
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
            Effect::Save(save) => self.note(format_args!("< Save {} at {}", save.job, save.base)),
            effect => self.note(format_args!("< {effect:?}")),
        }
        let after = self.delay(150);
        match effect {
            Effect::Save(save) => {
                self.check_save(&save);
                self.later(after, Happening::SaveArrives(life, save));
            }
            Effect::Load { job } => self.later(after, Happening::LoadArrives(life, job)),
            Effect::Dial(dial) => {
                self.check_dial(&dial);
                self.later(after, Happening::DialArrives(life, dial));
            }
            Effect::LookUp(look_up) => self.later(after, Happening::LookUpArrives(life, look_up)),
            Effect::Command(command) => self.later(after, Happening::CommandArrives(life, command)),
            Effect::Acknowledge { token, verdict } => self.acknowledged(token, verdict),
        }
    }

    fn save_arrives(&mut self, life: u32, save: Save) {
        let after = self.delay(100);
        if self.chance(self.faults.conflict) {
            self.store.touch(&save.job);
        }
        if self.chance(self.faults.save_lost) {
            if self.rng.random_bool(0.5) {
                let late = self.delay(20_000);
                let write = Happening::LateWrite(save.job.clone(), save.base.clone(), Arc::clone(&save.states));
                self.later(late, write);
            }
            self.later(TIMEOUT, Happening::Answer(life, save.failed(SaveFailure::FateUnknown)));
            return;
        }
        match self.store.swap(&save.job, &save.base, &save.states) {
            Some(version) if !self.chance(self.faults.save_answer_lost) => {
                self.later(after, Happening::Answer(life, save.stored(version)));
            }
            Some(_) => self.later(TIMEOUT, Happening::Answer(life, save.failed(SaveFailure::FateUnknown))),
            None => self.later(after, Happening::Answer(life, save.failed(SaveFailure::Conflict))),
        }
    }

    fn load_arrives(&mut self, life: u32, job: JobId) {
        let after = self.delay(100);
        if self.chance(self.faults.load_fails) {
            self.later(TIMEOUT, Happening::Answer(life, Event::ReloadFailed { job }));
            return;
        }
        let (version, states) = self.store.read(&job);
        self.later(after, Happening::Answer(life, Event::Reloaded { job, version, states }));
    }

    fn dial_arrives(&mut self, life: u32, dial: &Dial) {
        let key = dial.key.clone();
        let after = self.delay(300);
        if self.chance(self.faults.dial_lost) {
            self.later(TIMEOUT, Happening::Answer(life, Event::DialFateUnknown { key }));
            return;
        }
        if let Some(refusal) = self.refusal() {
            self.later(after, Happening::Answer(life, Event::DialRefused { key, refusal }));
            return;
        }
        let (call, steps) = self.voice.accept(dial, self.clock, &mut self.rng);
        for (after, call, step) in steps {
            self.later(after, Happening::OnCall(call, step));
        }
        self.check_concurrency();
        let leg = (!self.chance(self.faults.dial_without_ids)).then(|| self.voice.calls[call].leg.clone());
        if self.chance(self.faults.dial_answer_lost) {
            self.later(TIMEOUT, Happening::Answer(life, Event::DialFateUnknown { key }));
        } else {
            self.later(after, Happening::Answer(life, Event::DialAccepted { key, leg }));
        }
    }

    fn refusal(&mut self) -> Option<Refusal> {
        let refusal = |status, code: &str, pointer: Option<&str>| {
            Some(Refusal { status, code: Some(code.into()), pointer: pointer.map(Into::into), retry_after: None })
        };
        if self.chance(self.faults.too_fast) {
            return refusal(429, "90103", None);
        }
        if self.chance(self.faults.throttled) {
            return match self.rng.random_range(0..4) {
                0 => refusal(429, "10011", None),
                1 => refusal(422, "90041", None),
                2 => refusal(422, "10016", Some("/to")),
                _ => refusal(403, "90043", None),
            };
        }
        None
    }

    fn look_up_arrives(&mut self, life: u32, asked: &LookUp) {
        let after = self.delay(500);
        let fails = self.chance(self.faults.look_up_fails);
        let findings = (!fails).then(|| self.voice.look_up(asked, self.clock));
        self.later(after, Happening::Answer(life, Event::LookedUp { key: asked.key.clone(), findings }));
    }

    fn command_arrives(&mut self, life: u32, command: &LegCommand) {
        let (command_id, leg) = (command.command_id, command.leg.id.clone());
        let after = self.delay(200);
        let fault = self.chance(self.faults.command_trouble);
        if fault && self.rng.random_bool(0.5) {
            let refusal = CommandRefusal::Throttled { after: Duration::from_secs(1) };
            self.later(after, Happening::Answer(life, Event::CommandRefused { command_id, leg, refusal }));
            return;
        }
        let event = match self.voice.command(command, self.clock, &mut self.rng) {
            Err(refusal) => Event::CommandRefused { command_id, leg, refusal },
            Ok(steps) => {
                for (after, call, step) in steps {
                    self.later(after, Happening::OnCall(call, step));
                }
                Event::CommandAccepted { command_id, leg }
            }
        };
        if fault {
            let (command_id, leg) = (command.command_id, command.leg.id.clone());
            self.later(TIMEOUT, Happening::Answer(life, Event::CommandFateUnknown { command_id, leg }));
        } else {
            self.later(after, Happening::Answer(life, event));
        }
    }

    fn on_call(&mut self, call: usize, step: Step) {
        let times = (self.clock, self.wall());
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
        if self.life.is_none() || self.chance(self.faults.delivery_fails) {
            self.deliver_again(delivery);
            return;
        }
        let call = delivery.event.clone();
        if let Some(life) = &mut self.life {
            life.tokens.insert(token, (clock, delivery));
        }
        self.tell_alive(Event::Webhook { token, call });
    }

    fn deliver_again(&mut self, mut delivery: Delivery) {
        delivery.attempts += 1;
        if delivery.attempts < 7 {
            let after = Duration::from_secs(1 << delivery.attempts);
            self.later(after, Happening::Deliver(delivery));
        }
    }

    fn acknowledged(&mut self, token: DeliveryToken, verdict: Verdict) {
        let life = self.life.as_mut().unwrap();
        let (_, delivery) = life.tokens.remove(&token).expect("a token is answered once");
        match verdict {
            Verdict::Done => {}
            Verdict::Retry | Verdict::NotHere => self.deliver_again(delivery),
        }
    }
}

/// What has to hold at every moment.
impl World {
    fn check_counts(&self) {
        let Some(progress) = self.progress() else { return };
        let counts = progress.tallied.counts;
        let targets: usize = self.jobs.iter().map(|job| self.scenario.jobs[*job].1.len()).sum();
        let life = self.life.as_ref().unwrap();
        let known = self.scenario.jobs.iter().filter(|(job, _)| life.dialer.job_progress(job).is_some());
        let known: usize = known.map(|(_, targets)| targets.len()).sum();
        assert!(known <= targets);
        assert_eq!(usize::try_from(counts.total()).unwrap(), known, "{counts:?}");
    }

    fn check_tokens(&self) {
        let Some(life) = &self.life else { return };
        for (came, _) in life.tokens.values() {
            assert!(self.clock <= *came + dialer::ACK_PATIENCE, "a webhook waits for its answer for ever");
        }
    }

    fn check_save(&self, save: &Save) {
        let life = self.life.as_ref().unwrap();
        let counts = life.dialer.job_progress(&save.job).unwrap().tallied.counts;
        let claimed = save.states.iter().filter(|state| matches!(state, TargetState::Claimed { .. })).count();
        assert!(usize::try_from(counts.claimed).unwrap() >= claimed.saturating_sub(1), "{counts:?}");
    }

    fn check_dial(&mut self, dial: &Dial) {
        let (job, index) = self.scenario.find(&dial.key.attempt.target);
        assert!(self.store.was_claimed(&job, index, &dial.key), "{} was dialled unclaimed", dial.key);
        assert!(!self.suspended, "{} was dialled though suspended", dial.key);
        let wall = self.wall();
        assert!(
            self.scenario.is_open(&dial.key.attempt.target, wall, self.latest),
            "{} was dialled outside its window, {wall}",
            dial.key
        );
        assert!(dial.key.attempt.n <= self.scenario.spec.retry.max_attempts_per_target, "{} is over the cap", dial.key);
        self.dials.push(self.clock);
        let AccountLimits { dials_per_second, .. } = self.scenario.account;
        let window = self.dials.iter().rev().take_while(|at| **at + Duration::from_secs(5) > self.clock).count();
        assert!(window <= (dials_per_second * 5 * 9 / 10) as usize, "{window} dials in 5 s");
    }

    fn check_concurrency(&self) {
        let cap = self.scenario.spec.pacing.max_concurrent.min(self.scenario.account.max_concurrent);
        let alive = self.voice.alive();
        let calls: Vec<String> =
            self.voice.calls.iter().filter(|call| call.alive).map(|call| call.key.to_string()).collect();
        assert!(alive <= cap as usize, "{alive} calls at once, {cap} allowed: {calls:?}");
    }

    /// What has to hold when all is over.
    pub fn check_end(&self) {
        for (job, targets) in &self.scenario.jobs {
            let (_, states) = self.store.read(job);
            assert_eq!(states.len(), targets.len());
            for (state, target) in states.iter().zip(targets.iter()) {
                let TargetState::Done { outcome, .. } = state else { panic!("{} ended as {state:?}", target.id) };
                self.check_outcome(target, *outcome);
            }
        }
    }

    fn check_outcome(&self, target: &TargetSpec, outcome: dialer::Outcome) {
        let calls = || self.voice.calls.iter().filter(|call| call.key.attempt.target == target.id);
        let delivered = calls().any(|call| call.delivered);
        if matches!(outcome, dialer::Outcome::Completed | dialer::Outcome::VoicemailLeft) {
            assert!(delivered, "{}: {outcome:?} though nothing was played to its end", target.id);
        } else if self.seed.is_multiple_of(16) {
            assert!(!delivered, "{}: {outcome:?} though all was played", target.id);
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
