//! What has to hold, at every moment and in the end.

use std::time::Duration;

use dialer::TargetState;
use dialer::call::{CallEvent, What};
use dialer::client_state::Position;
use dialer::effect::{Dial, Save};
use dialer::rules::MOST_IGNORED;
use dialer::spec::{AccountLimits, AmdMode, OnMachine, TargetSpec};

use crate::world::World;

impl World {
    pub fn check_counts(&self, life: u32) {
        let Some(life) = self.lives.get(&life) else { return };
        let Some(progress) = life.dialer.progress(&self.scenario.owner) else { return };
        let counts = progress.tallied.counts;
        let targets: usize = self.jobs.iter().chain(&self.removed).map(|job| self.scenario.jobs[*job].1.len()).sum();
        let known = self.scenario.jobs.iter().filter(|(job, _)| life.dialer.job_progress(job).is_some());
        let known: usize = known.map(|(_, targets)| targets.len()).sum();
        assert!(known <= targets);
        assert_eq!(usize::try_from(counts.total()).unwrap(), known, "{counts:?}");
    }

    pub fn check_tokens(&self, life: u32) {
        let Some(life) = self.lives.get(&life) else { return };
        for (came, _) in life.tokens.values() {
            assert!(self.clock <= *came + dialer::ACK_PATIENCE, "a webhook waits for its answer for ever");
        }
    }

    /// An outcome is stored before its hangup is acknowledged, and what leads to a command is on the leg itself. What is
    /// merely learnt of a leg may be lost with the process: webhooks to come and look-ups tell again.
    pub fn check_ack(&self, event: &CallEvent) {
        let key = &event.state.key;
        let (job, index) = self.scenario.find(&key.attempt.target);
        if !self.store.holds(&job) {
            return;
        }
        let state = self.store.peek(&job).get(index).cloned().unwrap_or_default();
        let under_way = state.attempt() == Some(key.attempt.n) && state.tally().refusals == key.refusals;
        let untold = match (&event.what, &state) {
            (What::HungUp(_), _) => under_way,
            (_, TargetState::Claimed { .. } | TargetState::Dialing { position: Position::Ringing, .. }) => {
                under_way && self.leads_to_a_command(&event.what) && self.position_of(event) == Position::Ringing
            }
            _ => false,
        };
        assert!(!untold, "{key}: {:?} was acknowledged and is not durable: {state:?}", event.what);
    }

    /// Whether an event of a ringing or listening leg always asks for a command in this world. Where a beep may be awaited,
    /// a verdict may come too late to matter.
    fn leads_to_a_command(&self, what: &What) -> bool {
        let amd = self.scenario.spec.amd;
        match what {
            What::Answered => amd.mode == AmdMode::Disabled,
            What::Detected(_) => amd.on_machine != OnMachine::LeaveMessage || amd.mode == AmdMode::Detect,
            What::Initiated | What::GreetingEnded | What::AudioEnded(_) | What::HungUp(_) | What::Other => false,
        }
    }

    fn position_of(&self, event: &CallEvent) -> Position {
        self.voice.calls.iter().find(|call| call.leg == event.leg).unwrap().state.position
    }

    pub fn check_save(&self, life: u32, save: &Save) {
        let counts = self.lives[&life].dialer.job_progress(&save.job).unwrap().tallied.counts;
        let claimed = save.states.iter().filter(|state| matches!(state, TargetState::Claimed { .. })).count();
        assert!(usize::try_from(counts.claimed).unwrap() >= claimed.saturating_sub(1), "{counts:?}");
    }

