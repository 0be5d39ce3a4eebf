//! Live transcription: what the other end says, sentence by sentence (Telnyx API reference: "Transcription start").

use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, TranscriptionData};
use crate::model::timers::Timer;

/// A transcription under way.
pub(crate) struct Transcription {
    /// How many sentences were told.
    told: usize,
    serial: Serial,
    /// Whether the other end is listened to at all.
    inbound: bool,
}

impl Transcription {
    /// Whether more is to come of so many sentences.
    pub(super) const fn awaits(&self, sentences: usize) -> bool {
        self.inbound && self.told < sentences
    }
}

impl World {
    /// Begins to transcribe; `inbound` is what the other end says.
    pub(crate) fn start_transcription(&mut self, key: CallKey, inbound: bool) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.running.transcription = Some(Transcription { told: 0, serial: 0, inbound });
        self.await_sentence(key);
        self.replan_hangup(key);
    }

    /// Stops to transcribe; whether it was.
    pub(crate) fn stop_transcription(&mut self, key: CallKey) -> bool {
        self.calls.get_mut(key).is_some_and(|call| call.running.transcription.take().is_some())
    }

    fn await_sentence(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        let Some(transcription) = &mut call.running.transcription else { return };
        transcription.serial = serial;
        if transcription.awaits(call.callee.voice.sentences.len()) {
            let at = self.now + call.callee.voice.every;
            self.timers.set(at, Timer::Call(key, CallTimer::Step(serial)));
        }
    }

    /// Whether the timer was the transcription's; then a sentence has been said.
    pub(super) fn on_transcription_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let Some(transcription) = call.running.transcription.as_mut().filter(|one| one.serial == serial) else {
            return false;
        };
        let sentence = call.callee.voice.sentences.get(transcription.told).cloned();
        transcription.told += 1;
        if let Some(transcript) = sentence {
            let data =
                TranscriptionData { confidence: 0.97, is_final: true, transcript, transcription_track: "inbound" };
            self.tell(key, Happening::Transcribed { transcription_data: data });
            // Who speaks is still there.
            self.replan_hangup(key);
        }
        self.await_sentence(key);
        true
    }
}
