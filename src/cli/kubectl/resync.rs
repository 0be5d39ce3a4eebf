//! `kubectl telnyx resync`: has the operator look at Telnyx now instead of at its next round.
//!
//! Sets the annotation that asks for it and waits until the operator's status says that it was heeded. Changes no spec.

use clap::{ArgMatches, Command};
use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::error::PluginError;
use super::kinds::{self, Kind};
use super::options::Options;
use super::place::Place;
use super::{print, wait};
use crate::api::RECONCILE_REQUESTED_AT;

/// Its name on the command line.
pub(super) const COMMAND: &str = "resync";

/// The kinds whose status says what was heeded. Of the others there is nothing to be read.
const KINDS: &[Kind] = &[Kind::Account, Kind::Profile, Kind::Application, Kind::Queue, Kind::Campaign, Kind::List];

pub(super) fn command() -> Command {
    Command::new(COMMAND)
        .about("Has the operator read an object from Telnyx now, and put right what differs")
        .after_help(
            "account: tries the key again. campaign: reads its list's source again and says whether it has changed. donotcalllist: \
             asks its URLs again.",
        )
        .args(kinds::arguments(KINDS))
        .arg(wait::argument())
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let options = Options::read(matches);
    let Some((kind, name)) = kinds::typed(matches) else { return Ok(()) };
    let place = Place::find(&options).await?;
    let token = Timestamp::now().to_string();
    ask(&place, kind, name, &token).await?;
    let what = format!("a resync of {} {name}", kind.resource().kind);
    let Some(patience) = wait::patience(matches) else { return print::text(&format!("{what} is asked for\n")) };
    let object = wait::until(&place, (kind, name), &what, patience, |object| heeded(object, &token)).await?;
    print::text(&format!("{} {name} was read anew: {}\n", kind.resource().kind, wait::standing(&object)))
}

async fn ask(place: &Place, kind: Kind, name: &str, token: &str) -> Result<(), PluginError> {
    // Says which there are when this one is not.
    place.object(kind, name).await?;
    place.merge(kind, name, json!({ "metadata": { "annotations": { (RECONCILE_REQUESTED_AT): token } } })).await
}

fn heeded(object: &DynamicObject, token: &str) -> bool {
    object.data.pointer("/status/lastHandledReconcileAt").and_then(Value::as_str) == Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_can_be_asked_says_in_its_schema_what_it_heeded() {
        for definition in crate::api::crds() {
            let kind = Kind::ALL.into_iter().find(|kind| kind.resource().kind == definition.spec.names.kind).unwrap();
            let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
            let says = schema.pointer("/openAPIV3Schema/properties/status/properties/lastHandledReconcileAt").is_some();
            assert_eq!(says, KINDS.contains(&kind), "{kind:?}");
        }
    }
}
