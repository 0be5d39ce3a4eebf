//! Processes: how they start, are told what they need to know, lose their lease, sleep, stop and die.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialer::effect::{Dial, Verdict};
use dialer::event::LoadedJob;
use dialer::spec::{AccountLimits, Audience, CampaignSpec, DialRate, TargetSpec};
use dialer::{CommandId, DeliveryToken, Dialer, Effect, Event, Now, Screening, SessionId, Tuning};
use rand::RngExt;

use crate::judge::Check;
use crate::world::{Delivery, Happening, World};

/// One life of the dialer, from a start to a crash.
pub struct Life {
    pub began: Duration,
    pub dialer: Dialer,
    pub tokens: BTreeMap<DeliveryToken, (Duration, Delivery)>,
    /// What it was told while it slept; `None` while it is awake.
    pub missed: Option<Vec<Event>>,
    /// It has slept: what people wanted meanwhile it may hear too late.
    pub has_slept: bool,
    /// A refusal for speed forbids it to dial before.
    pub quiet_until: Duration,
}

impl World {
    pub fn tell(&mut self, life: u32, mut event: Event) {
        let now = self.now(life);
        let clock = self.clock;
        if self.judge.breaks(Check::EverythingEnds) && clock > Duration::from_mins(5) {
            return;
        }
        let Some(living) = self.lives.get_mut(&life) else { return };
        if let Some(missed) = &mut living.missed {
            missed.push(event);
            return;
        }
        if let Event::DialRefused { refusal, .. } = &event
            && let Some(pause) = crate::weather::pause(refusal)
        {
            living.quiet_until = living.quiet_until.max(clock + pause);
            if self.judge.breaks(Check::StormsPauseDialing) {
                event = as_if_lost(event);
            }
        }
        self.note(format_args!("{life}> {event:?}"));
        if let Some(living) = self.lives.get_mut(&life) {
            living.dialer.handle(now, event);
            self.drain(life);
        }
    }

    pub fn tell_owner(&mut self, event: Event) {
        self.tell(self.last_life, event);
    }

    fn tell_all(&mut self, event: impl Fn() -> Event) {
        for life in self.lives.keys().copied().collect::<Vec<_>>() {
            self.tell(life, event());
        }
    }

    /// Performs effects until there are none, or the process dies.
    pub fn drain(&mut self, life: u32) {
        self.check_counts(life);
        loop {
            let now = self.now(life);
            let Some(living) = self.lives.get_mut(&life) else { return };
            let Some(effect) = living.dialer.poll(now) else { break };
            if life == self.last_life && self.chance(self.faults.crash) && self.strikes(life) {
                return;
            }
            self.perform(life, effect);
            if self.lives.get(&life).is_none_or(|living| living.missed.is_some()) {
                return;
            }
        }
        self.check_counts(life);
        self.check_tokens(life);
    }

