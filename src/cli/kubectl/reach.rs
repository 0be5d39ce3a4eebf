//! What this namespace may touch: calls that are live on an application which one of its resources stands for.
//!
//! An account's key opens everything the account has, other namespaces' calls too. So every call is looked up on the
//! namespace's own applications before it is commanded.

use futures::TryStreamExt;
use kube::Api;
use kube::api::ListParams;
use telnyx_voice::{Call, CallControlId, CallEventFilter, Class, ConnectionId, Endpoint, Error, classify};

use super::account::Desk;
use super::error::{PluginError, kubernetes};
use crate::api::CallControlApplication;
use crate::reconcile::{AccountKey, Managed as _, Object as _};

/// An application of the namespace that exists at the API.
#[derive(Clone, Debug)]
pub(super) struct Application {
    /// Its name in Kubernetes.
    pub(super) name: String,
    /// Its id at Telnyx.
    pub(super) id: ConnectionId,
}

/// A call and the application that it belongs to.
pub(super) struct Found {
    pub(super) application: Application,
    pub(super) call: Call,
}

impl Desk {
    /// The namespace's applications of this account, or the `only` one.
    pub(super) async fn applications(&self, only: Option<&str>) -> Result<Vec<Application>, PluginError> {
        let namespace = &self.place.namespace;
        let api = Api::<CallControlApplication>::namespaced(self.place.kube.clone(), namespace);
        let listed = api.list(&ListParams::default()).await;
        let listed = listed.map_err(kubernetes("list", "callcontrolapplications.telnyx-operator.io", namespace))?.items;
        let ours: Vec<Application> = listed
            .iter()
            .filter(|object| AccountKey::of(object.account_ref(), object.namespace()) == self.account)
            .filter_map(|object| {
                let id = object.status()?.id.as_deref()?;
                Some(Application { name: object.name().to_owned(), id: id.into() })
            })
            .collect();
        if ours.is_empty() {
            let (namespace, account) = (namespace.clone(), self.account.to_string());
            return Err(PluginError::NoApplications { namespace, account });
        }
        let Some(only) = only else { return Ok(ours) };
        let known = ours.iter().map(|application| application.name.clone()).collect();
        let chosen: Vec<Application> = ours.into_iter().filter(|application| application.name == only).collect();
        if chosen.is_empty() {
            let (namespace, name) = (namespace.clone(), only.to_owned());
            return Err(PluginError::ApplicationNotFound { namespace, name, known });
        }
        Ok(chosen)
    }

    /// The live calls of an application.
    pub(super) async fn live(&self, application: &Application) -> Result<Vec<Call>, PluginError> {
        let calls = self.client.active_calls(&application.id);
        let all = async { calls?.try_collect().await };
        all.await.map_err(|error| self.api(error, &format!("cannot list the calls of {}", application.name)))
    }

    /// The call, if it is live on an application of the namespace.
    pub(super) async fn reach(&self, id: &CallControlId) -> Result<Found, PluginError> {
        let applications = self.applications(None).await?;
        for application in &applications {
            let calls = self.live(application).await?;
            if let Some(call) = calls.into_iter().find(|call| call.call_control_id.as_ref() == Some(id)) {
                return Ok(Found { application: application.clone(), call });
            }
        }
        let call = self.call(id).await?;
        if call.is_alive == Some(false) {
            return Err(ended(id, &call));
        }
        // The list of live calls may lag behind the call itself; what the API remembers of its leg does not.
        match self.owner(&applications, &call).await? {
            Some(application) => Ok(Found { application, call }),
            None => Err(self.elsewhere(id, &applications)),
        }
    }

    /// The call, live or over, if it belongs to an application of the namespace.
    pub(super) async fn look_up(&self, id: &CallControlId) -> Result<Found, PluginError> {
        match self.reach(id).await {
            Err(PluginError::CallEnded { .. }) => {}
            other => {
                let mut found = other?;
                // A row of the list says less than the call itself.
                found.call = self.call(id).await?;
                return Ok(found);
            }
        }
        let (applications, call) = (self.applications(None).await?, self.call(id).await?);
        match self.owner(&applications, &call).await? {
            Some(application) => Ok(Found { application, call }),
            None => Err(self.elsewhere(id, &applications)),
        }
    }

    /// The call as the API knows it, whosever it is.
    pub(super) async fn call(&self, id: &CallControlId) -> Result<Call, PluginError> {
        self.client.get_call(id).await.map_err(|error| {
            if matches!(classify(&error, Endpoint::Call), Class::NotFound | Class::CallEnded) {
                return PluginError::CallNotFound { call: id.to_string() };
            }
            self.api(error, "cannot ask about the call")
        })
    }

    /// The application through which the API remembers commands or webhooks of the call's leg.
    async fn owner(&self, applications: &[Application], call: &Call) -> Result<Option<Application>, PluginError> {
        let Some(leg) = &call.call_leg_id else { return Ok(None) };
        for application in applications {
            let filter = CallEventFilter {
                leg_id: Some(leg.clone()),
                connection_id: Some(application.id.clone()),
                ..CallEventFilter::default()
            };
            let mut events = std::pin::pin!(self.client.call_events(&filter));
            let first = events.try_next().await;
            if first.map_err(|error| self.api(error, "cannot read what became of the call"))?.is_some() {
                return Ok(Some(application.clone()));
            }
        }
        Ok(None)
    }

    fn elsewhere(&self, id: &CallControlId, applications: &[Application]) -> PluginError {
        PluginError::CallElsewhere {
            call: id.to_string(),
            namespace: self.place.namespace.clone(),
            applications: applications.iter().map(|application| application.name.clone()).collect(),
        }
    }

    /// An error of the API that is about nothing in particular.
    pub(super) fn api(&self, error: Error, doing: &str) -> PluginError {
        if classify(&error, Endpoint::Call) == Class::Unauthenticated {
            return PluginError::KeyRefused { account: self.account.to_string() };
        }
        PluginError::Api { doing: doing.to_owned(), source: error }
    }
}

pub(super) fn ended(id: &CallControlId, call: &Call) -> PluginError {
    PluginError::CallEnded { call: id.to_string(), when: call.end_time.as_ref().map(ToString::to_string) }
}
