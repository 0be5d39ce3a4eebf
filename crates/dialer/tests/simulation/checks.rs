//! What has to hold, at every moment and in the end.

use std::time::Duration;

use dialer::TargetState;
use dialer::call::{CallEvent, What};
use dialer::client_state::Position;
use dialer::effect::{Dial, Save};
use dialer::rules::MOST_IGNORED;
use dialer::spec::{AccountLimits, AmdMode, OnMachine, TargetSpec};

use crate::judge::Check;
use crate::voice::{Call, Service};
use crate::world::World;

/// Begun minutes of a call that has ended.
fn minutes(call: &Call) -> u64 {
    let at = |is: fn(&What) -> bool| call.log.iter().find(|(_, event)| is(&event.what)).map(|(at, _)| *at);
    let answered = at(|what| matches!(what, What::Answered));
    let ended = at(|what| matches!(what, What::HungUp(_)));
    let lasted = answered.zip(ended).map_or(Duration::ZERO, |(answered, ended)| ended.saturating_sub(answered));
    u64::try_from(lasted.as_millis().div_ceil(60_000)).unwrap()
}

/// All requests of one dial leave within this long.
const RESEND_FOR: Duration = Duration::from_secs(45);

impl World {
    pub fn check_counts(&self, life: u32) {
        let Some(life) = self.lives.get(&life) else { return };
        let miscounts = u32::from(self.judge.breaks(Check::CountsAddUp));
        for (number, campaign) in self.scenario.campaigns.iter().enumerate() {
            let Some(progress) = life.dialer.progress(&campaign.owner) else { continue };
            let total = progress.tallied.counts.total() + miscounts;
            let jobs = self.scenario.jobs.iter().filter(|job| job.campaign == number);
            let known = jobs.filter(|job| life.dialer.job_progress(&job.id).is_some());
            let known: usize = known.map(|job| job.targets.len()).sum();
            let adds_up = usize::try_from(total).unwrap() == known;
            self.judge.hold(Check::CountsAddUp, adds_up, || format!("{known} in {:?}", progress.tallied.counts));
        }
    }

    pub fn check_tokens(&self, life: u32) {
        let Some(life) = self.lives.get(&life) else { return };
        for (came, delivery) in life.tokens.values() {
            let in_time = self.clock <= *came + dialer::ACK_PATIENCE;
            self.judge.hold(Check::AnsweredInTime, in_time, || format!("{delivery:?} waits since {came:?}"));
        }
    }

    /// An outcome is stored before its hangup is acknowledged, and what leads to a command is on the leg itself. What is
    /// merely learnt of a leg may be lost with the process: webhooks to come and look-ups tell again.
    pub fn check_ack(&self, event: &CallEvent) {
        let key = &event.state.key;
        let Some((job, index)) = self.scenario.place(&key.attempt.target) else { return };
        let Some(call) = self.voice.calls.iter().find(|call| call.leg == event.leg) else { return };
        if !self.store.holds(&job.id) {
            return;
        }
        let state = self.store.peek(&job.id).get(index).cloned().unwrap_or_default();
        let under_way = state.attempt() == Some(key.attempt.n) && state.tally().refusals == key.refusals;
        let untold = match (&event.what, &state) {
            (What::HungUp(_), _) => under_way,
            (_, TargetState::Claimed { .. } | TargetState::Dialing { position: Position::Ringing, .. }) => {
                under_way && self.leads_to_a_command(event) && call.state.position == Position::Ringing
            }
            _ => false,
        };
        self.judge.hold(Check::DurableBeforeAcknowledged, !untold, || {
            format!("{key}: {:?} was acknowledged and is not durable: {state:?}", event.what)
        });
    }

    /// Whether an event of a ringing or listening leg always asks for a command in this world. Where a beep may be awaited,
    /// a verdict may come too late to matter.
    fn leads_to_a_command(&self, event: &CallEvent) -> bool {
        let amd = self.scenario.campaign_of(&event.state.key.attempt.target).spec.amd;
        match event.what {
            What::Answered => amd.mode == AmdMode::Disabled,
            What::Detected(_) => amd.on_machine != OnMachine::LeaveMessage || amd.mode == AmdMode::Detect,
            _ => false,
        }
    }

