//! Where results of a campaign are taken to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::SecretKeyRef;

/// Where results are taken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    /// A program of yours that is told of each target that has ended.
    pub sink: ResultsSink,
}

/// A program that takes results: a `CloudEvent` by HTTP for each target that has ended, at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.auth) == has(self.secretRef)",
    "message": "set both auth and secretRef, or neither",
}]))]
pub struct ResultsSink {
    /// Where events are posted to, `http` or `https`. Addresses of the operator's own machine and link (loopback,
    /// link-local) are refused unless the operator was started with `--results-allow-host`.
    #[schemars(length(min = 8, max = 2048), pattern(r"^https?://[^\s/?#@]+([/?][^\s#]*)?$"))]
    pub url: String,
    /// How requests prove whose they are. `Hmac`: the header `webhook-signature`, as Standard Webhooks describes it, made
    /// with the Secret's value. `Bearer`: the header `authorization` with the Secret's value as token. Unset: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<SinkAuth>,
    /// A key of a Secret in this namespace. A new value is used within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyRef>,
}

/// How requests prove whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SinkAuth {
    /// A signature over id, time and body.
    Hmac,
    /// A token.
    Bearer,
}

/// How far results have been taken to the sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultsStatus {
    /// Results that the sink does not have yet. From 1000 on no further call is started until they are 500 or fewer.
    pub waiting: u32,
    /// Why the last try failed, while results wait: `HTTP 503`, `NoAnswer`, `AddressRefused` or `SecretUnreadable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_failure: Option<String>,
    /// Since when every try has failed. Unset: the last one did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Time>,
}
