//! What is at the API: from the account's listing where that suffices, else read.
//!
//! Changes nothing there. Those who need a listing at the same time share one.

use super::accounts::Account;
use super::external::{External, Proof, Wanted};
use super::failure::{Doing, outcome_of};
use super::managed::Object as _;
use super::memory::locked;
use super::pass::{Case, Loop, claimant};
use super::prepare::NAME_WAS_FREE;
use super::view::Listed;
use reconcile_plan::{AdoptionPolicy, Candidate, Claim, Fields, Names, Observed, Outcome, Policy, RetryClass};
use std::sync::Arc;
use std::time::Instant;
use telnyx_voice::{Class, classify};

impl<E: External> Loop<E> {
    /// What is there. Costs no request when the listing shows the object.
    pub(super) async fn observe(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        policy: &Policy,
        read_now: bool,
    ) -> Result<Observed, Outcome> {
        let known = case.id();
        let Some(id) = known.clone().or_else(|| policy.import.clone()) else {
            return Ok(Observed::Absent { lost: None, candidates: self.candidates(case, account, wanted) });
        };
        let seen = if read_now { None } else { account.shelf(E::KIND).with(|view| view.fields(&id)) };
        let fields = match seen {
            Some(fields) => Some(fields),
            None => self.read(account, &id).await?,
        };
        let Some(fields) = fields else {
            let lost = known.is_some().then_some(id);
            return Ok(Observed::Absent { lost, candidates: self.candidates(case, account, wanted) });
        };
        let holder = self.claims.claim((account.key.clone(), id.clone()), &claimant(case.object)).err();
        Ok(Observed::Found { id, known: known.is_some(), fields, holder })
    }

    /// Reads one remote object and notes what was seen. `None`: the API says that it is not there.
    pub(super) async fn read(&self, account: &Arc<Account>, id: &str) -> Result<Option<Fields>, Outcome> {
        match E::read(account.client(), id).await {
            Ok(fields) => {
                let Some(listed) = E::listed(fields) else {
                    let message = "the API's answer to a read names no id".to_owned();
                    return Err(Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message });
                };
                account.shelf(E::KIND).with(|view| view.record(&listed));
                Ok(Some(listed.fields))
            }
            Err(error) if classify(&error, E::ENDPOINT) == Class::NotFound => {
                account.shelf(E::KIND).with(|view| view.forget(id));
                Ok(None)
            }
            Err(error) => Err(outcome_of(&error, E::ENDPOINT, Doing::Reading, account)),
        }
    }

    /// What may be ours, out of the listing.
    fn candidates(&self, case: &Case<'_, E>, account: &Account, wanted: &Wanted) -> Vec<Candidate> {
        let object = case.object;
        let attempt = locked(&case.memory).attempt.clone();
        let found = account.shelf(E::KIND).with(|view| view.candidates(object.uid(), &wanted.name));
        let ours = |listed: &Listed| {
            if listed.mark.as_deref() == Some(object.uid()) {
                return true;
            }
            if wanted.proof == Proof::Mark || listed.mark.is_some() {
                return false;
            }
            let appeared = attempt.as_ref().is_some_and(|attempt| !attempt.before.contains(&listed.id));
            let noted = object.annotation(NAME_WAS_FREE) == Some(wanted.name.as_str());
            let same =
                E::NAMES == Names::Unique || reconcile_plan::diff(&wanted.fields, &listed.fields, &E::RULES).is_empty();
            (appeared || noted) && same
        };
        found
            .into_iter()
            .map(|listed| {
                let key = (account.key.clone(), listed.id.clone());
                let claim = match self.claims.held_by_another(&key, object.uid()) {
                    Some(holder) => Claim::Held(holder),
                    None if ours(&listed) => Claim::Ours,
                    None => match listed.mark.filter(|mark| mark != object.uid() && self.memories.knows(mark)) {
                        Some(other) => Claim::Held(format!("the object with UID {other}")),
                        None => Claim::Nobodys,
                    },
                };
                Candidate { id: listed.id, fields: listed.fields, claim }
            })
            .collect()
    }

    /// Makes sure that there is a listing, and one that can show what a lost create made.
    pub(super) async fn listed(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        names: Freshness,
    ) -> Result<(), Outcome> {
        let since = {
            let mut memory = locked(&case.memory);
            let first_pass = *memory.first_pass.get_or_insert_with(Instant::now);
            let names = (names == Freshness::SinceFirstPass).then_some(first_pass);
            let attempt = memory.attempt.as_mut().map(|attempt| attempt.shown_after(Instant::now()));
            attempt.max(memory.outdated).max(names)
        };
        self.list_since(account, since).await?;
        locked(&case.memory).outdated = None;
        Ok(())
    }

    /// Lists the account's objects of this kind, unless a listing begun after `since` (or any, for `None`) is there. Those
    /// who ask at the same time share one.
    pub(super) async fn list_since(&self, account: &Arc<Account>, since: Option<Instant>) -> Result<(), Outcome> {
        let shelf = account.shelf(E::KIND);
        let asked = Instant::now();
        let fresh =
            || shelf.with(|view| view.started()).is_some_and(|started| since.is_none_or(|since| started > since));
        if fresh() {
            return Ok(());
        }
        let _turn = shelf.turn().await;
        if fresh() {
            return Ok(());
        }
        if let Some(outcome) = shelf.failed_after(asked) {
            return Err(outcome);
        }
        shelf.with(|view| view.begin(Instant::now()));
        match E::list(account.client()).await {
            Ok(listing) => {
                tracing::debug!(account = %account.key, kind = %E::KIND, found = listing.len(), "listed");
                shelf.with(|view| view.install(listing));
                Ok(())
            }
            Err(error) => {
                shelf.with(super::view::View::abandon);
                let outcome = outcome_of(&error, E::ENDPOINT, Doing::Reading, account);
                shelf.fail(Instant::now(), outcome.clone());
                Err(outcome)
            }
        }
    }
}

/// How old a listing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Any age: what it shows is told apart by marks, and what it lacks is read directly.
    Any,
    /// Begun after the first pass over the object.
    SinceFirstPass,
}

/// Where a name decides what happens, the listing must show namesakes that were made just before the object.
pub(super) fn names_decide<E: External>(case: &Case<'_, E>, wanted: &Wanted, policy: &Policy) -> Freshness {
    let by_name = policy.adoption == AdoptionPolicy::AdoptByName || wanted.proof == Proof::NameWasFree;
    if by_name && policy.import.is_none() && case.id().is_none() { Freshness::SinceFirstPass } else { Freshness::Any }
}
