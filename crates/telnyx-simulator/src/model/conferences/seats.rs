//! Joining, leaving, hold, mute and supervision.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ending::{EndReason, Fate};
use super::{Beep, ConferenceKey, Listener, Opening, Stage, Track};
use crate::model::World;
use crate::model::calls::{Call, CallKey};
use crate::model::endpoints::queues::Dequeue;
use crate::model::leg::Leg;
use crate::model::moment::Moment;
use crate::model::refusal::{ApiError, Refusal};

/// A leg in a conference.
pub(crate) struct Participant {
    pub(crate) id: Arc<str>,
    pub(crate) leg: Leg,
    pub(crate) joined_at: Moment,
    pub(crate) updated_at: Moment,
    hold: Hold,
    muted: bool,
    role: Role,
    /// Call control ids of those who hear this one whisper.
    pub(crate) whispers: Vec<Arc<str>>,
    pub(crate) ends: bool,
    pub(crate) soft_ends: bool,
    beep: Option<Beep>,
    pub(super) track: Track,
    /// DTMF that was sent to this leg, newest at the end.
    tones: String,
    /// How a person spends the time here; see [`super::people`].
    pub(super) mood: Option<super::people::Mood>,
}

/// Why a participant hears music.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    No,
    /// The conference has not started.
    UntilStart,
    Commanded,
}

/// `supervisor_role` (Telnyx API reference: "Join a conference"). `none` is the same as `barge`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Barge,
    Monitor,
    Whisper,
}

impl Role {
    pub(crate) const NAMES: &'static [&'static str] = &["barge", "monitor", "none", "whisper"];

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "monitor" => Self::Monitor,
            "whisper" => Self::Whisper,
            _ => Self::Barge,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Barge => "barge",
            Self::Monitor => "monitor",
            Self::Whisper => "whisper",
        }
    }
}

/// How a leg enters.
#[allow(clippy::struct_excessive_bools, reason = "independent fields of the API")]
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) beep: Option<Beep>,
    pub(crate) ends: bool,
    pub(crate) soft_ends: bool,
    pub(crate) hold: bool,
    pub(crate) mute: bool,
    pub(crate) starts: bool,
    pub(crate) role: Role,
    pub(crate) whispers: Vec<Arc<str>>,
}

impl Default for Entry {
    /// The defaults of "Join a conference".
    fn default() -> Self {
        Self {
            beep: None,
            ends: false,
            soft_ends: false,
            hold: false,
            mute: false,
            starts: false,
            role: Role::Barge,
            whispers: Vec::new(),
        }
    }
}

/// Where a leg goes once it is answered: `conference_config` of "Dial".
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) place: Place,
    pub(crate) entry: Entry,
}

/// A conference that is there, or a name under which one may have to be opened.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Existing(ConferenceKey),
    Named(Opening),
}

/// How a leg leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With what its entry, or else the conference, says about tones.
    Usual,
    /// With this instead.
    Beep(Beep),
}

impl Participant {
    pub(crate) const fn is_held(&self) -> bool {
        !matches!(self.hold, Hold::No)
    }

    /// Muted by command, or a supervisor whom nobody shall hear.
    pub(crate) fn is_muted(&self) -> bool {
        match self.role {
            Role::Barge => self.muted,
            Role::Monitor => true,
            Role::Whisper => self.muted || self.whispers.is_empty(),
        }
    }

    pub(crate) fn is_whispering(&self) -> bool {
        self.role == Role::Whisper && !self.whispers.is_empty()
    }

    /// Whether everybody hears this one.
    pub(super) fn is_heard(&self) -> bool {
        !self.is_held() && !self.is_muted() && self.role == Role::Barge
    }

    pub(super) fn view(&self) -> Value {
        json!({
            "id": &*self.id,
            "callControlId": &*self.leg.control_id,
            "joinedAt": self.joined_at,
            "onHold": self.is_held(),
            "muted": self.is_muted(),
            "supervisorRole": self.role.name(),
            "endsConference": self.ends,
            "tones": self.tones,
        })
    }
}

