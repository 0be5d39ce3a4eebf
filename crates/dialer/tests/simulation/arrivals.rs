//! What becomes of the dialer's effects on their way to the store and to Telnyx.

use std::sync::Arc;
use std::time::Duration;

use dialer::call::{Refusal, What};
use dialer::effect::{CommandKind, Dial, LegCommand, LookUp, Save, SaveFailure};
use dialer::event::CommandRefusal;
use dialer::{Event, JobId};
use rand::RngExt;

use crate::judge::Check;
use crate::voice::Step;
use crate::world::{Happening, TIMEOUT, World};

impl World {
    pub fn save_arrives(&mut self, life: u32, save: Save) {
        let slow = if self.chance(self.faults.slow_store) { self.delay(200_000) } else { Duration::ZERO };
        let after = self.delay(100) + slow;
        if self.chance(self.faults.conflict) {
            self.store.touch(&save.job);
        }
        if self.clock < self.store_down_until {
            self.later(TIMEOUT, Happening::Answer(life, save.failed(SaveFailure::FateUnknown)));
            return;
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
        if !self.store.holds(&save.job) {
            self.later(after, Happening::Answer(life, save.failed(SaveFailure::Gone)));
            return;
        }
        match self.store.swap(&save.job, &save.base, &save.states, self.clock) {
            Some(version) if !self.chance(self.faults.save_answer_lost) => {
                self.later(after, Happening::Answer(life, save.stored(version)));
            }
            Some(_) => self.later(TIMEOUT, Happening::Answer(life, save.failed(SaveFailure::FateUnknown))),
            None => self.later(after, Happening::Answer(life, save.failed(SaveFailure::Conflict))),
        }
    }

    pub fn load_arrives(&mut self, life: u32, job: JobId) {
        let after = self.delay(100);
        let down = self.clock < self.store_down_until;
        if down || self.chance(self.faults.load_fails) || !self.store.holds(&job) {
            self.later(TIMEOUT, Happening::Answer(life, Event::ReloadFailed { job }));
            return;
        }
        let (version, states) = self.store.read(&job);
        self.later(after, Happening::Answer(life, Event::Reloaded { job, version, states }));
    }

    pub fn dial_arrives(&mut self, life: u32, mut dial: Dial) {
        if self.judge.breaks(Check::OneCallPerNumber) {
            dial.to = self.scenario.jobs[0].targets[0].to.clone();
        }
        let key = dial.key.clone();
        let after = self.delay(300);
        if self.chance(self.faults.dial_lost) {
            self.later(TIMEOUT, Happening::Answer(life, Event::DialFateUnknown { key }));
            return;
        }
        let silent = self.clock < self.silent_until;
        if let Some(refusal) = self.refusal().filter(|_| !silent) {
            self.later(after, Happening::Answer(life, Event::DialRefused { key, refusal }));
            return;
        }
        let (call, steps) = self.voice.accept(&dial, self.clock, &mut self.rng);
        for (after, call, step) in steps {
            self.later(after, Happening::OnCall(call, step));
        }
        self.check_concurrency(&dial);
        self.check_budget(&dial);
        self.check_cost(&dial);
        let leg = (!self.chance(self.faults.dial_without_ids)).then(|| self.voice.calls[call].leg.clone());
        if silent || self.chance(self.faults.dial_answer_lost) {
            self.later(TIMEOUT, Happening::Answer(life, Event::DialFateUnknown { key }));
        } else {
            self.later(after, Happening::Answer(life, Event::DialAccepted { key, leg }));
        }
    }

    fn refusal(&mut self) -> Option<Refusal> {
        let refusal = |status, code: &str, pointer: Option<&str>| {
            Some(Refusal { status, code: Some(code.into()), pointer: pointer.map(Into::into), retry_after: None })
        };
        if let Some((_, storm)) = self.storm.filter(|(until, _)| self.clock < *until) {
            return Some(storm.refusal());
        }
        if self.chance(self.faults.too_fast) {
            return refusal(429, "90103", None);
        }
        if self.chance(self.faults.throttled) {
            return match self.rng.random_range(0..5) {
                4 => refusal(401, "10009", None),
                0 => refusal(429, "10011", None),
                1 => refusal(422, "90041", None),
                2 => refusal(422, "10016", Some("/to")),
                _ => refusal(403, "90043", None),
            };
        }
        None
    }

    pub fn look_up_arrives(&mut self, life: u32, asked: &LookUp) {
        let after = self.delay(500);
        let fails = self.clock < self.silent_until || self.chance(self.faults.look_up_fails);
        let lag = Duration::from_millis(100 * u64::from(self.faults.lag));
        let findings = (!fails).then(|| self.voice.look_up(asked, self.clock, lag));
        self.later(after, Happening::Answer(life, Event::LookedUp { key: asked.key.clone(), findings }));
    }

    pub fn command_arrives(&mut self, life: u32, command: &LegCommand) {
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
                self.seek_agent(command);
                Event::CommandAccepted { command_id, leg }
            }
        };
        if fault || self.clock < self.silent_until {
            let (command_id, leg) = (command.command_id, command.leg.id.clone());
            self.later(TIMEOUT, Happening::Answer(life, Event::CommandFateUnknown { command_id, leg }));
        } else {
            self.later(after, Happening::Answer(life, event));
        }
    }

    /// Whoever hears a campaign with agents is put through to one of them.
    fn seek_agent(&mut self, command: &LegCommand) {
        let campaign = self.scenario.campaign_of(&command.client_state.key.attempt.target);
        let with_agents = campaign.spec.pacing.adaptive.is_some() && matches!(command.kind, CommandKind::Play(_));
        let agents = campaign.agents;
        if with_agents && let Some(call) = self.voice.take(command, agents) {
            let after = self.delay(600);
            self.later(after, Happening::OnCall(call, Step::Event(What::Connected)));
        }
    }
}
