//! A release of the chart that makes an account, as docs/production.md describes it.

use std::path::PathBuf;
use std::process::Command;

use dev_cluster::binaries::Program;
use serde_json::json;
use testbed::{Testbed, eventually};

use crate::world::{PATIENCE, condition, path};

/// What the simulator accepts.
const API_KEY: &str = "KEY_SIMULATOR";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_a_release_makes_becomes_ready_and_outlives_the_release() {
    let helm = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
    let testbed = Testbed::builder().start().await.unwrap();
    let kubectl = testbed.kubectl();
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "telnyx" },
        "stringData": { "apiKey": API_KEY, "publicKey": testbed.simulator().public_key().await.unwrap() } });
    kubectl.apply_manifest(&secret.to_string()).await.unwrap();

    let release = Release { helm, testbed: &testbed };
    release.run(&["install", "second"], &["account.webhookBaseUrl=https://voice.example.com"]);
    ready(&testbed, "").await;
    release.run(
        &["upgrade", "second"],
        &[
            "account.webhookBaseUrl=https://voice.example.com",
            "account.webhookFailoverBaseUrl=https://voice-b.example.com",
        ],
    );
    ready(&testbed, "https://voice-b.example.com").await;
    let uninstalled = release.helm(&["uninstall", "second"]);
    assert!(uninstalled.contains("TelnyxAccount"), "it says what it keeps: {uninstalled}");
    ready(&testbed, "https://voice-b.example.com").await;
    testbed.stop().await.unwrap();
}

async fn ready(testbed: &Testbed, failover: &str) {
    eventually("the account is Ready", PATIENCE, async || {
        let account =
            testbed.kubectl().json(["get", "telnyxaccount", "main"]).await.map_err(|error| error.to_string())?;
        let seen = account["status"]["observedGeneration"] == account["metadata"]["generation"];
        let told = account["spec"]["webhookFailoverBaseUrl"].as_str().unwrap_or_default() == failover;
        if seen && told && condition(&account, "Ready")["status"] == "True" { Ok(()) } else { Err(account.to_string()) }
    })
    .await
    .unwrap();
}

/// A release beside the installation, which has the definitions and the operator. Its Deployment stays a word: the
/// cluster has no nodes.
struct Release<'a> {
    helm: PathBuf,
    testbed: &'a Testbed,
}

impl Release<'_> {
    fn run(&self, what: &[&str], values: &[&str]) {
        let chart = path("charts/telnyx-operator");
        let base = format!("account.spec.baseUrl={}", self.testbed.simulator().base_url());
        let fixed = ["crds.enabled=false", "account.create=true", "account.secretName=telnyx", base.as_str()];
        let mut arguments = what.to_vec();
        arguments.push(chart.to_str().unwrap());
        arguments.extend(fixed.iter().chain(values).flat_map(|value| ["--set", *value]));
        self.helm(&arguments);
    }

    fn helm(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.helm)
            .arg("--kubeconfig")
            .arg(self.testbed.cluster().kubeconfig())
            .args(["--namespace", self.testbed.namespace()])
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "helm {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    }
}
