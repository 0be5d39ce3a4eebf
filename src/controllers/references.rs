//! What a dial plan refers to: the account's dialer, the application's id at Telnyx, and the revision of a call flow.

use std::sync::Arc;

use call_flow::FlowKey;
use call_flow::spec::Direction;
use kube::{Api, Client};

use super::problem::Problem;
use crate::api::{CallControlApplication, CallFlow, CallFlowRef, DialPlan, PinnedFlow};
use crate::dialing::conditions::Reason;
use crate::dialing::{Dialers, Line};
use crate::flows::{Catalogue, Unpinnable};
use crate::reconcile::AccountKey;

/// The references of one plan. `root` is the plan's own field path.
pub(super) struct References<'a> {
    pub(super) root: &'static str,
    pub(super) plan: &'a DialPlan,
    pub(super) namespace: String,
}

impl References<'_> {
    pub(super) fn account(&self) -> AccountKey {
        AccountKey::of(&self.plan.account_ref, &self.namespace)
    }

    /// The way to the account's dialer.
    pub(super) fn line(&self, dialers: &Dialers) -> Result<Line, Problem> {
        let (root, key) = (self.root, self.account());
        let Some(line) = dialers.line(&key) else {
            let message = format!("{root}.accountRef: TelnyxAccount {key} does not exist or is not Ready");
            return Err(Problem::waiting(Reason::AccountNotReady, message));
        };
        if !line.allows(&self.namespace) {
            let message = format!(
                "{root}.accountRef: TelnyxAccount {key} does not list namespace {} in spec.allowedNamespaces",
                self.namespace
            );
            return Err(Problem::waiting(Reason::AccountNotAllowed, message));
        }
        Ok(line)
    }

    /// The application's id at Telnyx, once it is Ready.
    pub(super) async fn connection(&self, client: &Client) -> Result<Arc<str>, Problem> {
        let (root, name) = (self.root, &self.plan.application_ref.name);
        let wait = |problem: &str| {
            let message = format!("{root}.applicationRef: CallControlApplication {name} {problem}");
            Problem::waiting(Reason::ApplicationNotReady, message)
        };
        let api = Api::<CallControlApplication>::namespaced(client.clone(), &self.namespace);
        let application = api.get_opt(name).await?.ok_or_else(|| wait("does not exist"))?;
        if AccountKey::of(&application.spec.account_ref, &self.namespace) != self.account() {
            let message = format!("{root}.applicationRef: CallControlApplication {name} belongs to another account");
            return Err(Problem::stalled(Reason::InvalidSpec, message));
        }
        let status = application.status.unwrap_or_default();
        let ready = status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let id = status.id.filter(|_| ready).ok_or_else(|| wait("is not Ready yet"))?;
        Ok(id.into())
    }

    /// The revision of the plan's call flow that `owner`, by its UID, keeps: `pinned` where it has one already, else a new choice,
    /// which has to be recorded before anything is done with it. `None`: the plan has no call flow.
    pub(super) async fn call_flow(
        &self,
        client: &Client,
        catalogue: &Catalogue,
        owner: &str,
        pinned: Option<&PinnedFlow>,
    ) -> Result<Option<PinnedFlow>, Problem> {
        let Some(reference) = &self.plan.call_flow_ref else { return Ok(None) };
        let found = match pinned {
            Some(pinned) => catalogue.pin_again(owner, FlowKey::new(&pinned.uid, pinned.revision)),
            None => catalogue.pin(owner, &self.namespace, &reference.name, reference.revision),
        };
        let (key, runnable) = match found {
            Ok(found) => found,
            Err(why) => return Err(self.no_call_flow(client, reference, pinned, why).await?),
        };
        if runnable.flow.spec().direction == Direction::Inbound {
            catalogue.unpin(owner);
            let message = format!(
                "{}.callFlowRef: CallFlow {} is for calls that come in: set its direction to Outbound or Any",
                self.root, reference.name
            );
            return Err(Problem::waiting(Reason::CallFlowNotReady, message));
        }
        let (name, uid) = (runnable.name.to_string(), runnable.uid.to_string());
        Ok(Some(PinnedFlow { name, revision: key.revision, uid }))
    }

    async fn no_call_flow(
        &self,
        client: &Client,
        reference: &CallFlowRef,
        pinned: Option<&PinnedFlow>,
        why: Unpinnable,
    ) -> Result<Problem, Problem> {
        let (root, name) = (self.root, &reference.name);
        let revision = pinned.map(|pinned| pinned.revision).or(reference.revision).unwrap_or_default();
        let gone = |remedy: &str| {
            let message =
                format!("{root}.callFlowRef: revision {revision} of CallFlow {name} is not kept any more: {remedy}");
            Problem::stalled(Reason::CallFlowRevisionGone, message)
        };
        Ok(match (why, pinned) {
            (Unpinnable::NotSynced, _) => {
                Problem::waiting(Reason::Preparing, format!("{root}.callFlowRef: call flows are being read"))
            }
            (Unpinnable::NotReady | Unpinnable::RevisionGone, Some(_)) => {
                gone("nobody is called; create another campaign for the targets that are left")
            }
            (Unpinnable::RevisionGone, None) => {
                gone("name one of the flow's status.revisions, or leave revision unset")
            }
            (Unpinnable::NotReady, None) => {
                let api = Api::<CallFlow>::namespaced(client.clone(), &self.namespace);
                if api.get_metadata_opt(name).await?.is_none() {
                    let message = format!("{root}.callFlowRef: CallFlow {name} does not exist");
                    return Ok(Problem::waiting(Reason::CallFlowNotFound, message));
                }
                let message = format!(
                    "{root}.callFlowRef: no call can begin with CallFlow {name}: it is not valid (see its Ready condition), or is \
                     being deleted"
                );
                Problem::waiting(Reason::CallFlowNotReady, message)
            }
        })
    }
}

/// As the dialer names it.
pub(super) fn flow_key(pinned: &PinnedFlow) -> dialer::spec::FlowKey {
    let FlowKey { flow, revision } = FlowKey::new(&pinned.uid, pinned.revision);
    dialer::spec::FlowKey { flow, revision }
}
