//! The declared policies of conferences, for flows that begin one.
//!
//! A conference cannot be made without a call, so its policy is realised by the first leg: whatever the step leaves unset is taken
//! from the `Conference` of that name. Commands on a conference go where it is kept: by its policy, or by the command with which the
//! call entered it. Written by that kind's controller.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use call_flow::effect::{ConferenceCommand, Request};
use telnyx_voice::call::ConferenceConfig;
use telnyx_voice::conference::{ConferenceRegion, ConferenceRequest};

use crate::api::Conference;
use crate::controllers::word;
use crate::reconcile::{AccountKey, Object as _};

/// The account, the namespace, and the conference's name or id.
type Name = (AccountKey, Box<str>, Box<str>);

/// All policies. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct ConferencePolicies(Arc<RwLock<Policies>>);

#[derive(Debug, Default)]
struct Policies {
    by_name: HashMap<Name, ConferenceRequest>,
    /// Where live conferences are kept, by id.
    regions: HashMap<Name, ConferenceRegion>,
}

/// The conference that a call is in.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    /// Its id, where it is known.
    pub(super) conference: Option<&'a str>,
    /// Where it is kept, by the command with which the call entered it.
    pub(super) region: &'a mut Option<ConferenceRegion>,
}

impl ConferencePolicies {
    /// These are all that there are now.
    pub fn replace<'a>(&self, conferences: impl Iterator<Item = &'a Conference>) {
        let mut policies = Policies::default();
        for one in conferences.filter(|one| !one.spec.suspend && !one.deleting()) {
            let (name, policy) = policy(one);
            let id = one.status.as_ref().and_then(|status| status.id.as_deref());
            let (account, namespace, _) = &name;
            let place = id.map(|id| (account.clone(), namespace.clone(), id.into())).zip(policy.region.clone());
            policies.regions.extend(place);
            policies.by_name.insert(name, policy);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Fills in what a step of a flow of `namespace` left unset, where its request may begin a conference: "Create
    /// conference", and "Dial" with a `conference_config` (Telnyx API reference). And says where the conference of a command is
    /// kept, where the step does not: Telnyx looks in the account's own region otherwise.
    pub(super) fn complete(
        &self,
        account: &AccountKey,
        namespace: &str,
        request: &mut Request,
        inside: &mut Inside<'_>,
    ) {
        match request {
            Request::CreateConference(create) => {
                if let Some(policy) = self.of(account, namespace, create.name.as_deref()) {
                    create_by(&policy, create);
                }
                inside.region.clone_from(&create.region);
            }
            Request::Conference(named, command) => {
                let joins = matches!(**command, ConferenceCommand::JoinConference(_));
                let Some(region) = region_of(command) else { return };
                if region.is_none() {
                    let entered =
                        || inside.region.clone().filter(|_| !joins && inside.conference == Some(named.as_str()));
                    *region = self.region(account, namespace, named).or_else(entered);
                }
                if joins {
                    inside.region.clone_from(region);
                }
            }
            Request::Dial(dial) => {
                let Some(config) = dial.conference_config.as_mut() else { return };
                if let Some(policy) = self.of(account, namespace, config.conference_name.as_deref()) {
                    enter_by(&policy, config);
                }
            }
            Request::Call(..) => {}
        }
    }

    fn of(&self, account: &AccountKey, namespace: &str, name: Option<&str>) -> Option<ConferenceRequest> {
        let name = (account.clone(), namespace.into(), name?.into());
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_name.get(&name).cloned()
    }

    /// Where the conference of this name or id is kept.
    fn region(&self, account: &AccountKey, namespace: &str, named: &str) -> Option<ConferenceRegion> {
        let name = (account.clone(), namespace.into(), named.into());
        let policies = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let by_name = policies.by_name.get(&name).and_then(|policy| policy.region.as_ref());
        by_name.or_else(|| policies.regions.get(&name)).cloned()
    }
}

/// The field of a command for where the conference is kept; some have none.
fn region_of(command: &mut ConferenceCommand) -> Option<&mut Option<ConferenceRegion>> {
    match command {
        ConferenceCommand::JoinConference(request) => Some(&mut request.region),
        ConferenceCommand::LeaveConference(request) => Some(&mut request.region),
        ConferenceCommand::HoldConference(request) => Some(&mut request.region),
        ConferenceCommand::UnholdConference(request) => Some(&mut request.region),
        ConferenceCommand::MuteConference(request) => Some(&mut request.region),
        ConferenceCommand::UnmuteConference(request) => Some(&mut request.region),
        ConferenceCommand::PlayConference(request) => Some(&mut request.region),
        ConferenceCommand::SpeakConference(request) => Some(&mut request.region),
        ConferenceCommand::StopConferencePlayback(request) => Some(&mut request.region),
        ConferenceCommand::StartConferenceRecording(request) => Some(&mut request.region),
        ConferenceCommand::StopConferenceRecording(request) => Some(&mut request.region),
        ConferenceCommand::PauseConferenceRecording(request) => Some(&mut request.region),
        ConferenceCommand::ResumeConferenceRecording(request) => Some(&mut request.region),
        ConferenceCommand::UpdateConference(request) => Some(&mut request.region),
        ConferenceCommand::GatherConference(_)
        | ConferenceCommand::SendConferenceDtmf(_)
        | ConferenceCommand::EndConference(_) => None,
    }
}

fn create_by(policy: &ConferenceRequest, request: &mut ConferenceRequest) {
    fill(&mut request.beep_enabled, policy.beep_enabled.as_ref());
    fill(&mut request.comfort_noise, policy.comfort_noise.as_ref());
    fill(&mut request.duration_minutes, policy.duration_minutes.as_ref());
    fill(&mut request.max_participants, policy.max_participants.as_ref());
    fill(&mut request.region, policy.region.as_ref());
    fill(&mut request.start_conference_on_create, policy.start_conference_on_create.as_ref());
    hold_music(policy, &mut request.hold_audio_url, &mut request.hold_media_name);
}

/// As far as a call can begin a conference: the other fields of a policy only "Create conference" takes.
fn enter_by(policy: &ConferenceRequest, config: &mut ConferenceConfig) {
    fill(&mut config.beep_enabled, policy.beep_enabled.as_ref());
    fill(&mut config.start_conference_on_create, policy.start_conference_on_create.as_ref());
    hold_music(policy, &mut config.hold_audio_url, &mut config.hold_media_name);
}

/// A URL and the name of a stored medium exclude each other.
fn hold_music(policy: &ConferenceRequest, url: &mut Option<String>, media: &mut Option<String>) {
    if url.is_none() && media.is_none() {
        url.clone_from(&policy.hold_audio_url);
        media.clone_from(&policy.hold_media_name);
    }
}

fn fill<T: Clone>(unset: &mut Option<T>, from: Option<&T>) {
    if unset.is_none() {
        *unset = from.cloned();
    }
}

fn policy(conference: &Conference) -> (Name, ConferenceRequest) {
    let spec = &conference.spec;
    let name = spec.conference_name.as_deref().unwrap_or_else(|| conference.name());
    let account = AccountKey::of(&spec.account_ref, conference.namespace());
    let request = ConferenceRequest {
        beep_enabled: spec.beep_enabled.as_ref().and_then(word),
        comfort_noise: spec.comfort_noise,
        duration_minutes: spec.duration_minutes.map(i64::from),
        hold_audio_url: spec.hold_audio_url.clone(),
        hold_media_name: spec.hold_media_name.clone(),
        max_participants: spec.max_participants.map(i64::from),
        region: spec.region.as_ref().and_then(word),
        start_conference_on_create: spec.start_conference_on_create,
        ..ConferenceRequest::default()
    };
    ((account, conference.namespace().into(), name.into()), request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use telnyx_voice::call::{BeepEnabled, DialRequest};
    use telnyx_voice::conference::ConferenceMuteRequest;

    use super::*;

    fn declared(spec: &serde_json::Value) -> Conference {
        let metadata = json!({ "name": "town-hall", "namespace": "voice" });
        let object = json!({
            "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "Conference", "metadata": metadata, "spec": spec,
        });
        serde_json::from_value(object).unwrap()
    }

    fn account() -> AccountKey {
        AccountKey { namespace: "voice".into(), name: "main".into() }
    }

    fn filled(policies: &ConferencePolicies, namespace: &str, request: ConferenceRequest) -> ConferenceRequest {
        let mut request = Request::CreateConference(Box::new(request));
        policies.complete(&account(), namespace, &mut request, &mut Inside { conference: None, region: &mut None });
        let Request::CreateConference(request) = request else { panic!("{request:?}") };
        *request
    }

    #[test]
    fn what_the_step_leaves_unset_comes_from_the_policy_of_that_name() {
        let policies = ConferencePolicies::default();
        let spec = json!({ "accountRef": { "name": "main" }, "maxParticipants": 5, "beepEnabled": "always", "region": "Europe" });
        policies.replace([declared(&spec)].iter());
        let step = ConferenceRequest::default().name("town-hall").max_participants(9);
        let request = filled(&policies, "voice", step.clone());
        assert_eq!(request.max_participants, Some(9));
        assert_eq!(request.beep_enabled, Some(BeepEnabled::Always));
        assert_eq!(request.region.unwrap().as_str(), "Europe");
        assert_eq!(filled(&policies, "elsewhere", step.clone()), step, "another namespace's policy");
        let other = step.clone().name("other");
        assert_eq!(filled(&policies, "voice", other.clone()), other, "another conference");
        policies.replace([].iter());
        assert_eq!(filled(&policies, "voice", step.clone()), step, "a policy that is gone");
    }

    /// The region that a muting is sent with.
    fn muted_in(policies: &ConferencePolicies, named: &str, inside: &mut Inside<'_>) -> Option<String> {
        let command = ConferenceCommand::MuteConference(ConferenceMuteRequest::default());
        let mut request = Request::Conference(named.to_owned(), Box::new(command));
        policies.complete(&account(), "voice", &mut request, inside);
        let Request::Conference(_, command) = request else { panic!("{request:?}") };
        let ConferenceCommand::MuteConference(request) = *command else { panic!("{command:?}") };
        request.region.map(|region| region.as_str().to_owned())
    }

    #[test]
    fn a_command_goes_where_the_conference_is_kept() {
        let policies = ConferencePolicies::default();
        let spec = json!({ "accountRef": { "name": "main" }, "region": "Europe" });
        let mut conference = declared(&spec);
        conference.status = Some(serde_json::from_value(json!({ "id": "c1" })).unwrap());
        policies.replace([conference].iter());
        let muted = |named, conference, region: &mut Option<ConferenceRegion>| {
            muted_in(&policies, named, &mut Inside { conference, region }).unwrap_or_default()
        };
        assert_eq!(muted("town-hall", None, &mut None), "Europe", "by name");
        assert_eq!(muted("c1", None, &mut None), "Europe", "by id");
        assert_eq!(muted("c2", None, &mut None), "", "another conference");
        let mut entered = None;
        let step = ConferenceRequest::default().name("retro").region(ConferenceRegion::Australia);
        let mut request = Request::CreateConference(Box::new(step));
        policies.complete(&account(), "voice", &mut request, &mut Inside { conference: None, region: &mut entered });
        assert_eq!(muted("c3", Some("c3"), &mut entered), "Australia", "the one that the call has begun");
        assert_eq!(muted("c2", Some("c3"), &mut entered), "", "the call is in another one");
    }

    #[test]
    fn hold_music_of_two_kinds_is_never_sent_together() {
        let policies = ConferencePolicies::default();
        let spec = json!({ "accountRef": { "name": "main" }, "holdMediaName": "waltz" });
        policies.replace([declared(&spec)].iter());
        let step = ConferenceRequest::default().name("town-hall").hold_audio_url("https://example.com/a.mp3");
        assert_eq!(filled(&policies, "voice", step.clone()), step);
    }

    #[test]
    fn a_call_that_is_dialled_into_a_conference_begins_it_by_its_policy() {
        let policies = ConferencePolicies::default();
        let spec = json!({ "accountRef": { "name": "main" }, "maxParticipants": 5, "beepEnabled": "always", "holdMediaName": "waltz" });
        policies.replace([declared(&spec)].iter());
        let config =
            ConferenceConfig::default().conference_name("town-hall").hold_audio_url("https://example.com/a.mp3");
        let mut request =
            Request::Dial(Box::new(DialRequest { conference_config: Some(config), ..DialRequest::default() }));
        policies.complete(&account(), "voice", &mut request, &mut Inside { conference: None, region: &mut None });
        let Request::Dial(dial) = request else { panic!("{request:?}") };
        let config = dial.conference_config.unwrap();
        assert_eq!(config.beep_enabled, Some(BeepEnabled::Always));
        assert_eq!(
            (config.hold_media_name, config.hold_audio_url.as_deref()),
            (None, Some("https://example.com/a.mp3"))
        );
    }
}