    pub fn check_save(&self, life: u32, save: &Save) {
        let miscounts = if self.judge.breaks(Check::ClaimsCounted) { 2 } else { 0 };
        let counts = self.lives[&life].dialer.job_progress(&save.job).unwrap().tallied.counts;
        let claimed =
            save.states.iter().filter(|state| matches!(state, TargetState::Claimed { .. })).count() + miscounts;
        let counted = usize::try_from(counts.claimed).unwrap() >= claimed.saturating_sub(1);
        self.judge.hold(Check::ClaimsCounted, counted, || format!("{claimed} of {counts:?}"));
    }

    pub fn check_dial(&mut self, life: u32, dial: &Dial) {
        let judge = self.judge;
        let id = &dial.key.attempt.target;
        let (job, index) = self.scenario.find(id);
        let claimed_at = self.store.claimed_at(&job.id, index, &dial.key);
        judge.hold(Check::ClaimedBeforeDialled, claimed_at.is_some(), || format!("{} was dialled unclaimed", dial.key));
        // How old a claim is that a predecessor left behind only the wall clock tells.
        let in_time = self.jumped || claimed_at.is_none_or(|at| self.clock <= at + RESEND_FOR);
        judge.hold(Check::DialledInTime, in_time, || format!("{} was claimed at {claimed_at:?}", dial.key));
        // Who has slept hears what people want after it has dialled.
        let informed = !self.lives[&life].has_slept;
        let campaign = self.scenario.campaign_of(id);
        let silent = !(campaign.suspended && informed);
        judge.hold(Check::SuspendedIsSilent, silent, || format!("{} was dialled though suspended", dial.key));
        let wall = self.wall();
        let inside = !informed || self.scenario.is_open(id, wall);
        judge.hold(Check::InsideTheWindow, inside, || format!("{} was dialled outside its window, {wall}", dial.key));
        let agreed = self.scenario.has_agreed(id);
        judge.hold(Check::Consented, agreed, || format!("{} was dialled without consent", dial.key));
        let overdue = informed && campaign.spec.deadline().is_some_and(|deadline| deadline <= wall);
        let in_time = self.scenario.is_in_time(id, wall, self.latest) && !overdue;
        judge.hold(Check::InItsTime, in_time, || format!("{} was dialled out of its time, {wall}", dial.key));
        let started = !informed || campaign.spec.start_at.is_none_or(|start| start <= wall);
        judge.hold(Check::NotBeforeStart, started, || format!("{} was dialled before the start, {wall}", dial.key));
        let stopped = informed && campaign.spec.stop_at.is_some_and(|stop| stop <= wall);
        judge.hold(Check::NotAfterStop, !stopped, || format!("{} was dialled after the stop, {wall}", dial.key));
        let ignored = self.store.ignored(&job.id, index);
        let most = campaign.spec.retry.max_attempts_per_target + ignored.min(MOST_IGNORED);
        judge.hold(Check::AttemptsCapped, dial.key.attempt.n <= most, || format!("{} is over the cap", dial.key));
        let listed = informed && self.listed.contains_key(&dial.to);
        judge.hold(Check::DoNotCall, !listed, || format!("{} must not be called", dial.key));
        let quiet_until = self.lives[&life].quiet_until;
        let calm = quiet_until <= self.clock;
        judge.hold(Check::StormsPauseDialing, calm, || format!("{} left before {quiet_until:?}", dial.key));
        self.dials.push(self.clock);
        let AccountLimits { dials_per_second, .. } = self.scenario.account;
        let window = self.dials.iter().rev().take_while(|at| **at + Duration::from_secs(5) > self.clock).count();
        let fits = window <= (dials_per_second * 5 * 9 / 10) as usize;
        judge.hold(Check::DialRate, fits || self.overlapped, || format!("{window} dials in 5 s"));
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
        for cap in &self.scenario.campaign_of(&call.key.attempt.target).spec.frequency {
            let inside = rings.iter().filter(|at| **at + cap.within > self.clock + slack).count();
            self.judge.hold(Check::Frequency, inside <= usize::from(cap.calls), || {
                format!("{} rang {inside} times within {:?}", call.key, cap.within)
            });
        }
        let at_once = self.voice.alive().filter(|other| other.to == call.to).count();
        self.judge.hold(Check::OneCallPerNumber, at_once == 1, || format!("{} is not the only call", call.key));
    }

    /// Only while no job was removed: what it had used is forgotten with it.
    pub fn check_budget(&self, dial: &Dial) {
        if self.overlapped || !self.removed.is_empty() {
            return;
        }
        let campaign = self.scenario.campaign_of(&dial.key.attempt.target);
        let Some(most) = campaign.spec.max_calls else { return };
        let calls = self.voice.calls.iter().filter(|call| call.key.attempt.owner == campaign.owner).count();
        self.judge.hold(Check::Budget, calls <= most as usize, || format!("{calls} calls of {most}"));
    }

