//! The way to Telnyx: dials and commands, each performed once for each effect.
//!
//! Promises to tell three things apart: accepted, refused (nothing rang, nothing was done), and unknown. What follows is
//! the dialer's business.

use std::time::Duration;

use dialer::call::Refusal;
use dialer::effect::{CommandKind, Dial, LegCommand};
use dialer::event::CommandRefusal;
use dialer::spec::{Amd, AmdMode, Announcement};
use dialer::{CallControlId, CallLegId, DialKey, Event, Leg};
use telnyx_voice::call::{AmdConfig, AnsweringMachineDetection};
use telnyx_voice::{
    Call, Class, Client, ClientState, DialRequest, Endpoint, Error, HangupRequest, Lane, Party, PlaybackStartRequest,
    SpeakRequest, classify,
};

use super::flow_calls::FlowCalls;
use super::look_up::ActiveCalls;

/// Where nobody said how long to wait.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// For the API to come back when it cannot be reached at all.
const UNREACHABLE_PAUSE: Duration = Duration::from_secs(5);

/// One account's way to Telnyx.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) client: Client,
    live: Client,
    pub(super) active: ActiveCalls,
    flows: FlowCalls,
}

impl Voice {
    pub(super) fn new(client: &Client, flows: FlowCalls) -> Self {
        let (client, live) = (client.lane(Lane::Edit), client.lane(Lane::LiveCall));
        Self { client, live, active: ActiveCalls::default(), flows }
    }

    /// `POST /v2/calls`, once.
    pub(super) async fn dial(&self, dial: Dial) -> Event {
        let answer = self.client.dial(&request(&dial)).await;
        if let Err(error) = &answer {
            tracing::debug!(attempt = %dial.key, %error, "dial not accepted");
        }
        after_dial(dial.key, answer)
    }

    /// A command on a live leg. The client sends it again under the same `command_id` where its fate is unknown. What a flow
    /// does with a call that it is given is the flow's to send.
    pub(super) async fn command(&self, command: LegCommand) -> Event {
        let call = telnyx_voice::CallControlId::from(command.leg.control.as_str());
        let state = ClientState::from(command.client_state.encode());
        let id = telnyx_voice::CommandId::from(command.command_id.as_uuid());
        let (endpoint, answer) = match &command.kind {
            CommandKind::RunFlow(run) => return self.flows.give(&command, run).await,
            CommandKind::Hangup => {
                let request = HangupRequest::default().command_id(id).client_state(state);
                (Endpoint::Hangup, self.live.hangup(&call, &request).await)
            }
            CommandKind::Play(Announcement::Text { payload, voice, language }) => {
                let request = SpeakRequest::default().command_id(id).client_state(state);
                let request = request.payload(payload.as_ref()).voice(voice.as_ref());
                let request = match language {
                    Some(language) => request.language(language.as_ref()),
                    None => request,
                };
                (Endpoint::Command, self.live.speak(&call, &request).await)
            }
            CommandKind::Play(Announcement::Audio { url }) => {
                let request = PlaybackStartRequest::default().command_id(id).client_state(state);
                (Endpoint::Command, self.live.start_playback(&call, &request.audio_url(url.as_ref())).await)
            }
        };
        let (command_id, leg) = (command.command_id, command.leg.id);
        match answer.as_ref().map_err(|error| command_refusal(error, endpoint)) {
            Ok(_) | Err(CommandFate::Accepted) => Event::CommandAccepted { command_id, leg },
            Err(CommandFate::Refused(refusal)) => {
                tracing::debug!(%leg, ?refusal, "command refused");
                Event::CommandRefused { command_id, leg, refusal }
            }
            Err(CommandFate::Unknown) => Event::CommandFateUnknown { command_id, leg },
        }
    }
}

fn request(dial: &Dial) -> DialRequest {
    let request = DialRequest::default()
        .connection_id(dial.connection_id.as_ref())
        .from(Party::from(dial.from.expose()))
        .to(Party::from(dial.to.expose()))
        .command_id(telnyx_voice::CommandId::from(dial.command_id.as_uuid()))
        .client_state(ClientState::from(dial.client_state.encode()))
        .timeout_secs(secs(dial.ring_timeout))
        .retry_on_timeout(false)
        .time_limit_secs(secs(dial.max_call));
    match detection(dial.amd.mode) {
        Some(mode) => request.answering_machine_detection(mode).answering_machine_detection_config(config(&dial.amd)),
        None => request,
    }
}

