//! What to do, and what keeps it from being done.

use crate::{
    AdoptionPolicy, Change, DeletionPolicy, DriftPolicy, Fields, ManagementPolicy, Policy, Rules, diff, update_body,
};
use serde::Serialize;
use serde_json::Value;

/// What the user asks for.
#[derive(Clone, Debug)]
pub enum Target {
    /// The remote object exists with these fields.
    Exist {
        /// What the user set, and nothing else, in the API's spelling.
        fields: Fields,
        /// Sent on create and not compared afterwards, such as a mark that says who made it.
        create_only: Fields,
        /// How this kind's fields compare.
        rules: Rules,
        /// Can two remote objects of this kind share a name?
        names: Names,
    },
    /// The Kubernetes object is being deleted.
    Gone,
}

/// Whether a name identifies a remote object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The name is the identity: a namesake blocks a create.
    Unique,
    /// Namesakes may live side by side.
    Shared,
}

/// What is known of the remote side. The reader vouches that it is no older than its own last write.
#[derive(Clone, Debug)]
pub enum Observed {
    /// The object that status or `spec.import` names is there.
    Found {
        /// Its remote id.
        id: String,
        /// Is the id in status already? If not (a fresh import), the plan is an adoption.
        known: bool,
        /// Its fields as the API gave them.
        fields: Fields,
        /// Another Kubernetes object that holds this id by an older right.
        holder: Option<String>,
    },
    /// There is no such object, or none was ever recorded.
    Absent {
        /// The id in status, when a direct read has said that it is gone.
        lost: Option<String>,
        /// Remote objects that could be this one: by mark, or by name.
        candidates: Vec<Candidate>,
    },
}

/// A remote object that might be the one we look for.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its remote id.
    pub id: String,
    /// Its fields as the API gave them.
    pub fields: Fields,
    /// What we know of where it comes from.
    pub claim: Claim,
}

/// Whose a candidate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It carries our mark: a create of ours made it and the answer was lost.
    Ours,
    /// It only has the same name.
    Nobodys,
    /// Another Kubernetes object, named here, holds it.
    Held(String),
}

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action")]
pub enum Action {
    /// Nothing: it is as wanted, or something is in the way.
    Nothing,
    /// Make it.
    Create {
        /// The request body.
        body: Fields,
    },
    /// Record the id of an object that exists already, then send `body` when it is not empty.
    Adopt {
        /// The remote id.
        id: String,
        /// The update that brings it in line.
        body: Fields,
    },
    /// Change it.
    Update {
        /// The remote id.
        id: String,
        /// The request body.
        body: Fields,
    },
    /// Delete these, then read that they are gone, then let go.
    Delete {
        /// The remote ids: one, unless lost answers left several of ours behind.
        ids: Vec<String>,
    },
    /// Let go of the Kubernetes object without touching the remote side.
    Release,
}

/// Why less is done than the differences ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "blocked")]
pub enum Blocked {
    /// `spec.suspend` is set.
    Suspended,
    /// `managementPolicy: ObserveOnly`, and something differs.
    ObserveOnly,
    /// `driftPolicy: Report`, and something differs.
    DriftReported,
    /// The API cannot change these fields of an existing object.
    FixedFields {
        /// Their paths in the API's spelling.
        paths: Vec<String>,
    },
    /// The remote object belongs to another Kubernetes object.
    Conflict {
        /// The remote id.
        id: String,
        /// `namespace/name` of the holder.
        holder: String,
    },
    /// A remote object that is not ours has this name, names are unique, and adoption was not allowed.
    NameTaken {
        /// Its remote id.
        id: String,
    },
    /// Several remote objects have the name to adopt.
    AmbiguousName {
        /// Their remote ids.
        ids: Vec<String>,
    },
    /// The object to import does not exist.
    ImportNotFound {
        /// The id that was asked for.
        id: String,
    },
    /// `ObserveOnly`, but nothing says what to observe, or it is not there.
    NothingToObserve,
}

