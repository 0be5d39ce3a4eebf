//! What a dial plan refers to: the account's dialer, and the application's id at Telnyx.

use std::sync::Arc;

use kube::{Api, Client};

use super::problem::Problem;
use crate::api::{CallControlApplication, DialPlan};
use crate::dialing::conditions::Reason;
use crate::dialing::{Dialers, Line};
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
}
