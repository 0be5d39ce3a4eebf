//! What goes wrong, or is changed by people, once a minute.

use std::time::Duration;

use dialer::call::{CallEvent, Hangup, HangupCause, Refusal, What};
use dialer::client_state::{ClientState, Position};
use dialer::{AttemptKey, CallControlId, CallLegId, DialKey, Event, Leg, TargetId};
use jiff::SignedDuration;
use rand::RngExt;

use crate::world::{Delivery, Happening, World};

/// How every dial is refused for a while.
#[derive(Clone, Copy, Debug)]
pub enum Storm {
    /// 429 with 90103: dialing too fast.
    Dials,
    /// 429 with 10011: too many requests; the answer says for how long.
    Requests(Duration),
}

impl Storm {
    pub fn refusal(self) -> Refusal {
        let refusal =
            |code: &str, retry_after| Refusal { status: 429, code: Some(code.into()), pointer: None, retry_after };
        match self {
            Self::Dials => refusal("90103", None),
            Self::Requests(after) => refusal("10011", Some(after)),
        }
    }
}

/// How long a refusal forbids all dialing: a second when dials were too fast, else what it says, or two seconds.
pub fn pause(refusal: &Refusal) -> Option<Duration> {
    match (refusal.status, refusal.code.as_deref()) {
        (429, Some("90103")) => Some(Duration::from_secs(1)),
        (429, _) => Some(refusal.retry_after.unwrap_or(Duration::from_secs(2))),
        _ => None,
    }
}

impl World {
    pub fn every_minute(&mut self) {
        self.later(Duration::from_mins(1), Happening::EveryMinute);
        if self.chance(self.faults.wall_jumps) {
            let jump = self.rng.random_range(-1800..1800);
            self.skew += SignedDuration::from_secs(jump);
            self.jumped = true;
            self.note(format_args!("--- the wall clock jumps by {jump} s"));
        }
        if self.chance(200) {
            self.tell_owner(Event::AccountSet(self.account()));
        }
        if self.chance(self.faults.outages) {
            self.silent_until = self.clock + self.delay(180_000);
        }
        if self.chance(self.faults.store_outages) {
            self.note(format_args!("--- the store is down"));
            self.store_down_until = self.clock + self.delay(60_000);
        }
        if self.chance(self.faults.storms) {
            let kinds = [Storm::Dials, Storm::Requests(Duration::from_secs(self.rng.random_range(1..60)))];
            let kind = kinds[self.rng.random_range(0..kinds.len())];
            self.note(format_args!("--- {kind:?}"));
            let until = self.clock + self.delay(120_000);
            self.storm = Some((until, kind));
        }
        self.people();
        if self.chance(self.faults.removals) {
            self.remove_job();
        }
        if self.chance(self.faults.foreign) {
            let event = self.foreign_event();
            self.later(Duration::ZERO, Happening::Deliver(Delivery { event, attempts: 0 }));
        }
    }

    /// Somebody edits or suspends a campaign, or does not want to be called.
    fn people(&mut self) {
        let campaign = self.rng.random_range(0..self.scenario.campaigns.len());
        if self.chance(self.faults.edits) {
            self.scenario.edit(campaign, &mut self.rng);
            self.edited.insert(self.scenario.campaigns[campaign].owner.clone());
            self.tell_campaign(campaign);
        }
        if self.chance(self.faults.lists) {
            self.list_somebody();
        }
        if !self.scenario.campaigns[campaign].suspended && self.chance(self.faults.suspensions) {
            self.scenario.campaigns[campaign].suspended = true;
            self.edited.insert(self.scenario.campaigns[campaign].owner.clone());
            self.tell_campaign(campaign);
            let pause = self.delay(900_000);
            self.later(pause, Happening::Resume(campaign));
        }
    }

    pub fn resume(&mut self, campaign: usize) {
        self.scenario.campaigns[campaign].suspended = false;
        self.tell_campaign(campaign);
    }

    /// A job vanishes from the store; the lives hear of it later, or when they save.
    fn remove_job(&mut self) {
        let Some(job) = self.jobs.iter().next().copied() else { return };
        self.note(format_args!("--- job {job} is removed"));
        self.jobs.remove(&job);
        self.removed.insert(job);
        self.store.remove(&self.scenario.jobs[job].id);
        let late = self.delay(20_000);
        self.later(late, Happening::JobIsGone(job));
    }

    /// Some number must not be called from now on.
    fn list_somebody(&mut self) {
        let job = self.rng.random_range(0..self.scenario.jobs.len());
        let targets = &self.scenario.jobs[job].targets;
        let number = targets[self.rng.random_range(0..targets.len())].to.clone();
        let clock = self.clock;
        self.listed.entry(number).or_insert(clock);
        self.tell_list();
    }

    /// An event of a leg that is nobody's here: of another operator's campaign, of a target that no job has, of an
    /// attempt that is to come, or of one that has ended.
    fn foreign_event(&mut self) -> CallEvent {
        let job = &self.scenario.jobs[self.rng.random_range(0..self.scenario.jobs.len())];
        let index = self.rng.random_range(0..job.targets.len());
        let stored = if self.store.holds(&job.id) { self.store.peek(&job.id).get(index) } else { None };
        let ended = stored.map_or(0, |state| state.tally().attempts);
        let owner = self.scenario.campaigns[job.campaign].owner.clone();
        let attempt = AttemptKey { owner, target: job.targets[index].id.clone(), n: 100 };
        let attempt = match self.rng.random_range(0..4) {
            0 => AttemptKey { owner: crate::world::owner(99), ..attempt },
            1 => AttemptKey { target: TargetId::parse("nobody").unwrap(), ..attempt },
            2 if ended > 0 => AttemptKey { n: ended, ..attempt },
            _ => attempt,
        };
        let hung_up = What::HungUp(Hangup { cause: HangupCause::NormalClearing, sip: None });
        let whats = [What::Initiated, What::Answered, What::Other, hung_up];
        let what = whats[self.rng.random_range(0..whats.len())].clone();
        let name = format!("foreign-{}", self.rng.random_range(0..1_000_000));
        CallEvent {
            leg: Leg { control: CallControlId::new(&name), id: CallLegId::new(&name) },
            occurred_at: self.wall(),
            state: ClientState { key: DialKey { attempt, refusals: 0 }, position: Position::Ringing },
            what,
        }
    }
}
