//! The call and its conference.
//!
//! Promises that a webhook of a conference that was left changes nothing in the next one, and that a call which was hung up does not
//! go on because it left. The webhooks of a conference carry what its owner's leg does, so a visit says nothing here; ids do.

use telnyx_voice::call::ClientStateUpdateRequest;
use telnyx_voice::webhook::Payload;

use super::run::Run;
use crate::completion::{CALL_ENDED, CALL_UNKNOWN, Signal};
use crate::effect::{CallCommand, CommandOutcome, Seen};
use crate::position::{Phase, Seat};
use crate::spec::Kind;

/// What [`Run::parted`] asks with.
pub(super) const PARTED: &str = "parted";

impl Run<'_> {
    /// The present step begins; if it enters a conference, what is known is the one before.
    pub(super) fn begin_entering(&mut self) {
        let enters = self.step().is_some_and(|step| step.action.kind().enters_conference());
        let position = &mut self.state.position;
        if enters && position.conference.is_some() && position.seat == Seat::Here {
            position.seat = Seat::Before;
        }
    }

    /// The present step's command was refused: the call is where it was.
    pub(super) fn unbegin_entering(&mut self) {
        let enters = self.step().is_some_and(|step| step.action.kind().enters_conference());
        if enters && self.state.position.seat == Seat::Before {
            self.state.position.seat = Seat::Here;
        }
    }

    /// Remembers the conference that the call is in.
    pub(super) fn conference_is(&mut self, id: &str) {
        if id.len() <= crate::compile::MAX_CONFERENCE_ID {
            self.state.position.conference = Some(id.to_owned());
            self.state.position.seat = Seat::Here;
        }
    }

    /// The call is in that conference no more.
    pub(super) fn leave_seat(&mut self) {
        if self.state.position.conference.is_some() {
            self.state.position.seat = Seat::Left;
        }
    }

    /// Whether a webhook of a conference is about the one that the present step of this kind enters or leaves.
    pub(super) fn is_about_seat(&self, kind: Kind, conference: &str, payload: &Payload) -> bool {
        let Some(known) = &self.state.position.conference else { return true };
        let same = known == conference;
        let arrives = matches!(payload, Payload::ConferenceParticipantJoined(_) | Payload::ConferenceCreated(_));
        match self.state.position.seat {
            Seat::Here => same,
            Seat::Before => !same,
            // It may be entered again, but not created.
            Seat::Left => !same || arrives && kind == Kind::JoinConference,
        }
    }

    /// The present step's conference or conversation is over, or the call has left it: perhaps because somebody hung up, whose webhook
    /// comes later or never. A command that changes nothing asks whether the call lives. Its acceptance lets the flow go on, also
    /// after a restart, for by then the call carries that it was asked.
    pub(super) fn parted(&mut self, outcome: &'static str) {
        self.phase(if outcome == "left" { Phase::Left } else { Phase::TalkOver });
        match self.state.position.encode() {
            Ok(state) => {
                let request = ClientStateUpdateRequest::default().client_state(state);
                self.send(self.command_id(PARTED), self.on_call(CallCommand::UpdateClientState(request)));
                self.arm();
            }
            Err(_) => self.go_on_parted(),
        }
    }

    /// The answer to that question. All but that there is no such call lets the flow go on: its next command will tell.
    pub(super) fn parted_answered(&mut self, outcome: &CommandOutcome) -> Seen {
        match outcome {
            CommandOutcome::Refused(refusal) if refusal.has(CALL_ENDED) || refusal.has(CALL_UNKNOWN) => self.over(None),
            CommandOutcome::Refused(_) | CommandOutcome::Accepted(_) | CommandOutcome::FateUnknown => {
                self.go_on_parted();
            }
        }
        Seen::Handled
    }

    /// The call lives, as far as is known.
    pub(super) fn go_on_parted(&mut self) {
        let outcome = if self.state.position.phase == Phase::Left { "left" } else { "ended" };
        if self.step().is_some_and(|step| step.action.kind().enters_conference()) {
            self.leave_seat();
        }
        self.signal(Signal::of(outcome));
    }
}
