//! Calls: what is known about each and where it stands.
//!
//! Promises that a call ends exactly once, that ended calls are forgotten after a while, and that finding one never walks
//! through all of them.

pub(crate) mod amd;
mod analysis;
pub(crate) mod audio;
mod bridge;
mod callee;
mod card;
mod conversation;
mod ending;
pub(crate) mod gather;
mod hold;
mod inbound;
mod keypad;
mod lifecycle;
mod media;
mod on_answer;
mod overrides;
mod payment;
mod recording;
mod refer;
mod running;
mod screening;
mod transcription;
mod voice;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::moment::Moment;
use super::outbox::Target;
use amd::AmdEvent;
pub(crate) use amd::{AmdMode, AmdSettings};
use audio::Clip;
pub(crate) use bridge::{AfterUnbridge, Link, Purpose, SupervisorRole};
pub(crate) use callee::{Behaviour, Callee};
pub(crate) use conversation::{AiGather, ConversationOrder};
pub(crate) use ending::Ending;
pub use inbound::Unreachable;
pub(crate) use media::StreamOrder;
pub(crate) use on_answer::OnAnswer;
pub(crate) use overrides::Overrides;
pub(crate) use payment::{PaymentMethod, PaymentOrder, PaymentStep};
pub(crate) use recording::{Recording, RecordingOrder, SavedRecording, TRACKS, channels};
pub(crate) use running::Running;

/// A call leg within one world, growing with the dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallKey(pub(crate) u64);

/// One dial, of one leg or more; within one world, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch(u64);

/// Names what a timer was set for, so that one that is no longer meant is recognised.
pub(crate) type Serial = u32;

/// When a call goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallTimer {
    /// When the network has taken the dial.
    Initiate,
    /// When somebody or something answers.
    Answer,
    /// When the network says that nobody will answer.
    Refuse,
    /// When the caller has waited long enough.
    RingTimeout,
    /// When detection has something to say.
    Amd(AmdEvent),
    /// When this clip is over.
    ClipEnds(u32),
    /// When the callee hangs up, unless the plan changed since.
    CalleeHangup(u32),
    /// When the callee hangs up whatever the plan.
    SuddenHangup,
    /// When the call has lasted as long as it may.
    TimeLimit,
    /// When an application that sends no command loses the call.
    FirstCommand,
    /// When a caller has let it ring for long enough.
    CallerGivesUp,
    /// When the other end presses a key of its own accord.
    Key(char),
    /// When the other end puts the call on hold, or takes it back.
    Hold { held: bool },
    /// When the other end presses a key because this attempt of a gather asked for it.
    Reply(Serial, char),
    /// When something that goes on during the call goes on or ends, unless it has changed since.
    Step(Serial),
    /// When a call that has queued since then has waited long enough.
    QueueTimeout(Moment),
    /// When an ended call is forgotten.
    Forget,
}

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Somebody called the account.
    Incoming,
    /// The account dialled.
    Outgoing,
}

impl Direction {
    /// As `call.initiated` says it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }
}

/// Where a call stands, named for what it awaits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// The dial is accepted, nothing has been told yet.
    AwaitsNetwork,
    /// `call.initiated` is out.
    AwaitsAnswer,
    /// `call.answered` is out.
    AwaitsEnd { answered_at: Moment },
    /// `call.hangup` is out.
    Ended { at: Moment, answered_at: Option<Moment> },
}

/// One leg.
pub(crate) struct Call {
    pub(crate) direction: Direction,
    pub(crate) control_id: Arc<str>,
    pub(crate) leg_id: Arc<str>,
    pub(crate) session_id: Arc<str>,
    /// Legs of the same dial: the first one that is answered keeps the call.
    pub(crate) batch: Batch,
    pub(crate) connection: Arc<str>,
    pub(crate) profile: Option<Arc<str>>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) client_state: Option<Arc<str>>,
    pub(crate) dialled_at: Moment,
    pub(crate) state: State,
    pub(crate) callee: Callee,
    pub(crate) options: Options,
    /// Where webhooks go when the application is gone.
    pub(crate) target: Arc<Target>,
    pub(crate) overrides: Overrides,
    pub(crate) clips: VecDeque<Clip>,
    pub(crate) next_clip: u32,
    /// Counts how often the callee's plan to hang up changed.
    pub(crate) plan: u32,
    pub(crate) verdict_given: bool,
    pub(crate) commanded: bool,
    pub(crate) queue: Option<Arc<str>>,
    pub(crate) running: Running,
}

/// What a dial asked for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) ring_timeout: Duration,
    pub(crate) retry_on_timeout: bool,
    pub(crate) time_limit: Duration,
    pub(crate) amd: AmdMode,
    pub(crate) amd_settings: AmdSettings,
    pub(crate) audio: Option<super::events::Media>,
    pub(crate) on_answer: OnAnswer,
}

impl Options {
    /// For a call that somebody else began: nothing was asked for (Telnyx API reference, "Dial": four hours at most).
    pub(crate) fn incoming() -> Self {
        Self {
            ring_timeout: Duration::MAX,
            retry_on_timeout: false,
            time_limit: Duration::from_hours(4),
            amd: AmdMode::Disabled,
            amd_settings: AmdSettings::default(),
            audio: None,
            on_answer: OnAnswer::default(),
        }
    }
}

