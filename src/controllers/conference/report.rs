//! From what was found and done to status.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use reconcile_plan::{Condition, Outcome, Reason, Report, Subject, WhileWaiting, Words, report};

use super::decide::Seat;
use crate::api::{Conference, ConferenceParticipant, ConferenceParticipants, ConferenceStatus};
use crate::reconcile::{Object as _, from_kube, to_kube};

/// How many participants status shows.
const SHOWN: usize = 20;
const WORDS: Words = Words {
    ready: "the policy can be put into effect",
    synced: Some("the live conference, if there is one, is as the spec asks"),
    while_waiting: WhileWaiting::NotReady,
};

/// The live conference as it was found.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) conference: telnyx_voice::conference::Conference,
    pub(super) seats: Vec<Seat>,
}

impl Live {
    pub(super) fn id(&self) -> String {
        self.conference.id.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Status as far as it shows what was found. What was done before is kept only while it is the same conference.
pub(super) fn found(before: &ConferenceStatus, live: Option<&Live>) -> ConferenceStatus {
    let Some(live) = live else {
        return ConferenceStatus {
            observed_generation: before.observed_generation,
            conditions: before.conditions.clone(),
            ..ConferenceStatus::default()
        };
    };
    let id = live.id();
    let mut status = if before.id.as_ref() == Some(&id) { before.clone() } else { ConferenceStatus::default() };
    status.conditions.clone_from(&before.conditions);
    status.id = Some(id);
    status.state = live.conference.status.as_ref().map(|state| state.as_str().to_owned());
    let expires = live.conference.expires_at.as_ref().and_then(telnyx_voice::ApiTime::instant);
    status.expires_at = expires.and_then(|at| Timestamp::from_second(at.as_second()).ok()).map(Time);
    status.participants = Some(participants(&live.seats));
    // Whoever left takes their tones and their role along.
    status.beeps.retain(|beep| live.seats.iter().any(|seat| seat.call == beep.call_control_id));
    status.roles.retain(|role| live.seats.iter().any(|seat| seat.call == role.call_control_id));
    status
}

fn participants(seats: &[Seat]) -> ConferenceParticipants {
    let list = seats.iter().take(SHOWN).map(|seat| ConferenceParticipant {
        call_control_id: seat.call.clone(),
        label: seat.label.clone(),
        muted: seat.muted,
        on_hold: seat.on_hold,
    });
    ConferenceParticipants { count: u64::try_from(seats.len()).unwrap_or(u64::MAX), list: list.collect() }
}

/// Adds conditions. A true `Ready` says whether the conference is live.
pub(super) fn conclude(
    object: &Conference,
    mut status: ConferenceStatus,
    outcome: &Outcome,
) -> (ConferenceStatus, Report) {
    let previous: Vec<Condition> = status.conditions.iter().filter_map(from_kube).collect();
    let subject = Subject {
        generation: object.generation(),
        deleting: object.deleting(),
        previous: &previous,
        now: Timestamp::now(),
        words: WORDS,
    };
    let mut report = report(&subject, outcome, None);
    let (reason, message) = match &status.id {
        Some(_) => (Reason::Live, "a conference of this name is live"),
        None => (Reason::NotLive, "the policy waits for a conference of this name"),
    };
    for condition in &mut report.conditions {
        if condition.kind == "Ready" && condition.status == reconcile_plan::ConditionStatus::True {
            reason.as_str().clone_into(&mut condition.reason);
            message.clone_into(&mut condition.message);
        }
    }
    status.conditions = report.conditions.iter().map(to_kube).collect();
    status.observed_generation = Some(object.generation());
    (status, report)
}
