//! Telnyx in memory, as far as a dialer sees it: calls that ring, are answered, listen and end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialer::call::{AudioEnd, CallEvent, Hangup, HangupCause, Verdict, What};
use dialer::client_state::{ClientState, FlowEnd, InFlow, Position, Purpose};
use dialer::effect::{CommandKind, Dial, LegCommand, LookUp};
use dialer::event::{CommandRefusal, Findings, Liveness};
use dialer::spec::{Amd, AmdMode};
use dialer::{AttemptKey, CallControlId, CallLegId, CommandId, DialKey, Leg, PhoneNumber};
use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::faults::Faults;
use crate::judge::{Check, Judge};

/// Telnyx forgets a command id after this long.
const DEDUPE: Duration = Duration::from_mins(1);

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    Person,
    Unsure,
    Machine {
        beep_before_verdict: bool,
    },
    Fax,
    Silence,
    NoAnswer,
    Busy,
    Rejects,
    NotFound,
    /// An analytics engine blocks the caller id.
    Blocked,
    CarrierDown,
}

pub struct Call {
    pub key: DialKey,
    pub leg: Leg,
    pub to: PhoneNumber,
    pub callee: Callee,
    pub began: Duration,
    pub alive: bool,
    pub answered: bool,
    pub delivered: bool,
    /// Whether an agent talks to the callee; `None`: none was asked for.
    pub service: Option<Service>,
    pub state: ClientState,
    pub log: Vec<(Duration, CallEvent)>,
    amd: Amd,
    commands: BTreeMap<CommandId, Duration>,
    plays: u32,
}

/// What became of a person who answered a campaign with agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// An agent was free.
    Served,
    /// None was.
    Abandoned,
}

/// Something that will happen on a call.
#[derive(Clone, Debug)]
pub enum Step {
    Initiate,
    Ring,
    Event(What),
    AudioEnds(u32, AudioEnd),
    HangsUp(HangupCause, Option<u16>),
    /// The flow that has the call comes to its next step, and may say something.
    FlowMoves(Purpose),
    /// It comes to its end.
    FlowEnds,
}

#[derive(Default)]
pub struct Voice {
    pub calls: Vec<Call>,
    accepted: BTreeMap<CommandId, (Duration, usize)>,
    /// Which dials and attempts made a phone ring.
    rung: BTreeSet<DialKey>,
    rung_attempts: BTreeSet<AttemptKey>,
    /// Indices of the calls that live.
    living: BTreeSet<usize>,
    judge: Judge,
}

impl Call {
    fn is_in_flow(&self) -> bool {
        matches!(self.state.position, Position::InFlow(InFlow { end: FlowEnd::UnderWay, .. }))
    }

    /// The flow's state travels with the call.
    fn flow(&mut self, change: impl FnOnce(&mut InFlow)) {
        if let Position::InFlow(flow) = &mut self.state.position {
            flow.visit += 1;
            change(flow);
        }
    }
}

pub type Steps = Vec<(Duration, usize, Step)>;

fn millis(range: std::ops::Range<u64>, rng: &mut ChaCha8Rng) -> Duration {
    Duration::from_millis(rng.random_range(range))
}

impl Voice {
    /// Nobody is being called.
    pub fn new(judge: Judge) -> Self {
        Self { judge, ..Self::default() }
    }

    /// The calls that live.
    pub fn alive(&self) -> impl Iterator<Item = &Call> {
        self.living.iter().map(|index| &self.calls[*index])
    }

