//! Takes over and changes what is there.
//!
//! Sends no more than the plan asks. Does not know whether the spec or the remote side changed, beyond the word for it.

use super::accounts::Account;
use super::external::{External, Wanted};
use super::failure::{Doing, outcome_of};
use super::held::{conflict, left_as_it_is, names};
use super::managed::Object as _;
use super::memory::locked;
use super::pass::{Case, Loop, claimant};
use super::status::Findings;
use reconcile_plan::{Fields, Outcome, Policy, Reason, RetryClass, Settled};
use std::sync::Arc;
use std::time::Instant;
use telnyx_voice::{Class, classify};

impl<E: External> Loop<E> {
    pub(super) fn adopt(
        &self,
        case: &Case<'_, E>,
        account: &Account,
        id: &str,
        findings: &mut Findings,
    ) -> Result<(), Outcome> {
        self.claims
            .claim((account.key.clone(), id.to_owned()), &claimant(case.object))
            .map_err(|holder| conflict(id, &holder))?;
        {
            let mut memory = locked(&case.memory);
            memory.id = Some(id.to_owned());
            memory.attempt = None;
        }
        findings.id = Some(id.to_owned());
        findings.observed = account.shelf(E::KIND).with(|view| view.fields(id)).map(|fields| Self::steady(&fields));
        tracing::info!(object = %case.object.place(), id, "adopted {}", E::KIND);
        findings.deed = Some((Reason::Adopted, format!("adopted {} {id}", E::KIND)));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what a pass knows, each used once")]
    pub(super) async fn update(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        id: &str,
        body: Fields,
        policy: &Policy,
        findings: &mut Findings,
    ) -> Result<Option<Outcome>, Outcome> {
        let fields: Vec<String> =
            body.keys().filter(|key| !E::RULES.always_sent.contains(&key.as_str())).cloned().collect();
        let updated = match E::update(account.client(), id, body).await {
            Ok(fields) => E::listed(fields),
            Err(error) if classify(&error, E::ENDPOINT) == Class::NotFound => {
                account.shelf(E::KIND).with(|view| view.forget(id));
                return Ok(None);
            }
            Err(error) => return Err(outcome_of(&error, E::ENDPOINT, Doing::Updating, account)),
        };
        let Some(updated) = updated else {
            locked(&case.memory).outdated = Some(Instant::now());
            let message = "the API accepted the update but its answer names no id; it is read again".to_owned();
            return Err(Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message });
        };
        account.shelf(E::KIND).with(|view| view.record(&updated));
        findings.observed = Some(Self::steady(&updated.fields));
        tracing::info!(object = %case.object.place(), id, fields = ?fields, edited = policy.edited, "updated {}", E::KIND);
        if findings.deed.is_none() {
            let reason = if policy.edited { Reason::Updated } else { Reason::DriftCorrected };
            findings.deed = Some((reason, format!("changed {} {id}: {}", E::KIND, fields.join(", "))));
        }
        Ok(Some(Self::settle(wanted, policy, &updated.fields, findings)))
    }

    /// In sync, unless older drift was left as it is, or the API answered with other values than it was sent: then saying
    /// so ends the argument.
    pub(super) fn settle(wanted: &Wanted, policy: &Policy, fields: &Fields, findings: &mut Findings) -> Outcome {
        let differing = reconcile_plan::diff(&wanted.fields, fields, &E::RULES);
        if differing.is_empty() {
            return Outcome::in_sync();
        }
        let edits = policy.edits.as_ref();
        let message = if differing.iter().all(|change| edits.is_some_and(|edits| !edits.contains(&change.path))) {
            left_as_it_is(&differing)
        } else {
            format!("the API accepted the request but keeps other values: {}", names(&differing))
        };
        findings.drift = differing;
        Outcome::Done(Settled::Drifted { message })
    }
}
