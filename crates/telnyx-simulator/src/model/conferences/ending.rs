//! How a conference ends, and what becomes of those who are still in it.

use std::sync::Arc;

use super::{ConferenceKey, Listener, Stage};
use crate::config::{ConferenceExpiry, EndedByApi};
use crate::model::World;
use crate::model::leg::Leg;

/// Why a conference ended (Telnyx API reference: "Retrieve a conference", `end_reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndReason {
    AllLeft,
    EndedViaApi,
    HostLeft,
    TimeExceeded,
}

impl EndReason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AllLeft => "all_left",
            Self::EndedViaApi => "ended_via_api",
            Self::HostLeft => "host_left",
            Self::TimeExceeded => "time_exceeded",
        }
    }

    /// What the webhook says, whose list of values has no `ended_via_api`.
    pub(super) const fn in_webhook(self, by_api: EndedByApi) -> Option<&'static str> {
        match (self, by_api) {
            (Self::EndedViaApi, EndedByApi::AllLeft) => Some("all_left"),
            (Self::EndedViaApi, EndedByApi::Omitted) => None,
            (Self::EndedViaApi, EndedByApi::EndedViaApi) | (Self::AllLeft | Self::HostLeft | Self::TimeExceeded, _) => {
                Some(self.name())
            }
        }
    }
}

/// An end: why, and the leg whose leaving caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) reason: EndReason,
    /// `call_control_id` and `call_session_id`.
    pub(crate) by: Option<(Arc<str>, Arc<str>)>,
}

/// What becomes of those who are still in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    HungUp,
    Parked,
}

impl World {
    /// `end`: over, and every participant's call as well (Telnyx API reference: "End a conference").
    pub(crate) fn end_conference(&mut self, key: ConferenceKey) {
        self.finish_conference(key, EndReason::EndedViaApi, None, Fate::HungUp);
    }

    pub(super) fn expire_conference(&mut self, key: ConferenceKey) {
        let fate = match self.config.switches.conference_expiry {
            ConferenceExpiry::HangUp => Fate::HungUp,
            ConferenceExpiry::Park => Fate::Parked,
        };
        self.finish_conference(key, EndReason::TimeExceeded, None, fate);
    }

    /// Ends a conference; one that has ended stays as it is. It is over before anybody is told, so that a call which ends
    /// by it finds no seat to leave.
    pub(super) fn finish_conference(&mut self, key: ConferenceKey, reason: EndReason, by: Option<&Leg>, fate: Fate) {
        let Some(conference) = self.conferences.get(key).filter(|one| one.ended().is_none()) else { return };
        let present: Vec<Leg> = conference.participants.iter().map(|one| one.leg.clone()).collect();
        for leg in &present {
            self.silence_participant(key, leg.key);
        }
        self.stop_track(key, Listener::Everybody);
        self.stop_recordings(key, None);
        let now = self.now;
        if let Some(conference) = self.conferences.get_mut(key) {
            let by = by.map(|leg| (Arc::clone(&leg.control_id), Arc::clone(&leg.session_id)));
            conference.stage = Stage::Completed(Ended { reason, by });
            conference.updated_at = now;
            conference.participants.clear();
            conference.floor = None;
            conference.next_turn = None;
        }
        for leg in &present {
            self.conferences.seats.remove(&leg.key);
            self.tell_left(key, leg);
        }
        self.counters.conferences.ended(reason.name());
        self.tell_ended(key, reason.in_webhook(self.config.switches.conference_ended_by_api));
        self.conferences.complete(key, self.config.retention.conferences);
        for leg in &present {
            match fate {
                Fate::HungUp => self.hang_up(leg.key),
                Fate::Parked => self.replan_hangup(leg.key),
            }
        }
    }
}
