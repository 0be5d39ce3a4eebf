//! The whole surface of the Voice API, as data: every endpoint with the client's method for it, and the older names that the API
//! still takes. Every webhook's event type is in [`EventType::KNOWN`](crate::webhook::EventType::KNOWN).
//!
//! The client itself sends by these rows, so a path or a verb that is wrong here is wrong on the wire; a test holds the rows
//! against the API's own description, both ways.

use crate::bounds::OutOfBounds;
#[allow(clippy::wildcard_imports, reason = "most of what these modules have: one request per row")]
use crate::call::*;
#[allow(clippy::wildcard_imports, reason = "most of what these modules have: one request per row")]
use crate::conference::*;
use crate::error::Endpoint;
use crate::ids::CommandId;

/// The HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Verb {
    /// As HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One endpoint of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Its name in Telnyx's own packages, for example `calls.actions.start_playback`.
    pub name: &'static str,
    /// The HTTP method.
    pub verb: Verb,
    /// The path below the base URL, with its parameters in braces.
    pub path: &'static str,
    /// What errors of it are classified by.
    pub endpoint: Endpoint,
    /// The method of [`Client`](crate::Client) that calls it.
    pub method: &'static str,
    /// The type of the body.
    pub body: Option<&'static str>,
    /// Whether the body may carry a `command_id`, which makes it safe to send twice.
    pub command_id: bool,
}

/// A command on a live call: `client.command(&call, &request)` sends any of them.
pub trait CallCommand: serde::Serialize + Sync {
    /// Its endpoint.
    const OPERATION: &'static Operation;

    /// What makes it safe to send twice.
    fn command_id(&self) -> Option<&CommandId>;

    /// Whether every field holds what the API's documents allow.
    fn check(&self) -> Result<(), OutOfBounds>;
}

/// A command on a conference: `client.conference_command(&conference, &request)` sends any of them.
pub trait ConferenceCommand: serde::Serialize + Sync {
    /// Its endpoint.
    const OPERATION: &'static Operation;

    /// What makes it safe to send twice.
    fn command_id(&self) -> Option<&CommandId>;

    /// Whether every field holds what the API's documents allow.
    fn check(&self) -> Result<(), OutOfBounds>;
}

/// Rows: a constant, the name, the verb and path, what classifies the errors, the client's method and the body. Of a command, name
/// and path are the last part alone, and each says whether it has a `command_id`.
macro_rules! operations {
    (
        resources { $($constant:ident = $name:literal, $verb:ident $path:literal, $endpoint:ident, $method:ident
            $(($body:ident))? $(, $has_id:ident)?;)+ }
        calls { $($call:ident = $call_name:literal, $call_verb:ident $call_path:literal, $call_endpoint:ident, $call_method:ident
            ($call_body:ident), $call_id:ident;)+ }
        conferences { $($conf:ident = $conf_name:literal, $conf_verb:ident $conf_path:literal, $conf_endpoint:ident, $conf_method:ident
            ($conf_body:ident), $conf_id:ident;)+ }
    ) => {
        $(operations!(@row $constant, $name, $verb, $path, $endpoint, $method, $($body)?, $($has_id)?);)+
        $(
            operations!(
                @row $call, concat!("calls.actions.", $call_name), $call_verb,
                concat!("/calls/{call_control_id}/actions/", $call_path), $call_endpoint, $call_method, $call_body, $call_id
            );
            operations!(@command CallCommand, $call, $call_body, $call_id);
        )+
        $(
            operations!(
                @row $conf, concat!("conferences.actions.", $conf_name), $conf_verb,
                concat!("/conferences/{id}/actions/", $conf_path), $conf_endpoint, $conf_method, $conf_body, $conf_id
            );
            operations!(@command ConferenceCommand, $conf, $conf_body, $conf_id);
        )+

        /// Every endpoint.
        pub const OPERATIONS: &[&Operation] = &[$(&$constant,)+ $(&$call,)+ $(&$conf),+];
    };
    (@row $constant:ident, $name:expr, $verb:ident, $path:expr, $endpoint:ident, $method:ident, $($body:ident)?,
        $($has_id:ident)?) => {
        #[doc = concat!("`", $name, "`")]
        pub const $constant: Operation = Operation {
            name: $name,
            verb: Verb::$verb,
            path: $path,
            endpoint: Endpoint::$endpoint,
            method: stringify!($method),
            body: operations!(@body $($body)?),
            command_id: operations!(@has_id $($has_id)?),
        };
    };
    (@body) => { None };
    (@body $body:ident) => { Some(stringify!($body)) };
    (@has_id) => { false };
    (@has_id command_id) => { true };
    (@has_id no_command_id) => { false };
    (@command $command:ident, $constant:ident, $body:ident, $id:ident) => {
        impl $command for $body {
            const OPERATION: &'static Operation = &$constant;

            operations!(@id $id);

            fn check(&self) -> Result<(), OutOfBounds> {
                Self::check(self)
            }
        }
    };
    (@id command_id) => {
        fn command_id(&self) -> Option<&CommandId> {
            self.command_id.as_ref()
        }
    };
    (@id no_command_id) => {
        fn command_id(&self) -> Option<&CommandId> {
            None
        }
    };
}

