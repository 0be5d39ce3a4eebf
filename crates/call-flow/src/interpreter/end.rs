//! Ending the call, and the flow with it.

use telnyx_voice::HangupRequest;
use telnyx_voice::webhook::payload::HangupCause;

use super::run::Run;
use crate::effect::{CallCommand, Effect, Ended, Request};
use crate::position::{Ending, Phase};

impl Run<'_> {
    /// Hangs the call up.
    pub(super) fn hang_up(&mut self, ending: Ending) {
        self.hang_up_once_more(ending, 0);
    }

    /// Hangs the call up after so many hangups that nothing came of.
    pub(super) fn hang_up_once_more(&mut self, ending: Ending, sent: u8) {
        self.state.position.cuts = sent;
        self.state.position.visit = self.state.position.visit.saturating_add(1);
        self.state.position.ending = ending;
        self.phase(Phase::HangingUp);
        let id = self.command_id("hangup");
        let mut request = HangupRequest::default().command_id(id.clone());
        if let Ok(state) = self.state.position.encode() {
            request = request.client_state(state);
        }
        let request = self.on_call(CallCommand::Hangup(request));
        self.send(id, request);
        self.arm();
    }

    /// A second leg that rings, or is parked, belongs to nobody else.
    pub(super) fn drop_second_leg(&mut self) {
        if let Some(leg) = self.state.position.second_leg.take() {
            let id = self.command_id(&format!("second-leg/{leg}"));
            let request = HangupRequest::default().command_id(id.clone());
            self.send(id, Request::Call(leg, Box::new(CallCommand::Hangup(request))));
        }
    }

    /// The call is over.
    pub(super) fn over(&mut self, hangup_cause: Option<HangupCause>) {
        self.drop_second_leg();
        let ending = match self.state.position.phase {
            Phase::HangingUp => self.state.position.ending,
            Phase::Ringing
            | Phase::Listening
            | Phase::AwaitingGreetingEnd
            | Phase::UnderWay
            | Phase::AwaitingAnswer
            | Phase::Established
            | Phase::Left
            | Phase::TalkOver
            | Phase::Ended => Ending::HungUp,
        };
        self.state.position.ending = ending;
        self.phase(Phase::Ended);
        self.push(Effect::Ended(Ended { ending, hangup_cause }));
    }
}
