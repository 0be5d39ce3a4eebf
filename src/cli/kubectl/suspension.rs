//! `kubectl telnyx suspend` and `resume`: sets `spec.suspend` of one object, and says what follows from it.

use clap::{ArgMatches, Command};
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::error::PluginError;
use super::kinds::{self, Kind};
use super::options::Options;
use super::place::Place;
use super::print;

/// Their names on the command line.
pub(super) const SUSPEND: &str = "suspend";
pub(super) const RESUME: &str = "resume";

/// The kinds that have `spec.suspend`.
const KINDS: &[Kind] = &[Kind::Profile, Kind::Application, Kind::Queue, Kind::Conference, Kind::Campaign];

/// What is to become of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Suspend,
    Resume,
}

pub(super) fn suspend() -> Command {
    of_an_object(SUSPEND)
        .about("Has the operator leave an object alone, or a campaign start no more calls")
        .after_help(
            "Sets spec.suspend. Deleting a suspended resource still follows its deletionPolicy. Where a GitOps tool owns the \
             field, it sets it back: suspend there.",
        )
}

pub(super) fn resume() -> Command {
    of_an_object(RESUME).about("Goes on with what was suspended")
}

fn of_an_object(name: &'static str) -> Command {
    Command::new(name).args(kinds::arguments(KINDS))
}

pub(super) async fn run(matches: &ArgMatches, wish: Wish) -> Result<(), PluginError> {
    let options = Options::read(matches);
    let Some((kind, name)) = kinds::typed(matches) else { return Ok(()) };
    set(&Place::find(&options).await?, kind, name, wish).await
}

/// Sets `spec.suspend` where it is not so already.
pub(super) async fn set(place: &Place, kind: Kind, name: &str, wish: Wish) -> Result<(), PluginError> {
    let before = standing(&place.object(kind, name).await?);
    if before != wish {
        let change = json!({ "spec": { "suspend": wish == Wish::Suspend } });
        place.merge(kind, name, change).await?;
    }
    print::text(&format!("{} {name} {}\n", kind.resource().kind, said(kind, before, wish)))
}

/// What was wished for last.
fn standing(object: &DynamicObject) -> Wish {
    match object.data.pointer("/spec/suspend").and_then(Value::as_bool) {
        Some(true) => Wish::Suspend,
        Some(false) | None => Wish::Resume,
    }
}

fn said(kind: Kind, before: Wish, wish: Wish) -> &'static str {
    let calls = kind == Kind::Campaign;
    match (before, wish) {
        (Wish::Suspend, Wish::Suspend) => "was suspended already",
        (Wish::Resume, Wish::Resume) => "was not suspended",
        (Wish::Resume, Wish::Suspend) if calls => {
            "is suspended: no call is started, calls under way follow spec.drainPolicy"
        }
        (Wish::Resume, Wish::Suspend) => "is suspended: the operator leaves it alone",
        (Wish::Suspend, Wish::Resume) if calls => "goes on where it stopped",
        (Wish::Suspend, Wish::Resume) => "is looked after again: what differs from its spec is put right",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_whose_schema_has_the_field_can_be_suspended() {
        for definition in crate::api::crds() {
            let kind = Kind::ALL.into_iter().find(|kind| kind.resource().kind == definition.spec.names.kind).unwrap();
            let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
            let has = schema.pointer("/openAPIV3Schema/properties/spec/properties/suspend").is_some();
            assert_eq!(has, KINDS.contains(&kind), "{kind:?}");
        }
    }

    #[test]
    fn what_follows_is_said_of_each_kind() {
        use Wish::{Resume, Suspend};
        for (kind, before, wish, words) in [
            (Kind::Queue, Resume, Suspend, "leaves it alone"),
            (Kind::Queue, Suspend, Resume, "looked after again"),
            (Kind::Campaign, Resume, Suspend, "no call is started"),
            (Kind::Campaign, Suspend, Resume, "goes on where it stopped"),
            (Kind::Campaign, Suspend, Suspend, "already"),
            (Kind::Application, Resume, Resume, "was not suspended"),
        ] {
            assert!(said(kind, before, wish).contains(words), "{kind:?} {before:?} {wish:?}");
        }
    }
}