    /// By how long calls truly lasted. Only while nothing is lost that the dialer counts with, and the clock that tells how long
    /// goes on.
    pub fn check_cost(&self, dial: &Dial) {
        if self.jumped || self.overlapped || !self.removed.is_empty() {
            return;
        }
        let campaign = self.scenario.campaign_of(&dial.key.attempt.target);
        let Some(limit) = campaign.spec.cost else { return };
        let own = self.voice.calls.iter().filter(|call| call.key.attempt.owner == campaign.owner);
        let cost: u64 =
            own.map(|call| limit.per_call.millionths() + minutes(call) * limit.per_minute.millionths()).sum();
        let most = limit.most.millionths();
        self.judge.hold(Check::Cost, cost <= most, || format!("calls have cost {cost} of {most}"));
    }

    /// Whether a campaign that dials by agents still may, by what truly happened. Only while nothing is lost that the dialer
    /// counts with, and until somebody lets a halted one go on.
    pub fn check_abandonment(&self, dial: &Dial) {
        let campaign = self.scenario.campaign_of(&dial.key.attempt.target);
        let Some(adaptive) = campaign.spec.pacing.adaptive else { return };
        if self.overlapped || !self.removed.is_empty() || self.edited.contains(&campaign.owner) {
            return;
        }
        let own = || self.voice.calls.iter().filter(|call| call.key.attempt.owner == campaign.owner);
        // What was abandoned in the last minutes may not have been heard of.
        let heard_of = |call: &&Call| call.began + Duration::from_mins(30) < self.clock && !call.alive;
        let abandoned = own().filter(heard_of).filter(|call| call.service == Some(Service::Abandoned)).count();
        let answered = own().filter(|call| call.service.is_some()).count();
        let most = answered.max(100) * usize::from(adaptive.hard_stop) / 1000;
        self.judge.hold(Check::AbandonmentStops, abandoned < most, || {
            format!("{} was dialled though {abandoned} of {answered} were abandoned", dial.key)
        });
    }

    pub fn check_concurrency(&self, dial: &Dial) {
        if self.overlapped {
            return;
        }
        // Calls of a job that was removed by force are being hung up.
        let followed = |call: &&Call| self.store.holds(&self.scenario.find(&call.key.attempt.target).0.id);
        let all: Vec<&Call> = self.voice.alive().filter(followed).collect();
        let most = self.scenario.account.max_concurrent as usize;
        self.judge.hold(Check::AccountConcurrency, all.len() <= most, || format!("{} calls, {most} may be", all.len()));
        let campaign = self.scenario.campaign_of(&dial.key.attempt.target);
        let own = all.iter().filter(|call| call.key.attempt.owner == campaign.owner).count();
        let most = campaign.spec.pacing.max_concurrent as usize;
        self.judge.hold(Check::CampaignConcurrency, own <= most, || format!("{own} calls, {most} may be"));
    }

    /// What has to hold when all is over.
    pub fn check_end(&self) {
        for job in &self.jobs {
            let job = &self.scenario.jobs[*job];
            let (_, states) = self.store.read(&job.id);
            let all = states.len() == job.targets.len();
            self.judge.hold(Check::FinishedIsStored, all, || format!("{} states of {}", states.len(), job.id));
            for (state, target) in states.iter().zip(job.targets.iter()) {
                self.judge
                    .hold(Check::FinishedIsStored, state.is_done(), || format!("{} ended as {state:?}", target.id));
                if let TargetState::Done { outcome, .. } = state {
                    self.check_outcome(target, *outcome);
                }
            }
        }
    }

    fn check_outcome(&self, target: &TargetSpec, outcome: dialer::Outcome) {
        use dialer::Outcome::{Completed, Skipped, VoicemailLeft};
        let delivered = self.voice.calls.iter().any(|call| call.key.attempt.target == target.id && call.delivered);
        let success = matches!(outcome, Completed | VoicemailLeft);
        self.judge.hold(Check::SuccessWasDelivered, delivered || !success, || {
            format!("{}: {outcome:?} though nothing was played to its end", target.id)
        });
        let exact = self.seed.is_multiple_of(16) && outcome != Skipped;
        self.judge.hold(Check::DeliveredIsSuccess, !exact || success || !delivered, || {
            format!("{}: {outcome:?} though all was played", target.id)
        });
    }
}
