//! Compares manifests with what the account holds, by the loop's own `resolve` and `plan`.
//!
//! Without a cluster an object has no UID. Which remote object is its own is told, in this order, by `spec.import.id`; by
//! a mark of the operator on the only one of that name; by the name alone, where only one that bears no mark has it. The
//! loop, which knows UIDs and ids, is stricter: it takes over a mere namesake only under `adoptionPolicy: AdoptByName`.
//! Every difference is taken for an edit, and what the manifests no longer mention is not looked for.

use futures::future::BoxFuture;
use kube::Resource as _;
use reconcile_plan::{Candidate, Claim, Fields, Observed, Outcome, Plan, Target, plan};
use std::collections::BTreeMap;
use std::path::PathBuf;
use telnyx_voice::Error;

use super::manifests::Read;
use crate::reconcile::{Account, External, Listed, Managed, Object as _, Proof, Reference, References, policy_of};

/// The UID of an object that does not exist yet, in planned values.
const UNKNOWN_UID: &str = "(uid)";
/// The id of a profile that does not exist yet, in planned values.
const UNKNOWN_ID: &str = "(id of the new profile)";

/// What would happen to one object.
#[derive(Debug, serde::Serialize)]
pub(super) struct Planned {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) file: PathBuf,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
}

/// A plan, or why there is none.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Verdict {
    Plan(Plan),
    Error { error: String },
}

/// The profiles of the manifests, by namespace and name, with the ids that they have or will have.
#[derive(Debug, Default)]
pub(super) struct PlannedProfiles(BTreeMap<(String, String), String>);

impl PlannedProfiles {
    /// Notes what a profile is, or will be, at the API.
    pub(super) fn note(&mut self, planned: &Planned) {
        let id = match &planned.verdict {
            Verdict::Plan(plan) => id_in(plan),
            Verdict::Error { .. } => None,
        };
        let key = (planned.namespace.clone(), planned.name.clone());
        self.0.insert(key, id.unwrap_or_else(|| UNKNOWN_ID.to_owned()));
    }

    /// Notes a profile that is there already.
    pub(super) fn exists(&mut self, namespace: &str, name: &str, id: String) {
        self.0.insert((namespace.to_owned(), name.to_owned()), id);
    }
}

fn id_in(plan: &Plan) -> Option<String> {
    match &plan.action {
        reconcile_plan::Action::Adopt { id, .. } | reconcile_plan::Action::Update { id, .. } => Some(id.clone()),
        reconcile_plan::Action::Nothing
        | reconcile_plan::Action::Create { .. }
        | reconcile_plan::Action::Delete { .. }
        | reconcile_plan::Action::Release => None,
    }
}

impl References for PlannedProfiles {
    fn profile(&self, namespace: &str, name: &str) -> Reference {
        let key = (namespace.to_owned(), name.to_owned());
        self.0.get(&key).cloned().map_or(Reference::Missing, Reference::Id)
    }

    fn synced(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(true))
    }
}

/// Plans all objects of one kind. Returns each with the remote id that it was matched with.
pub(super) async fn compare<E: External>(
    objects: &[&Read<E::Object>],
    account: &Account,
    references: &dyn References,
) -> Result<Vec<(Planned, Option<String>)>, Error> {
    if objects.is_empty() {
        return Ok(vec![]);
    }
    let held = E::list(account.client()).await?;
    Ok(objects.iter().map(|read| one::<E>(read, account, references, &held)).collect())
}

fn one<E: External>(
    read: &Read<E::Object>,
    account: &Account,
    references: &dyn References,
    held: &[Listed],
) -> (Planned, Option<String>) {
    let object = &read.object;
    let planned = |verdict| Planned {
        kind: <E::Object as kube::Resource>::kind(&()).into_owned(),
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        file: read.file.clone(),
        verdict,
    };
    let mut named = object.clone();
    named.meta_mut().uid = Some(UNKNOWN_UID.to_owned());
    let wanted = match E::resolve(&named, account, references) {
        Ok(wanted) => wanted,
        Err(outcome) => return (planned(Verdict::Error { error: said(&outcome) }), None),
    };
    let own = own::<E>(object, &wanted.name, wanted.proof, held);
    if let Some(mark) = own.and_then(|listed| listed.mark.clone()) {
        named.meta_mut().uid = Some(mark);
    }
    let wanted = E::resolve(&named, account, references).unwrap_or(wanted);
    let target =
        Target::Exist { fields: wanted.fields, create_only: wanted.create_only, rules: E::RULES, names: E::NAMES };
    let observed = observed(object, &wanted.name, own, held);
    let plan = plan(&target, &observed, &policy_of(object, account.spec.defaults, true));
    (planned(Verdict::Plan(plan)), own.map(|listed| listed.id.clone()))
}

/// The remote object that the manifest most likely speaks of.
fn own<'a, E: External>(object: &E::Object, name: &str, proof: Proof, held: &'a [Listed]) -> Option<&'a Listed> {
    if let Some(import) = object.import() {
        return held.iter().find(|listed| listed.id == import.id);
    }
    let namesakes: Vec<&Listed> = held.iter().filter(|listed| listed.name == name).collect();
    let marked: Vec<&Listed> = namesakes.iter().copied().filter(|listed| listed.mark.is_some()).collect();
    match (proof, marked.as_slice(), namesakes.as_slice()) {
        (Proof::Mark, [only], _) | (Proof::NameWasFree, _, [only]) => Some(only),
        (Proof::Mark | Proof::NameWasFree, _, _) => None,
    }
}

fn observed<K: Managed>(object: &K, name: &str, own: Option<&Listed>, held: &[Listed]) -> Observed {
    if let Some(own) = own {
        // An import that bears no mark of ours may not have been taken over yet.
        let known = object.import().is_none() || own.mark.is_some();
        return Observed::Found { id: own.id.clone(), known, fields: own.fields.clone(), holder: None };
    }
    let namesakes = held.iter().filter(|listed| listed.name == name && listed.mark.is_none());
    let candidate = |listed: &Listed| Candidate {
        id: listed.id.clone(),
        fields: Fields::clone(&listed.fields),
        claim: Claim::Nobodys,
    };
    Observed::Absent { lost: None, candidates: namesakes.map(candidate).collect() }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(_) => String::new(),
        Outcome::Waiting { on } => {
            let each: Vec<String> = on.iter().map(|one| format!("{} {}: {}", one.kind, one.name, one.need)).collect();
            each.join("; ")
        }
        Outcome::Retry { message, .. } | Outcome::Terminal { message, .. } => message.clone(),
    }
}
