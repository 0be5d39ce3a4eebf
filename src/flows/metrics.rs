//! What is counted about calls in flows. Labels are closed sets of words: never a name, an id or a text.

use std::time::Duration;

use call_flow::position::Ending;
use call_flow::{NotThisFlow, Seen};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::telemetry::Panics;

/// How panics of what leads an account's calls are counted.
pub(super) const CALLS: &str = "calls";

type Label = [(&'static str, &'static str); 1];

/// The counts. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    events: Family<Label, Counter>,
    commands: Family<Label, Counter>,
    ended: Family<Label, Counter>,
    lost: Family<Label, Counter>,
    active: Gauge,
    reaction: Histogram,
    panics: Panics,
}

/// What became of an event before any flow saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The call says that it runs a flow which does not exist.
    UnknownFlow,
    /// It runs a revision that is not kept any more.
    OtherRevision,
    /// It says that it is where its flow's revision has no step, or has other variables than it.
    UnknownStep,
    /// Its state was made by a version of the operator that this one does not understand.
    OtherVersion,
    /// The application names a flow that does not exist, was never valid, or is not for inbound calls.
    NoFlow,
}

impl Lost {
    const ALL: [Self; 5] =
        [Self::UnknownFlow, Self::OtherRevision, Self::UnknownStep, Self::OtherVersion, Self::NoFlow];

    fn word(self) -> &'static str {
        match self {
            Self::UnknownFlow => "unknown_flow",
            Self::OtherRevision => "other_revision",
            Self::UnknownStep => "unknown_step",
            Self::OtherVersion => "other_version",
            Self::NoFlow => "no_flow",
        }
    }
}

impl From<NotThisFlow> for Lost {
    fn from(why: NotThisFlow) -> Self {
        match why {
            NotThisFlow::OtherFlow => Self::UnknownFlow,
            NotThisFlow::OtherRevision(_) => Self::OtherRevision,
            NotThisFlow::Malformed => Self::UnknownStep,
        }
    }
}

impl Metrics {
    /// Registers them. Panics are counted there.
    #[must_use]
    pub fn new(registry: &mut Registry, panics: Panics) -> Self {
        panics.expect(CALLS);
        let metrics = Self {
            events: Family::default(),
            commands: Family::default(),
            ended: Family::default(),
            lost: Family::default(),
            active: Gauge::default(),
            // 0.1 ms to about 2 s, fine enough to tell 5 ms from 10.
            panics,
            reaction: Histogram::new(exponential_buckets(0.0001, 1.4, 30)),
        };
        // An alert waits for the first: from nought on, or Prometheus sees no increase.
        for lost in Lost::ALL {
            drop(metrics.lost.get_or_create(&[("reason", lost.word())]));
        }
        registry.register(
            "flow_events",
            "Webhooks of calls in flows, by what they turned out to be",
            metrics.events.clone(),
        );
        registry.register("flow_commands", "Commands that flows sent, by how they ended", metrics.commands.clone());
        registry.register("flow_calls_ended", "Calls whose flow has ended, by how", metrics.ended.clone());
        registry.register("flow_calls_lost", "Calls that no flow could be found for, by why", metrics.lost.clone());
        registry.register("flow_calls_active", "Calls under way in flows", metrics.active.clone());
        registry.register(
            "flow_reaction_seconds",
            "From the receipt of a webhook to the sending of the command that follows",
            metrics.reaction.clone(),
        );
        metrics
    }

    /// Counts panics of what leads calls.
    pub(super) fn panics(&self) -> &Panics {
        &self.panics
    }

    pub(super) fn event(&self, seen: Seen) {
        let word = match seen {
            Seen::Handled => "handled",
            Seen::Ignored => "ignored",
            Seen::Duplicate => "duplicate",
            Seen::Stale => "stale",
            Seen::Foreign => "foreign",
        };
        self.events.get_or_create(&[("result", word)]).inc();
    }

    pub(super) fn command(&self, result: &'static str) {
        self.commands.get_or_create(&[("result", result)]).inc();
    }

    pub(super) fn ended(&self, ending: Ending) {
        let word = match ending {
            Ending::HungUp => "hung_up",
            Ending::Completed => "completed",
            Ending::Failed => "failed",
            Ending::TimeLimit => "time_limit",
            Ending::TooManySteps => "too_many_steps",
        };
        self.ended.get_or_create(&[("ending", word)]).inc();
    }

    pub(super) fn lost(&self, lost: Lost) {
        self.lost.get_or_create(&[("reason", lost.word())]).inc();
    }

    /// Calls that run a flow now.
    pub(super) fn active(&self) -> i64 {
        self.active.get()
    }

    /// A call runs a flow from now on, until the guard is dropped.
    pub(super) fn began(&self) -> UnderWay {
        self.active.inc();
        UnderWay(self.active.clone())
    }

    pub(super) fn reacted(&self, after: Duration) {
        self.reaction.observe(after.as_secs_f64());
    }
}

/// A call that runs a flow.
#[derive(Debug)]
pub(super) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}
