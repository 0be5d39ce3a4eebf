//! What a step does: the table of all kinds.
//!
//! Promises that a kind is written down once: its name, its parameters, the command that it sends and the endpoint of the API that
//! it reaches. Does not know when a kind is done: see `completion`.

use serde::de::Error as _;
use serde_json::Value;
use telnyx_voice::bounds::OutOfBounds;
use telnyx_voice::call::{
    AiAssistantAddMessagesRequest, AiAssistantJoinRequest, AiAssistantStartRequest, AiAssistantStopRequest,
    AnswerRequest, BridgeRequest, ClientStateUpdateRequest, ConversationRelayStartRequest,
    ConversationRelayStopRequest, DialRequest, EnqueueRequest, ForkStartRequest, ForkStopRequest, GatherRequest,
    GatherStopRequest, GatherUsingAiRequest, GatherUsingAudioRequest, GatherUsingSpeakRequest, HangupRequest,
    LeaveQueueRequest, PayRequest, PlaybackStartRequest, PlaybackStopRequest, RecordPauseRequest, RecordResumeRequest,
    RecordStartRequest, RecordStopRequest, ReferRequest, RejectRequest, SendDtmfRequest, SendSipInfoRequest,
    SiprecStartRequest, SiprecStopRequest, SpeakRequest, StreamingStartRequest, StreamingStopRequest,
    SuppressionStartRequest, SuppressionStopRequest, SwitchSupervisorRoleRequest, TranscriptionStartRequest,
    TranscriptionStopRequest, TransferRequest,
};
use telnyx_voice::conference::{
    ConferenceEndRequest, ConferenceGatherUsingAudioRequest, ConferenceHoldRequest, ConferenceJoinRequest,
    ConferenceLeaveRequest, ConferenceMuteRequest, ConferencePlayRequest, ConferenceRecordPauseRequest,
    ConferenceRecordResumeRequest, ConferenceRecordStartRequest, ConferenceRecordStopRequest, ConferenceRequest,
    ConferenceSendDtmfRequest, ConferenceSpeakRequest, ConferenceStopRequest, ConferenceUnholdRequest,
    ConferenceUnmuteRequest, ConferenceUpdateRequest,
};
use telnyx_voice::{CallControlId, ClientState};

use super::control::{CallWebhook, Loop, OptOut, Set, SetOutcome, Switch, Wait};
use super::params::{InConference, Params};
use crate::effect::Request;
use crate::template::{Unrenderable, Values};

/// A request with its templates filled in, and whether it carries the position.
pub(crate) struct Rendered {
    pub request: Request,
    pub carries: bool,
}

/// What a request is filled with.
pub(crate) struct Filling<'a> {
    /// Of the flow and the call.
    pub values: &'a dyn Values,
    /// Fields to set where the request has them and the user left them.
    pub set: &'a [(&'a str, Value)],
    /// The leg.
    pub call: &'a CallControlId,
    /// The conference that the call is in.
    pub conference: Option<&'a str>,
}

/// Not every request has the field.
fn carried(request: &impl serde::Serialize) -> Option<ClientState> {
    serde_json::to_value(request).ok()?.get("client_state")?.as_str().map(ClientState::from)
}

