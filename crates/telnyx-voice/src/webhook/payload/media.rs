//! What is played, spoken, recorded, transcribed, forked and streamed on a leg.

use super::{Payload, PayloadFields, leg_payload, payload};
use crate::call::StreamTrack;
use crate::client_state::ClientState;
use crate::ids::{CallLegId, CallSessionId, ConnectionId, RecordingId};
use crate::macros::{open_enum, record};
use crate::private::Private;
use crate::profile::RecordingChannels;
use crate::time::ApiTime;

open_enum! {
    /// How a playback ended.
    pub enum PlaybackStatus {
        FileNotFound = "file_not_found",
        CallHangup = "call_hangup",
        /// The API does not know.
        Undetermined = "unknown",
        Cancelled = "cancelled",
        CancelledAmd = "cancelled_amd",
        Completed = "completed",
        Failed = "failed",
    }
}

open_enum! {
    /// How a spoken text ended.
    pub enum SpeakStatus { Completed = "completed", CallHangup = "call_hangup", CancelledAmd = "cancelled_amd" }
}

leg_payload! {
    /// A file began to play.
    pub struct CallPlaybackStarted {
        media_name: String,
        media_url: String,
        overlay: bool,
    }
}

leg_payload! {
    /// A file stopped playing. `cancelled_amd` is the machine detection's doing: play it again.
    pub struct CallPlaybackEnded {
        media_name: String,
        media_url: String,
        overlay: bool,
        status: PlaybackStatus,
        status_detail: String,
    }
}

leg_payload! {
    /// A text began to be spoken.
    pub struct CallSpeakStarted {}
}

leg_payload! {
    /// A text stopped being spoken.
    pub struct CallSpeakEnded {
        status: SpeakStatus,
    }
}

record! {
    /// Where a recording can be fetched, for 10 minutes. Whoever has the address hears the call.
    pub struct RecordingUrls {
        mp3: Private,
        wav: Private,
    }
}

payload! {
    /// A recording can be fetched. The only event of a leg without its `call_control_id`.
    pub struct CallRecordingSaved {
        call_leg_id: CallLegId,
        call_session_id: CallSessionId,
        channels: RecordingChannels,
        client_state: ClientState,
        connection_id: ConnectionId,
        public_recording_urls: RecordingUrls,
        recording_ended_at: ApiTime,
        recording_started_at: ApiTime,
        recording_urls: RecordingUrls,
    } has call_leg_id, call_session_id, client_state, connection_id
}

open_enum! {
    /// Why a recording was lost.
    pub enum RecordingErrorReason {
        StorageUnauthorized = "Failed to authorize with storage using custom credentials",
        InvalidCredentials = "Invalid credentials json",
        UnsupportedBackend = "Unsupported backend",
        Internal = "Internal server error",
    }
}

leg_payload! {
    /// A recording was lost.
    pub struct CallRecordingError {
        reason: RecordingErrorReason,
    }
}

open_enum! {
    /// Whether a call reached the phone network or a SIP endpoint.
    pub enum CallingPartyType { Pstn = "pstn", Sip = "sip" }
}

open_enum! {
    /// How a transcription ended.
    pub enum TranscriptionStatus { Completed = "completed" }
}

leg_payload! {
    /// The transcript of a recording.
    pub struct CallRecordingTranscriptionSaved {
        calling_party_type: CallingPartyType,
        recording_id: RecordingId,
        recording_transcription_id: String,
        status: TranscriptionStatus,
        transcription_text: Private,
    }
}

open_enum! {
    /// Which side spoke.
    pub enum TranscriptionTrack { Inbound = "inbound", Outbound = "outbound" }
}

record! {
    /// A piece of a live transcript.
    pub struct TranscriptionData {
        /// 0 to 1.
        confidence: f64,
        is_final: bool,
        transcript: Private,
        transcription_track: TranscriptionTrack,
    }
}

leg_payload! {
    /// A piece of a live transcript.
    pub struct CallTranscription {
        transcription_data: TranscriptionData,
    }
}

open_enum! {
    /// What a fork carries.
    pub enum ForkStreamType { Decrypted = "decrypted" }
}

leg_payload! {
    /// The audio is copied elsewhere.
    pub struct CallForkStarted {
        stream_type: ForkStreamType,
    }
}

leg_payload! {
    /// The audio is no longer copied.
    pub struct CallForkStopped {
        stream_type: ForkStreamType,
    }
}

leg_payload! {
    /// Audio streams to a websocket.
    pub struct StreamingStarted {
        stream_url: String,
    }
}

leg_payload! {
    /// Audio no longer streams.
    pub struct StreamingStopped {
        stream_url: String,
    }
}

open_enum! {
    /// Where a stream goes.
    pub enum StreamType { Websocket = "websocket", Dialogflow = "dialogflow" }
}

record! {
    /// The stream that failed.
    pub struct StreamParams {
        stream_url: String,
        track: StreamTrack,
    }
}

leg_payload! {
    /// Audio could not be streamed.
    pub struct StreamingFailed {
        failure_reason: String,
        stream_id: String,
        stream_params: StreamParams,
        stream_type: StreamType,
    }
}

leg_payload! {
    /// A SIPREC session began.
    pub struct SiprecStarted {}
}

leg_payload! {
    /// A SIPREC session ended.
    pub struct SiprecStopped {
        hangup_cause: String,
    }
}

leg_payload! {
    /// A SIPREC session failed.
    pub struct SiprecFailed {
        failure_cause: String,
    }
}
