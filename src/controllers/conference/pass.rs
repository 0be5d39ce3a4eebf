//! One pass over one conference: see, decide, act, report.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use futures::{FutureExt, TryStreamExt};
use kube::Api;
use kube::api::{Patch, PatchParams};
use reconcile_plan::{Outcome, Reason, Referent, RetryClass, Settled};
use serde_json::json;
use telnyx_voice::conference::{self as voice, ParticipantFilter};
use telnyx_voice::{Class, ConferenceId, Endpoint, Error, Lane, ParticipantId, classify};

use super::decide::{Done, Exit, Seat, Step, decide, goes_by_labels};
use super::perform::{perform, region};
use super::report::{Live, conclude, found};
use super::{AFTER_A_COMMAND, KIND, PACE};
use crate::api::{AnnouncementState, AnnouncementStatus, BeepStatus, Conference, ConferenceStatus, RoleStatus};
use crate::fall::{Fall, caught};
use crate::reconcile::{Account, Context, Doing, Object as _, outcome_of, stumbled};

/// What is remembered of one object. All of it can be lost.
#[derive(Debug, Default)]
pub(super) struct Memory {
    next: Option<Instant>,
    generation: i64,
    /// The status that we wrote last; the watch may not have shown it yet.
    written: Option<ConferenceStatus>,
    /// Labels by participant.
    labels: HashMap<String, Option<String>>,
    /// Steps that the API refused in this conference under this spec, and why. They are not sent again.
    refused: BTreeMap<String, String>,
    of: Option<String>,
}

impl Memory {
    pub(super) fn due(&self, now: Instant, object: &Conference) -> bool {
        self.generation != object.generation() || self.next.is_none_or(|next| next <= now)
    }

    /// Another spec, or another conference, may be treated otherwise.
    fn turn_to(&mut self, generation: i64, id: Option<&String>) {
        if self.generation != generation || self.of.as_ref() != id {
            self.refused.clear();
        }
        if self.of.as_ref() != id {
            self.labels.clear();
        }
        self.generation = generation;
        self.of = id.cloned();
    }
}

/// One object and what is known of it.
pub(super) struct Pass {
    pub(super) object: Conference,
    pub(super) memory: Memory,
    /// The account, where it can be used.
    pub(super) account: Option<Arc<Account>>,
    pub(super) live: super::Found,
    /// Applications whose conferences it may touch.
    pub(super) connections: Vec<String>,
}

impl Pass {
    pub(super) async fn run(self, context: &Context) -> (String, Memory) {
        let (namespace, name) = (self.object.namespace().to_owned(), self.object.name().to_owned());
        context.traces.pass(KIND, &namespace, &name, self.traced(context)).await
    }

    /// The pass. Gives the word of its outcome, too.
    async fn traced(mut self, context: &Context) -> (&'static str, (String, Memory)) {
        let started = Instant::now();
        let before = self.memory.written.clone().or_else(|| self.object.status.clone()).unwrap_or_default();
        let mut status = before.clone();
        let outcome = match caught(context.metrics.panics(), KIND, self.steps(context, &mut status)).await {
            Ok(outcome) | Err(Fall::Failed(outcome)) => outcome,
            Err(Fall::Panicked) => stumbled(),
        };
        context.metrics.reconciled(KIND, outcome.label(), started.elapsed());
        let (mut status, report) = conclude(&self.object, status, &outcome);
        let held_back = matches!(outcome, Outcome::Retry { class: RetryClass::Withheld, .. });
        if held_back {
            // That this process may not act just now says nothing of the conference; that an announcement was not made has to be
            // stored, or nobody makes it.
            (status.conditions, status.observed_generation) = (before.conditions, before.observed_generation);
        }
        let shown = self.memory.written.as_ref().or(self.object.status.as_ref());
        if shown != Some(&status) && write(context, &self.object, &status).await {
            if let Some(transition) = report.transition.filter(|_| !held_back) {
                context.events.publish(&self.object, transition);
            }
            self.memory.written = Some(status);
        }
        self.memory.next.get_or_insert_with(|| Instant::now() + PACE);
        (outcome.label(), (self.object.uid().to_owned(), self.memory))
    }

