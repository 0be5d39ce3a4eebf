//! Recordings of a conference (Telnyx API reference: "Conference recording start").
//!
//! Promises that a recording ends with its conference at the latest and is told of exactly once, with
//! `conference.recording.saved`, when it can be fetched. Nothing is recorded in truth: the URL leads nowhere.

use std::sync::Arc;

use super::{ConferenceKey, ConferenceTimer};
use crate::model::World;
use crate::model::moment::Moment;
use crate::model::timers::Timer;

/// One recording.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) id: Arc<str>,
    pub(crate) format: &'static str,
    pub(crate) channels: &'static str,
    pub(crate) started_at: Moment,
    ended_at: Option<Moment>,
    paused: bool,
}

impl Recording {
    pub(super) const fn ended_at(&self) -> Moment {
        match self.ended_at {
            Some(at) => at,
            None => self.started_at,
        }
    }
}

impl World {
    pub(crate) fn start_recording_conference(
        &mut self,
        key: ConferenceKey,
        format: &'static str,
        channels: &'static str,
    ) {
        let recording = Recording {
            id: self.ids.uuid().into(),
            format,
            channels,
            started_at: self.now,
            ended_at: None,
            paused: false,
        };
        if let Some(conference) = self.conferences.get_mut(key) {
            conference.recordings.push(recording);
        }
    }

    /// Pauses or resumes one recording, or all of them; whether there is one.
    pub(crate) fn pause_recordings(&mut self, key: ConferenceKey, id: Option<&str>, paused: bool) -> bool {
        let Some(conference) = self.conferences.get_mut(key) else { return false };
        let mut found = false;
        for recording in conference.recordings.iter_mut().filter(|one| id.is_none_or(|id| *one.id == *id)) {
            recording.paused = paused;
            found = true;
        }
        found
    }

    /// Stops one recording, or all of them; whether there was one.
    pub(crate) fn stop_recordings(&mut self, key: ConferenceKey, id: Option<&str>) -> bool {
        let now = self.now;
        let Some(conference) = self.conferences.get_mut(key) else { return false };
        let (stopped, going): (Vec<Recording>, Vec<Recording>) =
            std::mem::take(&mut conference.recordings).into_iter().partition(|one| id.is_none_or(|id| *one.id == *id));
        conference.recordings = going;
        let found = !stopped.is_empty();
        for recording in stopped {
            let ready = now + self.config.conferences.recording_saved_after_ms.draw(&mut self.conference_rng);
            self.timers.set(ready, Timer::Conference(key, ConferenceTimer::Saved(Arc::clone(&recording.id))));
            conference.saving.push(Recording { ended_at: Some(now), ..recording });
        }
        found
    }

    pub(super) fn on_recording_saved(&mut self, key: ConferenceKey, id: &str) {
        let Some(conference) = self.conferences.get_mut(key) else { return };
        let Some(index) = conference.saving.iter().position(|one| *one.id == *id) else { return };
        let recording = conference.saving.remove(index);
        self.tell_recording(key, &recording);
    }
}
