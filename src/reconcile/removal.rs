//! The way out: delete, read that it is gone, let go.
//!
//! The finalizer leaves only after the API has said 404, or when the rules say that nothing can or may be removed:
//! the policy is `Retain` or `ObserveOnly`; the account does not exist; the account is being deleted and its Secret is
//! gone, so that no credentials can come back; or a person set the annotation [`FORCE_RELEASE`]. The last three leave a
//! remote object behind and say so in an event and in the log.

use super::accounts::{Account, Departure};
use super::external::External;
use super::failure::{Doing, draining, outcome_of};
use super::managed::{Managed as _, Object as _, policy_of};
use super::memory::locked;
use super::observe::Freshness;
use super::pass::{Case, Loop, kubernetes};
use super::prepare::{FINALIZER, FORCE_RELEASE, release};
use super::status::Findings;
use crate::api::{DeletionPolicy, ManagementPolicy, Policies};
use reconcile_plan::{
    Action, Candidate, Claim, EventKind, Observed, Outcome, Policy, Reason, Referent, RetryClass, Target, Transition,
    plan,
};
use std::sync::Arc;
use std::time::Duration;
use telnyx_voice::{Class, classify};

/// How soon to look again for an object whose deletion was accepted and that is still there.
const STILL_THERE: Duration = Duration::from_secs(1);

impl<E: External> Loop<E> {
    /// `None`: the object is let go, or was never held.
    pub(super) async fn remove(&self, case: &Case<'_, E>, findings: &mut Findings) -> Result<Option<Outcome>, Outcome> {
        if !case.guarded() {
            return Ok(None);
        }
        let object = case.object;
        findings.id = case.id();
        let forced = object.annotation(FORCE_RELEASE) == Some("true");
        let left_behind = match self.clear(case).await {
            Ok(left_behind) => left_behind,
            Err(_) if forced => Some("the annotation telnyx-operator.io/force-release asks for it"),
            Err(outcome) => return Err(with_hint(outcome)),
        };
        release(&self.api(object), object, FINALIZER)
            .await
            .map_err(|error| kubernetes("its finalizer could not be removed", &error))?;
        self.forget(case);
        if let Some(why) = left_behind {
            let id = findings.id.as_deref().unwrap_or("none known");
            tracing::warn!(object = %object.place(), id, why, "let go without removing the remote object");
            let note = format!("let go of {} {id} without removing it: {why}", E::KIND);
            self.events.publish(object, Transition { kind: EventKind::Warning, reason: Reason::Released, note });
        }
        Ok(None)
    }

