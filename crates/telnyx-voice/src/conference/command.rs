//! Commands on a conference. Where `call_control_ids` is missing or empty, all who take part are meant.

use super::ConferenceRegion;
use crate::bounds::{FEWEST, KEYS, KEYS_AND_PAUSES, ONE_FILE, ONE_HOLD_FILE, ONE_INVALID_FILE, Rule, SPOKEN};
use crate::call::{
    BeepEnabled, ConferenceSupervisorRole, LoopCount, RecordTrim, SpeakLanguage, SpeakPayloadType, VoiceSettings,
};
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CommandId, RecordingId};
use crate::macros::request;
use crate::private::Private;
use crate::profile::{RecordingChannels, RecordingFormat};

request! {
    /// Ends a conference and hangs up on all. Reported by `conference.ended`.
    pub struct ConferenceEndRequest {
        command_id: CommandId,
    }
}

request! {
    /// Plays a prompt to one participant and collects key presses.
    pub struct ConferenceGatherUsingAudioRequest {
        /// The prompt, WAV or MP3; not together with `media_name`.
        audio_url: String => [ONE_FILE],
        /// Whose keys.
        call_control_id: CallControlId => [Rule::AtSend],
        client_state: ClientState,
        /// Comes back in `call.gather.ended`.
        gather_id: String => [Rule::Length(0, 100)],
        /// Milliseconds until the first key.
        initial_timeout_millis: i64,
        /// Milliseconds between keys.
        inter_digit_timeout_millis: i64,
        /// Played after wrong input; not together with `invalid_media_name`.
        invalid_audio_url: String => [ONE_INVALID_FILE],
        invalid_media_name: String,
        maximum_digits: i64 => [crate::call::DIGITS],
        /// How often the prompt plays.
        maximum_tries: i64,
        media_name: String,
        minimum_digits: i64 => [crate::call::DIGITS, FEWEST],
        /// Whether the first key ends the prompt.
        stop_playback_on_dtmf: bool,
        /// Ends the input before `maximum_digits`; none where empty.
        terminating_digit: String => [crate::call::TERMINATOR, KEYS],
        /// Milliseconds to wait for input.
        timeout_millis: i64,
        /// The keys that count.
        valid_digits: String => [KEYS],
    }
}

request! {
    /// Puts participants on hold. Has no `command_id`.
    pub struct ConferenceHoldRequest {
        /// What they hear; not together with `media_name`.
        audio_url: String => [ONE_FILE],
        call_control_ids: Vec<CallControlId>,
        media_name: String,
        region: ConferenceRegion,
    }
}

request! {
    /// Takes participants off hold. Has no `command_id`.
    pub struct ConferenceUnholdRequest {
        call_control_ids: Vec<CallControlId> => [Rule::AtSend],
        region: ConferenceRegion,
    }
}

request! {
    /// Brings a call into a conference. Reported by `conference.participant.joined`.
    pub struct ConferenceJoinRequest {
        beep_enabled: BeepEnabled,
        /// Who enters.
        call_control_id: CallControlId => [Rule::AtSend],
        client_state: ClientState,
        command_id: CommandId,
        /// End it, and hang up on all, when this one leaves.
        end_conference_on_exit: bool,
        /// Enter on hold.
        hold: bool,
        /// What is heard on hold; not together with `hold_media_name`.
        hold_audio_url: String => [ONE_HOLD_FILE],
        hold_media_name: String,
        /// Enter muted.
        mute: bool,
        region: ConferenceRegion,
        /// End it when this one leaves; nobody is hung up.
        soft_end_conference_on_exit: bool,
        /// Start it with this one.
        start_conference_on_enter: bool,
        supervisor_role: ConferenceSupervisorRole,
        /// Who hears a supervisor that whispers.
        whisper_call_control_ids: Vec<CallControlId>,
    }
}

request! {
    /// Takes a call out of a conference and parks it. Reported by `conference.participant.left`.
    pub struct ConferenceLeaveRequest {
        beep_enabled: BeepEnabled,
        /// Who leaves.
        call_control_id: CallControlId => [Rule::AtSend],
        command_id: CommandId,
        region: ConferenceRegion,
    }
}

