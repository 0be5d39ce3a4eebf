//! Calls: dial, ask, command.

use super::Client;
use super::request::Request;
use crate::call::{
    Call, ClientStateUpdateRequest, CommandResult, Destination, DialRequest, HangupRequest, PlaybackStartRequest,
    PlaybackStopRequest, SpeakRequest,
};
use crate::client_state::ClientState;
use crate::error::Error;
use crate::ids::CallControlId;
use crate::surface::{CallCommand, DIAL, GET_CALL};

impl Client {
    /// Places a call. **Sent once**: what becomes of an unknown fate is the caller's to decide.
    ///
    /// Waits for its turn in the account's dial window. A 2xx without `call_control_id`, which may be the answer to a `command_id`
    /// that was seen before, is [`Error::AcceptedWithoutIds`].
    pub async fn dial(&self, request: &DialRequest) -> Result<Call, Error> {
        let phones = request.to.as_ref().map_or(1, Destination::count);
        let out = Request::new(&DIAL, &[], self.lane)?.body(request)?.dial(phones);
        self.made(&out, |call: &Call| call.call_control_id.as_ref().map(CallControlId::as_str)).await
    }

    /// Asks about a call; possible until 10 minutes after its end.
    pub async fn get_call(&self, call: &CallControlId) -> Result<Call, Error> {
        self.object(&Request::new(&GET_CALL, &[call.as_str()], self.lane)?).await
    }

    /// Commands a live call; what it did comes by webhook. Repeated under its `command_id`, where it has one; without, only what
    /// was never carried out is sent again. Errors are classified by `C::OPERATION.endpoint`.
    pub async fn command<C: CallCommand>(&self, call: &CallControlId, request: &C) -> Result<CommandResult, Error> {
        request.check().map_err(Error::OutOfBounds)?;
        let out = Request::new(C::OPERATION, &[call.as_str()], self.lane)?.checked(request)?;
        self.send(&out.command(request.command_id())).await.map(|accepted| accepted.result())
    }

    /// Ends a call. [`Class::AlreadyDone`](crate::Class::AlreadyDone) where it is over already: a success.
    pub async fn hangup(&self, call: &CallControlId, request: &HangupRequest) -> Result<CommandResult, Error> {
        self.command(call, request).await
    }

    /// Replaces what the call carries in its webhooks.
    pub async fn update_client_state(&self, call: &CallControlId, state: &ClientState) -> Result<CommandResult, Error> {
        self.command(call, &ClientStateUpdateRequest::default().client_state(state.clone())).await
    }

    /// Speaks a text.
    pub async fn speak(&self, call: &CallControlId, request: &SpeakRequest) -> Result<CommandResult, Error> {
        self.command(call, request).await
    }

    /// Plays a file.
    pub async fn start_playback(
        &self,
        call: &CallControlId,
        request: &PlaybackStartRequest,
    ) -> Result<CommandResult, Error> {
        self.command(call, request).await
    }

    /// Stops what plays.
    pub async fn stop_playback(
        &self,
        call: &CallControlId,
        request: &PlaybackStopRequest,
    ) -> Result<CommandResult, Error> {
        self.command(call, request).await
    }
}

impl super::send::Accepted {
    /// A command is accepted by its status; what the body says on top is not needed, and a repeated `command_id` may bring none.
    pub(super) fn result(&self) -> CommandResult {
        self.data().unwrap_or_default()
    }
}