    /// Something befalls the life that owns the account. Returns whether it is dead.
    fn strikes(&mut self, life: u32) -> bool {
        if self.rng.random_bool(0.25) {
            self.stop();
            return false;
        }
        let longest = self.rng.random_range(0..3);
        let down = self.delay([300, 6000, 120_000][longest]);
        self.later(down, Happening::Start);
        if !self.chance(self.faults.lease_loss) {
            self.note(format_args!("--- crash"));
            self.end(life);
            return true;
        }
        self.lose_lease();
        false
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

    /// The life that owns the account no longer does, and lives on for a while without knowing; it may sleep meanwhile.
    fn lose_lease(&mut self) {
        self.note(format_args!("--- lease lost"));
        self.overlapped = true;
        let life = self.last_life;
        self.last_life += 1;
        if !self.chance(self.faults.sleeps) {
            let lives_on = self.delay(90_000);
            self.later(lives_on, Happening::Ends(life));
            return;
        }
        self.note(format_args!("--- life {life} falls asleep"));
        let longest = self.rng.random_range(0..3);
        let sleeps = self.delay([5000, 50_000, 600_000][longest]);
        self.later(sleeps, Happening::Wakes(life));
        let Some(living) = self.lives.get_mut(&life) else { return };
        living.missed = Some(Vec::new());
        living.has_slept = true;
        // Nobody waits for its answers.
        for (_, delivery) in std::mem::take(&mut living.tokens).into_values() {
            self.deliver_again(delivery);
        }
    }

    /// A life wakes up, finds what has come in the meantime, and finds out within seconds that it is nobody's owner.
    pub fn wakes(&mut self, life: u32) {
        let Some(missed) = self.lives.get_mut(&life).and_then(|living| living.missed.take()) else { return };
        self.note(format_args!("--- life {life} wakes up"));
        let lives_on = self.delay(2000);
        self.later(lives_on, Happening::Ends(life));
        for event in missed {
            self.tell(life, event);
        }
        self.drain(life);
    }

    pub fn end(&mut self, life: u32) {
        for (_, delivery) in self.lives.remove(&life).into_iter().flat_map(|life| life.tokens.into_values()) {
            self.deliver_again(delivery);
        }
    }

    pub fn start(&mut self) {
        if self.owner_life().is_some() {
            return;
        }
        self.last_life += 1;
        let (number, began) = (self.last_life, self.clock);
        let now = Now { wall: self.wall(), up: Duration::ZERO };
        let dialer = Dialer::new(SessionId(number), Tuning::default(), now);
        self.note(format_args!("--- life {number}"));
        let life = Life {
            began,
            dialer,
            tokens: BTreeMap::new(),
            missed: None,
            has_slept: false,
            quiet_until: Duration::ZERO,
        };
        self.lives.insert(number, life);
        self.tell_owner(Event::AccountSet(self.account()));
        self.tell_list();
        for campaign in 0..self.scenario.campaigns.len() {
            self.tell_campaign(campaign);
        }
        for job in self.jobs.clone() {
            self.tell_job(job);
        }
        self.tell_owner(Event::Ready);
    }

    /// The account's limits, as the dialers are told.
    pub fn account(&self) -> AccountLimits {
        let AccountLimits { dials_per_second, max_concurrent } = self.scenario.account;
        let fast = if self.judge.breaks(Check::DialRate) { 10 } else { 1 };
        let wide = if self.judge.breaks(Check::AccountConcurrency) { 10 } else { 1 };
        AccountLimits { dials_per_second: dials_per_second * fast, max_concurrent: max_concurrent * wide }
    }

    /// What a campaign asks for, as the dialers are told.
    fn spec(&self, campaign: usize) -> CampaignSpec {
        let campaign = &self.scenario.campaigns[campaign];
        let breaks = |check| self.judge.breaks(check);
        let mut spec = campaign.spec.clone();
        spec.suspended = campaign.suspended && !breaks(Check::SuspendedIsSilent);
        if breaks(Check::InsideTheWindow) {
            spec.windows = crate::scenario::always();
            spec.blackouts.clear();
        }
        if breaks(Check::Consented) {
            spec.consent_required = false;
        }
        if breaks(Check::NotBeforeStart) {
            spec.start_at = None;
        }
        if breaks(Check::NotAfterStop) {
            spec.stop_at = None;
        }
        if breaks(Check::AttemptsCapped) {
            spec.retry.max_attempts_per_target += 3;
        }
        if breaks(Check::CampaignConcurrency) {
            spec.pacing.max_concurrent *= 10;
            spec.pacing.dials_per_second = DialRate::per_second(30);
        }
        if breaks(Check::Frequency) {
            spec.frequency.clear();
        }
        if breaks(Check::AbandonmentStops) {
            spec.pacing.adaptive = None;
        }
        if breaks(Check::Budget) {
            spec.max_calls = None;
        }
        if breaks(Check::Cost) {
            spec.cost = None;
        }
        spec
    }

    pub fn tell_campaign(&mut self, campaign: usize) {
        let of_it = |job: &usize| self.scenario.jobs[*job].campaign == campaign;
        let known = self.jobs.iter().chain(&self.removed).filter(|job| of_it(job)).count();
        let all = (0..self.scenario.jobs.len()).filter(of_it).count();
        let audience = if known == all { Audience::Complete } else { Audience::MoreToCome };
        let (owner, spec) = (self.scenario.campaigns[campaign].owner.clone(), Arc::new(self.spec(campaign)));
        self.tell_all(|| Event::CampaignSet { owner: owner.clone(), spec: Arc::clone(&spec), audience });
    }

    fn tell_job(&mut self, index: usize) {
        let job = &self.scenario.jobs[index];
        let (version, states) = self.store.read(&job.id);
        let owner = self.scenario.campaigns[job.campaign].owner.clone();
        let mut targets = Arc::clone(&job.targets);
        if self.judge.breaks(Check::InItsTime) {
            let timeless = |target: &TargetSpec| TargetSpec { not_before: None, expires_at: None, ..target.clone() };
            targets = targets.iter().map(timeless).collect();
        }
        let job = job.id.clone();
        self.tell_owner(Event::JobLoaded(LoadedJob { job, owner, version, targets, states }));
    }

    pub fn job_is_gone(&mut self, index: usize) {
        let job = self.scenario.jobs[index].id.clone();
        self.tell_all(|| Event::JobRemoved { job: job.clone() });
        self.tell_campaign(self.scenario.jobs[index].campaign);
    }

    pub fn tell_list(&mut self) {
        if self.judge.breaks(Check::DoNotCall) {
            return;
        }
        let numbers: std::collections::BTreeSet<_> = self.listed.keys().cloned().collect();
        self.tell_all(|| Event::DoNotCallSet {
            lists: Screening::Ready { list: Arc::new(numbers.clone()), as_of: None },
        });
    }

    pub fn new_job(&mut self, index: usize) {
        self.store.create(&self.scenario.jobs[index].id);
        self.jobs.insert(index);
        self.tell_job(index);
        self.tell_campaign(self.scenario.jobs[index].campaign);
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
            Effect::Dial(dial) => self.perform_dial(life, dial, after),
            Effect::LookUp(look_up) => self.later(after, Happening::LookUpArrives(life, look_up)),
            Effect::Command(command) => self.later(after, Happening::CommandArrives(life, command)),
            Effect::Acknowledge { token, verdict } => self.perform_ack(life, token, verdict),
        }
    }

