//! Recordings of a conference (Telnyx API reference: "Conference recording start").
//!
//! Promises that a recording ends with its conference at the latest and is told of exactly once, with
//! `conference.recording.saved`, when it can be fetched. Nothing is recorded in truth: the URL leads nowhere.
//!
//! No webhook tells of the tone of `play_beep`, nor of those of `beep_enabled`, and none is documented: they are counted under
//! `/sim/conferences`.

use std::sync::Arc;
use std::time::Duration;

use super::{ConferenceKey, ConferenceTimer};
use crate::model::World;
use crate::model::calls::Heard;
use crate::model::moment::Moment;
use crate::model::timers::Timer;

/// What a recording was asked to be.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) format: &'static str,
    pub(crate) channels: &'static str,
    /// The name that replaces the id in the file's URL.
    pub(crate) file_name: Option<Arc<str>>,
    /// A tone before anything else.
    pub(crate) beep: bool,
    /// Without the silence at its beginning and end.
    pub(crate) trim: bool,
}

/// One recording.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) id: Arc<str>,
    pub(crate) order: Order,
    started_at: Moment,
    ended_at: Option<Moment>,
    paused: bool,
    heard: Heard,
}

impl Recording {
    /// Beginning and end of what can be fetched.
    pub(super) fn span(&self) -> (Moment, Moment) {
        let span = (self.started_at, self.ended_at.unwrap_or(self.started_at));
        if self.order.trim { self.heard.trim(span.0, span.1) } else { span }
    }

    /// As the file in its URL is called.
    pub(super) fn file_name(&self) -> &str {
        self.order.file_name.as_ref().unwrap_or(&self.id)
    }
}

impl World {
    pub(crate) fn start_recording_conference(&mut self, key: ConferenceKey, order: Order) {
        let beep = order.beep;
        let recording = Recording {
            id: self.ids.uuid().into(),
            order,
            started_at: self.now,
            ended_at: None,
            paused: false,
            heard: Heard::default(),
        };
        if let Some(conference) = self.conferences.get_mut(key) {
            conference.beeps += u64::from(beep);
            conference.recordings.push(recording);
        }
        self.listen_to_conference(key);
    }

    /// What is heard in the conference may have changed: somebody has the floor or not, the room's track plays or not.
    pub(super) fn listen_to_conference(&mut self, key: ConferenceKey) {
        let now = self.now;
        let Some(conference) = self.conferences.get_mut(key) else { return };
        let sounds = conference.floor.is_some() || conference.track.is_playing();
        for recording in &mut conference.recordings {
            match (recording.paused, sounds) {
                (true, _) => recording.heard.pause(now),
                (false, true) => recording.heard.sound(now),
                (false, false) => recording.heard.silence(now, Duration::ZERO),
            }
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
        self.listen_to_conference(key);
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