    async fn steps(&mut self, context: &Context, status: &mut ConferenceStatus) -> Result<Outcome, Outcome> {
        self.memory.next = None;
        if self.object.spec.suspend {
            self.memory.turn_to(self.object.generation(), None);
            return Ok(Outcome::Done(Settled::Suspended));
        }
        let all = self.live.clone();
        if let Err(outcome) = &all {
            self.memory.generation = self.object.generation();
            return Err(outcome.clone());
        }
        let (Some(account), Ok(all)) = (self.account.clone(), all) else { return Ok(Outcome::in_sync()) };
        if self.connections.is_empty() {
            self.memory.generation = self.object.generation();
            return Err(Outcome::waiting(self.no_application()));
        }
        let live = match self.ours(&all) {
            Some(conference) => Some(self.see(&account, conference.clone()).await?),
            None => None,
        };
        *status = found(status, live.as_ref());
        self.memory.turn_to(self.object.generation(), status.id.as_ref());
        match live {
            Some(live) => self.act(context, &account, &live, status).await,
            None => Ok(Outcome::in_sync()),
        }
    }

    fn no_application(&self) -> Referent {
        let name = self.object.spec.application_ref.as_ref().map(|reference| reference.name.clone());
        Referent {
            reason: Reason::ReferenceNotReady,
            kind: "CallControlApplication",
            name: name.unwrap_or_else(|| "of this namespace".to_owned()),
            need: "one that uses this account must exist at Telnyx".to_owned(),
        }
    }

    fn name(&self) -> &str {
        self.object.spec.conference_name.as_deref().unwrap_or_else(|| self.object.name())
    }