    fn perform_dial(&mut self, life: u32, dial: Dial, after: Duration) {
        self.check_dial(life, &dial);
        self.check_abandonment(&dial);
        if self.judge.breaks(Check::OneRingPerAttempt) {
            let again = Dial { command_id: other_command(&dial), ..dial.clone() };
            self.later(after, Happening::DialArrives(life, again));
        }
        if self.judge.breaks(Check::OneCallPerTarget) {
            let mut again = Dial { command_id: other_command(&dial), ..dial.clone() };
            again.key.attempt.n += 1;
            self.later(after, Happening::DialArrives(life, again));
        }
        let late = self.judge.breaks(Check::DialledInTime);
        if late {
            self.clock += Duration::from_secs(46);
            self.check_dial(life, &dial);
            self.clock -= Duration::from_secs(46);
        }
        self.later(after, Happening::DialArrives(life, dial));
    }

    fn perform_ack(&mut self, life: u32, token: DeliveryToken, verdict: Verdict) {
        if self.judge.breaks(Check::AnsweredInTime) {
            return;
        }
        self.acknowledged(life, token, verdict);
        if self.judge.breaks(Check::AnsweredOnce) {
            self.acknowledged(life, token, verdict);
        }
    }
}

/// A refusal, told as if no answer had come.
fn as_if_lost(event: Event) -> Event {
    match event {
        Event::DialRefused { key, .. } => Event::DialFateUnknown { key },
        other => other,
    }
}

/// The id of another command than the dial's own.
fn other_command(dial: &Dial) -> CommandId {
    let mut key = dial.key.clone();
    key.refusals += 1000;
    CommandId::of_dial(&key)
}
