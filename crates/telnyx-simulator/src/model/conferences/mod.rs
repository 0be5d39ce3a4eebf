//! Conferences: who is in each and where it stands.
//!
//! Promises that a leg is in at most one conference, that whoever is listed as a participant is on a live call, and that
//! every conference ends once: when all have left, when its host leaves, by command, or when its time is up. Does not know
//! requests; [`crate::model::endpoints::conferences`] reads those. Sources: Telnyx API reference, "Conference Commands",
//! and the webhook reference, "Conference …".
//!
//! Left open by the documents and decided here: a leg that joins a second conference leaves the first; one that waits in
//! a queue leaves the queue with reason `bridged`; `unhold` frees the legs it names and does not start a conference that
//! awaits its start; nobody is told of hold music.

mod audio;
mod ending;
mod floor;
mod notices;
mod people;
mod recordings;
mod seats;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use super::calls::CallKey;
use super::leg::Leg;
use super::moment::Moment;
use super::timers::Timer;
pub(crate) use audio::{Listener, Track};
pub(crate) use ending::Ended;
use ending::{EndReason, Fate};
pub(crate) use recordings::Recording;
pub(crate) use seats::{Destination, Entry, Exit, Listeners, Participant, Place, Role};

/// Telnyx API reference, "Create conference": over after four hours whoever is in it.
pub(crate) const LONGEST: Duration = Duration::from_hours(4);
/// Telnyx API reference, "Create conference": the default of `max_participants`.
pub(crate) const DEFAULT_PARTICIPANTS: u64 = 250;
/// Where a conference is held unless its creation says otherwise.
pub(crate) const HOME_REGION: &str = "US";

/// A conference within one world, growing with creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConferenceKey(u64);

/// When a conference goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConferenceTimer {
    /// When its time is up.
    Expire,
    /// When this clip is over.
    ClipEnds(Listener, u32),
    /// When somebody else begins to speak, unless the plan changed since.
    Turn(u32),
    /// When a recording that was stopped can be fetched.
    Saved(Arc<str>),
}

/// Where a conference stands, named as the API names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not started: whoever joins is on hold.
    Init,
    InProgress,
    Completed(Ended),
}

impl Stage {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::InProgress => "in_progress",
            Self::Completed(_) => "completed",
        }
    }
}

/// When a tone sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beep {
    Always,
    Never,
    OnEnter,
    OnExit,
}

impl Beep {
    pub(crate) const NAMES: &'static [&'static str] = &["always", "never", "on_enter", "on_exit"];

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "always" => Self::Always,
            "on_enter" => Self::OnEnter,
            "on_exit" => Self::OnExit,
            _ => Self::Never,
        }
    }

    const fn sounds_on_enter(self) -> bool {
        matches!(self, Self::Always | Self::OnEnter)
    }

    const fn sounds_on_exit(self) -> bool {
        matches!(self, Self::Always | Self::OnExit)
    }
}

/// What a new conference shall be.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) name: Arc<str>,
    pub(crate) region: &'static str,
    pub(crate) beep: Beep,
    pub(crate) max_participants: u64,
    pub(crate) duration: Option<Duration>,
    pub(crate) starts: bool,
}

impl Opening {
    /// A conference with every default of "Create conference".
    pub(crate) fn named(name: Arc<str>) -> Self {
        Self {
            name,
            region: HOME_REGION,
            beep: Beep::Never,
            max_participants: DEFAULT_PARTICIPANTS,
            duration: None,
            starts: true,
        }
    }
}

/// One conference.
pub(crate) struct Conference {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) region: &'static str,
    /// The leg that it was created from; its `client_state` is that of all webhooks of the conference.
    pub(crate) owner: Leg,
    client_state: Option<Arc<str>>,
    pub(crate) max_participants: u64,
    beep: Beep,
    beeps: u64,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) expires_at: Moment,
    pub(crate) stage: Stage,
    /// In the order of joining.
    pub(crate) participants: Vec<Participant>,
    track: Track,
    recordings: Vec<Recording>,
    /// Stopped, not yet to be fetched.
    saving: Vec<Recording>,
    /// Who speaks.
    floor: Option<CallKey>,
    /// Counts how often the plan for the next turn changed; `None` while nobody will speak by himself.
    next_turn: Option<u32>,
    turns: u32,
}

impl Conference {
    pub(crate) fn participant(&self, call: CallKey) -> Option<&Participant> {
        self.participants.iter().find(|one| one.leg.key == call)
    }

    pub(crate) fn participant_mut(&mut self, call: CallKey) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|one| one.leg.key == call)
    }

    pub(crate) const fn ended(&self) -> Option<&Ended> {
        match &self.stage {
            Stage::Init | Stage::InProgress => None,
            Stage::Completed(ended) => Some(ended),
        }
    }
}

/// All conferences that are not forgotten.
#[derive(Default)]
pub(crate) struct Conferences {
    next: u64,
    by_key: BTreeMap<ConferenceKey, Conference>,
    by_id: HashMap<Arc<str>, ConferenceKey>,
    active_by_name: HashMap<Arc<str>, ConferenceKey>,
    seats: HashMap<CallKey, ConferenceKey>,
    /// Legs that ring and will join when they are answered.
    expected: HashMap<CallKey, Destination>,
    /// Oldest end first.
    completed: VecDeque<ConferenceKey>,
}

