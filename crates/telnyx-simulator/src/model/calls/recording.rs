//! Recordings of a call (Telnyx API reference: "Recording start", "Recording pause", "Recording resume", "Recording stop").
//!
//! Promises that every recording that began is saved, or told to have failed, exactly once: after it was stopped, has become
//! too long, was silent for too long, or the call ended. Paused time counts neither as length nor as silence.
//!
//! No webhook tells of the tone of `play_beep` and none is documented. It is on the recording (see [`Heard`]), who is asked for a
//! message speaks after it, and `beeps` under `/sim/calls` counts it.
//!
//! [`Heard`]: crate::model::heard::Heard

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, Urls};
use crate::model::heard::TONE;
use crate::model::moment::Moment;
use crate::model::recorded::{FileOrder, Recorded};
use crate::model::timers::Timer;

/// What a recording was asked to be.
#[derive(Debug, Clone)]
pub(crate) struct RecordingOrder {
    pub(crate) file: FileOrder,
    /// Longest recording; `None` is as long as the call.
    pub(crate) longest: Option<Duration>,
    /// Longest silence; `None` is as long as the call.
    pub(crate) silence: Option<Duration>,
    pub(crate) transcribe: bool,
}

/// `recording_track`, or `record_track`.
pub(crate) const TRACKS: &[&str] = &["both", "inbound", "outbound"];

/// The channels of a recording of this track: a single track has a single one, whatever was asked for (Telnyx API reference,
/// "Recording start").
pub(crate) fn channels(asked: &'static str, track: Option<&str>) -> &'static str {
    if track.is_none_or(|track| track == "both") { asked } else { "single" }
}

/// A recording that can be fetched, as `call.analyzed` lists it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SavedRecording {
    id: Arc<str>,
    channels: &'static str,
    download_urls: Urls,
    end_time: Moment,
    format: &'static str,
    start_time: Moment,
}

/// A recording under way.
pub(crate) struct Recording {
    file: Recorded,
    longest: Option<Duration>,
    silence: Option<Duration>,
    transcribe: bool,
    /// Recorded before `running_since`.
    recorded: Duration,
    /// `None` while it is paused.
    running_since: Option<Moment>,
    /// Of the timer that ends it when it has become too long.
    length_serial: Serial,
    /// Of the timer that ends it when it was silent for too long.
    silence_serial: Serial,
}

impl Recording {
    /// Whether a silence ends it: as long as it runs, the call cannot stop being transcribed.
    pub(crate) const fn listens_for_silence(&self) -> bool {
        self.silence.is_some()
    }

    /// Whether it is the one with this id, or any is meant.
    fn is(&self, id: Option<&str>) -> bool {
        id.is_none_or(|id| *self.file.id == *id)
    }
}

/// A recording that ended and is being stored.
pub(crate) struct Saving {
    recording: Recording,
    ended_at: Moment,
    serial: Serial,
    /// The recording is stored, its transcription is not.
    transcribing: bool,
}

impl Saving {
    pub(super) const fn is_unsaved(&self) -> bool {
        !self.transcribing
    }
}

