//! What a step does: the table of all kinds.
//!
//! Promises that a kind is written down once: its name, its parameters, the command that it sends and the endpoints of the API
//! that it reaches. Does not know when a kind is done: see `completion`.

use serde::de::Error as _;
use serde_json::Value;
use telnyx_voice::{DialRequest, HangupRequest, PlaybackStartRequest, PlaybackStopRequest, SpeakRequest};

use super::control::{CallWebhook, Loop, OptOut, Set, SetOutcome, Switch, Wait};
use super::params::Params;

macro_rules! actions {
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
    /// Ends the call.
    Hangup(Params<HangupRequest>) = "hangup" => ["calls.actions.hangup"];
    /// Speaks a text.
    Speak(Params<SpeakRequest>) = "speak" => ["calls.actions.speak"];
    /// Plays a file.
    Play(Params<PlaybackStartRequest>) = "play" => ["calls.actions.start_playback"];
    /// Stops what plays.
    StopPlayback(Params<PlaybackStopRequest>) = "stopPlayback" => ["calls.actions.stop_playback"];
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
