//! What a call plays and says, one clip after the other.
//!
//! Promises that clips start in the order of their commands, that each that started ends exactly once, and that it says
//! how (Telnyx webhook reference: "Call Speak Ended", "Call Playback Ended").

use std::time::Duration;

use super::{Behaviour, Call, CallKey, CallTimer, State};
use crate::model::World;
use crate::model::events::{Detail, Media};
use crate::model::timers::Timer;

/// Something to be heard.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) id: u32,
    pub(crate) sound: Sound,
    /// `None` plays until it is stopped.
    pub(crate) length: Option<Duration>,
    pub(crate) playing: bool,
}

/// What kind of sound.
#[derive(Debug, Clone)]
pub(crate) enum Sound {
    Text,
    File(Media),
    /// What a gather asks; nothing is told of it.
    Question(Box<Self>),
}

impl Sound {
    pub(super) const fn is_question(&self) -> bool {
        matches!(self, Self::Question(_))
    }
}

/// How a clip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClipEnd {
    Completed,
    Cancelled,
    CancelledByAmd,
    CallHangup,
    FileNotFound,
    Failed,
}

impl ClipEnd {
    const fn status(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::CancelledByAmd => "cancelled_amd",
            Self::CallHangup => "call_hangup",
            Self::FileNotFound => "file_not_found",
            Self::Failed => "failed",
        }
    }

    const fn status_detail(self) -> Option<&'static str> {
        match self {
            Self::FileNotFound => Some("The media file could not be downloaded."),
            Self::Failed => Some("The media file could not be decoded."),
            Self::Completed | Self::Cancelled | Self::CancelledByAmd | Self::CallHangup => None,
        }
    }
}

impl World {
    /// Queues a clip and starts it when nothing else plays.
    pub(crate) fn play(&mut self, key: CallKey, sound: Sound, length: Option<Duration>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.next_clip += 1;
        call.clips.push_back(Clip { id: call.next_clip, sound, length, playing: false });
        self.start_next_clip(key);
    }

    /// Ends the clip that plays; the next one starts.
    pub(crate) fn stop_current_clip(&mut self, key: CallKey, end: ClipEnd) {
        self.end_clip(key, end);
        self.after_clip(key);
    }

    /// Ends everything that plays or waits to play.
    pub(crate) fn stop_all_clips(&mut self, key: CallKey, end: ClipEnd) {
        if let Some(call) = self.calls.get_mut(key) {
            call.clips.retain(|clip| clip.playing);
        }
        self.end_clip(key, end);
        self.after_clip(key);
        self.listen(key);
    }

    pub(super) fn on_clip_end(&mut self, key: CallKey, clip: u32) {
        let Some(call) = self.calls.get(key) else { return };
        let Some(current) = call.clips.front().filter(|front| front.playing && front.id == clip) else { return };
        let end = self.natural_end(current);
        self.stop_current_clip(key, end);
    }

    /// The call is over: what plays is cut, what waits is never heard.
    pub(super) fn cut_clips(&mut self, key: CallKey) {
        self.end_clip(key, ClipEnd::CallHangup);
        if let Some(call) = self.calls.get_mut(key) {
            call.clips.clear();
        }
    }

    /// Whether something of the account's is heard: a clip that can be played.
    pub(super) fn plays(&self, call: &Call) -> bool {
        let playing = call.clips.front().filter(|clip| clip.playing);
        playing.is_some_and(|clip| self.natural_end(clip) == ClipEnd::Completed)
    }

    pub(crate) fn natural_end(&self, clip: &Clip) -> ClipEnd {
        let sound = if let Sound::Question(question) = &clip.sound { question } else { &clip.sound };
        let Sound::File(media) = sound else { return ClipEnd::Completed };
        let name = media.media_url.as_deref().or(media.media_name.as_deref()).unwrap_or_default();
        let audio = &self.config.callees.audio;
        if !audio.missing_suffix.is_empty() && name.ends_with(&audio.missing_suffix) {
            ClipEnd::FileNotFound
        } else if !audio.broken_suffix.is_empty() && name.ends_with(&audio.broken_suffix) {
            ClipEnd::Failed
        } else {
            ClipEnd::Completed
        }
    }