/// Looks at a command's typed request, whichever it is.
pub trait Visitor<'a> {
    /// What it makes of it.
    type Output;

    /// A command on a call.
    fn call<C: telnyx_voice::CallCommand>(self, request: &'a C) -> Self::Output;

    /// A command on a conference.
    fn conference<C: telnyx_voice::ConferenceCommand>(self, request: &'a C) -> Self::Output;
}

macro_rules! actions {
    (
        call { $($(#[doc = $cdoc:literal])+ $call:ident($request:ty) = $cname:literal => $cend:literal;)+ }
        conference { $($(#[doc = $fdoc:literal])+ $conf:ident($frequest:ty) = $fname:literal => $fend:literal;)+ }
        own { $($(#[doc = $odoc:literal])+ $own:ident($oparams:ty) = $oname:literal => [$($oend:literal),*];)+ }
    ) => {
        kinds! {
            $($(#[doc = $cdoc])+ $call(Params<$request>) = $cname => [$cend];)+
            $($(#[doc = $fdoc])+ $conf(InConference<$frequest>) = $fname => [$fend];)+
            $($(#[doc = $odoc])+ $own($oparams) = $oname => [$($oend),*];)+
        }

        /// A command on a call: `/calls/{call_control_id}/actions/…`.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "it is always boxed")]
        pub enum CallCommand {
            $(#[doc = concat!("`", $cend, "`")] $call($request),)+
            /// `calls.actions.update_client_state`
            UpdateClientState(ClientStateUpdateRequest),
        }

        impl CallCommand {
            /// The endpoint, by its name in the official SDKs.
            #[must_use]
            pub fn endpoint(&self) -> &'static str {
                match self {
                    $(Self::$call(_) => $cend,)+
                    Self::UpdateClientState(_) => "calls.actions.update_client_state",
                }
            }

            /// What the call carries once this is accepted, if it changes that.
            #[must_use]
            pub fn client_state(&self) -> Option<ClientState> {
                match self {
                    $(Self::$call(request) => carried(request),)+
                    Self::UpdateClientState(request) => request.client_state.clone(),
                }
            }

            /// Shows the typed request.
            pub fn show<'a, V: Visitor<'a>>(&'a self, visitor: V) -> V::Output {
                match self {
                    $(Self::$call(request) => visitor.call(request),)+
                    Self::UpdateClientState(request) => visitor.call(request),
                }
            }
        }

        /// A command on a conference: `/conferences/{id}/actions/…`.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ConferenceCommand {
            $(#[doc = concat!("`", $fend, "`")] $conf($frequest),)+
        }

        impl ConferenceCommand {
            /// The endpoint, by its name in the official SDKs.
            #[must_use]
            pub fn endpoint(&self) -> &'static str {
                match self { $(Self::$conf(_) => $fend),+ }
            }

            /// What the call carries once this is accepted, if it changes that.
            #[must_use]
            pub fn client_state(&self) -> Option<ClientState> {
                match self { $(Self::$conf(request) => carried(request)),+ }
            }

            /// Shows the typed request.
            pub fn show<'a, V: Visitor<'a>>(&'a self, visitor: V) -> V::Output {
                match self { $(Self::$conf(request) => visitor.conference(request)),+ }
            }
        }

        impl Action {
            /// The command of a step, for kinds that send one on the call or on a conference.
            pub(crate) fn command(&self, filling: &Filling<'_>) -> Option<Result<Rendered, Unrenderable>> {
                match self {
                    $(Self::$call(params) => Some(params.render(filling.values, filling.set).and_then(|(request, carries)| {
                        request.check().map_err(|_| Unrenderable)?;
                        let request = Request::Call(filling.call.clone(), Box::new(CallCommand::$call(request)));
                        Ok(Rendered { request, carries })
                    })),)+
                    $(Self::$conf(on) => Some(on.render(filling).and_then(|(conference, request, carries)| {
                        request.check().map_err(|_| Unrenderable)?;
                        let request = Request::Conference(conference, Box::new(ConferenceCommand::$conf(request)));
                        Ok(Rendered { request, carries })
                    })),)+
                    $(Self::$own(_) => None,)+
                }
            }

            /// Holds the request as written against the API's bounds.
            pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
                match self {
                    $(Self::$call(params) => params.check(<$request>::check),)+
                    $(Self::$conf(on) => on.params.check(<$frequest>::check),)+
                    Self::Dial(params) => params.check(DialRequest::check),
                    Self::CreateConference(params) => params.check(ConferenceRequest::check),
                    Self::Switch(_) | Self::Wait(_) | Self::Set(_) | Self::Loop(_) | Self::Outcome(_) | Self::OptOut(_)
                    | Self::CallWebhook(_) => Ok(()),
                }
            }

            /// The conference that a command on one names; `None`: the kind is none, or names none.
            pub(crate) fn conference(&self) -> Option<Option<&str>> {
                match self {
                    $(Self::$conf(on) => Some(on.conference.as_deref()),)+
                    $(Self::$call(_) => None,)+
                    $(Self::$own(_) => None,)+
                }
            }
        }
    };
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident($params:ty) = $name:literal => [$($endpoint:literal),*];)+) => {
        /// The kinds of steps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])+ $variant),+ }

        impl Kind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The field of a step that makes it of this kind.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The kind of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The endpoints that it reaches, by their names in the official SDKs. Any step may also reach
            /// `calls.actions.update_client_state`, where its own command cannot carry the position.
            #[must_use]
            pub fn endpoints(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($endpoint),*]),+ }
            }

            /// What it does, for people.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }

            /// The schema of its parameters, in camelCase.
            #[cfg(feature = "schema")]
            pub(crate) fn schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Self::$variant => generator.subschema_for::<$params>()),+ }
            }
        }

        /// What a step does, with its parameters.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Action { $($(#[doc = $doc])+ $variant($params)),+ }

        impl Action {
            /// Its kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant),+ }
            }

            /// Reads the parameters of a step of this kind.
            pub(crate) fn read(kind: Kind, written: Value) -> Result<Self, serde_json::Error> {
                match kind {
                    $(Kind::$variant => <$params as serde::Deserialize>::deserialize(written)
                        .map(Self::$variant)
                        .map_err(|error| serde_json::Error::custom(format_args!(concat!($name, ": {}"), error)))),+
                }
            }

            /// Writes the parameters as they are read.
            pub(crate) fn write(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$variant(params) => serde_json::to_value(params)),+ }
            }
        }
    };
}

actions! {
    call {
        /// Answers an inbound call. Does nothing on a call that is answered.
        Answer(AnswerRequest) = "answer" => "calls.actions.answer";
        /// Refuses an inbound call.
        Reject(RejectRequest) = "reject" => "calls.actions.reject";
        /// Ends the call.
        Hangup(HangupRequest) = "hangup" => "calls.actions.hangup";
        /// Connects the call to somebody else, who is called for it. Lasts while both talk; this call survives a failure.
        Transfer(TransferRequest) = "transfer" => "calls.actions.transfer";
        /// Connects the call to another call, or to the first of a queue. Lasts while both talk.
        Bridge(BridgeRequest) = "bridge" => "calls.actions.bridge";
        /// Asks the other side, by SIP REFER, to call somebody else.
        Refer(ReferRequest) = "refer" => "calls.actions.refer";
        /// Lets the call wait in a queue. Lasts until it leaves the queue.
        Enqueue(EnqueueRequest) = "enqueue" => "calls.actions.enqueue";
        /// Takes the call out of its queue.
        LeaveQueue(LeaveQueueRequest) = "leaveQueue" => "calls.actions.leave_queue";
        /// Speaks a text.
        Speak(SpeakRequest) = "speak" => "calls.actions.speak";
        /// Plays a file.
        Play(PlaybackStartRequest) = "play" => "calls.actions.start_playback";
        /// Stops what plays.
        StopPlayback(PlaybackStopRequest) = "stopPlayback" => "calls.actions.stop_playback";
        /// Collects keys.
        Gather(GatherRequest) = "gather" => "calls.actions.gather";
        /// Collects keys after speaking a text.
        GatherUsingSpeak(GatherUsingSpeakRequest) = "gatherUsingSpeak" => "calls.actions.gather_using_speak";
        /// Collects keys after playing a file.
        GatherUsingAudio(GatherUsingAudioRequest) = "gatherUsingAudio" => "calls.actions.gather_using_audio";
        /// Lets an assistant ask for answers in words.
        GatherUsingAI(GatherUsingAiRequest) = "gatherUsingAI" => "calls.actions.gather_using_ai";
        /// Stops collecting.
        StopGather(GatherStopRequest) = "stopGather" => "calls.actions.stop_gather";
        /// Starts to record.
        StartRecording(RecordStartRequest) = "startRecording" => "calls.actions.start_recording";
        /// Stops recording.
        StopRecording(RecordStopRequest) = "stopRecording" => "calls.actions.stop_recording";
        /// Pauses recording.
        PauseRecording(RecordPauseRequest) = "pauseRecording" => "calls.actions.pause_recording";
        /// Goes on recording.
        ResumeRecording(RecordResumeRequest) = "resumeRecording" => "calls.actions.resume_recording";
        /// Presses keys.
        SendDtmf(SendDtmfRequest) = "sendDtmf" => "calls.actions.send_dtmf";
        /// Sends a SIP INFO.
        SendSipInfo(SendSipInfoRequest) = "sendSipInfo" => "calls.actions.send_sip_info";
        /// Starts to copy the audio elsewhere.
        StartForking(ForkStartRequest) = "startForking" => "calls.actions.start_forking";
        /// Stops copying the audio.
        StopForking(ForkStopRequest) = "stopForking" => "calls.actions.stop_forking";
        /// Starts to stream the audio to a WebSocket.
        StartStreaming(StreamingStartRequest) = "startStreaming" => "calls.actions.start_streaming";
        /// Stops streaming.
        StopStreaming(StreamingStopRequest) = "stopStreaming" => "calls.actions.stop_streaming";
        /// Starts a SIPREC session.
        StartSiprec(SiprecStartRequest) = "startSiprec" => "calls.actions.start_siprec";
        /// Stops the SIPREC session.
        StopSiprec(SiprecStopRequest) = "stopSiprec" => "calls.actions.stop_siprec";
        /// Starts to suppress noise.
        StartNoiseSuppression(SuppressionStartRequest) = "startNoiseSuppression" => "calls.actions.start_noise_suppression";
        /// Stops suppressing noise.
        StopNoiseSuppression(SuppressionStopRequest) = "stopNoiseSuppression" => "calls.actions.stop_noise_suppression";
        /// Starts to transcribe.
        StartTranscription(TranscriptionStartRequest) = "startTranscription" => "calls.actions.start_transcription";
        /// Stops transcribing.
        StopTranscription(TranscriptionStopRequest) = "stopTranscription" => "calls.actions.stop_transcription";
        /// Lets an assistant talk. Lasts while it does.
        StartAiAssistant(AiAssistantStartRequest) = "startAiAssistant" => "calls.actions.start_ai_assistant";
        /// Stops the assistant.
        StopAiAssistant(AiAssistantStopRequest) = "stopAiAssistant" => "calls.actions.stop_ai_assistant";
        /// Lets the call join an assistant's conversation. Lasts while it does.
        JoinAiAssistant(AiAssistantJoinRequest) = "joinAiAssistant" => "calls.actions.join_ai_assistant";
        /// Tells the assistant something.
        AddAiAssistantMessages(AiAssistantAddMessagesRequest) = "addAiAssistantMessages" => "calls.actions.add_ai_assistant_messages";
        /// Lets a program of the user's own converse over a WebSocket. Lasts while it does.
        StartConversationRelay(ConversationRelayStartRequest) = "startConversationRelay" => "calls.actions.start_conversation_relay";
        /// Stops the relay.
        StopConversationRelay(ConversationRelayStopRequest) = "stopConversationRelay" => "calls.actions.stop_conversation_relay";
        /// Takes a payment by keys.
        Pay(PayRequest) = "pay" => "calls.actions.pay";
        /// Changes what the supervisor of a bridged call may do.
        SwitchSupervisorRole(SwitchSupervisorRoleRequest) = "switchSupervisorRole" => "calls.actions.switch_supervisor_role";
    }
    conference {
        /// Enters a conference. Lasts until the call leaves it.
        JoinConference(ConferenceJoinRequest) = "joinConference" => "conferences.actions.join";
        /// Leaves the conference.
        LeaveConference(ConferenceLeaveRequest) = "leaveConference" => "conferences.actions.leave";
        /// Puts those in a conference on hold.
        HoldConference(ConferenceHoldRequest) = "holdConference" => "conferences.actions.hold";
        /// Takes those in a conference off hold; this call, unless others are named.
        UnholdConference(ConferenceUnholdRequest) = "unholdConference" => "conferences.actions.unhold";
        /// Mutes those in a conference.
        MuteConference(ConferenceMuteRequest) = "muteConference" => "conferences.actions.mute";
        /// Unmutes those in a conference.
        UnmuteConference(ConferenceUnmuteRequest) = "unmuteConference" => "conferences.actions.unmute";
        /// Plays a file to those in a conference.
        PlayConference(ConferencePlayRequest) = "playConference" => "conferences.actions.play";
        /// Speaks a text to those in a conference.
        SpeakConference(ConferenceSpeakRequest) = "speakConference" => "conferences.actions.speak";
        /// Stops what plays in a conference.
        StopConferencePlayback(ConferenceStopRequest) = "stopConferencePlayback" => "conferences.actions.stop";
        /// Collects keys of this call while it is in a conference.
        GatherConference(ConferenceGatherUsingAudioRequest) = "gatherConference" => "conferences.actions.gather_dtmf_audio";
        /// Presses keys in a conference.
        SendConferenceDtmf(ConferenceSendDtmfRequest) = "sendConferenceDtmf" => "conferences.actions.send_dtmf";
        /// Starts to record a conference.
        StartConferenceRecording(ConferenceRecordStartRequest) = "startConferenceRecording" => "conferences.actions.record_start";
        /// Stops recording a conference.
        StopConferenceRecording(ConferenceRecordStopRequest) = "stopConferenceRecording" => "conferences.actions.record_stop";
        /// Pauses recording a conference.
        PauseConferenceRecording(ConferenceRecordPauseRequest) = "pauseConferenceRecording" => "conferences.actions.record_pause";
        /// Goes on recording a conference.
        ResumeConferenceRecording(ConferenceRecordResumeRequest) = "resumeConferenceRecording" => "conferences.actions.record_resume";
        /// Changes this call's role as a supervisor of a conference.
        UpdateConference(ConferenceUpdateRequest) = "updateConference" => "conferences.actions.update";
        /// Ends a conference.
        EndConference(ConferenceEndRequest) = "endConference" => "conferences.actions.end_conference";
    }
    own {
        /// Begins a conference, which this call enters. Lasts until the call leaves it.
        CreateConference(Params<ConferenceRequest>) = "createConference" => ["conferences.create"];
        /// Calls somebody else, on a second leg that belongs to this flow.
        Dial(Params<DialRequest>) = "dial" => ["calls.dial"];
        /// Chooses the next step by what is known.
        Switch(Switch) = "switch" => [];
        /// Waits.
        Wait(Wait) = "wait" => ["calls.actions.update_client_state"];
        /// Gives variables new values.
        Set(Set) = "set" => [];
        /// Goes back, a bounded number of times.
        Loop(Loop) = "loop" => [];
        /// Says how the call counts.
        Outcome(SetOutcome) = "outcome" => [];
        /// Takes the callee's number off every list.
        OptOut(OptOut) = "optOut" => [];
        /// Asks a program of the user's own.
        CallWebhook(CallWebhook) = "callWebhook" => ["calls.actions.update_client_state"];
    }
}