    pub fn check_dial(&mut self, dial: &Dial) {
        let (job, index) = self.scenario.find(&dial.key.attempt.target);
        assert!(self.store.was_claimed(&job, index, &dial.key), "{} was dialled unclaimed", dial.key);
        assert!(!self.suspended, "{} was dialled though suspended", dial.key);
        let wall = self.wall();
        assert!(
            self.scenario.is_open(&dial.key.attempt.target, wall, self.latest),
            "{} was dialled outside its window, {wall}",
            dial.key
        );
        let ignored = self.store.ignored(&job, index);
        let most = self.scenario.spec.retry.max_attempts_per_target;
        assert!(ignored <= MOST_IGNORED, "{} is over the cap of ignored attempts", dial.key);
        assert!(dial.key.attempt.n <= most + ignored, "{} is over the cap", dial.key);
        assert!(!self.listed.contains_key(&dial.to), "{} must not be called", dial.key);
        self.dials.push(self.clock);
        let AccountLimits { dials_per_second, .. } = self.scenario.account;
        let window = self.dials.iter().rev().take_while(|at| **at + Duration::from_secs(5) > self.clock).count();
        let fits = window <= (dials_per_second * 5 * 9 / 10) as usize;
        assert!(fits || self.overlapped, "{window} dials in 5 s");
    }

    /// Caps hold while nothing that they rest on is lost: jobs, leases, the wall clock. A call may ring a little later than
    /// it was claimed, so a second call may seem early by as much.
    pub fn check_ring(&mut self, call: usize) {
        let call = &self.voice.calls[call];
        if !call.alive {
            return;
        }
        let rings = self.rings.entry(call.to.clone()).or_default();
        rings.push(self.clock);
        if self.jumped || self.overlapped || !self.removed.is_empty() {
            return;
        }
        let slack = Duration::from_mins(2);
        for cap in &self.scenario.spec.frequency {
            let inside = rings.iter().filter(|at| **at + cap.within > self.clock + slack).count();
            assert!(inside <= usize::from(cap.calls), "{} rang {inside} times within {:?}", call.key, cap.within);
        }
        let at_once = self.voice.calls.iter().filter(|other| other.alive && other.to == call.to).count();
        assert!(at_once == 1, "{} is not the only call of its number", call.key);
    }

    /// Only while no job was removed: what it had used is forgotten with it.
    pub fn check_budget(&self) {
        let most = self.scenario.spec.max_calls.filter(|_| self.removed.is_empty() && !self.overlapped);
        let calls = self.voice.calls.len();
        assert!(most.is_none_or(|most| calls <= most as usize), "{calls} calls of {most:?}");
    }

    pub fn check_concurrency(&self) {
        let cap = self.scenario.spec.pacing.max_concurrent.min(self.scenario.account.max_concurrent);
        // Calls of a job that was removed by force are being hung up.
        let is_followed = |target| self.store.holds(&self.scenario.find(target).0);
        let alive = self.voice.calls.iter().filter(|call| call.alive && is_followed(&call.key.attempt.target));
        let calls: Vec<String> = alive.map(|call| call.key.to_string()).collect();
        let alive = calls.len();
        assert!(alive <= cap as usize || self.overlapped, "{alive} calls at once, {cap} allowed: {calls:?}");
    }

    /// What has to hold when all is over.
    pub fn check_end(&self) {
        for job in &self.jobs {
            let (job, targets) = &self.scenario.jobs[*job];
            let (_, states) = self.store.read(job);
            assert_eq!(states.len(), targets.len());
            for (state, target) in states.iter().zip(targets.iter()) {
                let TargetState::Done { outcome, .. } = state else { panic!("{} ended as {state:?}", target.id) };
                self.check_outcome(target, *outcome);
            }
        }
    }

    pub fn check_outcome(&self, target: &TargetSpec, outcome: dialer::Outcome) {
        let calls = || self.voice.calls.iter().filter(|call| call.key.attempt.target == target.id);
        let delivered = calls().any(|call| call.delivered);
        if matches!(outcome, dialer::Outcome::Completed | dialer::Outcome::VoicemailLeft) {
            assert!(delivered, "{}: {outcome:?} though nothing was played to its end", target.id);
        } else if self.seed.is_multiple_of(16) && outcome != dialer::Outcome::Skipped {
            assert!(!delivered, "{}: {outcome:?} though all was played", target.id);
        }
    }
}
