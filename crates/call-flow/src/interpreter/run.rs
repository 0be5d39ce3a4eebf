//! One input being dealt with: the state so far, the effects so far.

use jiff::Timestamp;
use telnyx_voice::{CommandId, EventId};
use uuid::Uuid;

use super::look_up::RINGS_SECS;
use crate::compile::{Flow, Target};
use crate::effect::{Asked, CallState, Command, Effect, Reaction, Request, Seen, Timer, TimerKey};
use crate::position::{Amd, Phase};
use crate::spec::Step;
use crate::time::{after, secs_between};

/// Namespace of every id derived here.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d6b_93c1_70fe_4a0b_9d52_c0ce_3a1f_84e7);

/// Telnyx API reference: a leg lives 14400 seconds at most.
const MAX_CALL_SECS: u32 = 14_400;

/// Seconds for the hangup's webhook.
const HANGUP_SECS: u64 = 30;

/// Seconds for the API's answer to whether the call lives: the client repeats a command for 45.
const PARTED_SECS: u64 = 60;

pub(super) struct Run<'a> {
    pub(super) flow: &'a Flow,
    pub(super) state: CallState,
    pub(super) now: Timestamp,
    effects: Vec<Effect>,
    pub(super) entered: Vec<u8>,
    pub(super) failed: Vec<u8>,
}

impl<'a> Run<'a> {
    pub(super) fn new(flow: &'a Flow, state: CallState, now: Timestamp) -> Self {
        Self { flow, state, now, effects: Vec::new(), entered: Vec::new(), failed: Vec::new() }
    }

    pub(super) fn done(self, seen: Seen) -> Reaction {
        Reaction { state: self.state, effects: self.effects, seen, entered: self.entered, failed: self.failed }
    }

    /// The step that is under way.
    pub(super) fn step(&self) -> Option<&'a Step> {
        self.flow.spec.steps.get(usize::from(self.state.position.step))
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn send(&mut self, id: CommandId, request: Request) {
        self.push(Effect::Command(Command { id, request }));
    }

    /// The id of a command of the present visit: the same after a restart, another for each visit.
    pub(super) fn command_id(&self, purpose: &str) -> CommandId {
        let position = &self.state.position;
        let name = format!(
            "{}/{:016x}/{}/{}/{}/{purpose}",
            self.state.leg.call_leg_id,
            position.key.flow,
            position.key.revision,
            self.step().map_or("", |step| step.name.as_str()),
            position.visit,
        );
        CommandId::from(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    /// Begins a phase now.
    pub(super) fn phase(&mut self, phase: Phase) {
        self.state.position.phase = phase;
        self.state.asked = Asked::No;
        self.state.position.entered_after = secs_between(self.state.position.started_at, self.now);
    }

    /// The timer of the present phase.
    pub(super) fn timer(&self) -> Timer {
        let position = &self.state.position;
        let limit = after(position.started_at, u64::from(self.flow.spec.time_limit_secs.unwrap_or(MAX_CALL_SECS)));
        let amd = self.flow.spec.amd.as_ref();
        let secs = match position.phase {
            Phase::Ringing | Phase::AwaitingAnswer => Some(RINGS_SECS),
            // The guide gives premium detection 30 seconds, and a webhook needs some too.
            Phase::Listening => Some(u64::from(amd.and_then(|amd| amd.verdict_timeout_secs).unwrap_or(35))),
            Phase::AwaitingGreetingEnd => Some(u64::from(amd.and_then(|amd| amd.greeting_timeout_secs).unwrap_or(60))),
            Phase::UnderWay => self.step().map(|step| u64::from(step.patience_secs())),
            Phase::Left | Phase::TalkOver => Some(PARTED_SECS),
            Phase::Established | Phase::Ended => None,
            // The end comes after the flow's limit too.
            Phase::HangingUp => {
                return Timer { key: self.timer_key(), at: after(position.entered_at(), HANGUP_SECS) };
            }
        };
        let own = secs.map_or(limit, |secs| after(position.entered_at(), secs));
        let at = match self.state.asked {
            Asked::No => own,
            Asked::Until(at) | Asked::Again(at) => at,
        };
        let at = at.min(limit);
        Timer { key: self.timer_key(), at }
    }

    pub(super) fn timer_key(&self) -> TimerKey {
        TimerKey { visit: self.state.position.visit, phase: self.state.position.phase }
    }

    pub(super) fn arm(&mut self) {
        let timer = self.timer();
        self.push(Effect::ArmTimer(timer));
    }

    /// Notes an event that leads on.
    pub(super) fn note(&mut self, id: &EventId, time: Option<Timestamp>) {
        self.state.last_event = Some(id.clone());
        if let Some(time) = time {
            let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
            self.state.position.last_event_ms = self.state.position.last_event_ms.max(millis);
        }
    }

    /// The call is answered, before the first step.
    pub(super) fn answered(&mut self, detection: bool) {
        self.state.position.answered = true;
        if detection {
            self.phase(Phase::Listening);
            self.arm();
        } else {
            self.go(Target::Step(0));
        }
    }

    /// The detector has said who answered, or has not said it in time.
    pub(super) fn verdict(&mut self, amd: Amd) {
        self.state.position.answered = true;
        self.nobody_said(amd);
    }

    /// The same where nobody has said that the call is answered.
    pub(super) fn nobody_said(&mut self, amd: Amd) {
        self.state.position.amd = Some(amd);
        let targets = self.flow.amd;
        let target = match amd {
            Amd::Human => targets.human,
            Amd::Machine => {
                if targets.beep.is_some() && self.state.position.phase != Phase::AwaitingGreetingEnd {
                    self.phase(Phase::AwaitingGreetingEnd);
                    self.place();
                    return self.arm();
                }
                targets.machine
            }
            Amd::Beep => targets.beep.unwrap_or(targets.machine),
            Amd::Fax => targets.fax,
            Amd::Silence => targets.silence,
            Amd::NotSure => targets.not_sure,
            Amd::Timeout => targets.timeout,
        };
        self.go(target);
    }
}