    /// Accepts a dial, or recognises it as one that it has accepted.
    pub fn accept(&mut self, dial: &Dial, now: Duration, rng: &mut ChaCha8Rng) -> (usize, Steps) {
        if let Some((at, call)) = self.accepted.get(&dial.command_id)
            && now < *at + DEDUPE
        {
            return (*call, Vec::new());
        }
        let index = self.calls.len();
        self.accepted.insert(dial.command_id, (now, index));
        self.living.insert(index);
        let callee = match rng.random_range(0..20) {
            0..7 => Callee::Person,
            7 => Callee::Unsure,
            8..11 => Callee::Machine { beep_before_verdict: rng.random_bool(0.3) },
            11 => Callee::Fax,
            12 => Callee::Silence,
            13..16 => Callee::NoAnswer,
            16 => Callee::Busy,
            17 => Callee::Rejects,
            18 if rng.random_bool(0.5) => Callee::Blocked,
            18 => Callee::NotFound,
            _ => Callee::CarrierDown,
        };
        let leg =
            Leg { control: CallControlId::new(&format!("v3:{index}")), id: CallLegId::new(&format!("leg-{index}")) };
        let (key, state) = (dial.key.clone(), dial.client_state.clone());
        self.calls.push(Call {
            key,
            leg,
            to: dial.to.clone(),
            callee,
            began: now,
            alive: true,
            answered: false,
            delivered: false,
            service: None,
            state,
            log: Vec::new(),
            amd: dial.amd,
            commands: BTreeMap::new(),
            plays: 0,
        });
        let mut steps = vec![(millis(20..400, rng), index, Step::Initiate)];
        let end = |cause, sip| Step::HangsUp(cause, sip);
        let soon = millis(500..4000, rng);
        let rings = (millis(400..1500, rng), index, Step::Ring);
        match callee {
            Callee::CarrierDown => steps.push((soon, index, end(HangupCause::Unspecified, Some(503)))),
            Callee::Blocked => steps.push((soon, index, end(HangupCause::CallRejected, Some(608)))),
            Callee::NotFound => steps.push((soon, index, end(HangupCause::NotFound, Some(404)))),
            Callee::Busy => steps.push((soon, index, end(HangupCause::UserBusy, Some(486)))),
            Callee::NoAnswer => steps.extend([rings, (dial.ring_timeout, index, end(HangupCause::Timeout, None))]),
            Callee::Rejects => {
                let after = millis(2000..9000, rng);
                steps.extend([rings, (after, index, end(HangupCause::CallRejected, Some(603)))]);
            }
            Callee::Person | Callee::Unsure | Callee::Machine { .. } | Callee::Fax | Callee::Silence => {
                let after = millis(2000..20_000, rng);
                steps.extend([rings, (after, index, Step::Event(What::Answered))]);
                steps.push((dial.max_call, index, end(HangupCause::TimeLimit, None)));
            }
        }
        (index, steps)
    }

    /// What a step makes happen: the webhook to send, if any, and what follows.
    pub fn step(
        &mut self,
        index: usize,
        step: Step,
        (now, wall): (Duration, Timestamp),
        faults: &Faults,
        rng: &mut ChaCha8Rng,
    ) -> (Option<CallEvent>, Steps) {
        let judge = self.judge;
        let target = self.calls[index].key.attempt.target.clone();
        let at_once = self.alive().filter(|other| other.key.attempt.target == target).count();
        let call = &mut self.calls[index];
        if !call.alive {
            return (None, Vec::new());
        }
        judge.hold(Check::OneCallPerTarget, at_once == 1, || format!("{target} is called {at_once} times at once"));
        let mut steps = Vec::new();
        let what = match step {
            Step::Initiate => What::Initiated,
            Step::Ring => {
                let first = self.rung.insert(call.key.clone());
                let first = self.rung_attempts.insert(call.key.attempt.clone()) && first;
                judge.hold(Check::OneRingPerAttempt, first, || format!("{} rang twice", call.key));
                return (None, steps);
            }
            Step::Event(What::Answered) => {
                call.answered = true;
                steps = detector(index, call, rng);
                if rng.random_ratio(faults.early_hangup, 1000) {
                    let end = Step::HangsUp(HangupCause::NormalClearing, Some(200));
                    steps.push((millis(0..15_000, rng), index, end));
                }
                What::Answered
            }
            Step::Event(what) => what,
            Step::AudioEnds(play, end) => {
                if play != call.plays {
                    return (None, steps);
                }
                call.delivered |= end == AudioEnd::Completed;
                if end == AudioEnd::Completed && rng.random_ratio(1, 4) {
                    // Whoever has heard it all hangs up; the two webhooks may overtake each other.
                    let end = Step::HangsUp(HangupCause::NormalClearing, Some(200));
                    steps.push((millis(0..400, rng), index, end));
                }
                What::AudioEnded(end)
            }
            Step::FlowMoves(_) | Step::FlowEnds if !call.is_in_flow() => return (None, steps),
            Step::FlowMoves(purpose) => {
                call.flow(|flow| flow.purpose = flow.purpose.max(purpose));
                call.delivered |= purpose == Purpose::Reached;
                What::Other
            }
            Step::FlowEnds => {
                call.flow(|flow| flow.end = FlowEnd::Completed);
                call.delivered = true;
                steps.push((millis(10..600, rng), index, Step::HangsUp(HangupCause::NormalClearing, Some(200))));
                What::Other
            }
            Step::HangsUp(cause, sip) => {
                call.alive = false;
                self.living.remove(&index);
                What::HungUp(Hangup { cause, sip })
            }
        };
        let event = CallEvent { leg: call.leg.clone(), occurred_at: wall, state: call.state.clone(), what };
        call.log.push((now, event.clone()));
        (Some(event), steps)
    }