    fn start_next_clip(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if !matches!(call.state, State::AwaitsEnd { .. }) {
            return;
        }
        let Some(clip) = call.clips.front_mut().filter(|clip| !clip.playing) else { return };
        clip.playing = true;
        // Speaking to a person is a change of plan: they listen to the end.
        call.plan += 1;
        let clip = clip.clone();
        let broken = self.natural_end(&clip) != ClipEnd::Completed;
        if let Some(length) = if broken { Some(Duration::ZERO) } else { clip.length } {
            self.timers.set(self.now + length, Timer::Call(key, CallTimer::ClipEnds(clip.id)));
        }
        self.arm_silence(key);
        if !broken && let Some(detail) = started(&clip.sound) {
            self.emit(key, detail);
        }
        self.replan_hangup(key);
    }

    fn end_clip(&mut self, key: CallKey, end: ClipEnd) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if !call.clips.front().is_some_and(|clip| clip.playing) {
            return;
        }
        let Some(clip) = call.clips.pop_front() else { return };
        match ended(clip.sound, end) {
            Some(detail) => self.emit(key, detail),
            None => self.listen(key),
        }
    }

    /// A question that has been answered, or is no longer asked, is no longer heard.
    pub(super) fn silence_question(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let heard = call.clips.front().is_some_and(|clip| clip.playing && clip.sound.is_question());
        call.clips.retain(|clip| !clip.sound.is_question());
        if heard {
            self.after_clip(key);
        }
    }

    fn after_clip(&mut self, key: CallKey) {
        self.start_next_clip(key);
        self.follow_link(key);
        self.company_changes(key);
    }

    /// The other end notices that something goes on: it waits a little longer.
    pub(crate) fn attract(&mut self, key: CallKey) {
        self.replan_hangup(key);
    }

    /// Sets the moment at which the callee hangs up, from what is heard now.
    pub(crate) fn replan_hangup(&mut self, key: CallKey) {
        let conference = self.leaves_conference_at(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        let State::AwaitsEnd { answered_at } = call.state else { return };
        let silent = call.clips.is_empty();
        let heard = call.next_clip > 0;
        let asked = call.running.gather.is_some() || call.running.payment.is_some();
        let company = call.running.in_company_since();
        let waits = call.queue.is_some() || call.running.awaits.is_some() || call.running.supervisor_role().is_some();
        let quiet_from = self.now.max(call.busy_until(self.now));
        let at = match &call.callee.behaviour {
            Behaviour::Person { early: Some(early), .. } => Some(answered_at + *early),
            Behaviour::Person { .. } if conference.is_some() => conference,
            Behaviour::Person { talk, .. } if company.is_some() => company.map(|since| since + *talk),
            Behaviour::Person { hold, .. } if waits => Some(self.now + *hold),
            Behaviour::Person { patience, .. } if silent && asked => Some(quiet_from + *patience),
            Behaviour::Person { after_message, .. } if silent && heard => Some(quiet_from + *after_message),
            Behaviour::Person { patience, .. } => silent.then_some(quiet_from + *patience),
            Behaviour::Machine { greeting, records, .. } => Some(answered_at + *greeting + *records),
            Behaviour::Fax { stays } | Behaviour::Silence { stays } => Some(answered_at + *stays),
            Behaviour::NoAnswer { .. } | Behaviour::Refusal { .. } => None,
        };
        call.plan += 1;
        if let Some(at) = at {
            let plan = call.plan;
            self.timers.set(at.max(self.now), Timer::Call(key, CallTimer::CalleeHangup(plan)));
        }
    }
}

fn started(sound: &Sound) -> Option<Detail> {
    match sound {
        Sound::Text => Some(Detail::SpeakStarted {}),
        Sound::File(media) => Some(Detail::PlaybackStarted { media: media.clone() }),
        Sound::Question(_) => None,
    }
}

fn ended(sound: Sound, end: ClipEnd) -> Option<Detail> {
    match sound {
        // `call.speak.ended` knows no `cancelled`: a text that was stopped counts as said.
        Sound::Text if end == ClipEnd::Cancelled => Some(Detail::SpeakEnded { status: ClipEnd::Completed.status() }),
        Sound::Text => Some(Detail::SpeakEnded { status: end.status() }),
        Sound::File(media) => {
            Some(Detail::PlaybackEnded { media, status: end.status(), status_detail: end.status_detail() })
        }
        Sound::Question(_) => None,
    }
}
