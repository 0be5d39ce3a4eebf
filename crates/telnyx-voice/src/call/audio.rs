//! Speaking and playing to a caller.

use serde::{Deserialize, Serialize};

use super::media::TargetLegs;
use super::voice::{SpeakLanguage, VoiceSettings};
use crate::bounds::{Measure, ONE_FILE, Rule, SPOKEN};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::macros::{open_enum, request, schema_as};
use crate::private::Private;

/// How often something plays: a number, or a word such as `infinity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LoopCount {
    /// That many times.
    Times(i64),
    /// `infinity`: until stopped.
    Word(String),
}

impl LoopCount {
    /// Until stopped.
    #[must_use]
    pub fn infinity() -> Self {
        Self::Word("infinity".to_owned())
    }
}

impl From<i64> for LoopCount {
    fn from(times: i64) -> Self {
        Self::Times(times)
    }
}

impl From<&str> for LoopCount {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// A word is left to the API.
impl Measure for LoopCount {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Times(times) => times.number(),
            Self::Word(_) => None,
        }
    }
}

schema_as!(LoopCount => schemars::json_schema!({ "x-kubernetes-int-or-string": true }));

/// The most that something plays (Telnyx API reference: Play audio URL).
pub(crate) const LOOPS: Rule = Rule::Range(1, 100);

open_enum! {
    /// Plain text, or text with speech marks.
    pub enum SpeakPayloadType { Text = "text", Ssml = "ssml" }
}

open_enum! {
    /// The price class of the voice.
    pub enum SpeakServiceLevel { Basic = "basic", Premium = "premium" }
}

request! {
    /// Speaks a text into an answered call. Done at `call.speak.ended`.
    pub struct SpeakRequest {
        client_state: ClientState,
        command_id: CommandId,
        language: SpeakLanguage,
        /// 1 where missing; `infinity` until stopped.
        r#loop: LoopCount => [LOOPS],
        /// What to say.
        payload: Private => [Rule::Required, SPOKEN],
        payload_type: SpeakPayloadType,
        service_level: SpeakServiceLevel,
        /// Stops what plays first: `current` or `all`.
        stop: String,
        target_legs: TargetLegs,
        /// For example `Telnyx.KokoroTTS.af`, `AWS.Polly.Joanna`, or `male` / `female`.
        voice: String => [Rule::Required],
        voice_settings: VoiceSettings,
    }
}

open_enum! {
    /// The format of a file to play.
    pub enum AudioType { Mp3 = "mp3", Wav = "wav" }
}

request! {
    /// Plays a file into an answered call. One of `audio_url`, `media_name` and `playback_content` says which. Done at
    /// `call.playback.ended`; further commands queue behind it.
    pub struct PlaybackStartRequest {
        audio_type: AudioType,
        audio_url: String => [ONE_FILE, Rule::OneOfFields(&[&["audio_url"], &["media_name"], &["playback_content"]])],
        cache_audio: bool,
        client_state: ClientState,
        command_id: CommandId,
        /// 1 where missing; `infinity` until stopped.
        r#loop: LoopCount => [LOOPS],
        media_name: String,
        overlay: bool,
        /// The file itself, base64.
        playback_content: String,
        /// Stops what plays first: `current` or `all`.
        stop: String,
        /// `self`, `opposite` or `both`; the API does not bind itself to these.
        target_legs: String,
    }
}

request! {
    /// Stops what plays.
    pub struct PlaybackStopRequest {
        client_state: ClientState,
        command_id: CommandId,
        overlay: bool,
        /// `current` or `all`.
        stop: String,
    }
}
