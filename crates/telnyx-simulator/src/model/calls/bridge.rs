//! Calls that hear each other, and legs that are dialled for another call.
//!
//! Promises `call.bridged` for both legs of a bridge, and that when one of them leaves the other one hangs up, unless it was to
//! be parked (Telnyx API reference: "Bridge calls", `park_after_unbridge`; "Transfer call"). A call survives a transfer that
//! fails.

use std::sync::Arc;

use super::{Call, CallKey, Direction, Ending, State};
use crate::model::World;
use crate::model::conferences::Exit;
use crate::model::endpoints::queues::Dequeue;
use crate::model::happenings::Happening;
use crate::model::moment::Moment;

/// One end of a bridge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bridge {
    pub(crate) other: CallKey,
    pub(super) since: Moment,
    after: AfterUnbridge,
}

/// What a leg does when the other end of its bridge has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AfterUnbridge {
    #[default]
    HangUp,
    Park,
}

/// Why a leg was dialled: for a call that goes on meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) to: CallKey,
    pub(crate) purpose: Purpose,
    /// What this leg does after the bridge.
    pub(crate) after: AfterUnbridge,
}

/// What becomes of a linked leg that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// They only share a session.
    Session,
    /// They are bridged as soon as the leg has heard its welcome.
    Bridge { other_after: AfterUnbridge, prevent_double: bool },
    /// The call is transferred: bridged likewise, and the leg is cancelled when the call ends before.
    Transfer { other_after: AfterUnbridge },
    /// The leg listens to the call, and speaks as its role allows.
    Supervise(SupervisorRole),
}

/// How a supervisor takes part (Telnyx API reference: "Switch supervisor role").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SupervisorRole {
    Barge,
    Monitor,
    Whisper,
}

impl SupervisorRole {
    pub(crate) const NAMES: &'static [&'static str] = &["barge", "whisper", "monitor"];

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "whisper" => Self::Whisper,
            "monitor" => Self::Monitor,
            _ => Self::Barge,
        }
    }

    /// As requests write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Barge => "barge",
            Self::Monitor => "monitor",
            Self::Whisper => "whisper",
        }
    }
}

impl World {
    /// Bridges two live calls. Each leaves the bridge, the queue and the conference it was in; an incoming call that rings is
    /// answered by it. Whether both could be bridged.
    pub(crate) fn connect(&mut self, a: CallKey, a_after: AfterUnbridge, b: CallKey, b_after: AfterUnbridge) -> bool {
        let fit = |call: &Call| match call.state {
            State::AwaitsEnd { .. } => true,
            State::AwaitsAnswer => call.direction == Direction::Incoming,
            State::AwaitsNetwork | State::Ended { .. } => false,
        };
        if a == b || ![a, b].iter().all(|key| self.calls.get(*key).is_some_and(fit)) {
            return false;
        }
        if self.bridge_of(a).is_some_and(|bridge| bridge.other == b) {
            return true;
        }
        for key in [a, b] {
            if self.calls.get(key).is_some_and(|call| call.answered_at().is_none()) {
                self.answer_call(key);
            }
            self.part(key);
            self.leave_queue(key, Dequeue::Bridged);
            self.unseat(key, Exit::Usual);
        }
        // Whom one of them left may have been what the other was there for.
        if ![a, b].iter().all(|key| self.calls.get(*key).is_some_and(Call::is_alive)) {
            return false;
        }
        let since = self.now;
        for (key, other, after) in [(a, b, a_after), (b, a, b_after)] {
            let Some(call) = self.calls.get_mut(key) else { continue };
            call.running.bridge = Some(Bridge { other, since, after });
            call.running.awaits = None;
        }
        for key in [a, b] {
            let Some(call) = self.calls.get(key) else { continue };
            let bridged = Happening::Bridged { from: Arc::clone(&call.from), to: Arc::clone(&call.to) };
            self.tell(key, bridged);
            self.company_changes(key);
        }
        true
    }

    pub(crate) fn bridge_of(&self, key: CallKey) -> Option<Bridge> {
        self.calls.get(key)?.running.bridge
    }

    /// A leg leaves its bridge, if it is in one: the other leg hangs up or is parked.
    pub(crate) fn part(&mut self, key: CallKey) {
        let Some(bridge) = self.calls.get_mut(key).and_then(|call| call.running.bridge.take()) else { return };
        self.company_changes(key);
        let Some(other) = self.calls.get_mut(bridge.other) else { return };
        let Some(its) = other.running.bridge.take() else { return };
        match its.after {
            AfterUnbridge::Park => self.company_changes(bridge.other),
            AfterUnbridge::HangUp => {
                let ending = Ending::by_account(other.direction);
                self.end_call(bridge.other, ending);
            }
        }
    }

    /// Somebody joined or left, or a clip is over: patience is measured anew, and silence from the last sound.
    pub(super) fn company_changes(&mut self, key: CallKey) {
        self.arm_silence(key);
        self.replan_hangup(key);
    }

    /// A leg that was dialled for another call may be bridged with it, once it has been answered and hears nothing any more.
    pub(super) fn follow_link(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if !matches!(call.state, State::AwaitsEnd { .. }) || !call.clips.is_empty() {
            return;
        }
        let Some(link) = call.running.link.take() else { return };
        let (other_after, prevent_double) = match link.purpose {
            Purpose::Session => return,
            Purpose::Supervise(_) => {
                call.running.link = Some(link);
                return;
            }
            Purpose::Bridge { other_after, prevent_double } => (other_after, prevent_double),
            Purpose::Transfer { other_after } => (other_after, false),
        };
        if prevent_double && self.bridge_of(link.to).is_some() {
            return;
        }
        self.connect(link.to, other_after, key, link.after);
    }

    /// The call has ended: legs that exist only for it end as well, and a call that waited for it waits no more.
    pub(super) fn release_links(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let link = call.running.link.take();
        let session = Arc::clone(&call.session_id);
        if let Some(link) = link
            && let Some(other) = self.calls.get_mut(link.to)
            && other.running.awaits.take_if(|awaited| *awaited == key).is_some()
        {
            self.company_changes(link.to);
        }
        let legs: Vec<CallKey> = self.calls.session(&session).to_vec();
        for leg in legs {
            let Some(one) = self.calls.get(leg).filter(|one| one.is_alive()) else { continue };
            let Some(link) = one.running.link.filter(|link| link.to == key) else { continue };
            let answered = one.answered_at().is_some();
            match link.purpose {
                Purpose::Supervise(_) | Purpose::Transfer { .. } if answered => {
                    self.end_call(leg, Ending::by_account(Direction::Outgoing));
                }
                Purpose::Supervise(_) | Purpose::Transfer { .. } => self.end_call(leg, Ending::CANCELLED),
                Purpose::Bridge { .. } | Purpose::Session => {}
            }
        }
    }

    /// The call waits for a leg that was dialled for it; so does the person at its other end.
    pub(crate) fn await_leg(&mut self, key: CallKey, leg: CallKey) {
        if let Some(call) = self.calls.get_mut(key) {
            call.running.awaits = Some(leg);
        }
        self.replan_hangup(key);
    }

    /// The role of a supervisor changes; whether the call is one. Nothing is told.
    pub(crate) fn switch_supervisor(&mut self, key: CallKey, role: SupervisorRole) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let supervises = call.running.supervisor_role().is_some();
        if supervises && let Some(link) = &mut call.running.link {
            link.purpose = Purpose::Supervise(role);
        }
        supervises
    }
}