impl World {
    /// Whether this leg may enter, and if not, why.
    pub(crate) fn may_join(&self, key: ConferenceKey, call: CallKey) -> Result<(), Refusal> {
        let refuse = |code, title, detail: String| Err(ApiError::new(code, title, detail).with(422));
        let Some(conference) = self.conferences.get(key) else { return Err(Refusal::not_found()) };
        if conference.participant(call).is_some() {
            let detail = "Participant must not join the same conference twice.".to_owned();
            return refuse("90044", "Conference join not allowed", detail);
        }
        let most = conference.max_participants;
        if u64::try_from(conference.participants.len()).unwrap_or(u64::MAX) >= most {
            let detail = format!("The maximum number of participants ({most}) has been reached.");
            return refuse("90032", "Too many conference participants", detail);
        }
        Ok(())
    }

    /// Lets a leg that [`World::may_join`] in. It leaves whatever it was in before.
    pub(crate) fn seat(&mut self, key: ConferenceKey, call: CallKey, entry: Entry) {
        self.unseat(call, Exit::Usual);
        self.leave_queue(call, Dequeue::Bridged);
        self.part(call);
        let now = self.now;
        let id: Arc<str> = self.ids.uuid().into();
        let Some(leg) = self.calls.get(call).filter(|call| call.is_alive()).map(|one| Leg::of(call, one)) else {
            return;
        };
        let Some(conference) = self.conferences.get_mut(key) else { return };
        let hold = match conference.stage {
            Stage::Completed(_) => return,
            _ if entry.hold => Hold::Commanded,
            Stage::Init if !entry.starts => Hold::UntilStart,
            Stage::Init | Stage::InProgress => Hold::No,
        };
        if entry.beep.unwrap_or(conference.beep).sounds_on_enter() {
            conference.beeps += 1;
        }
        conference.participants.push(Participant {
            id,
            leg: leg.clone(),
            joined_at: now,
            updated_at: now,
            hold,
            muted: entry.mute,
            role: entry.role,
            whispers: entry.whispers,
            ends: entry.ends,
            soft_ends: entry.soft_ends,
            beep: entry.beep,
            track: Track::default(),
            tones: String::new(),
            mood: None,
        });
        let present = conference.participants.len();
        self.conferences.seats.insert(call, key);
        self.counters.conferences.joined(present);
        self.tell_joined(key, &leg);
        if entry.starts {
            self.start_conference(key);
        }
        self.conference_changed(key);
    }

    /// Everybody who only waited for the start is off hold.
    fn start_conference(&mut self, key: ConferenceKey) {
        let now = self.now;
        let Some(conference) = self.conferences.get_mut(key) else { return };
        if conference.stage != Stage::Init {
            return;
        }
        conference.stage = Stage::InProgress;
        for one in conference.participants.iter_mut().filter(|one| one.hold == Hold::UntilStart) {
            one.hold = Hold::No;
            one.updated_at = now;
        }
    }

    /// Takes a leg out of its conference, which may end by that; whether it was in one. The leg is parked.
    pub(crate) fn unseat(&mut self, call: CallKey, exit: Exit) -> bool {
        self.conferences.expected.remove(&call);
        let Some(key) = self.conferences.seats.remove(&call) else { return false };
        self.silence_participant(key, call);
        let Some(conference) = self.conferences.get_mut(key) else { return false };
        let Some(index) = conference.participants.iter().position(|one| one.leg.key == call) else { return false };
        let gone = conference.participants.remove(index);
        let usual = gone.beep.unwrap_or(conference.beep);
        let beep = match exit {
            Exit::Usual => usual,
            Exit::Beep(beep) => beep,
        };
        conference.beeps += u64::from(beep.sounds_on_exit());
        conference.floor.take_if(|floor| *floor == call);
        let empty = conference.participants.is_empty();
        self.tell_left(key, &gone.leg);
        self.replan_hangup(call);
        if gone.ends {
            self.finish_conference(key, EndReason::HostLeft, Some(&gone.leg), Fate::HungUp);
        } else if gone.soft_ends {
            self.finish_conference(key, EndReason::HostLeft, Some(&gone.leg), Fate::Parked);
        } else if empty {
            self.finish_conference(key, EndReason::AllLeft, Some(&gone.leg), Fate::Parked);
        } else {
            self.conference_changed(key);
        }
        true
    }

