//! The revisions of a flow, kept as `ControllerRevision`s: a call under way goes on with the one that it began with, after
//! the flow was edited and after the operator has started anew.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, Client, Resource as _};

use crate::api::{CallFlow, CallFlowSpec};
use crate::reconcile::Object as _;

/// On revisions: the UID of their flow. A name may be longer than a label's value.
const FLOW_UID: &str = "telnyx-operator.io/call-flow-uid";

/// The revisions of one flow at the API server.
pub(super) struct Revisions<'a> {
    api: Api<ControllerRevision>,
    flow: &'a CallFlow,
}

impl<'a> Revisions<'a> {
    pub(super) fn of(client: &Client, flow: &'a CallFlow) -> Self {
        Self { api: Api::namespaced(client.clone(), flow.namespace()), flow }
    }

    /// All that are kept: the number and the spec. One that cannot be read is left out.
    pub(super) async fn list(&self) -> kube::Result<Vec<(i64, CallFlowSpec)>> {
        let params = ListParams::default().labels(&format!("{FLOW_UID}={}", self.flow.uid()));
        let listed = self.api.list(&params).await?;
        Ok(listed.into_iter().filter_map(|revision| Some((revision.revision, spec_of(&revision)?))).collect())
    }

    /// Keeps this revision. That it is kept already is fine.
    pub(super) async fn keep(&self, number: i64, spec: &CallFlowSpec) -> kube::Result<()> {
        let data = serde_json::to_value(spec).map_err(kube::Error::SerdeError)?;
        let revision = ControllerRevision {
            metadata: ObjectMeta {
                name: Some(self.name(number)),
                namespace: Some(self.flow.namespace().to_owned()),
                labels: Some([(FLOW_UID.to_owned(), self.flow.uid().to_owned())].into()),
                owner_references: self.flow.controller_owner_ref(&()).map(|owner| vec![owner]),
                ..ObjectMeta::default()
            },
            data: Some(RawExtension(data)),
            revision: number,
        };
        match self.api.create(&PostParams::default(), &revision).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lets this revision go.
    pub(super) async fn drop(&self, number: i64) -> kube::Result<()> {
        match self.api.delete(&self.name(number), &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Part of the UID is in it: a flow that is deleted and made again under its name begins anew.
    fn name(&self, number: i64) -> String {
        let uid: String = self.flow.uid().chars().take(8).collect();
        let name: String = self.flow.name().chars().take(220).collect();
        format!("{name}-{uid}-{number}")
    }
}

fn spec_of(revision: &ControllerRevision) -> Option<CallFlowSpec> {
    let data = revision.data.as_ref()?.0.clone();
    serde_json::from_value(data)
        .inspect_err(|error| {
            tracing::error!(revision = revision.revision, %error, "a flow's revision cannot be read");
        })
        .ok()
}