    /// The conference of this name that was begun on an application of this namespace.
    fn ours<'a>(&self, all: &'a [voice::Conference]) -> Option<&'a voice::Conference> {
        all.iter().find(|conference| {
            let connection = conference.connection_id.as_ref().map(telnyx_voice::ConnectionId::as_str);
            conference.name.as_deref() == Some(self.name())
                && connection.is_some_and(|connection| self.connections.iter().any(|ours| ours == connection))
        })
    }

    async fn see(&mut self, account: &Arc<Account>, conference: voice::Conference) -> Result<Live, Outcome> {
        let Some(id) = conference.id.clone() else { return Ok(Live { conference, seats: vec![] }) };
        let failed = |error: Error| outcome_of(&error, Endpoint::Participants, Doing::Reading, account);
        let client = account.client().lane(Lane::Resync);
        let filter = ParticipantFilter { region: region(&self.object.spec), ..ParticipantFilter::default() };
        let listing = async { client.conference_participants(&id, &filter)?.try_collect::<Vec<_>>().await };
        let people = listing.await.map_err(failed)?;
        let mut seats = vec![];
        // Whoever left is shown for a while, and no command is taken for them.
        for one in people.into_iter().filter(|one| one.status != Some(voice::ParticipantStatus::Left)) {
            let (Some(call), Some(participant)) = (one.call_control_id, one.id) else { continue };
            let label = if goes_by_labels(&self.object.spec) {
                self.label(&client, &id, &participant).await.map_err(failed)?
            } else {
                None
            };
            let (muted, on_hold) = (one.muted.unwrap_or(false), one.on_hold.unwrap_or(false));
            seats.push(Seat {
                call: call.to_string(),
                participant: participant.to_string(),
                label,
                muted,
                on_hold,
                exit: Exit {
                    ends: one.end_conference_on_exit.unwrap_or(false),
                    softly: one.soft_end_conference_on_exit.unwrap_or(false),
                },
            });
        }
        seats.sort_by(|one, other| one.call.cmp(&other.call));
        Ok(Live { conference, seats })
    }

    /// The label of a participant, read once: it does not change.
    async fn label(
        &mut self,
        client: &telnyx_voice::Client,
        id: &ConferenceId,
        participant: &ParticipantId,
    ) -> Result<Option<String>, Error> {
        if let Some(known) = self.memory.labels.get(participant.as_str()) {
            return Ok(known.clone());
        }
        let read = client.get_conference_participant(id, participant).await?;
        let label = read.label.map(telnyx_voice::Private::into_inner);
        self.memory.labels.insert(participant.to_string(), label.clone());
        Ok(label)
    }

    async fn act(
        &mut self,
        context: &Context,
        account: &Arc<Account>,
        live: &Live,
        status: &mut ConferenceStatus,
    ) -> Result<Outcome, Outcome> {
        let ConferenceStatus { recording, announcements, roles, beeps, .. } = &*status;
        let done = Done { recording: *recording, announcements, roles, beeps };
        let steps = decide(&self.object.spec, &live.seats, done);
        let client = account.client().lane(Lane::LiveCall);
        let id = ConferenceId::from(live.id());
        let mut outcome = Outcome::in_sync();
        for step in steps {
            let key = format!("{step:?}");
            if let Some(message) = self.memory.refused.get(&key) {
                outcome = outcome.merge(refusal(message));
                continue;
            }
            if let Step::Announce(name) = &step {
                self.claim(context, name, status).await?;
            }
            self.memory.next = Some(Instant::now() + AFTER_A_COMMAND);
            let sending = perform(&client, &id, &self.object.spec, self.object.generation(), &step).boxed();
            let ended = match sending.await {
                Ok(()) => {
                    note(status, &step, AnnouncementState::Sent);
                    tracing::info!(conference = %self.object.place(), step = word_for(&step), "commanded");
                    continue;
                }
                Err(error) if classify(&error, Endpoint::Conference) == Class::NotFound => {
                    unclaim(status, &step);
                    self.memory.next = Some(Instant::now() + PACE);
                    ControlFlow::Break(self.not_found(&client, &id).await)
                }
                Err(error) => self.failed(account, status, &step, key, &error),
            };
            match ended {
                ControlFlow::Continue(end) => outcome = outcome.merge(end),
                ControlFlow::Break(end) => return Ok(outcome.merge(end)),
            }
        }
        Ok(outcome)
    }

    /// Writes down that an announcement is about to be made: whatever happens then, it is not made twice.
    async fn claim(&mut self, context: &Context, name: &str, status: &mut ConferenceStatus) -> Result<(), Outcome> {
        status.announcements.push(AnnouncementStatus { name: name.to_owned(), state: AnnouncementState::Sending });
        if write(context, &self.object, status).await {
            self.memory.written = Some(status.clone());
            return Ok(());
        }
        status.announcements.pop();
        let message = "status could not be written, and an announcement is not made without".to_owned();
        Err(Outcome::Retry { class: RetryClass::Kubernetes, after: None, message })
    }

    /// A command has found no conference that was listed just now. Is it over? Then the next pass sees that.
    async fn not_found(&self, client: &telnyx_voice::Client, id: &ConferenceId) -> Outcome {
        let found = client.get_conference(id, region(&self.object.spec).as_ref()).await;
        if found.is_ok_and(|found| found.status == Some(voice::ConferenceStatus::Completed)) {
            return Outcome::in_sync();
        }
        let message = "Telnyx lists the conference and takes no command for it: it is asked again; spec.region must be \
            where the conference is kept";
        Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message: message.to_owned() }
    }

    /// How the pass goes on after a step that was not taken: it breaks off when the conference is over.
    fn failed(
        &mut self,
        account: &Account,
        status: &mut ConferenceStatus,
        step: &Step,
        key: String,
        error: &Error,
    ) -> ControlFlow<Outcome, Outcome> {
        let class = classify(error, Endpoint::Conference);
        if matches!(class, Class::AlreadyDone | Class::CallEnded) {
            return ControlFlow::Break(Outcome::in_sync());
        }
        let outcome = outcome_of(error, Endpoint::Conference, Doing::Updating, account);
        if let Outcome::Terminal { message, .. } = &outcome {
            let message = format!("{}: {message}", word_for(step));
            note(status, step, AnnouncementState::Refused);
            self.memory.refused.insert(key, message.clone());
            return ControlFlow::Continue(refusal(&message));
        }
        // An announcement of unknown fate stays claimed; one that was surely not made is made again.
        if !error.may_have_acted() {
            unclaim(status, step);
        }
        ControlFlow::Continue(outcome)
    }
}

