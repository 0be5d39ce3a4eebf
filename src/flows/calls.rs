//! The calls of one account that run a flow, and what each waits for.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use call_flow::effect::{Command, TimerKey};
use call_flow::{CallState, Reaction};
use dialer::PhoneNumber;
use telnyx_voice::CallControlId;
use telnyx_voice::conference::ConferenceRegion;
use tokio::time::Instant;

use super::acknowledgement::Acknowledgement;
use super::attempts;
use super::catalogue::Runnable;
use super::metrics::UnderWay;
use super::tally::ActiveCall;

/// Calls remembered after their end, so that a late webhook does not bring one back to life. Two generations are kept.
const ENDED: usize = 16_384;

/// A call that runs a flow.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) runnable: Arc<Runnable>,
    pub(super) state: CallState,
    /// Commands that wait for the one before them.
    pub(super) outbox: VecDeque<(Command, Acknowledgement)>,
    /// A command is under way.
    pub(super) sending: bool,
    /// The flow has ended: the call is let go when its last command is done.
    pub(super) ended: bool,
    /// Who wait for the commands under way, beside those that led to them.
    pub(super) waiting: Vec<Acknowledgement>,
    /// Who is on the other end, where that is known.
    pub(super) other_party: Option<PhoneNumber>,
    /// Where the conference is kept that the call has entered, where a command has said so.
    pub(super) conference_region: Option<ConferenceRegion>,
    timer: Option<(Instant, TimerKey)>,
    _counted: (ActiveCall, UnderWay, Option<OfAttempt>),
}

/// One of the calls of attempts that flows have.
#[derive(Debug)]
struct OfAttempt(Arc<AtomicUsize>);

impl OfAttempt {
    fn count(attempts: &Arc<AtomicUsize>) -> Self {
        attempts.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(attempts))
    }
}

impl Drop for OfAttempt {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Live {
    /// Takes over the state of a reaction, and counts the steps that it went through.
    pub(super) fn take(&mut self, reaction: &Reaction) {
        for step in &reaction.entered {
            self.runnable.tally.entered(usize::from(*step));
        }
        for step in &reaction.failed {
            self.runnable.tally.failed(usize::from(*step));
        }
        self.state = reaction.state.clone();
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    live: HashMap<CallControlId, Live>,
    timers: BTreeSet<(Instant, CallControlId)>,
    attempts: Arc<AtomicUsize>,
    ended: [HashSet<CallControlId>; 2],
}

impl Calls {
    /// No call yet; `attempts` counts those that are attempts'.
    pub(super) fn new(attempts: Arc<AtomicUsize>) -> Self {
        Self { attempts, ..Self::default() }
    }

    /// A call begins a flow, or goes on with one.
    pub(super) fn begin(&mut self, runnable: Arc<Runnable>, reaction: &Reaction, under_way: UnderWay) -> CallControlId {
        let id = reaction.state.leg.call_control_id.clone();
        let of_attempt = (!reaction.state.position.origin.is_empty()).then(|| OfAttempt::count(&self.attempts));
        let mut live = Live {
            _counted: (runnable.tally.began(), under_way, of_attempt),
            runnable,
            state: reaction.state.clone(),
            outbox: VecDeque::new(),
            sending: false,
            ended: false,
            waiting: Vec::new(),
            other_party: attempts::caller(&reaction.state.position),
            conference_region: None,
            timer: None,
        };
        live.take(reaction);
        self.live.insert(id.clone(), live);
        id
    }

    pub(super) fn get(&self, id: &CallControlId) -> Option<&Live> {
        self.live.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &CallControlId) -> Option<&mut Live> {
        self.live.get_mut(id)
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether the call was here and has ended.
    pub(super) fn has_ended(&self, id: &CallControlId) -> bool {
        self.ended.iter().any(|generation| generation.contains(id))
    }

    /// The call is over: late webhooks find nothing.
    pub(super) fn end(&mut self, id: &CallControlId) {
        self.disarm(id);
        self.live.remove(id);
        let [current, previous] = &mut self.ended;
        if current.len() >= ENDED {
            *previous = std::mem::take(current);
        }
        current.insert(id.clone());
    }

    /// Replaces the call's timer.
    pub(super) fn arm(&mut self, id: &CallControlId, at: Instant, key: TimerKey) {
        self.disarm(id);
        if let Some(live) = self.live.get_mut(id) {
            live.timer = Some((at, key));
            self.timers.insert((at, id.clone()));
        }
    }

    /// Stops the call's timer.
    pub(super) fn disarm(&mut self, id: &CallControlId) {
        if let Some((at, _)) = self.live.get_mut(id).and_then(|live| live.timer.take()) {
            self.timers.remove(&(at, id.clone()));
        }
    }

    /// When the next timer runs out.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// A call whose timer has run out.
    pub(super) fn due(&mut self, now: Instant) -> Option<(CallControlId, TimerKey)> {
        let (at, id) = self.timers.first().filter(|(at, _)| *at <= now)?.clone();
        self.timers.remove(&(at, id.clone()));
        let (_, key) = self.live.get_mut(&id)?.timer.take()?;
        Some((id, key))
    }
}

/// How long from one wall-clock time to another; nothing when it has passed.
pub(super) fn until(at: jiff::Timestamp, now: jiff::Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
