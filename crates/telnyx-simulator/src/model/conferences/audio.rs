//! What a conference hears: one track for the room, one for each participant.
//!
//! Promises that the clips of a track follow each other in the order of their commands and that each that started ends
//! exactly once. Which webhooks that makes depends on the listener: `conference.playback.*` for the room,
//! `conference.participant.playback.*` for one.

use std::collections::VecDeque;
use std::time::Duration;

use super::{ConferenceKey, ConferenceTimer};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::{Clip, ClipEnd, Sound};
use crate::model::timers::Timer;

/// Who hears a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listener {
    Everybody,
    One(CallKey),
}

/// Clips that follow each other.
#[derive(Debug, Default)]
pub(crate) struct Track {
    clips: VecDeque<Clip>,
    next: u32,
}

impl Track {
    fn playing(&self) -> Option<&Clip> {
        self.clips.front().filter(|clip| clip.playing)
    }

    pub(super) fn is_playing(&self) -> bool {
        self.playing().is_some()
    }
}

/// Which edge of a clip is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Started,
    Ended,
}

impl World {
    /// Queues a clip on a track and starts it when nothing else plays there.
    pub(crate) fn play_in_conference(
        &mut self,
        key: ConferenceKey,
        listener: Listener,
        sound: Sound,
        length: Option<Duration>,
    ) {
        let Some(track) = self.track_mut(key, listener) else { return };
        track.next += 1;
        let clip = Clip { id: track.next, sound, length, playing: false };
        track.clips.push_back(clip);
        self.start_next_on_track(key, listener);
    }

    /// Ends what plays on a track; what waits there is never heard.
    pub(crate) fn stop_track(&mut self, key: ConferenceKey, listener: Listener) {
        if let Some(track) = self.track_mut(key, listener) {
            track.clips.retain(|clip| clip.playing);
        }
        self.end_clip_on_track(key, listener);
    }

    /// Silence for all: the room's track and that of every participant.
    pub(crate) fn stop_all_tracks(&mut self, key: ConferenceKey) {
        let calls = self.conferences.get(key).map(|one| one.participants.iter().map(|one| one.leg.key).collect());
        let calls: Vec<CallKey> = calls.unwrap_or_default();
        for call in calls {
            self.silence_participant(key, call);
        }
        self.stop_track(key, Listener::Everybody);
    }

    pub(super) fn silence_participant(&mut self, key: ConferenceKey, call: CallKey) {
        self.stop_track(key, Listener::One(call));
    }

    pub(super) fn on_conference_clip_end(&mut self, key: ConferenceKey, listener: Listener, clip: u32) {
        let current = self.track_mut(key, listener).and_then(|track| track.playing().map(|clip| clip.id));
        if current == Some(clip) {
            self.end_clip_on_track(key, listener);
            self.start_next_on_track(key, listener);
        }
    }

    fn track_mut(&mut self, key: ConferenceKey, listener: Listener) -> Option<&mut Track> {
        let conference = self.conferences.get_mut(key)?;
        match listener {
            Listener::Everybody => Some(&mut conference.track),
            Listener::One(call) => Some(&mut conference.participant_mut(call)?.track),
        }
    }

    fn start_next_on_track(&mut self, key: ConferenceKey, listener: Listener) {
        let Some(track) = self.track_mut(key, listener) else { return };
        let Some(clip) = track.clips.front_mut().filter(|clip| !clip.playing) else { return };
        clip.playing = true;
        let clip = clip.clone();
        // A file that cannot be had ends at once and never started, as on a call.
        let broken = self.natural_end(&clip) != ClipEnd::Completed;
        if let Some(length) = if broken { Some(Duration::ZERO) } else { clip.length } {
            let ends = ConferenceTimer::ClipEnds(listener, clip.id);
            self.timers.set(self.now + length, Timer::Conference(key, ends));
        }
        if !broken {
            self.listen_to_conference(key);
            self.tell_audio(key, listener, &clip.sound, Edge::Started);
        }
    }

    fn end_clip_on_track(&mut self, key: ConferenceKey, listener: Listener) {
        let Some(track) = self.track_mut(key, listener) else { return };
        if track.playing().is_none() {
            return;
        }
        if let Some(clip) = track.clips.pop_front() {
            self.listen_to_conference(key);
            self.tell_audio(key, listener, &clip.sound, Edge::Ended);
        }
    }
}