fn refusal(message: &str) -> Outcome {
    Outcome::Terminal { reason: Reason::InvalidSpec, message: message.to_owned() }
}

/// An announcement that was surely not made is to be made again.
fn unclaim(status: &mut ConferenceStatus, step: &Step) {
    if let Step::Announce(name) = step {
        status.announcements.retain(|one| one.name != *name);
    }
}

/// What a step has changed that Telnyx does not show.
fn note(status: &mut ConferenceStatus, step: &Step, announced: AnnouncementState) {
    let sent = announced == AnnouncementState::Sent;
    match step {
        Step::Announce(name) => {
            for one in status.announcements.iter_mut().filter(|one| one.name == *name) {
                one.state = announced;
            }
        }
        Step::Record(record) if sent => status.recording = Some(record.leads_to()),
        Step::Role(call, role) if sent => {
            status.roles.retain(|given| given.call_control_id != *call);
            status.roles.push(RoleStatus { call_control_id: call.clone(), supervisor_role: *role });
        }
        Step::Change(change) if sent => {
            if let Some(beep_enabled) = change.beep {
                status.beeps.retain(|given| given.call_control_id != change.call);
                status.beeps.push(BeepStatus { call_control_id: change.call.clone(), beep_enabled });
            }
        }
        Step::Record(_)
        | Step::Change(_)
        | Step::Role(..)
        | Step::End
        | Step::Hold(_)
        | Step::Unhold(_)
        | Step::Mute(_)
        | Step::Unmute(_) => {}
    }
}

/// The field of the spec that a step comes from.
fn word_for(step: &Step) -> &'static str {
    match step {
        Step::End => "spec.end",
        Step::Hold(_) | Step::Unhold(_) => "spec.lobby or spec.participants[].onHold",
        Step::Mute(_) | Step::Unmute(_) => "spec.participants[].muted",
        Step::Change(_) => "spec.participants[].endConferenceOnExit, softEndConferenceOnExit or beepEnabled",
        Step::Role(..) => "spec.participants[].supervisorRole",
        Step::Record(_) => "spec.recording",
        Step::Announce(_) => "spec.announcements",
    }
}

/// Replaces status whole; nobody else writes it. Fails on an object of the same name that is not the same object.
async fn write(context: &Context, object: &Conference, status: &ConferenceStatus) -> bool {
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": object.uid() },
        { "op": "add", "path": "/status", "value": status },
    ]);
    let patch = match serde_json::from_value(patch) {
        Ok(patch) => Patch::Json::<()>(patch),
        Err(error) => {
            tracing::error!(error = %error, "a patch of ours cannot be written");
            return false;
        }
    };
    let api = Api::<Conference>::namespaced(context.kube.clone(), object.namespace());
    match api.patch_status(object.name(), &PatchParams::default(), &patch).await {
        Ok(_) => true,
        Err(kube::Error::Api(answer)) if answer.code == 404 => true,
        Err(error) => {
            tracing::warn!(object = %object.place(), error = %error, "status could not be written");
            false
        }
    }
}
