//! Sending the sound of a call elsewhere, and cleaning it.

use super::dial::{Codec, DialogflowConfig, StreamBidirectionalMode, StreamCodec, StreamTrack};
use crate::bounds::{Rule, WEBSOCKET};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::macros::{open_enum, request};
use crate::private::Private;

open_enum! {
    /// Who hears it.
    pub enum TargetLegs { SelfLeg = "self", Opposite = "opposite", Both = "both" }
}

open_enum! {
    /// Whether the forked sound is decrypted first.
    pub enum ForkStreamType {
        Decrypted = "decrypted",
        /// As it comes: the default (Telnyx API reference, older: Forking start).
        Raw = "raw",
    }
}

/// Where forked sound goes.
const UDP: Rule = Rule::BeginsWith(&["udp:"]);

request! {
    /// Copies the sound of a call to UDP ports. Reported by `call.fork.started` and `call.fork.stopped`. Either `rx` and `tx`, or
    /// `target`.
    pub struct ForkStartRequest {
        client_state: ClientState,
        command_id: CommandId,
        /// Where what comes in goes, `udp:ADDRESS:PORT`.
        rx: String => [UDP],
        stream_type: ForkStreamType,
        /// Where both go, each packet with a header that says which (Telnyx API reference, older: Forking start).
        target: String => [UDP, Rule::OneOfFields(&[&["target"], &["rx", "tx"]])],
        /// Where what goes out goes, `udp:ADDRESS:PORT`.
        tx: String => [UDP],
    }
}

request! {
    /// Stops copying the sound.
    pub struct ForkStopRequest {
        client_state: ClientState,
        command_id: CommandId,
        stream_type: ForkStreamType,
    }
}

request! {
    /// A parameter that a WebSocket is opened with.
    pub struct StreamParameter {
        name: String,
        value: Private,
    }
}

/// Hz (Telnyx API reference: Streaming start).
pub(crate) const SAMPLING_RATES: Rule = Rule::OneOf(&[8_000, 16_000, 22_050, 24_000, 48_000]);

request! {
    /// Streams the sound of a call to a WebSocket. Reported by `streaming.started`, `streaming.stopped`, `streaming.failed`.
    pub struct StreamingStartRequest {
        client_state: ClientState,
        command_id: CommandId,
        custom_parameters: Vec<StreamParameter>,
        dialogflow_config: DialogflowConfig,
        enable_dialogflow: bool,
        stream_auth_token: Private => [Rule::Length(0, 4000)],
        stream_bidirectional_codec: Codec,
        stream_bidirectional_mode: StreamBidirectionalMode,
        /// Hz; 8,000 where missing.
        stream_bidirectional_sampling_rate: i64 => [SAMPLING_RATES],
        stream_bidirectional_target_legs: TargetLegs,
        stream_codec: StreamCodec,
        stream_track: StreamTrack,
        stream_url: String => [WEBSOCKET],
    }
}

request! {
    /// Stops a stream; all of the call where none is named.
    pub struct StreamingStopRequest {
        client_state: ClientState,
        command_id: CommandId,
        stream_id: String,
    }
}

open_enum! {
    /// The transport of SIP towards a recorder.
    pub enum SiprecTransport { Udp = "udp", Tcp = "tcp", Tls = "tls" }
}

/// 0 is never: the session is not refreshed (Telnyx API reference: SIPREC start).
const SIPREC_SESSION: Rule = Rule::ZeroOrAtLeast(90);

request! {
    /// Sends the sound of a call to a SIPREC recorder. Reported by `siprec.started`, `siprec.stopped`, `siprec.failed`. Has no
    /// `command_id`.
    pub struct SiprecStartRequest {
        client_state: ClientState,
        /// The connector that says where the recorder is.
        connector_name: String,
        /// Put custom headers into the metadata.
        include_metadata_custom_headers: bool,
        /// SRTP and TLS; the connector's port must then be 5061.
        secure: bool,
        /// Seconds after which the session ends unless refreshed, at least 90; 0 is never, 1,800 where missing.
        session_timeout_secs: i64 => [SIPREC_SESSION],
        sip_transport: SiprecTransport,
        siprec_track: StreamTrack,
    }
}

request! {
    /// Stops sending the sound to a SIPREC recorder.
    pub struct SiprecStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}

open_enum! {
    /// Whose sound is cleaned.
    pub enum SuppressionDirection { Inbound = "inbound", Outbound = "outbound", Both = "both" }
}

open_enum! {
    /// What takes noise out of the sound. The letters are older names (Telnyx API reference: Noise suppression start).
    pub enum SuppressionEngine {
        Denoiser = "Denoiser", DeepFilterNet = "DeepFilterNet", Krisp = "Krisp", AiCoustics = "AiCoustics",
        AicLargeQuail = "aic_l_quail", AicLargeRook = "aic_l_rook", AicSmallQuail = "aic_s_quail",
        AicSmallRook = "aic_s_rook", QuailVoiceFocusSmall = "quail_voice_focus_s",
        QuailVoiceFocusExtraSmall = "quail_voice_focus_xs",
        /// Denoiser
        A = "A",
        /// `DeepFilterNet`
        B = "B",
        /// Krisp
        C = "C",
        /// `AiCoustics`
        D = "D",
    }
}

open_enum! {
    /// The family of an `AiCoustics` model.
    pub enum SuppressionFamily { Sparrow = "sparrow", Quail = "quail" }
}

open_enum! {
    /// How `DeepFilterNet` works.
    pub enum SuppressionMode { Standard = "standard", Advanced = "advanced" }
}

open_enum! {
    /// The model of Krisp.
    pub enum KrispModel {
        VivaTelV2 = "krisp-viva-tel-v2.kef", VivaTelLiteV1 = "krisp-viva-tel-lite-v1.kef",
        VivaProV1 = "krisp-viva-pro-v1.kef", VivaSsV1 = "krisp-viva-ss-v1.kef",
    }
}

open_enum! {
    /// The size of an `AiCoustics` model.
    pub enum SuppressionSize {
        Small = "s", Large = "l", ExtraSmall = "xs", ExtraExtraSmall = "xxs", VoiceFocusLarge = "vf_l",
        VoiceFocusLarge11 = "vf_1_1_l",
    }
}

request! {
    /// Fine tuning of an engine; each field is of one engine alone.
    pub struct SuppressionEngineConfig {
        /// `DeepFilterNet`.
        attenuation_limit: i64 => [Rule::Range(0, 100)],
        /// `AiCoustics`.
        enhancement_level: f64 => [Rule::Decimal(0.0, 1.0)],
        /// `AiCoustics`.
        family: SuppressionFamily,
        /// `DeepFilterNet`.
        mode: SuppressionMode,
        /// Krisp.
        model: KrispModel,
        /// `AiCoustics`.
        size: SuppressionSize,
        /// Krisp.
        suppression_level: f64 => [Rule::Decimal(0.0, 100.0)],
        /// `AiCoustics`.
        voice_gain: f64 => [Rule::Decimal(0.1, 4.0)],
    }
}

request! {
    /// Takes noise out of the sound (beta). Nothing is reported: done when accepted.
    pub struct SuppressionStartRequest {
        client_state: ClientState,
        command_id: CommandId,
        direction: SuppressionDirection,
        noise_suppression_engine: SuppressionEngine,
        noise_suppression_engine_config: SuppressionEngineConfig,
    }
}

request! {
    /// Leaves the noise in. Nothing is reported: done when accepted.
    pub struct SuppressionStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}