request! {
    /// Mutes participants. Has no `command_id`.
    pub struct ConferenceMuteRequest {
        call_control_ids: Vec<CallControlId>,
        region: ConferenceRegion,
    }
}

request! {
    /// Lets participants be heard again. Has no `command_id`.
    pub struct ConferenceUnmuteRequest {
        call_control_ids: Vec<CallControlId>,
        region: ConferenceRegion,
    }
}

request! {
    /// Plays a file to participants. Reported by `conference.playback.*`, or `conference.participant.playback.*` where some are
    /// named. Has no `command_id`.
    pub struct ConferencePlayRequest {
        /// Not together with `media_name`.
        audio_url: String => [ONE_FILE],
        call_control_ids: Vec<CallControlId>,
        /// 1 where missing; `infinity` until stopped.
        r#loop: LoopCount => [crate::call::LOOPS],
        media_name: String,
        region: ConferenceRegion,
    }
}

request! {
    /// Speaks a text to participants. Reported by `conference.speak.*`, or `conference.participant.speak.*` where some are named.
    pub struct ConferenceSpeakRequest {
        call_control_ids: Vec<CallControlId>,
        command_id: CommandId,
        language: SpeakLanguage,
        /// What to say.
        payload: Private => [Rule::Required, SPOKEN],
        payload_type: SpeakPayloadType,
        region: ConferenceRegion,
        /// For example `Telnyx.KokoroTTS.af`, `AWS.Polly.Joanna`, or `male` / `female`.
        voice: String => [Rule::Required],
        voice_settings: VoiceSettings,
    }
}

request! {
    /// Stops what plays to participants. Has no `command_id`.
    pub struct ConferenceStopRequest {
        call_control_ids: Vec<CallControlId>,
        region: ConferenceRegion,
    }
}

request! {
    /// Presses keys towards participants. Nothing is reported: done when accepted. Has no `command_id`.
    pub struct ConferenceSendDtmfRequest {
        call_control_ids: Vec<CallControlId>,
        client_state: ClientState,
        /// Keys, and the pauses `w` (half a second) and `W` (a second).
        digits: Private => [Rule::Required, KEYS_AND_PAUSES],
        /// Milliseconds per key; 250 where missing.
        duration_millis: i64 => [Rule::Range(100, 500)],
    }
}

request! {
    /// Records a conference. Done at `conference.recording.saved`.
    pub struct ConferenceRecordStartRequest {
        channels: RecordingChannels,
        command_id: CommandId,
        /// In place of the API's name; a time is added.
        custom_file_name: String,
        format: RecordingFormat => [Rule::Required],
        play_beep: bool,
        region: ConferenceRegion,
        trim: RecordTrim,
    }
}

request! {
    /// Ends a recording; the newest where none is named.
    pub struct ConferenceRecordStopRequest {
        client_state: ClientState,
        command_id: CommandId,
        recording_id: RecordingId,
        region: ConferenceRegion,
    }
}

request! {
    /// Interrupts a recording. Nothing is reported: done when accepted.
    pub struct ConferenceRecordPauseRequest {
        command_id: CommandId,
        recording_id: RecordingId,
        region: ConferenceRegion,
    }
}

request! {
    /// Goes on with a recording. Nothing is reported: done when accepted.
    pub struct ConferenceRecordResumeRequest {
        command_id: CommandId,
        recording_id: RecordingId,
        region: ConferenceRegion,
    }
}

request! {
    /// Changes what a participant may do as a supervisor.
    pub struct ConferenceUpdateRequest {
        /// Who.
        call_control_id: CallControlId => [Rule::AtSend],
        command_id: CommandId,
        region: ConferenceRegion,
        supervisor_role: ConferenceSupervisorRole => [Rule::Required],
        /// Who hears a supervisor that whispers; with nobody named, a whisperer only listens.
        whisper_call_control_ids: Vec<CallControlId>,
    }
}