impl World {
    /// Begins to record.
    pub(crate) fn start_recording(&mut self, key: CallKey, id: Arc<str>, order: RecordingOrder) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        let RecordingOrder { file, longest, silence, transcribe } = order;
        let tone = if file.beep { TONE } else { Duration::ZERO };
        call.running.beeps += u64::from(file.beep);
        call.running.recordings.push(Recording {
            file: Recorded::begin(id, file, now),
            longest,
            silence,
            transcribe,
            recorded: Duration::ZERO,
            running_since: Some(now),
            length_serial: 0,
            silence_serial: 0,
        });
        // A recording from the answer asks nobody to speak.
        if call.answered_at().is_some_and(|answered| answered < now) {
            call.running.speak_until(now + tone + call.callee.voice.message);
        }
        self.arm_lengths(key);
        self.arm_silence(key);
        self.replan_hangup(key);
    }

    /// Stops one recording, or all; whether there was one.
    pub(crate) fn stop_recording(&mut self, key: CallKey, id: Option<&str>) -> bool {
        let now = self.now;
        let wait = self.config.services.recording_saved_after_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return false };
        let running = std::mem::take(&mut call.running.recordings);
        let (stopped, left): (Vec<_>, Vec<_>) = running.into_iter().partition(|one| one.is(id));
        call.running.recordings = left;
        let any = !stopped.is_empty();
        for recording in stopped {
            let serial = call.running.next_serial();
            call.running.saving.push(Saving { recording, ended_at: now, serial, transcribing: false });
            self.timers.set(now + wait, Timer::Call(key, CallTimer::Step(serial)));
        }
        any
    }

    /// Pauses one recording, or all; whether there was one.
    pub(crate) fn pause_recording(&mut self, key: CallKey, id: Option<&str>) -> bool {
        let now = self.now;
        let any = self.each_recording(key, id, |recording| {
            if let Some(since) = recording.running_since.take() {
                recording.recorded += now.since(since);
            }
        });
        self.arm_lengths(key);
        self.arm_silence(key);
        any
    }

    /// Pauses every recording that runs; their ids.
    pub(super) fn pause_running(&mut self, key: CallKey) -> Vec<Arc<str>> {
        let Some(call) = self.calls.get(key) else { return Vec::new() };
        let runs = call.running.recordings.iter().filter(|one| one.running_since.is_some());
        let ids: Vec<Arc<str>> = runs.map(|one| Arc::clone(&one.file.id)).collect();
        for id in &ids {
            self.pause_recording(key, Some(id));
        }
        ids
    }

    /// Goes on with one recording, or all; whether there was one.
    pub(crate) fn resume_recording(&mut self, key: CallKey, id: Option<&str>) -> bool {
        let now = self.now;
        let any = self.each_recording(key, id, |recording| {
            recording.running_since.get_or_insert(now);
        });
        self.arm_lengths(key);
        self.arm_silence(key);
        any
    }

    /// The recording can be fetched.
    fn keep_saved(&mut self, key: CallKey, saved: SavedRecording) {
        if let Some(call) = self.calls.get_mut(key) {
            call.running.saved.push(saved);
        }
        self.analyse_when_complete(key);
    }

    fn each_recording(&mut self, key: CallKey, id: Option<&str>, mut change: impl FnMut(&mut Recording)) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let mut any = false;
        for recording in call.running.recordings.iter_mut().filter(|one| one.is(id)) {
            change(recording);
            any = true;
        }
        any
    }

    fn arm_lengths(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let mut serial = call.running.last_serial;
        for recording in &mut call.running.recordings {
            serial += 1;
            recording.length_serial = serial;
            if let (Some(longest), Some(since)) = (recording.longest, recording.running_since) {
                let at = since + longest.saturating_sub(recording.recorded);
                self.timers.set(at, Timer::Call(key, CallTimer::Step(serial)));
            }
        }
        call.running.last_serial = serial;
    }

    /// What is heard may have changed: silence lasts since the last sound, or begins when the other end has said what it has to.
    pub(super) fn arm_silence(&mut self, key: CallKey) {
        let now = self.now;
        let in_conference = self.conferences.seat(key).is_some();
        let plays = self.calls.get(key).is_some_and(|call| self.plays(call));
        let Some(call) = self.calls.get_mut(key) else { return };
        let silent = !plays && !in_conference && call.running.in_company_since().is_none();
        let speech_ends = call.running.speaks_until.unwrap_or(now);
        let mut serial = call.running.last_serial;
        for recording in &mut call.running.recordings {
            serial += 1;
            recording.silence_serial = serial;
            let heard = &mut recording.file.heard;
            match recording.running_since {
                Some(since) if silent => {
                    heard.silence(now, speech_ends);
                    if let Some(longest) = recording.silence {
                        let at = heard.silent_since(since) + longest;
                        self.timers.set(at, Timer::Call(key, CallTimer::Step(serial)));
                    }
                }
                Some(_) => heard.sound(now),
                None => heard.pause(now),
            }
        }
        call.running.last_serial = serial;
    }

    /// Whether the timer was a recording's.
    pub(super) fn on_recording_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let ended = |one: &&Recording| one.length_serial == serial || one.silence_serial == serial;
        if let Some(id) = call.running.recordings.iter().find(ended).map(|one| Arc::clone(&one.file.id)) {
            return self.stop_recording(key, Some(&id));
        }
        let Some(place) = call.running.saving.iter().position(|one| one.serial == serial) else { return false };
        let saving = call.running.saving.remove(place);
        if saving.transcribing {
            self.tell_transcript(key, &saving.recording);
        } else {
            self.tell_saved(key, saving);
        }
        true
    }

    fn tell_saved(&mut self, key: CallKey, saving: Saving) {
        if self.fails(key, "call.recording.saved") {
            self.tell(key, Happening::RecordingError { reason: "Internal server error" });
            self.analyse_when_complete(key);
            return;
        }
        let Saving { recording, ended_at, .. } = saving;
        let file = &recording.file;
        let (start_time, end_time) = file.span(ended_at);
        let saved = Happening::RecordingSaved {
            channels: file.order.channels,
            recording_started_at: start_time,
            recording_ended_at: end_time,
            recording_urls: file.urls(),
            public_recording_urls: Urls::default(),
        };
        self.tell(key, saved);
        let saved = SavedRecording {
            id: Arc::clone(&file.id),
            channels: file.order.channels,
            download_urls: file.urls(),
            end_time,
            format: file.order.format,
            start_time,
        };
        self.keep_saved(key, saved);
        if !recording.transcribe {
            return;
        }
        let wait = self.config.services.transcript_saved_after_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        call.running.saving.push(Saving { recording, ended_at, serial, transcribing: true });
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    fn tell_transcript(&mut self, key: CallKey, recording: &Recording) {
        let Some(call) = self.calls.get(key) else { return };
        let transcript = Happening::RecordingTranscribed {
            calling_party_type: "pstn",
            recording_id: Arc::clone(&recording.file.id),
            recording_transcription_id: self.ids.uuid(),
            status: "completed",
            transcription_text: call.callee.voice.sentences.join(" "),
        };
        self.tell(key, transcript);
    }
}
