//! Connecting a call to somebody else: bridge, transfer, refer, queue.

use std::collections::BTreeMap;

use super::amd::{AmdConfig, AnsweringMachineDetection};
use super::dial::{
    HttpMethod, MediaEncryption, Privacy, Record, RecordTrack, RecordTrim, RetriesPolicy, SipRegion, SipTransport,
    SoundModifications,
};
use super::{CustomHeader, SipHeader};
use crate::bounds::{DISPLAY_NAME, KEYS_AND_PAUSES, ONE_FILE, Rule};
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CommandId};
use crate::macros::{open_enum, request};
use crate::private::{Party, Private};
use crate::profile::{RecordingChannels, RecordingFormat};

open_enum! {
    /// Whose key presses the other side does not hear.
    pub enum MuteDtmf { None = "none", Both = "both", SelfLeg = "self", Opposite = "opposite" }
}

open_enum! {
    /// The country whose ringtone plays.
    pub enum Ringtone {
        At = "at", Au = "au", Be = "be", Bg = "bg", Br = "br", Ch = "ch", Cl = "cl", Cn = "cn", Cz = "cz", De = "de",
        Dk = "dk", Ee = "ee", Es = "es", Fi = "fi", Fr = "fr", Gr = "gr", Hu = "hu", Il = "il", In = "in", It = "it",
        Jp = "jp", Lt = "lt", Mx = "mx", My = "my", Nl = "nl", No = "no", Nz = "nz", Ph = "ph", Pl = "pl", Pt = "pt",
        Ru = "ru", Se = "se", Sg = "sg", Th = "th", Tw = "tw", Uk = "uk", UsOld = "us-old", Us = "us", Ve = "ve",
        Za = "za",
    }
}

request! {
    /// Connects two legs. Done at `call.bridged`, once for each. One of `call_control_id`, `queue` and `video_room_id` says with
    /// whom.
    ///
    /// When the bridge ends, this leg is hung up, unless it is to be parked or held.
    pub struct BridgeRequest {
        /// The other leg.
        call_control_id: CallControlId => [
            Rule::OneOfFields(&[&["call_control_id"], &["queue"], &["video_room_id"]]),
            Rule::AtMostOne(&["call_control_id", "queue"]),
        ],
        client_state: ClientState,
        command_id: CommandId,
        /// Hold this leg when the bridge ends.
        hold_after_unbridge: bool,
        mute_dtmf: MuteDtmf,
        /// `self`: park this leg when the bridge ends.
        park_after_unbridge: String,
        /// Let this leg hear ringing while the other is not answered.
        play_ringtone: bool,
        /// Refuse where the other leg is bridged already.
        prevent_double_bridge: bool,
        /// The queue whose first call is the other leg; that call leaves the queue whatever comes of it.
        queue: String,
        record: Record,
        record_channels: RecordingChannels,
        record_custom_file_name: String,
        record_format: RecordingFormat,
        /// Seconds; 0, the default, is no limit.
        record_max_length: i64 => [Rule::Range(0, 43_200)],
        /// Seconds of silence after which recording stops; 0, the default, is never.
        record_timeout_secs: i64 => [Rule::AtLeast(0)],
        record_track: RecordTrack,
        record_trim: RecordTrim,
        ringtone: Ringtone,
        video_room_context: Private,
        video_room_id: String,
    }
}

request! {
    /// Calls somebody and connects this leg to them. The new leg reports `call.initiated`, then `call.answered` and
    /// `call.bridged`, or `call.hangup`; this leg survives a transfer that fails.
    pub struct TransferRequest {
        answering_machine_detection: AnsweringMachineDetection,
        answering_machine_detection_config: AmdConfig,
        /// Played to the new leg before it is connected; not together with `media_name`.
        audio_url: String => [ONE_FILE],
        client_state: ClientState,
        command_id: CommandId,
        custom_headers: Vec<CustomHeader>,
        diversion: String,
        /// Connect the sound before the answer.
        early_media: bool,
        /// The caller id of the new leg; this leg's where missing.
        from: Party,
        /// Letters, digits, spaces and `-_~!.+`.
        from_display_name: Private => [Rule::Length(0, 128), DISPLAY_NAME],
        media_encryption: MediaEncryption,
        media_name: String,
        mute_dtmf: MuteDtmf,
        /// `self`: park this leg when the bridge ends.
        park_after_unbridge: String,
        /// Comma-separated, the most wanted first.
        preferred_codecs: String,
        privacy: Privacy,
        record: Record,
        record_channels: RecordingChannels,
        record_custom_file_name: String,
        record_format: RecordingFormat,
        /// Seconds; 0, the default, is no limit.
        record_max_length: i64 => [Rule::Range(0, 43_200)],
        /// Seconds of silence after which recording stops; 0, the default, is never.
        record_timeout_secs: i64 => [Rule::AtLeast(0)],
        record_track: RecordTrack,
        record_trim: RecordTrim,
        route_to_mobile: bool,
        /// Keys and pauses to send when the new leg answers.
        send_digits_on_answer: Private => [KEYS_AND_PAUSES, Rule::Length(0, 64)],
        sip_auth_password: Private,
        sip_auth_username: Private,
        sip_headers: Vec<SipHeader>,
        sip_region: SipRegion,
        sip_transport_protocol: SipTransport,
        sound_modifications: SoundModifications,
        /// What the new leg carries in its webhooks.
        target_leg_client_state: ClientState,
        /// Seconds that the new leg may last; 14,400 where missing.
        time_limit_secs: i64 => [Rule::Range(30, 14_400)],
        /// Seconds that it rings; 30 where missing.
        timeout_secs: i64 => [Rule::Range(5, 600)],
        /// A phone number or a SIP URI.
        to: Party => [Rule::Required],
        /// By event type.
        webhook_retries_policies: BTreeMap<String, RetriesPolicy>,
        webhook_url: String,
        webhook_url_method: HttpMethod,
        /// By event type.
        webhook_urls: BTreeMap<String, Vec<String>>,
        webhook_urls_method: HttpMethod,
    }
}

request! {
    /// Asks the other side to call somebody else instead (SIP REFER). Done at `call.refer.completed` or `call.refer.failed`.
    pub struct ReferRequest {
        client_state: ClientState,
        command_id: CommandId,
        custom_headers: Vec<CustomHeader>,
        /// The SIP URI to call.
        sip_address: Party => [Rule::Required],
        sip_auth_password: Private,
        sip_auth_username: Private,
        sip_headers: Vec<SipHeader>,
    }
}

request! {
    /// Puts a call in a queue, which is made where it does not exist. Reported by `call.enqueued` and `call.dequeued`.
    pub struct EnqueueRequest {
        client_state: ClientState,
        command_id: CommandId,
        /// Keep the call's place after it hung up.
        keep_after_hangup: bool,
        /// Calls that may wait at once, where the queue is made; 100 where missing.
        max_size: i64 => [Rule::AtLeast(1)],
        /// Seconds after which the call leaves the queue and is parked.
        max_wait_time_secs: i64 => [Rule::AtLeast(1)],
        queue_name: String => [Rule::Required, Rule::Length(1, 255)],
    }
}

request! {
    /// Takes a call out of its queue and parks it.
    pub struct LeaveQueueRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}
