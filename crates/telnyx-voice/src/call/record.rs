//! Recording a call.

use super::dial::{RecordTrack, RecordTrim};
use crate::bounds::Rule;
use crate::client_state::ClientState;
use crate::ids::{CommandId, RecordingId};
use crate::macros::{open_enum, request};
use crate::profile::{RecordingChannels, RecordingFormat};

open_enum! {
    /// What turns a recording into text.
    pub enum RecordingTranscriptionEngine {
        /// Google
        A = "A",
        /// Telnyx
        B = "B",
        DeepgramNova3 = "deepgram/nova-3",
    }
}

request! {
    /// Records an answered call. Done at `call.recording.saved` or `call.recording.error`.
    pub struct RecordStartRequest {
        channels: RecordingChannels => [Rule::Required],
        client_state: ClientState,
        command_id: CommandId,
        /// In place of the leg's id; a time is added.
        custom_file_name: String,
        format: RecordingFormat => [Rule::Required],
        /// Seconds; 0, the default, is no limit.
        max_length: i64 => [Rule::Range(0, 14_400)],
        play_beep: bool,
        recording_track: RecordTrack,
        /// Seconds of silence after which recording stops; 0, the default, is never.
        timeout_secs: i64 => [Rule::AtLeast(0)],
        transcription: bool,
        transcription_engine: RecordingTranscriptionEngine,
        /// The language of the speech as the engine calls it, such as `en-US`, or `auto_detect`.
        transcription_language: String,
        transcription_max_speaker_count: i64,
        transcription_min_speaker_count: i64,
        transcription_profanity_filter: bool,
        transcription_speaker_diarization: bool,
        trim: RecordTrim,
    }
}

request! {
    /// Ends a recording; the newest where none is named.
    pub struct RecordStopRequest {
        client_state: ClientState,
        command_id: CommandId,
        recording_id: RecordingId,
    }
}

request! {
    /// Interrupts a recording. Nothing is reported: done when accepted.
    pub struct RecordPauseRequest {
        client_state: ClientState,
        command_id: CommandId,
        recording_id: RecordingId,
    }
}

request! {
    /// Goes on with a recording. Nothing is reported: done when accepted.
    pub struct RecordResumeRequest {
        client_state: ClientState,
        command_id: CommandId,
        recording_id: RecordingId,
    }
}
