//! Recordings of a conference (Telnyx API reference: "Conference recording start").
//!
//! Promises that a recording ends with its conference at the latest and is told of exactly once, with
//! `conference.recording.saved`, when it can be fetched.
//!
//! No webhook tells of the tone of `play_beep`, nor of those of `beep_enabled`, and none is documented: they are counted under
//! `/sim/conferences`. The first is on the recording (see [`Heard`]), those of `beep_enabled` are not: no document says that they
//! are recorded.
//!
//! [`Heard`]: crate::model::heard::Heard

use std::sync::Arc;

use super::{ConferenceKey, ConferenceTimer};
use crate::model::World;
use crate::model::moment::Moment;
use crate::model::recorded::{FileOrder, Recorded};
use crate::model::timers::Timer;

/// One recording.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(super) file: Recorded,
    ended_at: Option<Moment>,
    paused: bool,
}

impl Recording {
    /// Beginning and end of what can be fetched.
    pub(super) fn span(&self) -> (Moment, Moment) {
        self.file.span(self.ended_at.unwrap_or(self.file.started_at))
    }

    /// Whether it is the one with this id, or any is meant.
    fn is(&self, id: Option<&str>) -> bool {
        id.is_none_or(|id| *self.file.id == *id)
    }
}

impl World {
    pub(crate) fn start_recording_conference(&mut self, key: ConferenceKey, order: FileOrder) {
        let beep = order.beep;
        let file = Recorded::begin(self.ids.uuid().into(), order, self.now);
        let recording = Recording { file, ended_at: None, paused: false };
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
            let heard = &mut recording.file.heard;
            match (recording.paused, sounds) {
                (true, _) => heard.pause(now),
                (false, true) => heard.sound(now),
                // Nobody's speech is known to go on: who speaks has the floor.
                (false, false) => heard.silence(now, now),
            }
        }
    }

    /// Pauses or resumes one recording, or all of them; whether there is one.
    pub(crate) fn pause_recordings(&mut self, key: ConferenceKey, id: Option<&str>, paused: bool) -> bool {
        let Some(conference) = self.conferences.get_mut(key) else { return false };
        let mut found = false;
        for recording in conference.recordings.iter_mut().filter(|one| one.is(id)) {
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
            std::mem::take(&mut conference.recordings).into_iter().partition(|one| one.is(id));
        conference.recordings = going;
        let found = !stopped.is_empty();
        for recording in stopped {
            let ready = now + self.config.conferences.recording_saved_after_ms.draw(&mut self.conference_rng);
            self.timers.set(ready, Timer::Conference(key, ConferenceTimer::Saved(Arc::clone(&recording.file.id))));
            conference.saving.push(Recording { ended_at: Some(now), ..recording });
        }
        found
    }

    pub(super) fn on_recording_saved(&mut self, key: ConferenceKey, id: &str) {
        let Some(conference) = self.conferences.get_mut(key) else { return };
        let Some(index) = conference.saving.iter().position(|one| one.is(Some(id))) else { return };
        let recording = conference.saving.remove(index);
        self.tell_recording(key, &recording);
    }
}
