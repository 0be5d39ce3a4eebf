//! The cluster's own etcd: how large its database is, with and without history.
//!
//! Speaks to its JSON gateway (etcd documentation: gRPC gateway). Promises nothing of a cluster that others share.

use std::fs;

use serde_json::{Value, json};

use crate::Result;
use crate::installation::Installation;

/// The etcd behind an installation.
pub(crate) struct Etcd {
    http: reqwest::Client,
    url: String,
}

impl Etcd {
    /// The one that was started for this installation.
    pub(crate) fn of(installation: &Installation) -> Result<Self> {
        let [etcd, _, _] = installation.testbed.cluster().pids().ok_or("the cluster is not ours to measure")?;
        let command = fs::read_to_string(format!("/proc/{etcd}/cmdline"))?;
        let flag = command.split('\0').find_map(|word| word.strip_prefix("--listen-client-urls="));
        let url = flag.ok_or("etcd does not say where it listens")?.to_owned();
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, url })
    }

    /// Size of the database file, MB (10⁶ bytes).
    pub(crate) async fn size(&self) -> Result<f64> {
        let status = self.ask("maintenance/status", &json!({})).await?;
        let bytes = status["dbSize"].as_str().and_then(|text| text.parse::<f64>().ok());
        Ok(bytes.ok_or("etcd does not say how large it is")? / 1_000_000.0)
    }

    /// Forgets all history and gives the space back.
    pub(crate) async fn compact(&self) -> Result<()> {
        let status = self.ask("maintenance/status", &json!({})).await?;
        let revision = &status["header"]["revision"];
        self.ask("kv/compaction", &json!({ "revision": revision, "physical": true })).await?;
        self.ask("maintenance/defragment", &json!({})).await?;
        Ok(())
    }

    async fn ask(&self, what: &str, body: &Value) -> Result<Value> {
        let answer = self.http.post(format!("{}/v3/{what}", self.url)).json(body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}