    /// Removes the remote side. `Some` says why it is left as it is against the user's wish.
    async fn clear(&self, case: &Case<'_, E>) -> Result<Option<&'static str>, Outcome> {
        let object = case.object;
        if keeps_whatever_the_account_says(object.policies()) {
            return Ok(None);
        }
        match self.accounts.departure(object.account_ref(), object.namespace()).await {
            Departure::Use(account) => {
                self.clear_with(case, &account).await?;
                Ok(None)
            }
            Departure::NoAccount => Ok(Some("its TelnyxAccount does not exist")),
            Departure::CredentialsLost => {
                Ok(Some("its TelnyxAccount is being deleted and the Secret with the key is gone"))
            }
            Departure::Wait(referent) => Err(Outcome::waiting(referent)),
        }
    }

    async fn clear_with(&self, case: &Case<'_, E>, account: &Arc<Account>) -> Result<(), Outcome> {
        let object = case.object;
        let policy = policy_of(object, account.spec.defaults, false);
        let observed = match case.id() {
            Some(id) => self.found(case, account, &id),
            None => self.found_without_id(case, account, &policy).await?,
        };
        let Action::Delete { ids } = plan(&Target::Gone, &observed, &policy).action else {
            return Self::absence_is_certain(case, account);
        };
        for id in &ids {
            self.delete(account, id).await?;
            tracing::info!(object = %object.place(), id, "deleted {}", E::KIND);
            self.events.publish(
                object,
                Transition {
                    kind: EventKind::Normal,
                    reason: Reason::Deleted,
                    note: format!("deleted {} {id}", E::KIND),
                },
            );
        }
        Ok(())
    }

    /// What a create whose answer never reached status may have left behind.
    async fn found_without_id(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        policy: &Policy,
    ) -> Result<Observed, Outcome> {
        self.listed(case, account, Freshness::Any).await?;
        match E::resolve(case.object, account, &*self.references) {
            Ok(wanted) => self.observe(case, account, &wanted, policy, false).await,
            // What cannot be resolved any more can still be told by its mark.
            Err(_unresolved) => Ok(Observed::Absent { lost: None, candidates: Self::marked(case, account) }),
        }
    }

    /// The remote objects that carry the mark of this one.
    fn marked(case: &Case<'_, E>, account: &Account) -> Vec<Candidate> {
        let uid = case.object.uid();
        let found = account.shelf(E::KIND).with(|view| view.candidates(uid, ""));
        found
            .into_iter()
            .filter(|listed| listed.mark.as_deref() == Some(uid))
            .map(|listed| Candidate { id: listed.id, fields: listed.fields, claim: Claim::Ours })
            .collect()
    }

    /// Asks for removal, and reads that it has happened.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the classes are open; any other no is told as it is")]
    async fn delete(&self, account: &Arc<Account>, id: &str) -> Result<(), Outcome> {
        if let Err(error) = E::delete(account.client(), id).await {
            match classify(&error, E::ENDPOINT) {
                Class::NotFound => {}
                Class::QueueNotEmpty => {
                    // Only for the message: a read that fails takes nothing from what the refusal said.
                    let left = self.read(account, id).await.ok().flatten().and_then(|fields| E::occupants(&fields));
                    return Err(draining(left.filter(|left| *left > 0)));
                }
                _ => return Err(outcome_of(&error, E::ENDPOINT, Doing::Deleting, account)),
            }
        }
        if self.read(account, id).await?.is_some() {
            let message = format!("{} {id} is still there after its deletion was accepted", E::KIND);
            return Err(Outcome::Retry { class: RetryClass::Deleting, after: Some(STILL_THERE), message });
        }
        Ok(())
    }

    /// An object whose id is recorded is there until a read says otherwise; the delete itself finds out.
    fn found(&self, case: &Case<'_, E>, account: &Account, id: &str) -> Observed {
        let holder = self.claims.held_by_another(&(account.key.clone(), id.to_owned()), case.object.uid());
        Observed::Found { id: id.to_owned(), known: true, fields: reconcile_plan::Fields::new(), holder }
    }

    fn forget(&self, case: &Case<'_, E>) {
        {
            let mut memory = locked(&case.memory);
            memory.released = true;
            memory.written = None;
        }
        self.wake(self.claims.release(case.object.uid()));
    }

    /// Wakes objects of this kind by `namespace/name`.
    pub(super) fn wake(&self, places: Vec<String>) {
        for place in places {
            if let Some((namespace, name)) = place.split_once('/') {
                // Nobody receives when the controllers have stopped, and then nothing needs waking.
                let _stopped = self.waker.send((namespace.to_owned(), name.to_owned()));
            }
        }
    }
}

/// The object's own choice decides before the account is looked for, which may be gone.
fn keeps_whatever_the_account_says(policies: Policies) -> bool {
    policies.deletion_policy == Some(DeletionPolicy::Retain)
        || policies.management_policy == Some(ManagementPolicy::ObserveOnly)
}

/// Tells those who wait for what may never come how to give up.
fn with_hint(outcome: Outcome) -> Outcome {
    let hint = "; to leave the remote object behind, annotate this object with telnyx-operator.io/force-release=true";
    match outcome {
        Outcome::Waiting { on } => Outcome::Waiting {
            on: on.into_iter().map(|referent| Referent { need: referent.need + hint, ..referent }).collect(),
        },
        Outcome::Terminal { reason, message } => Outcome::Terminal { reason, message: message + hint },
        other @ (Outcome::Done(_) | Outcome::Retry { .. }) => other,
    }
}
