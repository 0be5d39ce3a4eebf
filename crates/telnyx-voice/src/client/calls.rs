//! Calls: dial, ask, command.

use reqwest::Method;
use serde::Serialize;

use super::Client;
use super::request::{Path, Request};
use crate::call::{
    Call, CommandResult, Destination, DialRequest, HangupRequest, PlaybackStartRequest, PlaybackStopRequest,
    SpeakRequest,
};
use crate::client_state::ClientState;
use crate::error::{Endpoint, Error};
use crate::ids::CallControlId;

const ROOT: &str = "/calls";

impl Client {
    /// Places a call. **Sent once**: what becomes of an unknown fate is the caller's to decide.
    ///
    /// Waits for its turn in the account's dial window. A 2xx without `call_control_id`, which may be the answer to a `command_id`
    /// that was seen before, is [`Error::AcceptedWithoutIds`].
    pub async fn dial(&self, request: &DialRequest) -> Result<Call, Error> {
        let phones = request.to.as_ref().map_or(1, Destination::count);
        let out = Request::new(Method::POST, Path::new(ROOT), Endpoint::Dial, self.lane).json(request)?.dial(phones);
        self.made(&out, |call: &Call| call.call_control_id.as_ref().map(CallControlId::as_str)).await
    }

    /// Asks about a call; possible until 10 minutes after its end.
    pub async fn get_call(&self, call: &CallControlId) -> Result<Call, Error> {
        self.object(&Request::new(Method::GET, one(call)?, Endpoint::Call, self.lane)).await
    }

    /// Ends a call. [`Class::AlreadyDone`](crate::Class::AlreadyDone) where it is over already: a success.
    pub async fn hangup(&self, call: &CallControlId, request: &HangupRequest) -> Result<CommandResult, Error> {
        self.command(call, "/actions/hangup", Endpoint::Hangup, request, request.command_id.is_some()).await
    }

    /// Replaces what the call carries in its webhooks.
    pub async fn update_client_state(&self, call: &CallControlId, state: &ClientState) -> Result<CommandResult, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            client_state: &'a ClientState,
        }
        let path = one(call)?.then("/actions/client_state_update");
        let request = Request::new(Method::PUT, path, Endpoint::Command, self.lane);
        self.send(&request.json(&Body { client_state: state })?).await.map(|accepted| accepted.result())
    }

    /// Speaks a text.
    pub async fn speak(&self, call: &CallControlId, request: &SpeakRequest) -> Result<CommandResult, Error> {
        self.command(call, "/actions/speak", Endpoint::Command, request, request.command_id.is_some()).await
    }

    /// Plays a file.
    pub async fn start_playback(
        &self,
        call: &CallControlId,
        request: &PlaybackStartRequest,
    ) -> Result<CommandResult, Error> {
        self.command(call, "/actions/playback_start", Endpoint::Command, request, request.command_id.is_some()).await
    }

    /// Stops what plays.
    pub async fn stop_playback(
        &self,
        call: &CallControlId,
        request: &PlaybackStopRequest,
    ) -> Result<CommandResult, Error> {
        self.command(call, "/actions/playback_stop", Endpoint::Command, request, request.command_id.is_some()).await
    }

    async fn command(
        &self,
        call: &CallControlId,
        action: &'static str,
        endpoint: Endpoint,
        body: &impl Serialize,
        has_command_id: bool,
    ) -> Result<CommandResult, Error> {
        let request = Request::new(Method::POST, one(call)?.then(action), endpoint, self.lane);
        self.send(&request.json(body)?.command(has_command_id)).await.map(|accepted| accepted.result())
    }
}

fn one(call: &CallControlId) -> Result<Path, Error> {
    Path::new(ROOT).segment("call_control_id", call.as_str())
}

impl super::send::Accepted {
    /// A command is accepted by its status; what the body says on top is not needed, and a repeated `command_id` may bring none.
    fn result(&self) -> CommandResult {
        self.data().unwrap_or_default()
    }
}
