//! How long a step may take when it does not say.
//!
//! Promises a bound for every kind: generous, for a bound that cuts a live conversation is worse than a slow recovery from a lost
//! webhook.

use telnyx_voice::call::LoopCount;

use crate::spec::{Action, Kind, Step};

/// For the API's answer and a prompt webhook: the client repeats a command for 45 seconds.
const COMMAND: u32 = 60;

/// How long a webhook may be under way.
const DELIVERY: u32 = 15;

/// As long as a call may live (Telnyx API reference: Dial, `time_limit_secs`).
const WHOLE_CALL: u32 = 14_400;

impl Step {
    /// Seconds that the step may take: its `timeoutSecs`, or the kind's default.
    #[must_use]
    pub fn patience_secs(&self) -> u32 {
        self.timeout_secs.unwrap_or_else(|| self.action.patience_secs())
    }
}

impl Action {
    fn patience_secs(&self) -> u32 {
        #[expect(clippy::wildcard_enum_match_arm, reason = "what depends on no parameter has a table of its own")]
        match self {
            Self::Wait(wait) => wait.secs,
            Self::Speak(params) => {
                let speak = params.as_written();
                speech(speak.payload.as_ref().map(|text| text.expose().as_str()), times(speak.r#loop.as_ref()))
            }
            // The API reference gives a gather 60 seconds and 3 tries by default.
            Self::Gather(params) => keys(params.as_written().timeout_millis, Some(1)),
            Self::GatherUsingAudio(params) => {
                600 + keys(params.as_written().timeout_millis, params.as_written().maximum_tries)
            }
            Self::GatherConference(on) => {
                600 + keys(on.params.as_written().timeout_millis, on.params.as_written().maximum_tries)
            }
            Self::GatherUsingSpeak(params) => {
                let gather = params.as_written();
                let tries = tries(gather.maximum_tries);
                speech(gather.payload.as_ref().map(|text| text.expose().as_str()), tries)
                    .saturating_add(speech(gather.invalid_payload.as_deref(), tries))
                    .saturating_add(keys(gather.timeout_millis, gather.maximum_tries))
                    .min(WHOLE_CALL)
            }
            // The API reference: ringing takes 30 seconds by default.
            Self::Transfer(params) => ringing(params.as_written().timeout_secs),
            Self::Dial(params) => ringing(params.as_written().timeout_secs),
            Self::Enqueue(params) => {
                params.as_written().max_wait_time_secs.map_or(WHOLE_CALL, |secs| whole(secs) + DELIVERY)
            }
            other => other.kind().patience_secs(),
        }
    }
}

impl Kind {
    fn patience_secs(self) -> u32 {
        match self.completion_class() {
            Lasting::Prompt => COMMAND,
            Lasting::Audio => 600,
            Lasting::Talk => WHOLE_CALL,
            Lasting::Program => 10,
        }
    }

    fn completion_class(self) -> Lasting {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds are prompt")]
        match self {
            Self::Play => Lasting::Audio,
            Self::GatherUsingAI
            | Self::StartAiAssistant
            | Self::JoinAiAssistant
            | Self::StartConversationRelay
            | Self::CreateConference
            | Self::JoinConference
            | Self::Pay => Lasting::Talk,
            Self::CallWebhook => Lasting::Program,
            _ => Lasting::Prompt,
        }
    }
}

/// How long a kind lasts by nature.
enum Lasting {
    Prompt,
    Audio,
    Talk,
    Program,
}

/// Slow speech is about ten characters a second; half of that leaves room for what templates bring.
fn speech(text: Option<&str>, times: u32) -> u32 {
    let characters = u32::try_from(text.map_or(0, |text| text.chars().count())).unwrap_or(u32::MAX);
    30_u32.saturating_add((characters / 5).saturating_mul(times)).min(WHOLE_CALL)
}

fn times(count: Option<&LoopCount>) -> u32 {
    match count {
        None => 1,
        Some(LoopCount::Times(times)) => whole(*times),
        Some(LoopCount::Word(_)) => WHOLE_CALL,
    }
}

fn tries(maximum: Option<i64>) -> u32 {
    whole(maximum.unwrap_or(3)).max(1)
}

fn keys(timeout_millis: Option<i64>, maximum_tries: Option<i64>) -> u32 {
    let each = whole(timeout_millis.unwrap_or(60_000) / 1000) + 1;
    (each.saturating_mul(tries(maximum_tries)) + DELIVERY).min(WHOLE_CALL)
}

fn ringing(timeout_secs: Option<i64>) -> u32 {
    // `retry_on_timeout` lets further routes ring as long again.
    whole(timeout_secs.unwrap_or(30)) * 2 + DELIVERY
}

fn whole(number: i64) -> u32 {
    u32::try_from(number.clamp(0, i64::from(WHOLE_CALL))).unwrap_or(WHOLE_CALL)
}
