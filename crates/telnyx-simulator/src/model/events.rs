//! What the account tells about its calls: webhook payloads, and how an event becomes webhooks.
//!
//! Field names and values are those of Telnyx's webhook reference ("Voice API webhooks").

use std::sync::Arc;

use serde::Serialize;

use super::World;
use super::calls::{CallKey, CallTimer};
use super::faults::WebhookStrikes;
use super::happenings::Happening;
use super::history::{Entry, EntryKind};
use super::leg::Leg;
use super::moment::Moment;
use super::outbox::{Delivery, Event};
use super::timers::Timer;

/// The parts of a payload that depend on the event.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail {
    /// `call.initiated`
    Initiated {
        from: Arc<str>,
        to: Arc<str>,
        direction: &'static str,
        state: &'static str,
        start_time: Moment,
        connection_codecs: &'static str,
        offered_codecs: &'static str,
        #[serde(flatten)]
        caller: Option<CallerIdentity>,
    },
    /// `call.answered`
    Answered { from: Arc<str>, to: Arc<str>, state: &'static str, start_time: Moment },
    /// `call.hangup`
    Hangup {
        from: Arc<str>,
        to: Arc<str>,
        state: &'static str,
        start_time: Moment,
        hangup_cause: &'static str,
        hangup_source: &'static str,
        sip_hangup_cause: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        call_quality_stats: Option<QualityStats>,
    },
    /// `call.cost`
    Cost {
        billed_duration_secs: u64,
        cost_parts: [CostPart; 1],
        occurred_at: Moment,
        status: &'static str,
        total_cost: String,
    },
    /// `call.machine.*`
    Machine {
        #[serde(skip)]
        name: &'static str,
        from: Arc<str>,
        to: Arc<str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'static str>,
    },
    /// `call.speak.started`
    SpeakStarted {},
    /// `call.speak.ended`
    SpeakEnded { status: &'static str },
    /// `call.playback.started`
    PlaybackStarted {
        #[serde(flatten)]
        media: Media,
    },
    /// `call.playback.ended`
    PlaybackEnded {
        #[serde(flatten)]
        media: Media,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status_detail: Option<&'static str>,
    },
    /// `call.enqueued`
    Enqueued { queue: Arc<str>, current_position: usize, queue_avg_wait_time_secs: u64 },
    /// `call.dequeued`
    Dequeued { queue: Arc<str>, queue_position: usize, reason: &'static str, wait_time_secs: u64 },
    /// What goes on during a call besides what is heard.
    Happening(Happening),
    /// An event that no document knows.
    Unknown {},
}

/// What is known of who calls in.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallerIdentity {
    pub(crate) caller_id_name: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shaken_stir_attestation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shaken_stir_validated: Option<bool>,
}

/// What is played.
#[allow(clippy::struct_field_names, reason = "the names and kinds of the API's own fields")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Media {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_url: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_name: Option<Arc<str>>,
    pub(crate) overlay: bool,
}

/// How well both sides could hear each other.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QualityStats {
    inbound: InboundStats,
    outbound: OutboundStats,
}

#[derive(Debug, Clone, Serialize)]
struct InboundStats {
    jitter_max_variance: &'static str,
    jitter_packet_count: &'static str,
    mos: &'static str,
    packet_count: String,
    skip_packet_count: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct OutboundStats {
    packet_count: String,
    skip_packet_count: &'static str,
}

impl QualityStats {
    /// A clear line: 50 packets per second each way.
    pub(crate) fn clear(seconds: u64) -> Self {
        let packets = (seconds * 50).to_string();
        Self {
            inbound: InboundStats {
                jitter_max_variance: "12.19",
                jitter_packet_count: "0",
                mos: "4.50",
                packet_count: packets.clone(),
                skip_packet_count: "0",
            },
            outbound: OutboundStats { packet_count: packets, skip_packet_count: "0" },
        }
    }
}

/// One line of a call's bill.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CostPart {
    pub(crate) billed_duration_secs: u64,
    pub(crate) call_part: &'static str,
    pub(crate) cost: String,
    pub(crate) currency: &'static str,
    pub(crate) rate: &'static str,
}

/// The value that stands where a document lists all values.
pub(super) const UNKNOWN: &str = "simulated_unknown_value";

