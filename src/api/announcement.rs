//! What is played, and to whom: the announcement, and answering machine detection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is played to whom answers: text or audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.text) != has(self.audio)",
    "message": "set exactly one of text and audio",
}]))]
pub struct Announcement {
    /// Text that is spoken. Excludes `audio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<AnnouncementText>,
    /// A recording that is played. Excludes `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AnnouncementAudio>,
}

/// Text that is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncementText {
    /// The text, 1 to 3000 characters.
    #[schemars(length(min = 1, max = 3000))]
    pub payload: String,
    /// The voice: `female`, `male`, or a named one such as `AWS.Polly.Joanna` or `Telnyx.KokoroTTS.af`; at most 255
    /// characters.
    #[serde(default = "default_voice")]
    #[schemars(length(min = 1, max = 255))]
    pub voice: String,
    /// Language of the voices `female` and `male`, such as `en-US`; named voices bring their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [
        "arb", "cmn-CN", "cy-GB", "da-DK", "de-DE", "en-AU", "en-GB", "en-GB-WLS", "en-IN", "en-US", "es-ES", "es-MX",
        "es-US", "fr-CA", "fr-FR", "hi-IN", "is-IS", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR",
        "pt-PT", "ro-RO", "ru-RU", "sv-SE", "tr-TR"
    ]))]
    pub language: Option<String>,
}

fn default_voice() -> String {
    "female".to_owned()
}

/// A recording that is played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncementAudio {
    /// Where Telnyx fetches the file, WAV or MP3; at most 2000 characters.
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+([/?#]\S*)?$"))]
    pub url: String,
}

/// Answering machine detection, and what follows from its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amd {
    /// The detector, in Telnyx's words: `disabled` (whoever answers is taken for a person), `premium` (recommended by
    /// Telnyx, billed per use; the only one that knows fax and silence), `detect` (a verdict only), `detect_beep`,
    /// `detect_words` or `greeting_end` (a verdict, and where the greeting ends).
    #[serde(default)]
    pub mode: AmdMode,
    /// Milliseconds that the detector may listen, 500 to 30000. Nothing is played meanwhile, and whoever sells has two
    /// seconds (47 CFR 64.1200(a)(7)): set 2000 or less for purpose `Telemarketing`.
    #[serde(default = "default_total_analysis_time_millis")]
    #[schemars(range(min = 500, max = 30000))]
    pub total_analysis_time_millis: u32,
    /// A machine answered. `LeaveMessage`: wait for the end of its greeting, then play the announcement. `Hangup`: hang
    /// up without a word. `Continue`: play the announcement at once, as to a person.
    #[serde(default)]
    pub on_machine: OnMachine,
    /// A fax answered (mode `premium` only). `Hangup`, or `Continue`: play the announcement anyway.
    #[serde(default)]
    pub on_fax: OnNobody,
    /// Nobody spoke (mode `premium` only). `Hangup`, or `Continue`: play the announcement anyway.
    #[serde(default)]
    pub on_silence: OnNobody,
    /// The detector cannot tell, or never said. `TreatAsHuman`, as Telnyx advises, `TreatAsMachine` or `Hangup`.
    #[serde(default)]
    pub on_not_sure: OnNotSure,
}

impl Default for Amd {
    fn default() -> Self {
        Self {
            mode: AmdMode::default(),
            total_analysis_time_millis: default_total_analysis_time_millis(),
            on_machine: OnMachine::default(),
            on_fax: OnNobody::default(),
            on_silence: OnNobody::default(),
            on_not_sure: OnNotSure::default(),
        }
    }
}

/// The API's own default; its guide names another for `premium`, so it is always sent.
fn default_total_analysis_time_millis() -> u32 {
    3500
}

/// The detector (Telnyx: answering machine detection guide).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmdMode {
    /// None. The default, as at Telnyx.
    #[default]
    Disabled,
    /// The recommended one.
    Premium,
    /// A verdict only.
    Detect,
    /// A greeting event only when a beep is heard.
    DetectBeep,
    /// A greeting event at the beep or after 30 seconds.
    DetectWords,
    /// A greeting event on silence or beep.
    GreetingEnd,
}

/// A machine answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnMachine {
    /// Wait for the end of the greeting, then play the announcement. The default: the message arrives.
    #[default]
    LeaveMessage,
    /// Hang up without a word.
    Hangup,
    /// Play the announcement at once.
    Continue,
}

/// A fax, or silence, answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnNobody {
    /// Hang up. The default: nobody listens.
    #[default]
    Hangup,
    /// Play the announcement anyway.
    Continue,
}

/// The detector cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnNotSure {
    /// As to a person. The default, as Telnyx advises.
    #[default]
    TreatAsHuman,
    /// As to a machine.
    TreatAsMachine,
    /// Hang up.
    Hangup,
}