fn secs(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn detection(mode: AmdMode) -> Option<AnsweringMachineDetection> {
    match mode {
        AmdMode::Disabled => None,
        AmdMode::Premium => Some(AnsweringMachineDetection::Premium),
        AmdMode::Detect => Some(AnsweringMachineDetection::Detect),
        AmdMode::DetectBeep => Some(AnsweringMachineDetection::DetectBeep),
        AmdMode::DetectWords => Some(AnsweringMachineDetection::DetectWords),
        AmdMode::GreetingEnd => Some(AnsweringMachineDetection::GreetingEnd),
    }
}

fn config(amd: &Amd) -> AmdConfig {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let config = AmdConfig::default().total_analysis_time_millis(millis(amd.total_analysis));
    match amd.mode {
        AmdMode::Premium => config.greeting_duration_millis(millis(amd.greeting)),
        AmdMode::Disabled | AmdMode::Detect | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd => {
            config
        }
    }
}

/// Both names of the leg, where the answer has both.
pub(super) fn leg(call: &Call) -> Option<Leg> {
    Some(Leg {
        control: CallControlId::new(call.call_control_id.as_ref()?.as_str()),
        id: CallLegId::new(call.call_leg_id.as_ref()?.as_str()),
    })
}

fn after_dial(key: DialKey, answer: Result<Call, Error>) -> Event {
    match answer {
        Ok(call) => Event::DialAccepted { key, leg: leg(&call) },
        Err(Error::AcceptedWithoutIds { .. } | Error::Decode { .. }) => Event::DialAccepted { key, leg: None },
        Err(Error::Api(error)) if error.status < 500 && error.status != 408 => {
            let item = error.items.first();
            let refusal = Refusal {
                status: error.status,
                code: item.map(|item| item.code.as_str().into()),
                pointer: item.and_then(|item| item.pointer.as_deref()).map(Into::into),
                retry_after: error.rate.reset,
            };
            Event::DialRefused { key, refusal }
        }
        // Nothing was sent. For the target that is what a full account is: no attempt, and room for it later.
        Err(error @ (Error::NotSent(_) | Error::Withheld)) => {
            let pause = if matches!(error, Error::Withheld) { SHORT_PAUSE } else { UNREACHABLE_PAUSE };
            let refusal = Refusal { status: 429, code: None, pointer: None, retry_after: Some(pause) };
            Event::DialRefused { key, refusal }
        }
        Err(Error::Unsendable { field, why }) => {
            tracing::error!(field, why, "a dial cannot be written");
            let refusal = Refusal { status: 422, code: None, pointer: Some(field.into()), retry_after: None };
            Event::DialRefused { key, refusal }
        }
        Err(Error::OutOfBounds(error)) => {
            tracing::error!(%error, "a dial is outside the API's bounds");
            let pointer = Some(format!("/{}", error.field).into());
            Event::DialRefused { key, refusal: Refusal { status: 422, code: None, pointer, retry_after: None } }
        }
        // A 5xx, a broken connection, no answer in time, and whatever a later version of the client may add.
        Err(_) => Event::DialFateUnknown { key },
    }
}

enum CommandFate {
    Accepted,
    Refused(CommandRefusal),
    Unknown,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is left is wrong for good as far as this call is concerned, classes of a later client among it"
)]
fn command_refusal(error: &Error, endpoint: Endpoint) -> CommandFate {
    let throttled = |after| CommandFate::Refused(CommandRefusal::Throttled { after });
    match classify(error, endpoint) {
        Class::AcceptedWithoutIds => CommandFate::Accepted,
        Class::AlreadyDone | Class::CallEnded | Class::NotFound => CommandFate::Refused(CommandRefusal::AlreadyEnded),
        Class::NotAnsweredYet => CommandFate::Refused(CommandRefusal::NotAnsweredYet),
        Class::RequestRate => {
            throttled(error.api().and_then(|error| error.rate.reset).unwrap_or(SHORT_PAUSE).max(SHORT_PAUSE))
        }
        Class::Busy | Class::NotSent | Class::Withheld | Class::DialRate => throttled(SHORT_PAUSE),
        Class::Unavailable | Class::FateUnknown => CommandFate::Unknown,
        _ => CommandFate::Refused(CommandRefusal::Invalid),
    }
}