impl Detail {
    pub(crate) const fn event_type(&self) -> &'static str {
        match self {
            Self::Initiated { .. } => "call.initiated",
            Self::Answered { .. } => "call.answered",
            Self::Hangup { .. } => "call.hangup",
            Self::Cost { .. } => "call.cost",
            Self::Machine { name, .. } => name,
            Self::SpeakStarted {} => "call.speak.started",
            Self::SpeakEnded { .. } => "call.speak.ended",
            Self::PlaybackStarted { .. } => "call.playback.started",
            Self::PlaybackEnded { .. } => "call.playback.ended",
            Self::Enqueued { .. } => "call.enqueued",
            Self::Dequeued { .. } => "call.dequeued",
            Self::Happening(happening) => happening.event_type(),
            Self::Unknown {} => "call.simulated.unknown",
        }
    }

    /// Whether the payload holds `call_control_id`.
    const fn names_call(&self) -> bool {
        if let Self::Happening(happening) = self { happening.names_call() } else { true }
    }

    /// Replaces the value that a receiver decides by with one that no document knows.
    fn distort(&mut self) {
        match self {
            Self::Hangup { hangup_cause, .. } => *hangup_cause = UNKNOWN,
            Self::Machine { result, .. } => *result = Some(UNKNOWN),
            Self::SpeakEnded { status } | Self::PlaybackEnded { status, .. } | Self::Cost { status, .. } => {
                *status = UNKNOWN;
            }
            Self::Initiated { state, .. } | Self::Answered { state, .. } => *state = UNKNOWN,
            Self::Dequeued { reason, .. } => *reason = UNKNOWN,
            Self::Happening(happening) => happening.distort(UNKNOWN),
            Self::SpeakStarted {} | Self::PlaybackStarted { .. } | Self::Enqueued { .. } | Self::Unknown {} => {}
        }
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    call_control_id: Option<&'a str>,
    call_leg_id: &'a str,
    call_session_id: &'a str,
    client_state: Option<&'a str>,
    connection_id: &'a str,
    #[serde(flatten)]
    detail: &'a Detail,
}

impl World {
    /// Something happened to a call: it goes into the call's history and, faults permitting, to its receiver.
    pub(super) fn emit(&mut self, key: CallKey, mut detail: Detail) {
        let Some(call) = self.calls.get(key) else { return };
        let (leg, client_state) = (Leg::of(key, call), call.client_state.clone());
        self.announce(detail.event_type(), &leg, |strikes| {
            if strikes.unknown_enum {
                detail.distort();
            }
            let payload = Payload {
                call_control_id: detail.names_call().then_some(&leg.control_id),
                call_leg_id: &leg.leg_id,
                call_session_id: &leg.session_id,
                client_state: client_state.as_deref(),
                connection_id: &leg.connection,
                detail: &detail,
            };
            // Strings and whole numbers under string keys: serialization has no way to fail.
            serde_json::to_string(&payload).unwrap_or_default()
        });
    }

    /// Something happened that this leg is named by, alive or not. `payload` is asked for once, with the faults that strike.
    pub(super) fn announce(
        &mut self,
        event_type: &'static str,
        leg: &Leg,
        payload: impl FnOnce(&WebhookStrikes) -> String,
    ) {
        let strikes = self.faults.webhook(event_type, &leg.to);
        let payload = payload(&strikes);
        let event = Arc::new(Event { id: self.ids.uuid(), event_type, occurred_at: self.now, payload });
        self.history.record(Entry::of_leg(leg, EntryKind::Webhook(Arc::clone(&event)), self.now));
        self.counters.webhooks.events += 1;
        self.deliver(leg, &event, &strikes);
        if strikes.unknown_event && event_type != (Detail::Unknown {}).event_type() {
            self.emit(leg.key, Detail::Unknown {});
        }
        if strikes.hang_up {
            self.timers.set(self.now, Timer::Call(leg.key, CallTimer::SuddenHangup));
        }
    }

    /// Puts an event on its way, as often and as late as the faults say.
    fn deliver(&mut self, leg: &Leg, event: &Arc<Event>, strikes: &WebhookStrikes) {
        let application = self.applications.get(&leg.connection);
        let usual = application.and_then(|application| application.target()).unwrap_or(&leg.target);
        let target = leg.overrides.target(event.event_type, Arc::clone(usual));
        let waits = leg.overrides.waits(event.event_type);
        if strikes.dropped {
            self.counters.webhooks.dropped += 1;
        }
        for copy in 0..if strikes.dropped { 0 } else { strikes.copies.max(1) } {
            let delivery = Delivery::new(self.ids.uuid(), Arc::clone(event), Arc::clone(&target))
                .waits(waits.clone())
                .forged(strikes.forged);
            let Some(delivery) = self.outbox.accept(delivery) else {
                self.counters.webhooks.lost += 1;
                continue;
            };
            self.counters.webhooks.duplicated += u64::from(copy > 0);
            let wait = self.config.webhooks.send_after_ms.draw(&mut self.send_rng) + strikes.delay.unwrap_or_default();
            if let Some(hold) = strikes.hold {
                self.outbox.hold(leg.key, delivery);
                self.timers.set(self.now + hold, Timer::Release(leg.key));
            } else if wait.is_zero() {
                self.outbox.make_ready(delivery);
                self.outbox.release_held(leg.key);
            } else {
                self.timers.set(self.now + wait, Timer::Send(delivery));
            }
        }
    }
}