operations! {
    resources {
        CREATE_APPLICATION = "call_control_applications.create",
            Post "/call_control_applications", Applications, create_application(ApplicationRequest);
        DELETE_APPLICATION = "call_control_applications.delete",
            Delete "/call_control_applications/{id}", Applications, delete_application;
        LIST_APPLICATIONS = "call_control_applications.list",
            Get "/call_control_applications", Applications, applications;
        GET_APPLICATION = "call_control_applications.retrieve",
            Get "/call_control_applications/{id}", Applications, get_application;
        UPDATE_APPLICATION = "call_control_applications.update",
            Patch "/call_control_applications/{id}", Applications, update_application(ApplicationRequest);
        CREATE_PROFILE = "outbound_voice_profiles.create",
            Post "/outbound_voice_profiles", Profiles, create_outbound_voice_profile(ProfileRequest);
        DELETE_PROFILE = "outbound_voice_profiles.delete",
            Delete "/outbound_voice_profiles/{id}", Profiles, delete_outbound_voice_profile;
        LIST_PROFILES = "outbound_voice_profiles.list",
            Get "/outbound_voice_profiles", Profiles, outbound_voice_profiles;
        GET_PROFILE = "outbound_voice_profiles.retrieve",
            Get "/outbound_voice_profiles/{id}", Profiles, get_outbound_voice_profile;
        UPDATE_PROFILE = "outbound_voice_profiles.update",
            Patch "/outbound_voice_profiles/{id}", Profiles, update_outbound_voice_profile(ProfileRequest);
        CREATE_QUEUE = "queues.create", Post "/queues", Queues, create_queue(QueueRequest);
        DELETE_QUEUE = "queues.delete", Delete "/queues/{queue_name}", Queues, delete_queue;
        LIST_QUEUES = "queues.list", Get "/queues", Queues, queues;
        GET_QUEUE = "queues.retrieve", Get "/queues/{queue_name}", Queues, get_queue;
        UPDATE_QUEUE = "queues.update", Post "/queues/{queue_name}", Queues, update_queue(QueueUpdate);
        LIST_QUEUED_CALLS = "queues.calls.list", Get "/queues/{queue_name}/calls", QueuedCalls, queued_calls;
        REMOVE_QUEUED_CALL = "queues.calls.remove",
            Delete "/queues/{queue_name}/calls/{call_control_id}", QueuedCalls, remove_queued_call;
        GET_QUEUED_CALL = "queues.calls.retrieve",
            Get "/queues/{queue_name}/calls/{call_control_id}", QueuedCalls, get_queued_call;
        UPDATE_QUEUED_CALL = "queues.calls.update",
            Patch "/queues/{queue_name}/calls/{call_control_id}", QueuedCalls, update_queued_call(QueuedCallUpdate);
        DIAL = "calls.dial", Post "/calls", Dial, dial(DialRequest), command_id;
        GET_CALL = "calls.retrieve_status", Get "/calls/{call_control_id}", Call, get_call;
        LIST_ACTIVE_CALLS = "connections.list_active_calls",
            Get "/connections/{connection_id}/active_calls", ActiveCalls, active_calls;
        LIST_CALL_EVENTS = "call_events.list", Get "/call_events", CallEvents, call_events;
        LIST_WEBHOOK_DELIVERIES = "webhook_deliveries.list",
            Get "/webhook_deliveries", WebhookDeliveries, webhook_deliveries;
        GET_WEBHOOK_DELIVERY = "webhook_deliveries.retrieve",
            Get "/webhook_deliveries/{id}", WebhookDeliveries, get_webhook_delivery;
        CREATE_CONFERENCE = "conferences.create",
            Post "/conferences", Conferences, create_conference(ConferenceRequest), command_id;
        LIST_CONFERENCES = "conferences.list", Get "/conferences", Conferences, conferences;
        LIST_PARTICIPANTS = "conferences.list_participants",
            Get "/conferences/{conference_id}/participants", Participants, conference_participants;
        GET_CONFERENCE = "conferences.retrieve", Get "/conferences/{id}", Conference, get_conference;
        GET_PARTICIPANT = "conferences.retrieve_participant",
            Get "/conferences/{id}/participants/{participant_id}", Participants, get_conference_participant;
        UPDATE_PARTICIPANT = "conferences.update_participant",
            Patch "/conferences/{id}/participants/{participant_id}", Participants,
            update_conference_participant(ParticipantUpdate);
    }

    calls {
        AI_ASSISTANT_ADD_MESSAGES = "add_ai_assistant_messages",
            Post "ai_assistant_add_messages", Command, command(AiAssistantAddMessagesRequest), command_id;
        ANSWER = "answer", Post "answer", Command, command(AnswerRequest), command_id;
        BRIDGE = "bridge", Post "bridge", Command, command(BridgeRequest), command_id;
        ENQUEUE = "enqueue", Post "enqueue", Command, command(EnqueueRequest), command_id;
        GATHER = "gather", Post "gather", Command, command(GatherRequest), command_id;
        GATHER_USING_AI = "gather_using_ai", Post "gather_using_ai", Command, command(GatherUsingAiRequest), command_id;
        GATHER_USING_AUDIO = "gather_using_audio",
            Post "gather_using_audio", Command, command(GatherUsingAudioRequest), command_id;
        GATHER_USING_SPEAK = "gather_using_speak",
            Post "gather_using_speak", Command, command(GatherUsingSpeakRequest), command_id;
        HANGUP = "hangup", Post "hangup", Hangup, hangup(HangupRequest), command_id;
        AI_ASSISTANT_JOIN = "join_ai_assistant",
            Post "ai_assistant_join", Command, command(AiAssistantJoinRequest), command_id;
        LEAVE_QUEUE = "leave_queue", Post "leave_queue", LeaveQueue, command(LeaveQueueRequest), command_id;
        RECORD_PAUSE = "pause_recording", Post "record_pause", Command, command(RecordPauseRequest), command_id;
        PAY = "pay", Post "pay", Command, command(PayRequest), command_id;
        REFER = "refer", Post "refer", Command, command(ReferRequest), command_id;
        REJECT = "reject", Post "reject", Command, command(RejectRequest), command_id;
        RECORD_RESUME = "resume_recording", Post "record_resume", Command, command(RecordResumeRequest), command_id;
        SEND_DTMF = "send_dtmf", Post "send_dtmf", Command, command(SendDtmfRequest), command_id;
        SEND_SIP_INFO = "send_sip_info", Post "send_sip_info", Command, command(SendSipInfoRequest), command_id;
        SPEAK = "speak", Post "speak", Command, speak(SpeakRequest), command_id;
        AI_ASSISTANT_START = "start_ai_assistant",
            Post "ai_assistant_start", Command, command(AiAssistantStartRequest), command_id;
        CONVERSATION_RELAY_START = "start_conversation_relay",
            Post "conversation_relay_start", Command, command(ConversationRelayStartRequest), command_id;
        FORK_START = "start_forking", Post "fork_start", Command, command(ForkStartRequest), command_id;
        SUPPRESSION_START = "start_noise_suppression",
            Post "suppression_start", Command, command(SuppressionStartRequest), command_id;
        PLAYBACK_START = "start_playback",
            Post "playback_start", Command, start_playback(PlaybackStartRequest), command_id;
        RECORD_START = "start_recording", Post "record_start", Command, command(RecordStartRequest), command_id;
        SIPREC_START = "start_siprec", Post "siprec_start", Command, command(SiprecStartRequest), no_command_id;
        STREAMING_START = "start_streaming",
            Post "streaming_start", Command, command(StreamingStartRequest), command_id;
        TRANSCRIPTION_START = "start_transcription",
            Post "transcription_start", Command, command(TranscriptionStartRequest), command_id;
        AI_ASSISTANT_STOP = "stop_ai_assistant",
            Post "ai_assistant_stop", Command, command(AiAssistantStopRequest), command_id;
        CONVERSATION_RELAY_STOP = "stop_conversation_relay",
            Post "conversation_relay_stop", Command, command(ConversationRelayStopRequest), command_id;
        FORK_STOP = "stop_forking", Post "fork_stop", Command, command(ForkStopRequest), command_id;
        GATHER_STOP = "stop_gather", Post "gather_stop", Command, command(GatherStopRequest), command_id;
        SUPPRESSION_STOP = "stop_noise_suppression",
            Post "suppression_stop", Command, command(SuppressionStopRequest), command_id;
        PLAYBACK_STOP = "stop_playback", Post "playback_stop", Command, stop_playback(PlaybackStopRequest), command_id;
        RECORD_STOP = "stop_recording", Post "record_stop", Command, command(RecordStopRequest), command_id;
        SIPREC_STOP = "stop_siprec", Post "siprec_stop", Command, command(SiprecStopRequest), command_id;
        STREAMING_STOP = "stop_streaming", Post "streaming_stop", Command, command(StreamingStopRequest), command_id;
        TRANSCRIPTION_STOP = "stop_transcription",
            Post "transcription_stop", Command, command(TranscriptionStopRequest), command_id;
        SWITCH_SUPERVISOR_ROLE = "switch_supervisor_role",
            Post "switch_supervisor_role", Command, command(SwitchSupervisorRoleRequest), no_command_id;
        TRANSFER = "transfer", Post "transfer", Command, command(TransferRequest), command_id;
        CLIENT_STATE_UPDATE = "update_client_state",
            Put "client_state_update", Command, update_client_state(ClientStateUpdateRequest), no_command_id;
    }

    conferences {
        CONFERENCE_END = "end_conference",
            Post "end", ConferenceEnd, conference_command(ConferenceEndRequest), command_id;
        CONFERENCE_GATHER_USING_AUDIO = "gather_dtmf_audio",
            Post "gather_using_audio", Conference, conference_command(ConferenceGatherUsingAudioRequest), no_command_id;
        CONFERENCE_HOLD = "hold", Post "hold", Conference, conference_command(ConferenceHoldRequest), no_command_id;
        CONFERENCE_JOIN = "join", Post "join", Conference, conference_command(ConferenceJoinRequest), command_id;
        CONFERENCE_LEAVE = "leave",
            Post "leave", ConferenceLeave, conference_command(ConferenceLeaveRequest), command_id;
        CONFERENCE_MUTE = "mute", Post "mute", Conference, conference_command(ConferenceMuteRequest), no_command_id;
        CONFERENCE_PLAY = "play", Post "play", Conference, conference_command(ConferencePlayRequest), no_command_id;
        CONFERENCE_RECORD_PAUSE = "record_pause",
            Post "record_pause", Conference, conference_command(ConferenceRecordPauseRequest), command_id;
        CONFERENCE_RECORD_RESUME = "record_resume",
            Post "record_resume", Conference, conference_command(ConferenceRecordResumeRequest), command_id;
        CONFERENCE_RECORD_START = "record_start",
            Post "record_start", Conference, conference_command(ConferenceRecordStartRequest), command_id;
        CONFERENCE_RECORD_STOP = "record_stop",
            Post "record_stop", Conference, conference_command(ConferenceRecordStopRequest), command_id;
        CONFERENCE_SEND_DTMF = "send_dtmf",
            Post "send_dtmf", Conference, conference_command(ConferenceSendDtmfRequest), no_command_id;
        CONFERENCE_SPEAK = "speak", Post "speak", Conference, conference_command(ConferenceSpeakRequest), command_id;
        CONFERENCE_STOP = "stop", Post "stop", Conference, conference_command(ConferenceStopRequest), no_command_id;
        CONFERENCE_UNHOLD = "unhold",
            Post "unhold", Conference, conference_command(ConferenceUnholdRequest), no_command_id;
        CONFERENCE_UNMUTE = "unmute",
            Post "unmute", Conference, conference_command(ConferenceUnmuteRequest), no_command_id;
        CONFERENCE_UPDATE = "update",
            Post "update", Conference, conference_command(ConferenceUpdateRequest), command_id;
    }
}

