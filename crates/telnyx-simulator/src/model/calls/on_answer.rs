//! What begins with the answer of a call, because the dial or the answer said so.

use std::sync::Arc;

use super::conversation::ConversationOrder;
use super::media::StreamOrder;
use super::recording::RecordingOrder;
use super::{Behaviour, CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::Happening;
use crate::model::timers::Timer;

/// What begins with the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct OnAnswer {
    pub(crate) recording: Option<RecordingOrder>,
    /// The id that the recording was promised.
    pub(crate) recording_id: Option<Arc<str>>,
    pub(crate) stream: Option<StreamOrder>,
    pub(crate) transcribe: bool,
    pub(crate) detect_deepfake: bool,
    pub(crate) assistant: Option<ConversationOrder>,
    pub(crate) relay: bool,
}

impl World {
    /// The call has just been answered.
    pub(super) fn begin(&mut self, key: CallKey, order: OnAnswer) {
        if let Some(recording) = order.recording {
            let id = order.recording_id.unwrap_or_else(|| self.ids.uuid().into());
            self.start_recording(key, id, recording);
        }
        if let Some(stream) = order.stream {
            self.start_stream(key, stream);
        }
        if order.transcribe {
            self.start_transcription(key, true);
        }
        if let Some(assistant) = order.assistant {
            self.start_conversation(key, assistant);
        } else if order.relay {
            self.start_relay(key);
        }
        if order.detect_deepfake {
            let wait = self.config.services.deepfake_result_after_ms.draw(&mut self.send_rng);
            let Some(call) = self.calls.get_mut(key) else { return };
            let serial = call.running.next_serial();
            call.running.deepfake = Some(serial);
            self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
        }
    }

    /// Whether the timer was that of deepfake detection, which then has its result.
    pub(super) fn on_deepfake_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        if call.running.deepfake.take_if(|one| *one == serial).is_none() {
            return false;
        }
        let silent = matches!(call.callee.behaviour, Behaviour::Silence { .. });
        let is_person = matches!(call.callee.behaviour, Behaviour::Person { .. });
        let fake = is_person && call.callee.voice.genuineness < self.config.services.fake_share;
        let (consistency, result, score) = match (silent, fake) {
            (true, _) => (None, "silence_timeout", None),
            (false, true) => (Some(0.91), "fake", Some(0.94)),
            (false, false) => (Some(0.95), "real", Some(0.04)),
        };
        let happening = Happening::DeepfakeResult { consistency, result, score };
        let failed = self.fails(key, "call.deepfake_detection.result");
        let error = Happening::DeepfakeError { error_message: "dfd_connection_error" };
        self.tell(key, if failed { error } else { happening });
        true
    }
}
