//! `kubectl telnyx adopt`: puts what exists at Telnyx under a resource's management.
//!
//! A resource that exists gets `spec.import`; one that does not is made of what is there, as `import` would write it, so
//! that taking it over changes nothing.

use clap::{Arg, ArgAction, ArgMatches, Command};
use kube::api::{DynamicObject, PostParams};
use serde_json::{Value, json};

use super::account::Desk;
use super::error::{PluginError, kubernetes};
use super::kinds::{self, FIELD_MANAGER, Kind};
use super::options::{Options, Output};
use super::place::Place;
use super::{print, wait};
use crate::cli::import;

/// Its name on the command line.
pub(super) const COMMAND: &str = "adopt";

/// The kinds that stand for something at Telnyx.
const KINDS: &[Kind] = &[Kind::Application, Kind::Profile, Kind::Queue];

pub(super) fn command() -> Command {
    Command::new(COMMAND)
        .about("Puts an object that exists at Telnyx under the management of a resource")
        .after_help(
            "A resource of this name gets spec.import. Where there is none, one is made that has every field as it is at \
             Telnyx, so that nothing changes there; --dry-run shows it.\n\
             Deleting the resource later deletes the object at Telnyx, unless deletionPolicy is Retain.",
        )
        .args(kinds::arguments(KINDS))
        .arg(
            Arg::new("id")
                .long("id")
                .value_name("ID")
                .required(true)
                .help("Id of the object at Telnyx; a queue's is its name there"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Prints the resource as it would be, and changes nothing"),
        )
        .arg(wait::argument())
}

pub(super) async fn run(matches: &ArgMatches) -> Result<(), PluginError> {
    let options = Options::read(matches);
    let (Some((kind, name)), Some(id)) = (kinds::typed(matches), matches.get_one::<String>("id")) else {
        return Ok(());
    };
    let place = Place::find(&options).await?;
    let adoption = match place.find_object(kind, name).await? {
        Some(object) => match standing(&object, id) {
            Standing::Done => {
                return print::text(&format!("{} {name} stands for {id} already\n", kind.resource().kind));
            }
            Standing::Free => Adoption::Patch(json!({ "spec": { "import": { "id": id } } })),
            Standing::Taken(id) => {
                return Err(PluginError::StandsForAnother { kind: kind.resource().kind, name: name.to_owned(), id });
            }
        },
        None => Adoption::Create(manifest(&options, kind, name, id).await?),
    };
    if matches.get_flag("dry-run") {
        let shown = if options.output == Output::Json { Output::Json } else { Output::Yaml };
        return print::value(&Options { output: shown, show_numbers: true, ..options }, adoption.into_value());
    }
    carry_out(&place, kind, name, adoption).await?;
    let what = format!("the adoption of {id} by {} {name}", kind.resource().kind);
    let Some(patience) = wait::patience(matches) else { return print::text(&format!("{what} is asked for\n")) };
    let done = |object: &DynamicObject| wait::is_ready(object) && field(object, "/status/id") == Some(id);
    wait::until(&place, (kind, name), &what, patience, done).await?;
    print::text(&format!(
        "{} {name} stands for {id} now. Deleting it deletes that too, unless spec.deletionPolicy is Retain\n",
        kind.resource().kind
    ))
}

/// What has to be written.
enum Adoption {
    /// Into a resource that exists.
    Patch(Value),
    /// A resource that does not.
    Create(Value),
}

impl Adoption {
    fn into_value(self) -> Value {
        match self {
            Self::Patch(value) | Self::Create(value) => value,
        }
    }
}

async fn carry_out(place: &Place, kind: Kind, name: &str, adoption: Adoption) -> Result<(), PluginError> {
    match adoption {
        Adoption::Patch(patch) => place.merge(kind, name, patch).await?,
        Adoption::Create(manifest) => {
            let object: DynamicObject =
                serde_json::from_value(manifest).map_err(|error| PluginError::Encode(error.to_string()))?;
            let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
            let created = kind.api(&place.kube, Some(&place.namespace)).create(&params, &object).await;
            created.map_err(kubernetes("create", &kind.full_name(), &place.namespace))?;
        }
    }
    Ok(())
}

/// What the object at Telnyx is, as a resource of this name. Numbers are kept whole: it is the user's own manifest.
async fn manifest(options: &Options, kind: Kind, name: &str, id: &str) -> Result<Value, PluginError> {
    let desk = Desk::open(options).await?;
    let kind = match kind {
        Kind::Profile => import::Kind::Profile,
        Kind::Queue => import::Kind::Queue,
        Kind::Application | Kind::Account | Kind::Conference | Kind::Flow | Kind::List | Kind::Campaign | Kind::Job => {
            import::Kind::Application
        }
    };
    let account = desk.reference();
    let mut manifest = import::one(&desk.client, kind, id, &account).await?;
    if let Some(metadata) = manifest.pointer_mut("/metadata") {
        *metadata = json!({ "name": name, "namespace": desk.place.namespace });
    }
    Ok(manifest)
}

/// How a resource stands towards what it is to adopt.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// It stands for nothing yet.
    Free,
    /// It stands for it.
    Done,
    /// It stands for something else, or is to.
    Taken(String),
}

fn standing(object: &DynamicObject, id: &str) -> Standing {
    match field(object, "/status/id").or_else(|| field(object, "/spec/import/id")) {
        None => Standing::Free,
        Some(held) if held == id => Standing::Done,
        Some(held) => Standing::Taken(held.to_owned()),
    }
}

fn field<'a>(object: &'a DynamicObject, path: &str) -> Option<&'a str> {
    object.data.pointer(path).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_adopts_only_while_it_stands_for_nothing_else() {
        for (data, expected) in [
            (json!({ "spec": {} }), Standing::Free),
            (json!({ "spec": {}, "status": { "id": "1" } }), Standing::Done),
            (json!({ "spec": {}, "status": { "id": "2" } }), Standing::Taken("2".to_owned())),
            (json!({ "spec": { "import": { "id": "1" } } }), Standing::Done),
            (json!({ "spec": { "import": { "id": "2" } } }), Standing::Taken("2".to_owned())),
        ] {
            let mut object = DynamicObject::new("support", &Kind::Application.resource());
            object.data = data;
            assert_eq!(standing(&object, "1"), expected, "{:?}", object.data);
        }
    }
}