    /// The leg is answered: it goes where its dial sent it, unless that is over or full by now; then it is parked.
    pub(crate) fn enter_expected(&mut self, call: CallKey) {
        let Some(Destination { place, entry }) = self.conferences.expected.remove(&call) else { return };
        if !self.calls.get(call).is_some_and(Call::is_alive) {
            return;
        }
        let existing = match &place {
            Place::Existing(key) => Some(*key),
            Place::Named(opening) => self.conferences.active(&opening.name),
        };
        match (existing, place) {
            (Some(key), _) => {
                if self.may_join(key, call).is_ok() {
                    self.seat(key, call, entry);
                }
            }
            (None, Place::Named(opening)) => {
                self.open_conference(call, opening, entry);
            }
            (None, Place::Existing(_)) => {}
        }
    }

    /// Puts these participants on hold, or all of them.
    pub(crate) fn hold_participants(&mut self, key: ConferenceKey, calls: &Listeners) {
        self.change_each(key, calls, |one| one.hold = Hold::Commanded);
    }

    /// Takes these participants off hold.
    pub(crate) fn unhold_participants(&mut self, key: ConferenceKey, calls: &Listeners) {
        self.change_each(key, calls, |one| one.hold = Hold::No);
    }

    /// Mutes these participants, or all of them; or lets them be heard again.
    pub(crate) fn mute_participants(&mut self, key: ConferenceKey, calls: &Listeners, muted: bool) {
        self.change_each(key, calls, |one| one.muted = muted);
    }

    /// Makes a participant a supervisor, or an ordinary one again.
    pub(crate) fn supervise_participant(
        &mut self,
        key: ConferenceKey,
        call: CallKey,
        role: Role,
        whispers: &[Arc<str>],
    ) {
        self.change_each(key, &Listeners::These(vec![call]), |one| {
            one.role = role;
            one.whispers = whispers.to_vec();
        });
    }

    /// Changes what happens when a participant leaves.
    pub(crate) fn change_exit(
        &mut self,
        key: ConferenceKey,
        call: CallKey,
        ends: Option<bool>,
        soft_ends: Option<bool>,
        beep: Option<Beep>,
    ) {
        self.change_each(key, &Listeners::These(vec![call]), |one| {
            one.ends = ends.unwrap_or(one.ends);
            one.soft_ends = soft_ends.unwrap_or(one.soft_ends);
            one.beep = beep.or(one.beep);
        });
    }

    /// Lets these participants, or all of them, hear DTMF.
    pub(crate) fn send_tones(&mut self, key: ConferenceKey, calls: &Listeners, digits: &str) {
        self.change_each(key, calls, |one| {
            one.tones.push_str(digits);
            // ASCII only, so that any place is between two characters.
            let excess = one.tones.len().saturating_sub(MOST_TONES);
            one.tones.drain(..excess);
        });
    }

    fn change_each(&mut self, key: ConferenceKey, calls: &Listeners, change: impl Fn(&mut Participant)) {
        let now = self.now;
        let Some(conference) = self.conferences.get_mut(key) else { return };
        for one in conference.participants.iter_mut().filter(|one| calls.include(one.leg.key)) {
            change(one);
            one.updated_at = now;
        }
        self.conference_changed(key);
    }

    /// Somebody came, went, or is heard differently: people and the floor follow.
    fn conference_changed(&mut self, key: ConferenceKey) {
        let now = self.now;
        if let Some(conference) = self.conferences.get_mut(key) {
            conference.updated_at = now;
        }
        self.replan_people(key);
        self.replan_floor(key);
    }
}

/// How many tones are remembered per participant.
const MOST_TONES: usize = 256;

/// Whom a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listeners {
    All,
    These(Vec<CallKey>),
}

impl Listeners {
    fn include(&self, call: CallKey) -> bool {
        match self {
            Self::All => true,
            Self::These(calls) => calls.contains(&call),
        }
    }

    /// The tracks that sound when something is played: that of the room, or one each.
    pub(crate) fn tracks(&self) -> Vec<Listener> {
        match self {
            Self::All => vec![Listener::Everybody],
            Self::These(calls) => calls.iter().copied().map(Listener::One).collect(),
        }
    }
}
