//! What to tell a person when a plan is held back: the field, and the remedy.

use super::status::Findings;
use reconcile_plan::{Blocked, Change, Outcome, Reason, Settled, spec_path};

/// How a pass ends when the plan was held back.
pub(super) fn held_back(blocked: Blocked, changes: Vec<Change>, findings: &mut Findings) -> Result<Outcome, Outcome> {
    let terminal = |reason, message| Err(Outcome::Terminal { reason, message });
    match blocked {
        Blocked::Suspended => Ok(Outcome::Done(Settled::Suspended)),
        Blocked::ObserveOnly | Blocked::DriftReported => {
            let message = left_as_it_is(&changes);
            findings.drift = changes;
            Ok(Outcome::Done(Settled::Drifted { message }))
        }
        Blocked::FixedFields { paths } => {
            let paths: Vec<String> = paths.iter().map(|path| spec_path(path)).collect();
            terminal(
                Reason::InvalidSpec,
                format!("{} cannot be changed at the API: make another object", paths.join(", ")),
            )
        }
        Blocked::Conflict { id, holder } => Err(conflict(&id, &holder)),
        Blocked::NameTaken { id } => terminal(
            Reason::NameTaken,
            format!(
                "{id} exists at the API and was not made by this object: set spec.adoptionPolicy: AdoptByName, or another name"
            ),
        ),
        Blocked::AmbiguousName { ids } => terminal(
            Reason::NameTaken,
            format!("{} remote objects have this name ({}): name one in spec.import.id", ids.len(), ids.join(", ")),
        ),
        Blocked::ImportNotFound { id } => terminal(
            Reason::RemoteNotFound,
            format!(
                "spec.import.id: the API has no object {id}. Correct the id; an imported object is never made anew"
            ),
        ),
        Blocked::NothingToObserve => terminal(
            Reason::RemoteNotFound,
            "managementPolicy is ObserveOnly and there is nothing to observe: set spec.import.id or adoptionPolicy"
                .to_owned(),
        ),
    }
}

/// How a pass ends when the same difference was put right often and has come back each time.
pub(super) fn insisted(changes: Vec<Change>, findings: &mut Findings) -> Outcome {
    let message = format!(
        "it was put right several times and differs again: {}; from now on it is put right ever more rarely, at the least \
         once a day: let the API's value stand in the spec, or find out who changes it",
        names(&changes)
    );
    findings.drift = changes;
    Outcome::Done(Settled::Drifted { message })
}

pub(super) fn conflict(id: &str, holder: &str) -> Outcome {
    let message = format!("remote object {id} belongs to {holder}: delete one of the two Kubernetes objects");
    Outcome::Terminal { reason: Reason::Conflict, message }
}

pub(super) fn left_as_it_is(changes: &[Change]) -> String {
    format!("the remote object differs and is left as it is: {}", names(changes))
}

/// The changed fields as paths of the manifest.
pub(super) fn names(changes: &[Change]) -> String {
    changes.iter().map(|change| spec_path(&change.path)).collect::<Vec<_>>().join(", ")
}
