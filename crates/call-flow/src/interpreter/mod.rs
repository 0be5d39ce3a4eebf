//! Runs a flow on a call: a position and an input in, a position and effects out.
//!
//! Promises that every input is welcome at any time: one that comes early, late, twice or after the end changes nothing. Does not
//! know who performs effects, nor what time it is.

mod background;
mod end;
mod enter;
mod event;
mod look_up;
mod result;
mod resume;
mod run;
mod seat;
mod timer;
mod values;
mod webhook;

use jiff::Timestamp;

pub use resume::NotThisFlow;
pub(crate) use values::BUILT_IN;

use crate::caller::Caller;
use crate::compile::Flow;
use crate::effect::{CallState, Leg, Reaction, Seen};
use crate::position::{Amd, CallDirection, Ending, MAX_ORIGIN, Phase, Position, Seat};
use crate::time::whole_second;
use run::Run;

/// The most steps that a call goes through. With every loop bounded, a flow gets there by loops within loops alone.
pub const MAX_VISITS: u16 = 2_000;

/// A call that begins a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStart {
    /// The leg.
    pub leg: Leg,
    /// Which way it goes.
    pub direction: CallDirection,
    /// Whether it is answered already.
    pub answered: bool,
    /// Whether machine detection was asked for, so that a verdict will come.
    pub detection: Detection,
    /// Which attempt to reach the callee this is, from 1; 0: not known.
    pub attempt: u16,
    /// What the caller needs to know the call again; travels with it. At most [`MAX_ORIGIN`] bytes.
    pub origin: String,
    /// Who called in, where known. It travels with an inbound call whose flow may have to say who asked not to be called.
    pub caller: Option<Caller>,
}

/// Whether machine detection was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// No verdict will come.
    Disabled,
    /// A verdict will come.
    Enabled,
    /// The detector has said already.
    Verdict(Amd),
    /// The detector has said that it is a machine, and its greeting did not end in time.
    NoGreetingEnd,
}

/// The call cannot begin the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotStart {
    /// The flow is for calls of the other direction.
    #[error("the flow is not for calls of this direction")]
    Direction,
    /// The origin is too long.
    #[error("the origin is longer than {MAX_ORIGIN} bytes")]
    Origin,
}

impl Flow {
    /// Begins the flow on a call: an inbound one at its `call.initiated`, an outbound one when it is dialled or answered.
    ///
    /// # Errors
    ///
    /// The flow is not for such a call. Nothing has happened.
    pub fn start(&self, call: CallStart, now: Timestamp) -> Result<Reaction, CannotStart> {
        let position = self.first_position(&call, now)?;
        let state = CallState::new(call.leg, position);
        let mut run = Run::new(self, state, now);
        match (call.direction, call.detection) {
            (CallDirection::Inbound, _) => run.go(crate::compile::Target::Step(0)),
            (CallDirection::Outbound, Detection::Verdict(amd)) => run.verdict(amd),
            (CallDirection::Outbound, Detection::NoGreetingEnd) => {
                run.phase(Phase::AwaitingGreetingEnd);
                run.verdict(Amd::Machine);
            }
            (CallDirection::Outbound, detection) if call.answered => run.answered(detection == Detection::Enabled),
            (CallDirection::Outbound, _) => run.arm(),
        }
        Ok(run.done(Seen::Handled))
    }

    /// What a dial should carry as its `client_state`, so that the call is known from its first webhook on.
    ///
    /// # Errors
    ///
    /// The flow is not for such a call.
    pub fn first_position(&self, call: &CallStart, now: Timestamp) -> Result<Position, CannotStart> {
        use crate::spec::Direction;
        let fits = match (self.spec.direction, call.direction) {
            (Direction::Any, _)
            | (Direction::Inbound, CallDirection::Inbound)
            | (Direction::Outbound, CallDirection::Outbound) => true,
            (Direction::Inbound, CallDirection::Outbound) | (Direction::Outbound, CallDirection::Inbound) => false,
        };
        if !fits {
            return Err(CannotStart::Direction);
        }
        // The compiler reserves no room for the origin of an inbound flow.
        if call.origin.len() > MAX_ORIGIN || (self.spec.direction == Direction::Inbound && !call.origin.is_empty()) {
            return Err(CannotStart::Origin);
        }
        let default = |name: &String| self.spec.variables.get(name).map(|v| v.default.clone()).unwrap_or_default();
        Ok(Position {
            key: self.key,
            direction: call.direction,
            phase: Phase::Ringing,
            step: 0,
            visit: 0,
            cuts: 0,
            answered: call.answered,
            detection: call.detection == Detection::Enabled,
            ending: Ending::HungUp,
            started_at: whole_second(now),
            entered_after: 0,
            last_event_ms: 0,
            attempt: call.attempt,
            amd: None,
            digits: String::new(),
            loops: vec![0; self.loops],
            variables: self.variables.iter().map(default).collect(),
            second_leg: None,
            conference: None,
            seat: Seat::Here,
            background: Vec::new(),
            outcome: String::new(),
            success: None,
            opted_out: false,
            origin: call.origin.clone(),
            caller: call.caller.filter(|_| call.direction == CallDirection::Inbound && self.spec.opts_out()),
        })
    }
}
