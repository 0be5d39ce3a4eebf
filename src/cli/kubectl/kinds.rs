//! The operator's kinds, as they are typed and listed.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, ValueEnum};
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Client};
use serde_json::Value;

use super::error::{PluginError, kubernetes};
use super::place::Place;

use crate::api::{
    CallControlApplication, CallFlow, Conference, DialJob, DoNotCallList, OutboundCampaign, OutboundVoiceProfile,
    Queue, TelnyxAccount,
};

/// Who the plugin is, to whoever looks at managed fields.
pub(super) const FIELD_MANAGER: &str = "kubectl-telnyx";

/// A kind. Typed by its word, or as kubectl takes it: kind, plural or short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(super) enum Kind {
    /// `TelnyxAccount`.
    #[value(aliases = ["telnyxaccount", "telnyxaccounts", "txacct"])]
    Account,
    /// `OutboundVoiceProfile`.
    #[value(aliases = ["outboundvoiceprofile", "outboundvoiceprofiles", "ovp"])]
    Profile,
    /// `CallControlApplication`.
    #[value(aliases = ["callcontrolapplication", "callcontrolapplications", "ccapp"])]
    Application,
    /// `Queue`.
    #[value(aliases = ["queues", "txq"])]
    Queue,
    /// `Conference`.
    #[value(aliases = ["conferences", "txconf"])]
    Conference,
    /// `CallFlow`.
    #[value(aliases = ["callflow", "callflows"])]
    Flow,
    /// `DoNotCallList`.
    #[value(aliases = ["donotcalllist", "donotcalllists", "dnc"])]
    List,
    /// `OutboundCampaign`.
    #[value(aliases = ["outboundcampaign", "outboundcampaigns"])]
    Campaign,
    /// `DialJob`.
    #[value(aliases = ["dialjob", "dialjobs", "dj"])]
    Job,
}

impl Kind {
    /// All of them, in the order in which an account's tree lists them.
    pub(super) const ALL: [Self; 9] = [
        Self::Account,
        Self::Profile,
        Self::Application,
        Self::Queue,
        Self::Conference,
        Self::Flow,
        Self::List,
        Self::Campaign,
        Self::Job,
    ];

    /// How the API server knows it.
    pub(super) fn resource(self) -> ApiResource {
        match self {
            Self::Account => ApiResource::erase::<TelnyxAccount>(&()),
            Self::Profile => ApiResource::erase::<OutboundVoiceProfile>(&()),
            Self::Application => ApiResource::erase::<CallControlApplication>(&()),
            Self::Queue => ApiResource::erase::<Queue>(&()),
            Self::Conference => ApiResource::erase::<Conference>(&()),
            Self::Flow => ApiResource::erase::<CallFlow>(&()),
            Self::List => ApiResource::erase::<DoNotCallList>(&()),
            Self::Campaign => ApiResource::erase::<OutboundCampaign>(&()),
            Self::Job => ApiResource::erase::<DialJob>(&()),
        }
    }

    /// `queues.telnyx-operator.io`, as kubectl takes it.
    pub(super) fn full_name(self) -> String {
        let resource = self.resource();
        format!("{}.{}", resource.plural, resource.group)
    }

    /// The objects of a namespace; of all of them where none is given.
    pub(super) fn api(self, kube: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(kube.clone(), namespace, &self.resource()),
            None => Api::all_with(kube.clone(), &self.resource()),
        }
    }
}

/// The arguments that say which object, of one of these kinds.
pub(super) fn arguments(kinds: &'static [Kind]) -> [Arg; 2] {
    let words = kinds.iter().filter_map(Kind::to_possible_value);
    let parser = PossibleValuesParser::new(words).try_map(|word| Kind::from_str(&word, true));
    [
        Arg::new("kind").value_name("KIND").required(true).ignore_case(true).value_parser(parser).help("The kind"),
        Arg::new("name").value_name("NAME").required(true).help("Name of the resource"),
    ]
}

/// What [`arguments`] were given. `None`: they are not of this command.
pub(super) fn typed(matches: &ArgMatches) -> Option<(Kind, &str)> {
    Some((*matches.get_one("kind")?, matches.get_one::<String>("name")?))
}

impl Place {
    /// The object of this name, if there is one.
    pub(super) async fn find_object(&self, kind: Kind, name: &str) -> Result<Option<DynamicObject>, PluginError> {
        let found = kind.api(&self.kube, Some(&self.namespace)).get_opt(name).await;
        found.map_err(kubernetes("get", &kind.full_name(), &self.namespace))
    }

    /// Changes some fields of an object.
    pub(super) async fn merge(&self, kind: Kind, name: &str, change: Value) -> Result<(), PluginError> {
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let patched = kind.api(&self.kube, Some(&self.namespace)).patch(name, &params, &Patch::Merge(change)).await;
        patched.map(drop).map_err(kubernetes("patch", &kind.full_name(), &self.namespace))
    }

    /// The object of this name, or an error that names those that there are.
    pub(super) async fn object(&self, kind: Kind, name: &str) -> Result<DynamicObject, PluginError> {
        if let Some(found) = self.find_object(kind, name).await? {
            return Ok(found);
        }
        let listed = kind.api(&self.kube, Some(&self.namespace)).list_metadata(&ListParams::default()).await;
        let listed = listed.map_err(kubernetes("list", &kind.full_name(), &self.namespace))?;
        Err(PluginError::ObjectNotFound {
            kind: kind.resource().kind,
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            known: listed.items.iter().map(kube::ResourceExt::name_any).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_typed_by_each_of_the_names_that_kubectl_takes() {
        let definitions = crate::api::crds();
        assert_eq!(definitions.len(), Kind::ALL.len());
        for definition in definitions {
            let names = definition.spec.names;
            let typed = |name: &str| Kind::from_str(name, true).map(|kind| kind.resource().kind);
            let all = [Some(names.plural), names.singular, Some(names.kind.clone())].into_iter().flatten();
            for name in all.chain(names.short_names.into_iter().flatten()) {
                assert_eq!(typed(&name), Ok(names.kind.clone()), "{name}");
            }
        }
    }
}