    /// Does a command on a leg.
    pub fn command(
        &mut self,
        command: &LegCommand,
        now: Duration,
        rng: &mut ChaCha8Rng,
    ) -> Result<Steps, CommandRefusal> {
        // A leg that never was is not found, like one that is long gone.
        let Some(index) = self.calls.iter().position(|call| call.leg == command.leg) else {
            return Err(CommandRefusal::AlreadyEnded);
        };
        let call = &mut self.calls[index];
        if call.commands.get(&command.command_id).is_some_and(|at| now < *at + DEDUPE) {
            return Ok(Vec::new());
        }
        if !call.alive {
            return Err(CommandRefusal::AlreadyEnded);
        }
        let steps = match &command.kind {
            CommandKind::Hangup => {
                let cause = if call.answered { HangupCause::NormalClearing } else { HangupCause::OriginatorCancel };
                vec![(millis(10..600, rng), index, Step::HangsUp(cause, None))]
            }
            // A flow that has the call keeps it, whatever the id.
            CommandKind::RunFlow(_) if matches!(call.state.position, Position::InFlow(_)) => return Ok(Vec::new()),
            CommandKind::RunFlow(_) if rng.random_ratio(1, 50) => return Err(CommandRefusal::Invalid),
            CommandKind::RunFlow(_) => {
                let purpose = if rng.random_ratio(1, 2) { Purpose::Reached } else { Purpose::Unsaid };
                let moves = millis(1000..20_000, rng);
                vec![
                    (moves, index, Step::FlowMoves(purpose)),
                    (moves + millis(500..30_000, rng), index, Step::FlowEnds),
                ]
            }
            CommandKind::Play(_) if !call.answered => return Err(CommandRefusal::NotAnsweredYet),
            CommandKind::Play(_) => {
                call.plays += 1;
                let end = if rng.random_ratio(1, 20) { AudioEnd::CancelledAmd } else { AudioEnd::Completed };
                vec![(millis(2000..12_000, rng), index, Step::AudioEnds(call.plays, end))]
            }
        };
        call.commands.insert(command.command_id, now);
        call.state = command.client_state.clone();
        Ok(steps)
    }

    /// An agent of so many takes the call, if one is free and a person is on the line; else nobody does.
    pub fn take(&mut self, command: &LegCommand, agents: u32) -> Option<usize> {
        let owner = &command.client_state.key.attempt.owner;
        let is_busy = |call: &&Call| call.service == Some(Service::Served) && call.key.attempt.owner == *owner;
        let is_free = self.alive().filter(is_busy).count() < agents as usize;
        let index = self.calls.iter().position(|call| call.leg == command.leg)?;
        let call = &mut self.calls[index];
        let is_person = matches!(call.callee, Callee::Person | Callee::Unsure);
        if !call.alive || !is_person || !call.answered || call.service.is_some() {
            return None;
        }
        call.service = Some(if is_free { Service::Served } else { Service::Abandoned });
        is_free.then_some(index)
    }

    /// What active calls, the event log and the call itself say.
    pub fn look_up(&self, asked: &LookUp, now: Duration, lag: Duration) -> Findings {
        let call = self.calls.iter().rev().find(|call| call.key == asked.key && call.began + lag <= now);
        let Some(call) = call else { return Findings { liveness: Liveness::NoTrace, events: Vec::new() } };
        let leg = call.leg.clone();
        let liveness = if call.alive { Liveness::Live(leg) } else { Liveness::Ended(leg) };
        let visible = call.log.iter().filter(|(at, _)| *at + lag <= now);
        Findings { liveness, events: visible.map(|(_, event)| event.clone()).collect() }
    }
}

/// What the detector will say about who answered.
fn detector(index: usize, call: &Call, rng: &mut ChaCha8Rng) -> Steps {
    let verdict_after = millis(800..4000, rng);
    let greeting_after = verdict_after + millis(1000..20_000, rng);
    let verdict = |verdict| vec![(verdict_after, index, Step::Event(What::Detected(verdict)))];
    if call.amd.mode == AmdMode::Disabled {
        return Vec::new();
    }
    match call.callee {
        Callee::Person => verdict(Verdict::Human),
        Callee::Unsure => verdict(Verdict::NotSure),
        Callee::Fax => verdict(Verdict::Fax),
        Callee::Silence => verdict(Verdict::Silence),
        Callee::Machine { beep_before_verdict: true } => {
            vec![(verdict_after, index, Step::Event(What::GreetingEnded))]
        }
        Callee::Machine { beep_before_verdict: false } => {
            let mut steps = verdict(Verdict::Machine);
            steps.push((greeting_after, index, Step::Event(What::GreetingEnded)));
            steps
        }
        Callee::NoAnswer
        | Callee::Busy
        | Callee::Rejects
        | Callee::NotFound
        | Callee::Blocked
        | Callee::CarrierDown => Vec::new(),
    }
}