impl Call {
    pub(crate) const fn is_alive(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    /// Until when nobody at the other end loses patience: they have something to say, to a recording or a transcription, or have
    /// not taken the call yet.
    fn busy_until(&self, now: Moment) -> Moment {
        let sentences = self.callee.voice.sentences.len();
        let transcribed = self.running.transcription.as_ref().is_some_and(|one| one.awaits(sentences));
        let sentence = if transcribed { now + self.callee.voice.every } else { now };
        let busy = [self.running.speaks_until, self.running.taken_at];
        busy.into_iter().flatten().fold(sentence, Moment::max)
    }

    /// Answered and not ended.
    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self.state, State::AwaitsEnd { .. })
    }

    pub(crate) const fn answered_at(&self) -> Option<Moment> {
        match self.state {
            State::AwaitsNetwork | State::AwaitsAnswer => None,
            State::AwaitsEnd { answered_at } => Some(answered_at),
            State::Ended { answered_at, .. } => answered_at,
        }
    }

    pub(crate) const fn ended_at(&self) -> Option<Moment> {
        match self.state {
            State::AwaitsNetwork | State::AwaitsAnswer | State::AwaitsEnd { .. } => None,
            State::Ended { at, .. } => Some(at),
        }
    }

    /// Seconds since the answer, until now or the end.
    pub(crate) fn duration_secs(&self, now: Moment) -> u64 {
        self.answered_at().map_or(0, |answered| self.ended_at().unwrap_or(now).since(answered).as_secs())
    }
}

/// All calls that are not forgotten.
pub(crate) struct Calls {
    next: u64,
    batches: u64,
    by_key: HashMap<CallKey, Call>,
    by_control_id: HashMap<Arc<str>, CallKey>,
    alive_by_connection: HashMap<Arc<str>, BTreeSet<CallKey>>,
    by_session: HashMap<Arc<str>, Vec<CallKey>>,
    by_conversation: HashMap<Arc<str>, CallKey>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            batches: 0,
            by_key: HashMap::new(),
            by_control_id: HashMap::new(),
            alive_by_connection: HashMap::new(),
            by_session: HashMap::new(),
            by_conversation: HashMap::new(),
        }
    }

    /// A dial that no leg belongs to yet.
    pub(crate) fn next_batch(&mut self) -> Batch {
        self.batches += 1;
        Batch(self.batches)
    }

    pub(crate) fn insert(&mut self, call: Call) -> CallKey {
        self.next += 1;
        let key = CallKey(self.next);
        self.by_control_id.insert(Arc::clone(&call.control_id), key);
        self.alive_by_connection.entry(Arc::clone(&call.connection)).or_default().insert(key);
        self.by_session.entry(Arc::clone(&call.session_id)).or_default().push(key);
        self.by_key.insert(key, call);
        key
    }

    pub(crate) fn get(&self, key: CallKey) -> Option<&Call> {
        self.by_key.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        self.by_key.get_mut(&key)
    }

    pub(crate) fn find(&self, control_id: &str) -> Option<CallKey> {
        self.by_control_id.get(control_id).copied()
    }

    /// The call whose conversation this is.
    pub(crate) fn hosted(&self, conversation: &str) -> Option<CallKey> {
        self.by_conversation.get(conversation).copied()
    }

    fn host(&mut self, conversation: &Arc<str>, key: CallKey) {
        self.by_conversation.insert(Arc::clone(conversation), key);
    }

    fn unhost(&mut self, conversation: &str) {
        self.by_conversation.remove(conversation);
    }

    /// The live calls of one application, in the order of their dials.
    pub(crate) fn alive(&self, connection: &str) -> Option<&BTreeSet<CallKey>> {
        self.alive_by_connection.get(connection)
    }

    /// All legs of a session.
    pub(crate) fn session(&self, session_id: &str) -> &[CallKey] {
        self.by_session.get(session_id).map_or(&[], Vec::as_slice)
    }

    /// Every call that is not forgotten, in the order of the dials.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Call> {
        let mut keys: Vec<&CallKey> = self.by_key.keys().collect();
        keys.sort_unstable();
        keys.into_iter().filter_map(|key| self.by_key.get(key))
    }

    /// Takes an ended call off its application's live calls.
    fn bury(&mut self, key: CallKey) {
        let Some(call) = self.by_key.get(&key) else { return };
        if let Some(alive) = self.alive_by_connection.get_mut(&call.connection) {
            alive.remove(&key);
            if alive.is_empty() {
                self.alive_by_connection.remove(&call.connection);
            }
        }
    }

    fn forget(&mut self, key: CallKey) {
        let Some(call) = self.by_key.remove(&key) else { return };
        self.by_control_id.remove(&call.control_id);
        if let Some(legs) = self.by_session.get_mut(&call.session_id) {
            legs.retain(|leg| *leg != key);
            if legs.is_empty() {
                self.by_session.remove(&call.session_id);
            }
        }
    }
}