impl Conferences {
    pub(crate) fn get(&self, key: ConferenceKey) -> Option<&Conference> {
        self.by_key.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: ConferenceKey) -> Option<&mut Conference> {
        self.by_key.get_mut(&key)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<ConferenceKey> {
        self.by_id.get(id).copied()
    }

    /// By id whatever its stage, or by the name of one that has not ended.
    pub(crate) fn find(&self, id_or_name: &str) -> Option<ConferenceKey> {
        self.by_id(id_or_name).or_else(|| self.active(id_or_name))
    }

    /// The conference of this name that has not ended.
    pub(crate) fn active(&self, name: &str) -> Option<ConferenceKey> {
        self.active_by_name.get(name).copied()
    }

    /// Which conference a leg is in.
    pub(crate) fn seat(&self, call: CallKey) -> Option<ConferenceKey> {
        self.seats.get(&call).copied()
    }

    /// In the order of their creation.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Conference> {
        self.by_key.values()
    }

    /// Lets the leg join as soon as it is answered.
    pub(crate) fn expect(&mut self, call: CallKey, destination: Destination) {
        self.expected.insert(call, destination);
    }

    /// What the behaviour file's owner wants to see of each under `/sim/conferences`.
    pub(crate) fn view(&self) -> Vec<Value> {
        self.all().map(conference_view).collect()
    }

    fn insert(&mut self, conference: Conference) -> ConferenceKey {
        self.next += 1;
        let key = ConferenceKey(self.next);
        self.by_id.insert(Arc::clone(&conference.id), key);
        self.active_by_name.insert(Arc::clone(&conference.name), key);
        self.by_key.insert(key, conference);
        key
    }

    /// Takes an ended conference off the active ones; the oldest beyond `keep` is forgotten.
    fn complete(&mut self, key: ConferenceKey, keep: usize) {
        if let Some(conference) = self.by_key.get(&key) {
            self.active_by_name.remove(&conference.name);
        }
        self.completed.push_back(key);
        while self.completed.len() > keep.max(1) {
            let forgotten = self.completed.pop_front().and_then(|oldest| self.by_key.remove(&oldest));
            if let Some(conference) = forgotten {
                self.by_id.remove(&conference.id);
            }
        }
    }
}

impl World {
    /// Opens a conference with this answered leg in it. The name must be free.
    pub(crate) fn open_conference(&mut self, owner: CallKey, opening: Opening, entry: Entry) -> Option<ConferenceKey> {
        let call = self.calls.get(owner)?;
        let (leg, client_state) = (Leg::of(owner, call), call.client_state.clone());
        let now = self.now;
        let expires_at = now + opening.duration.unwrap_or(LONGEST).min(LONGEST);
        let key = self.conferences.insert(Conference {
            id: self.ids.uuid().into(),
            name: opening.name,
            region: opening.region,
            owner: leg,
            client_state,
            max_participants: opening.max_participants,
            beep: opening.beep,
            beeps: 0,
            created_at: now,
            updated_at: now,
            expires_at,
            stage: if opening.starts { Stage::InProgress } else { Stage::Init },
            participants: Vec::new(),
            track: Track::default(),
            recordings: Vec::new(),
            saving: Vec::new(),
            floor: None,
            next_turn: None,
            turns: 0,
        });
        self.counters.conferences.created += 1;
        self.timers.set(expires_at, Timer::Conference(key, ConferenceTimer::Expire));
        self.tell_created(key);
        self.seat(key, owner, entry);
        // What the leg was in before may have taken its call along.
        if self.conferences.seat(owner) != Some(key) {
            self.finish_conference(key, EndReason::AllLeft, None, Fate::Parked);
        }
        Some(key)
    }

    pub(super) fn on_conference_timer(&mut self, key: ConferenceKey, timer: ConferenceTimer) {
        match timer {
            ConferenceTimer::Expire => self.expire_conference(key),
            ConferenceTimer::ClipEnds(listener, clip) => self.on_conference_clip_end(key, listener, clip),
            ConferenceTimer::Turn(turn) => self.on_turn(key, turn),
            ConferenceTimer::Saved(recording) => self.on_recording_saved(key, &recording),
        }
    }
}

fn conference_view(conference: &Conference) -> Value {
    let participants: Vec<Value> = conference.participants.iter().map(Participant::view).collect();
    json!({
        "id": &*conference.id,
        "name": &*conference.name,
        "region": conference.region,
        "status": conference.stage.name(),
        "endReason": conference.ended().map(|ended| ended.reason.name()),
        "createdAt": conference.created_at,
        "expiresAt": conference.expires_at,
        "ownerCallControlId": &*conference.owner.control_id,
        "floorCallControlId": conference.floor.and_then(|floor| Some(&*conference.participant(floor)?.leg.control_id)),
        "beeps": conference.beeps,
        "recordings": conference.recordings.len(),
        "participants": participants,
    })
}
