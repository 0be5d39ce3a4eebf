//! Makes what is missing.
//!
//! Before the request leaves, the attempt and what was there are noted; after its answer nothing can fail before the id is
//! in memory. Does not know whether anything may be made: the plan said so.

use super::accounts::Account;
use super::external::{External, Wanted};
use super::failure::{Doing, outcome_of};
use super::held::conflict;
use super::managed::Object as _;
use super::memory::{Attempt, Memory, locked};
use super::pass::{Case, Loop, claimant};
use super::status::Findings;
use reconcile_plan::{Fields, Observed, Outcome, Policy, Reason, RetryClass};
use std::sync::Arc;
use std::time::Instant;
use telnyx_voice::{Class, Error, classify};

impl<E: External> Loop<E> {
    pub(super) async fn create(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        observed: &Observed,
        body: Fields,
        findings: &mut Findings,
    ) -> Result<Outcome, Outcome> {
        let (lost, before) = match observed {
            Observed::Found { .. } => (false, vec![]),
            Observed::Absent { lost, candidates } => {
                (lost.is_some(), candidates.iter().map(|candidate| candidate.id.clone()).collect())
            }
        };
        locked(&case.memory).attempt = Some(Attempt::begun(before));
        let answer = E::create(account.client(), body).await;
        let made = match answer {
            Ok(fields) => E::listed(fields),
            Err(error) => return Err(Self::create_failed(case, account, &error)),
        };
        let Some(made) = made else {
            give_up(&mut locked(&case.memory));
            let message = "the API accepted the create but named no id; it is looked up".to_owned();
            return Err(Outcome::Retry { class: RetryClass::FateUnknown, after: None, message });
        };
        {
            let mut memory = locked(&case.memory);
            memory.id = Some(made.id.clone());
            memory.attempt = None;
        }
        account.shelf(E::KIND).with(|view| view.record(&made));
        let claimed = self.claims.claim((account.key.clone(), made.id.clone()), &claimant(case.object));
        findings.id = Some(made.id.clone());
        findings.observed = Some(Self::steady(&made.fields));
        tracing::info!(object = %case.object.place(), id = made.id, again = lost, "created {}", E::KIND);
        findings.deed = Some(if lost {
            (Reason::Recreated, format!("created {} {}, because the one before had vanished", E::KIND, made.id))
        } else {
            (Reason::Created, format!("created {} {}", E::KIND, made.id))
        });
        match claimed {
            Ok(()) => Ok(Self::settle(wanted, &Policy::default(), &made.fields, findings)),
            Err(holder) => Err(conflict(&made.id, &holder)),
        }
    }

    /// After a definite no, nothing was made. After anything else, only a new listing can tell.
    fn create_failed(case: &Case<'_, E>, account: &Account, error: &Error) -> Outcome {
        let mut memory = locked(&case.memory);
        if classify(error, E::ENDPOINT) == Class::AlreadyExists {
            memory.attempt = None;
            memory.outdated = Some(Instant::now());
        } else if error.may_have_acted() {
            give_up(&mut memory);
        } else {
            memory.attempt = None;
        }
        drop(memory);
        outcome_of(error, E::ENDPOINT, Doing::Creating, account)
    }

    /// Whether what is not in the listing is not there. A create whose answer was lost may be carried out later.
    pub(super) fn absence_is_certain(case: &Case<'_, E>, account: &Account) -> Result<(), Outcome> {
        let listed = account.shelf(E::KIND).with(|view| view.started());
        let now = Instant::now();
        let after = locked(&case.memory).attempt.as_ref().and_then(|attempt| attempt.may_arrive_for(now, listed?));
        after.map_or(Ok(()), |after| {
            let message = "a create whose answer was lost may still arrive; it is looked for before another is sent";
            Err(Outcome::Retry { class: RetryClass::FateUnknown, after: Some(after), message: message.to_owned() })
        })
    }
}

/// From now on a listing can tell what became of the create.
fn give_up(memory: &mut Memory) {
    if let Some(attempt) = &mut memory.attempt {
        attempt.give_up(Instant::now());
    }
}
