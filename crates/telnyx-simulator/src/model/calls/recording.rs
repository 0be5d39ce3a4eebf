//! Recordings of a call (Telnyx API reference: "Recording start", "Recording pause", "Recording resume", "Recording stop").
//!
//! Promises that every recording that began is saved, or told to have failed, exactly once: after it was stopped, has become
//! too long, was silent for too long, or the call ended. Paused time counts neither as length nor as silence.
//!
//! No webhook tells of the tone of `play_beep` and none is documented. It shows in when silence begins, for who is asked for a
//! message speaks after it, and in `beeps` under `/sim/calls`.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{CallKey, CallTimer, Heard, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, Urls};
use crate::model::moment::Moment;
use crate::model::timers::Timer;

/// What a recording was asked to be.
#[derive(Debug, Clone)]
pub(crate) struct RecordingOrder {
    pub(crate) channels: &'static str,
    pub(crate) format: &'static str,
    /// The name that replaces the id in the file's URL.
    pub(crate) file_name: Option<Arc<str>>,
    /// Longest recording; `None` is as long as the call.
    pub(crate) longest: Option<Duration>,
    /// Longest silence; `None` is as long as the call.
    pub(crate) silence: Option<Duration>,
    pub(crate) transcribe: bool,
    /// A tone before anything else.
    pub(crate) beep: bool,
    /// Without the silence at its beginning and end.
    pub(crate) trim: bool,
}

/// `recording_track`, or `record_track`.
pub(crate) const TRACKS: &[&str] = &["both", "inbound", "outbound"];

/// The channels of a recording of this track: a single track has a single one, whatever was asked for (Telnyx API reference,
/// "Recording start").
pub(crate) fn channels(asked: &'static str, track: Option<&str>) -> &'static str {
    if track.is_none_or(|track| track == "both") { asked } else { "single" }
}

/// How long the tone lasts. No document says.
const BEEP: Duration = Duration::from_millis(500);

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
    id: Arc<str>,
    order: RecordingOrder,
    started_at: Moment,
    /// Recorded before `running_since`.
    recorded: Duration,
    /// `None` while it is paused.
    running_since: Option<Moment>,
    heard: Heard,
    /// Of the timer that ends it when it has become too long.
    length_serial: Serial,
    /// Of the timer that ends it when it was silent for too long.
    silence_serial: Serial,
}

impl Recording {
    /// Whether a silence ends it: as long as it runs, the call cannot stop being transcribed.
    pub(crate) const fn listens_for_silence(&self) -> bool {
        self.order.silence.is_some()
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
        let recording = Recording {
            id,
            order,
            started_at: now,
            recorded: Duration::ZERO,
            running_since: Some(now),
            heard: Heard::default(),
            length_serial: 0,
            silence_serial: 0,
        };
        let beep = recording.order.beep;
        call.running.beeps += u64::from(beep);
        call.running.recordings.push(recording);
        let message = call.callee.voice.message + if beep { BEEP } else { Duration::ZERO };
        // A recording from the answer asks nobody to speak.
        if call.answered_at().is_some_and(|answered| answered < now) {
            call.running.speaks_until = Some(now + message);
        }
        self.arm_lengths(key);
        self.arm_silence(key, message);
        self.replan_hangup(key);
    }

    /// Stops one recording, or all; whether there was one.
    pub(crate) fn stop_recording(&mut self, key: CallKey, id: Option<&str>) -> bool {
        let now = self.now;
        let wait = self.config.services.recording_saved_after_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return false };
        let running = std::mem::take(&mut call.running.recordings);
        let (stopped, left): (Vec<_>, Vec<_>) = running.into_iter().partition(|one| id.is_none_or(|id| *one.id == *id));
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
        self.arm_silence(key, Duration::ZERO);
        any
    }

    /// Pauses every recording that runs; their ids.
    pub(super) fn pause_running(&mut self, key: CallKey) -> Vec<Arc<str>> {
        let Some(call) = self.calls.get(key) else { return Vec::new() };
        let runs = call.running.recordings.iter().filter(|one| one.running_since.is_some());
        let ids: Vec<Arc<str>> = runs.map(|one| Arc::clone(&one.id)).collect();
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
        self.arm_silence(key, Duration::ZERO);
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
        for recording in call.running.recordings.iter_mut().filter(|one| id.is_none_or(|id| *one.id == *id)) {
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
            if let (Some(longest), Some(since)) = (recording.order.longest, recording.running_since) {
                let at = since + longest.saturating_sub(recording.recorded);
                self.timers.set(at, Timer::Call(key, CallTimer::Step(serial)));
            }
        }
        call.running.last_serial = serial;
    }

    /// What is heard has changed: silence begins once the other end has `speech` behind it, or is over.
    pub(super) fn arm_silence(&mut self, key: CallKey, speech: Duration) {
        let in_conference = self.conferences.seat(key).is_some();
        let Some(call) = self.calls.get_mut(key) else { return };
        let now = self.now;
        let silent = call.clips.is_empty() && !in_conference && call.running.in_company_since().is_none();
        let mut serial = call.running.last_serial;
        for recording in &mut call.running.recordings {
            serial += 1;
            recording.silence_serial = serial;
            match recording.running_since {
                Some(_) if silent => recording.heard.silence(now, speech),
                Some(_) => recording.heard.sound(now),
                None => recording.heard.pause(now),
            }
            if let Some(longest) = recording.order.silence
                && silent
                && recording.running_since.is_some()
            {
                self.timers.set(self.now + speech + longest, Timer::Call(key, CallTimer::Step(serial)));
            }
        }
        call.running.last_serial = serial;
    }

    /// Whether the timer was a recording's.
    pub(super) fn on_recording_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let ended = |one: &&Recording| one.length_serial == serial || one.silence_serial == serial;
        if let Some(id) = call.running.recordings.iter().find(ended).map(|one| Arc::clone(&one.id)) {
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
        let name = recording.order.file_name.as_ref().unwrap_or(&recording.id);
        let url = format!("https://recordings.simulator.invalid/{name}.{}", recording.order.format);
        let urls = Urls::only(recording.order.format, url);
        let untrimmed = (recording.started_at, ended_at);
        let trimmed = if recording.order.trim { recording.heard.trim(untrimmed.0, untrimmed.1) } else { untrimmed };
        let saved = Happening::RecordingSaved {
            channels: recording.order.channels,
            recording_started_at: trimmed.0,
            recording_ended_at: trimmed.1,
            recording_urls: urls.clone(),
            public_recording_urls: Urls::default(),
        };
        self.tell(key, saved);
        let saved = SavedRecording {
            id: Arc::clone(&recording.id),
            channels: recording.order.channels,
            download_urls: urls,
            end_time: trimmed.1,
            format: recording.order.format,
            start_time: trimmed.0,
        };
        self.keep_saved(key, saved);
        if !recording.order.transcribe {
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
            recording_id: Arc::clone(&recording.id),
            recording_transcription_id: self.ids.uuid(),
            status: "completed",
            transcription_text: call.callee.voice.sentences.join(" "),
        };
        self.tell(key, transcript);
    }
}