/// A name that older documents show and the API still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OlderName {
    /// The name of the operation that takes it.
    pub operation: &'static str,
    /// The field, or the field and its value.
    pub name: &'static str,
    /// What newer documents use instead.
    pub now: &'static str,
    /// The document that shows it.
    pub source: &'static str,
}

/// Every older name that the requests of this crate carry.
pub const OLDER_NAMES: &[OlderName] = &[
    older("calls.actions.start_forking", "target", "rx and tx", FORKING),
    older("calls.actions.start_forking", "stream_type: raw", "no stream_type", FORKING),
    older("calls.actions.start_transcription", "transcription_engine: A", "Google", TRANSCRIPTION),
    older("calls.actions.start_transcription", "transcription_engine: B", "Telnyx", TRANSCRIPTION),
    older("calls.actions.start_noise_suppression", "noise_suppression_engine: A", "Denoiser", SUPPRESSION),
    older("calls.actions.start_noise_suppression", "noise_suppression_engine: B", "DeepFilterNet", SUPPRESSION),
    older("calls.actions.start_noise_suppression", "noise_suppression_engine: C", "Krisp", SUPPRESSION),
    older("calls.actions.start_noise_suppression", "noise_suppression_engine: D", "AiCoustics", SUPPRESSION),
];

const FORKING: &str = "Telnyx API reference, older: Forking start";
const TRANSCRIPTION: &str = "Telnyx API reference: Transcription start";
const SUPPRESSION: &str = "Telnyx API reference: Noise suppression start";

const fn older(operation: &'static str, name: &'static str, now: &'static str, source: &'static str) -> OlderName {
    OlderName { operation, name, now, source }
}

/// The row of an operation, by its name in Telnyx's packages.
#[must_use]
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().copied().find(|operation| operation.name == name)
}
