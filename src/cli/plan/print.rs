//! Plans as text for people.

use reconcile_plan::{Action, Blocked, Change};
use serde_json::Value;
use std::fmt::Write as _;

use super::compare::{Planned, Verdict};

/// How many objects meet which fate.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Summary {
    pub(super) create: usize,
    pub(super) change: usize,
    pub(super) adopt: usize,
    pub(super) unchanged: usize,
    /// Differs, and is left so by the manifest's own policy.
    pub(super) left: usize,
    pub(super) error: usize,
}

impl Summary {
    pub(super) fn of(planned: &[Planned]) -> Self {
        let mut summary = Self::default();
        for one in planned {
            match &one.verdict {
                Verdict::Error { .. } => summary.error += 1,
                Verdict::Plan(plan) => match (&plan.action, &plan.blocked) {
                    (Action::Create { .. }, _) => summary.create += 1,
                    (Action::Adopt { .. }, _) => summary.adopt += 1,
                    (Action::Update { .. } | Action::Delete { .. }, _) => summary.change += 1,
                    (Action::Nothing | Action::Release, None) => summary.unchanged += 1,
                    (
                        Action::Nothing | Action::Release,
                        Some(Blocked::Suspended | Blocked::ObserveOnly | Blocked::DriftReported),
                    ) => summary.left += 1,
                    (Action::Nothing | Action::Release, Some(_)) => summary.error += 1,
                },
            }
        }
        summary
    }
}

/// Would the loop write anything to the API?
pub(super) fn changes(planned: &[Planned]) -> bool {
    planned.iter().any(|one| matches!(&one.verdict, Verdict::Plan(plan) if plan.writes()))
}

/// All plans, those that do nothing in one line each.
pub(super) fn text(planned: &[Planned], summary: &Summary) -> String {
    let mut text = String::new();
    for one in planned {
        // Writing to a String cannot fail.
        let _infallible = write_one(&mut text, one);
    }
    let Summary { create, change, adopt, unchanged, left, error } = summary;
    let _infallible = writeln!(
        text,
        "{create} to create, {change} to change, {adopt} to adopt, {unchanged} unchanged, {left} left as they are, {error} with errors"
    );
    text
}

fn write_one(text: &mut String, one: &Planned) -> std::fmt::Result {
    let title = format!("{} {}/{}", one.kind, one.namespace, one.name);
    let plan = match &one.verdict {
        Verdict::Error { error } => return writeln!(text, "! {title} ({}): {error}", one.file.display()),
        Verdict::Plan(plan) => plan,
    };
    let (sign, what) = match &plan.action {
        Action::Create { .. } => ("+", "create".to_owned()),
        Action::Adopt { id, .. } => ("~", format!("adopt {id}")),
        Action::Update { id, .. } => ("~", format!("change {id}")),
        Action::Delete { .. } => ("-", "delete".to_owned()),
        Action::Nothing | Action::Release => match &plan.blocked {
            None => return writeln!(text, "= {title}: as it should be"),
            Some(blocked) => ("!", why(blocked)),
        },
    };
    writeln!(text, "{sign} {title}: {what}")?;
    let creating = matches!(plan.action, Action::Create { .. });
    plan.changes.iter().try_for_each(|change| write_change(text, change, creating))
}

fn write_change(text: &mut String, change: &Change, creating: bool) -> std::fmt::Result {
    let Change { path, desired, actual } = change;
    if creating {
        return writeln!(text, "    {path}: {}", shown(path, desired));
    }
    writeln!(text, "    {path}: {} -> {}", shown(path, actual), shown(path, desired))
}

/// Numbers of people do not belong into a build log.
fn shown(path: &str, value: &Value) -> String {
    if path.contains("phone_number") { telnyx_voice::mask_digits(&value.to_string()) } else { value.to_string() }
}

fn why(blocked: &Blocked) -> String {
    match blocked {
        Blocked::Suspended => "suspended; nothing is done".to_owned(),
        Blocked::ObserveOnly => "differs; managementPolicy is ObserveOnly".to_owned(),
        Blocked::DriftReported => "differs; driftPolicy is Report".to_owned(),
        Blocked::FixedFields { paths } => format!("{} cannot be changed", paths.join(", ")),
        Blocked::Conflict { id, holder } => format!("{id} belongs to {holder}"),
        Blocked::NameTaken { id } => format!("{id} has the name; set adoptionPolicy: AdoptByName, or another name"),
        Blocked::AmbiguousName { ids } => format!("{} have the name; set import.id", ids.join(", ")),
        Blocked::ImportNotFound { id } => format!("spec.import.id: there is no {id}"),
        Blocked::NothingToObserve => "ObserveOnly, and nothing to observe".to_owned(),
    }
}