/// What a pass should do about one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The step to take.
    #[serde(flatten)]
    pub action: Action,
    /// Every field that differs, with both values. Against nothing (a create), every field.
    pub changes: Vec<Change>,
    /// What keeps some or all of it from being done.
    #[serde(flatten)]
    pub blocked: Option<Blocked>,
}

impl Plan {
    fn nothing(changes: Vec<Change>, blocked: Option<Blocked>) -> Self {
        Self { action: Action::Nothing, changes, blocked }
    }

    fn act(action: Action, changes: Vec<Change>) -> Self {
        Self { action, changes, blocked: None }
    }

    /// Would carrying it out write to the API?
    #[must_use]
    pub fn writes(&self) -> bool {
        match &self.action {
            Action::Nothing | Action::Release => false,
            Action::Create { .. } | Action::Update { .. } | Action::Delete { .. } => true,
            Action::Adopt { body, .. } => !body.is_empty(),
        }
    }
}

/// Decides. Total: there is a plan for every combination, and doing nothing is what is left when nothing else is safe.
#[must_use]
pub fn plan(target: &Target, observed: &Observed, policy: &Policy) -> Plan {
    match (target, observed) {
        (Target::Exist { fields, rules, .. }, Observed::Found { id, known, fields: actual, holder }) => {
            if let Some(holder) = holder {
                return Plan::nothing(vec![], Some(Blocked::Conflict { id: id.clone(), holder: holder.clone() }));
            }
            let changes = diff(fields, actual, rules);
            let (older, edits): (Vec<Change>, Vec<Change>) =
                changes.iter().cloned().partition(|change| is_older(change, policy));
            let body = update_body(&edits, &as_found(fields, &older), actual, rules);
            keep(id, *known, changes, body, policy)
        }
        (Target::Exist { fields, create_only, rules, names }, Observed::Absent { candidates, .. }) => {
            let mut body = create_only.clone();
            body.extend(fields.clone());
            start(fields, body, rules, *names, candidates, policy)
        }
        (Target::Gone, observed) => remove(observed, policy),
    }
}

/// Was it different before the edit already? Under `Report` such a difference stays.
fn is_older(change: &Change, policy: &Policy) -> bool {
    policy.drift == DriftPolicy::Report && policy.edits.as_ref().is_some_and(|edits| !edits.contains(&change.path))
}

/// What is asked for, but for the older differences: those are asked for as they are.
fn as_found(fields: &Fields, older: &[Change]) -> Fields {
    let mut fields = fields.clone();
    for change in older {
        set(&mut fields, &change.path, &change.actual);
    }
    fields
}

/// Sets the field at a path of names joined by dots; null takes it away.
fn set(fields: &mut Fields, path: &str, value: &Value) {
    match path.split_once('.') {
        Some((outer, rest)) => {
            if let Some(Value::Object(inner)) = fields.get_mut(outer) {
                set(inner, rest, value);
            }
        }
        None if value.is_null() => drop(fields.remove(path)),
        None => drop(fields.insert(path.to_owned(), value.clone())),
    }
}

/// It is there: bring it in line, as far as we may.
fn keep(id: &str, known: bool, changes: Vec<Change>, body: Fields, policy: &Policy) -> Plan {
    let differs = !changes.is_empty();
    let take_note = |changes, blocked| {
        let action = if known { Action::Nothing } else { Action::Adopt { id: id.to_owned(), body: Fields::new() } };
        Plan { action, changes, blocked }
    };
    if policy.suspended {
        return Plan::nothing(changes, Some(Blocked::Suspended));
    }
    if policy.management == ManagementPolicy::ObserveOnly {
        return take_note(changes, differs.then_some(Blocked::ObserveOnly));
    }
    // An import under `Report` shows what it would change; only an edit of an object already ours is carried out.
    if policy.drift == DriftPolicy::Report && !(known && policy.edited) {
        return take_note(changes, differs.then_some(Blocked::DriftReported));
    }
    if body.is_empty() {
        let edits = changes.iter().filter(|change| !is_older(change, policy));
        let paths: Vec<String> = edits.map(|change| change.path.clone()).collect();
        let blocked = if paths.is_empty() { Blocked::DriftReported } else { Blocked::FixedFields { paths } };
        return take_note(changes, differs.then_some(blocked));
    }
    let id = id.to_owned();
    Plan::act(if known { Action::Update { id, body } } else { Action::Adopt { id, body } }, changes)
}

