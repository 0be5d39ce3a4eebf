//! What is planned, case by case, for objects that are there, missing, or leaving.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use reconcile_plan::{
    Action, AdoptionPolicy, Blocked, Candidate, Claim, DeletionPolicy, DriftPolicy, Fields, ManagementPolicy, Names,
    Observed, Plan, Policy, Rules, Target, plan,
};
use serde_json::{Value, json};

fn fields(value: &Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn want(names: Names) -> Target {
    Target::Exist {
        fields: fields(&json!({"name": "support", "size": 2})),
        create_only: fields(&json!({"tags": ["ours"]})),
        rules: Rules { fixed: &["name"], ..Rules::PLAIN },
        names,
    }
}

fn found(known: bool, size: u32) -> Observed {
    Observed::Found {
        id: "r1".into(),
        known,
        fields: fields(&json!({"name": "support", "size": size, "other": true})),
        holder: None,
    }
}

fn candidate(id: &str, claim: Claim) -> Candidate {
    Candidate { id: id.into(), fields: fields(&json!({"name": "support", "size": 1})), claim }
}

fn absent(candidates: Vec<Candidate>) -> Observed {
    Observed::Absent { lost: None, candidates }
}

fn update() -> Action {
    Action::Update { id: "r1".into(), body: fields(&json!({"size": 2})) }
}

fn adopt(id: &str) -> Action {
    Action::Adopt { id: id.into(), body: fields(&json!({"size": 2})) }
}

fn create() -> Action {
    Action::Create { body: fields(&json!({"name": "support", "size": 2, "tags": ["ours"]})) }
}

#[track_caller]
fn check(plan: &Plan, action: &Action, blocked: Option<&Blocked>) {
    assert_eq!((&plan.action, plan.blocked.as_ref()), (action, blocked));
}

#[test]
fn an_object_that_is_there_is_brought_in_line_as_far_as_the_policy_allows() {
    let target = want(Names::Shared);
    let full = Policy::default();
    check(&plan(&target, &found(true, 2), &full), &Action::Nothing, None);
    check(&plan(&target, &found(true, 1), &full), &update(), None);

    let suspended = Policy { suspended: true, ..Policy::default() };
    check(&plan(&target, &found(true, 1), &suspended), &Action::Nothing, Some(&Blocked::Suspended));

    let observing = Policy { management: ManagementPolicy::ObserveOnly, ..Policy::default() };
    check(&plan(&target, &found(true, 1), &observing), &Action::Nothing, Some(&Blocked::ObserveOnly));
    check(&plan(&target, &found(true, 2), &observing), &Action::Nothing, None);

    let report = Policy { drift: DriftPolicy::Report, ..Policy::default() };
    check(&plan(&target, &found(true, 1), &report), &Action::Nothing, Some(&Blocked::DriftReported));
    let edit = Policy { edited: true, ..report };
    check(&plan(&target, &found(true, 1), &edit), &update(), None);
}

#[test]
fn an_edit_under_report_leaves_what_had_drifted_before() {
    let target = Target::Exist {
        fields: fields(&json!({"name": "support", "size": 2, "inner": {"limit": 1, "url": "a"}})),
        create_only: Fields::new(),
        rules: Rules { always_sent: &["name"], ..Rules::PLAIN },
        names: Names::Shared,
    };
    let observed = Observed::Found {
        id: "r1".into(),
        known: true,
        fields: fields(&json!({"name": "renamed", "size": 1, "inner": {"limit": 9, "url": "b"}})),
        holder: None,
    };
    let edit = |paths: &[&str]| Policy {
        drift: DriftPolicy::Report,
        edited: true,
        edits: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
        ..Policy::default()
    };
    let body_of = |planned: Plan| {
        let Action::Update { body, .. } = planned.action else { panic!("{:?}", planned.action) };
        Value::Object(body)
    };
    let planned = plan(&target, &observed, &edit(&["size"]));
    assert_eq!(planned.changes.len(), 4, "all that differs is told");
    assert_eq!(body_of(planned), json!({"name": "renamed", "size": 2}));
    let inner = plan(&target, &observed, &edit(&["inner.url"]));
    assert_eq!(body_of(inner), json!({"name": "renamed", "inner": {"limit": 9, "url": "a"}}));
    check(&plan(&target, &observed, &edit(&[])), &Action::Nothing, Some(&Blocked::DriftReported));
    let correct = Policy { drift: DriftPolicy::Correct, ..edit(&["size"]) };
    let everything = json!({"name": "support", "size": 2, "inner": {"limit": 1, "url": "a"}});
    assert_eq!(body_of(plan(&target, &observed, &correct)), everything);
}

#[test]
fn an_import_records_the_id_before_anything_else() {
    let target = want(Names::Shared);
    let import = Policy { import: Some("r1".into()), ..Policy::default() };
    check(&plan(&target, &found(false, 1), &import), &adopt("r1"), None);

    let report = Policy { drift: DriftPolicy::Report, edited: true, ..import.clone() };
    let only_recorded = Action::Adopt { id: "r1".into(), body: Fields::new() };
    check(&plan(&target, &found(false, 1), &report), &only_recorded, Some(&Blocked::DriftReported));

    check(
        &plan(&target, &absent(vec![]), &import),
        &Action::Nothing,
        Some(&Blocked::ImportNotFound { id: "r1".into() }),
    );
}

#[test]
fn what_another_object_holds_is_never_touched() {
    let held = Observed::Found { id: "r1".into(), known: true, fields: Fields::new(), holder: Some("ns/first".into()) };
    let conflict = Blocked::Conflict { id: "r1".into(), holder: "ns/first".into() };
    check(&plan(&want(Names::Shared), &held, &Policy::default()), &Action::Nothing, Some(&conflict));
    check(&plan(&Target::Gone, &held, &Policy::default()), &Action::Release, None);

    let taken = absent(vec![candidate("r1", Claim::Held("ns/first".into()))]);
    check(&plan(&want(Names::Unique), &taken, &Policy::default()), &Action::Nothing, Some(&conflict));
    check(&plan(&want(Names::Shared), &taken, &Policy::default()), &create(), None);
}

#[test]
fn a_fixed_field_that_differs_is_named_and_not_sent() {
    let renamed = Observed::Found {
        id: "r1".into(),
        known: true,
        fields: fields(&json!({"name": "sales", "size": 2})),
        holder: None,
    };
    let blocked = Blocked::FixedFields { paths: vec!["name".into()] };
    check(&plan(&want(Names::Unique), &renamed, &Policy::default()), &Action::Nothing, Some(&blocked));
}

#[test]
fn nothing_is_made_where_something_of_ours_or_of_the_same_name_may_be_meant() {
    let (shared, unique) = (want(Names::Shared), want(Names::Unique));
    let never = Policy::default();
    let by_name = Policy { adoption: AdoptionPolicy::AdoptByName, ..Policy::default() };
    let (ours, other) = (candidate("r1", Claim::Ours), candidate("r2", Claim::Nobodys));

    check(&plan(&shared, &absent(vec![]), &never), &create(), None);
    check(&plan(&shared, &absent(vec![other.clone(), ours]), &never), &adopt("r1"), None);
    check(&plan(&shared, &absent(vec![other.clone()]), &never), &create(), None);
    check(&plan(&shared, &absent(vec![other.clone()]), &by_name), &adopt("r2"), None);
    let taken = Blocked::NameTaken { id: "r2".into() };
    check(&plan(&unique, &absent(vec![other.clone()]), &never), &Action::Nothing, Some(&taken));
    let several = Blocked::AmbiguousName { ids: vec!["r2".into(), "r3".into()] };
    let both = vec![candidate("r3", Claim::Nobodys), other];
    check(&plan(&shared, &absent(both), &by_name), &Action::Nothing, Some(&several));
    let observing = Policy { management: ManagementPolicy::ObserveOnly, ..Policy::default() };
    check(&plan(&shared, &absent(vec![]), &observing), &Action::Nothing, Some(&Blocked::NothingToObserve));
}

#[test]
fn of_two_that_are_ours_the_older_is_adopted() {
    let born = |id: &str, at: &str| Candidate {
        id: id.into(),
        fields: fields(&json!({"name": "support", "size": 2, "created_at": at})),
        claim: Claim::Ours,
    };
    let seen = absent(vec![born("a", "2026-01-02T00:00:00Z"), born("b", "2026-01-01T00:00:00Z")]);
    let planned = plan(&want(Names::Shared), &seen, &Policy::default());
    assert_eq!(planned.action, Action::Adopt { id: "b".into(), body: Fields::new() });
}

#[test]
fn deletion_removes_what_is_ours_and_releases_the_rest() {
    let delete = Policy::default();
    let gone = |ids: &[&str]| Action::Delete { ids: ids.iter().map(ToString::to_string).collect() };
    check(&plan(&Target::Gone, &found(true, 1), &delete), &gone(&["r1"]), None);
    check(&plan(&Target::Gone, &found(false, 1), &delete), &Action::Release, None);
    check(&plan(&Target::Gone, &absent(vec![candidate("r2", Claim::Nobodys)]), &delete), &Action::Release, None);
    check(&plan(&Target::Gone, &absent(vec![candidate("r1", Claim::Ours)]), &delete), &gone(&["r1"]), None);

    let suspended = Policy { suspended: true, ..Policy::default() };
    check(&plan(&Target::Gone, &found(true, 1), &suspended), &gone(&["r1"]), None);
    let retain = Policy { deletion: DeletionPolicy::Retain, ..Policy::default() };
    check(&plan(&Target::Gone, &found(true, 1), &retain), &Action::Release, None);
    let observing = Policy { management: ManagementPolicy::ObserveOnly, ..Policy::default() };
    check(&plan(&Target::Gone, &found(true, 1), &observing), &Action::Release, None);
}

#[test]
fn a_plan_reads_well_as_json() {
    let planned = plan(&want(Names::Shared), &found(true, 1), &Policy::default());
    assert_eq!(
        serde_json::to_value(planned).unwrap(),
        json!({
            "action": "Update", "id": "r1", "body": {"size": 2},
            "changes": [{"path": "size", "desired": 2, "actual": 1}],
        })
    );
}