/// It is not there: find out whether it must be made, taken over, or left.
fn start(
    fields: &Fields,
    body: Fields,
    rules: &Rules,
    names: Names,
    candidates: &[Candidate],
    policy: &Policy,
) -> Plan {
    let missing = || diff(fields, &Fields::new(), rules);
    if let Some(id) = &policy.import {
        return Plan::nothing(missing(), Some(Blocked::ImportNotFound { id: id.clone() }));
    }
    if policy.suspended {
        return Plan::nothing(missing(), Some(Blocked::Suspended));
    }
    let take = |candidate: &Candidate| {
        let changes = diff(fields, &candidate.fields, rules);
        let update = update_body(&changes, fields, &candidate.fields, rules);
        keep(&candidate.id, false, changes, update, policy)
    };
    if let Some(ours) = oldest_first(candidates, &Claim::Ours).first() {
        return take(ours);
    }
    let namesakes = oldest_first(candidates, &Claim::Nobodys);
    let held = candidates.iter().find_map(|candidate| match &candidate.claim {
        Claim::Held(holder) => Some(Blocked::Conflict { id: candidate.id.clone(), holder: holder.clone() }),
        Claim::Ours | Claim::Nobodys => None,
    });
    match (policy.adoption, namesakes.as_slice()) {
        (AdoptionPolicy::AdoptByName, [only]) => return take(only),
        (AdoptionPolicy::AdoptByName, [_, _, ..]) => {
            let ids = namesakes.iter().map(|candidate| candidate.id.clone()).collect();
            return Plan::nothing(missing(), Some(Blocked::AmbiguousName { ids }));
        }
        (AdoptionPolicy::Never, [first, ..]) if names == Names::Unique => {
            return Plan::nothing(missing(), Some(Blocked::NameTaken { id: first.id.clone() }));
        }
        (AdoptionPolicy::AdoptByName | AdoptionPolicy::Never, _) => {}
    }
    if names == Names::Unique && held.is_some() {
        return Plan::nothing(missing(), held);
    }
    if policy.management == ManagementPolicy::ObserveOnly {
        return Plan::nothing(missing(), Some(Blocked::NothingToObserve));
    }
    Plan::act(Action::Create { body }, missing())
}

/// It has to go, as far as it is ours to remove.
fn remove(observed: &Observed, policy: &Policy) -> Plan {
    let release = || Plan::act(Action::Release, vec![]);
    if policy.management == ManagementPolicy::ObserveOnly || policy.deletion == DeletionPolicy::Retain {
        return release();
    }
    let ids: Vec<String> = match observed {
        Observed::Found { id, known: true, holder: None, .. } => vec![id.clone()],
        // Never adopted, or another's: not ours to delete.
        Observed::Found { .. } => vec![],
        Observed::Absent { candidates, .. } => {
            oldest_first(candidates, &Claim::Ours).iter().map(|candidate| candidate.id.clone()).collect()
        }
    };
    if ids.is_empty() { release() } else { Plan::act(Action::Delete { ids }, vec![]) }
}

/// The candidates of one claim, the one created first at the front, so that two passes choose alike.
fn oldest_first<'a>(candidates: &'a [Candidate], claim: &Claim) -> Vec<&'a Candidate> {
    let mut chosen: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.claim == *claim).collect();
    chosen.sort_by_key(|candidate| {
        let born = candidate.fields.get("created_at").and_then(|at| at.as_str()).unwrap_or_default().to_owned();
        (born, candidate.id.clone())
    });
    chosen
}
