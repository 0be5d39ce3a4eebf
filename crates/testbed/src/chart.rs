//! Installs what the chart holds, as `helm template | kubectl apply` does, and becomes the ServiceAccount that it
//! makes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::kubectl::{Kubectl, KubectlError};

/// Longer than any test or benchmark runs; the API server grants what is asked on a cluster of its own.
const TOKEN_LIFETIME: &str = "24h";

/// How long the API server may take to serve a new kind.
const ESTABLISHED_WITHIN: &str = "60s";

/// Why the chart could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// Helm could not be run.
    #[error("cannot run helm")]
    Run(#[source] std::io::Error),
    /// Helm could not render the chart.
    #[error("helm cannot render {}: {message}", chart.display())]
    Render {
        /// The chart.
        chart: PathBuf,
        /// What Helm said.
        message: String,
    },
    /// Helm could not do what it was asked for.
    #[error("helm {arguments}: {message}")]
    Helm {
        /// What it was asked for.
        arguments: String,
        /// What it said.
        message: String,
    },
    /// The cluster refused what was rendered.
    #[error("the cluster refused the chart")]
    Apply(#[from] KubectlError),
    /// kubectl wrote something else than the manifests as JSON.
    #[error("kubectl did not turn the chart into JSON")]
    Json(#[source] serde_json::Error),
    /// The chart's Deployment is not what is expected.
    #[error("the chart's Deployment has no {0}")]
    Deployment(&'static str),
}

/// How the Deployment starts the operator.
#[derive(Debug)]
pub(crate) struct Installed {
    /// A token of its ServiceAccount.
    pub(crate) token: String,
    /// The arguments of its container.
    pub(crate) arguments: Vec<String>,
    /// The environment variables of its container that have a literal value.
    pub(crate) environment: Vec<(String, String)>,
}

/// A release of the chart.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    pub(crate) helm: &'a Path,
    pub(crate) path: &'a Path,
    pub(crate) release: &'a str,
    /// `--set` arguments, `key=value`.
    pub(crate) values: &'a [String],
}

impl Chart<'_> {
    /// The chart as manifests, custom resource definitions included.
    pub(crate) async fn render(&self, namespace: &str) -> Result<String, ChartError> {
        let mut helm = Command::new(self.helm);
        helm.args(["template", self.release]).arg(self.path).args(["--namespace", namespace]);
        for value in self.values {
            helm.args(["--set", value]);
        }
        let output = helm.stdin(Stdio::null()).kill_on_drop(true).output().await.map_err(ChartError::Run)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ChartError::Render { chart: self.path.to_owned(), message })
    }

    /// Applies `manifests` and returns once all kinds are served.
    ///
    /// The Deployment gets no replicas: where the cluster has nodes, its Pod would be a second operator beside ours.
    pub(crate) async fn install(&self, manifests: &str, kubectl: &Kubectl) -> Result<Installed, ChartError> {
        let everywhere = kubectl.everywhere();
        let parsed =
            everywhere.pipe(["create", "--dry-run=client", "--output=json", "--filename=-"], manifests).await?;
        let mut objects: Vec<Value> = serde_json::Deserializer::from_str(&parsed)
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(ChartError::Json)?;
        for object in &mut objects {
            let is_deployment = object.get("kind").is_some_and(|kind| kind == "Deployment");
            if let Some(replicas) = object.pointer_mut("/spec/replicas").filter(|_| is_deployment) {
                *replicas = json!(0);
            }
        }
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
        everywhere.pipe(["apply", "--server-side", "--force-conflicts", "--filename=-"], &list).await?;
        let timeout = format!("--timeout={ESTABLISHED_WITHIN}");
        kubectl.run(["wait", "--for=condition=Established", "customresourcedefinition", "--all", &timeout]).await?;
        Installed::read(self.release, kubectl).await
    }

    /// `helm install` or `helm upgrade`, with these values. Waits for nothing, as they do by themselves.
    pub(crate) async fn release(&self, verb: &str, kubeconfig: &Path, namespace: &str) -> Result<String, ChartError> {
        let mut arguments = vec![verb.to_owned(), self.release.to_owned(), self.path.display().to_string()];
        arguments.extend(self.values.iter().flat_map(|value| ["--set".to_owned(), value.clone()]));
        helm(self.helm, kubeconfig, namespace, &arguments).await
    }
}

/// Runs Helm as the cluster's administrator, and returns what it printed.
pub(crate) async fn helm(
    program: &Path,
    kubeconfig: &Path,
    namespace: &str,
    arguments: &[impl AsRef<str>],
) -> Result<String, ChartError> {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let mut helm = Command::new(program);
    helm.arg("--kubeconfig").arg(kubeconfig).args(["--namespace", namespace]).args(&arguments);
    let output = helm.stdin(Stdio::null()).kill_on_drop(true).output().await.map_err(ChartError::Run)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(format!("{}\n{}", text(&output.stdout), text(&output.stderr)));
    }
    Err(ChartError::Helm { arguments: arguments.join(" "), message: text(&output.stderr) })
}

impl Installed {
    /// How the Deployment of a release starts the operator now.
    pub(crate) async fn read(release: &str, kubectl: &Kubectl) -> Result<Self, ChartError> {
        let selector = format!("--selector=app.kubernetes.io/instance={release}");
        let deployments = kubectl.json(["get", "deployment", &selector]).await?;
        let pod = deployments.pointer("/items/0/spec/template/spec").ok_or(ChartError::Deployment("Pod"))?;
        let account = pod["serviceAccountName"].as_str().ok_or(ChartError::Deployment("ServiceAccount"))?;
        let token = kubectl.run(["create", "token", account, "--duration", TOKEN_LIFETIME]).await?;
        let container = pod.pointer("/containers/0").ok_or(ChartError::Deployment("container"))?;
        Ok(Self {
            token: token.trim().to_owned(),
            arguments: elements(container, "args").filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            environment: elements(container, "env")
                .filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry["value"].as_str()?.to_owned())))
                .collect(),
        })
    }
}

fn elements<'a>(container: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    container.get(field).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use dev_cluster::binaries::Program;
    use dev_cluster::{Access, Options};

    use super::*;

    const RELEASE: &str = "chart-test";

    #[tokio::test(flavor = "multi_thread")]
    async fn the_chart_installs_and_its_service_account_has_the_rights_of_its_role_alone() {
        let access = Access::shared_or_start(Options::default()).await.unwrap();
        let helm = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/telnyx-operator"));
        let values = ["extraArgs={--one,--two=2}".to_owned()];
        let chart = Chart { helm: &helm, path, release: RELEASE, values: &values };
        let admin = Kubectl::new(access.kubectl(), access.kubeconfig(), RELEASE);
        let _there_already = admin.run(["create", "namespace", RELEASE]).await;

        let manifests = chart.render(RELEASE).await.unwrap();
        let installed = chart.install(&manifests, &admin).await.unwrap();
        assert_eq!(installed.arguments.first().map(String::as_str), Some("run"));
        assert!(installed.arguments.ends_with(&["--one".to_owned(), "--two=2".to_owned()]), "{installed:?}");
        assert!(installed.environment.contains(&("RUST_LOG".to_owned(), "info".to_owned())), "{installed:?}");

        let replicas = admin.run(["get", "deployment", "--output=jsonpath={.items[*].spec.replicas}"]).await.unwrap();
        assert_eq!(replicas, "0");

        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("operator.kubeconfig");
        access.kubeconfig_for_token(&installed.token, &kubeconfig).unwrap();
        let operator = Kubectl::new(access.kubectl(), &kubeconfig, RELEASE);
        operator.run(["get", "telnyxaccounts,outboundcampaigns,dialjobs", "--all-namespaces"]).await.unwrap();
        let refusal = operator.run(["get", "serviceaccounts"]).await.unwrap_err();
        let subject = format!("system:serviceaccount:{RELEASE}:");
        assert!(refusal.message().contains(&subject), "{refusal}");

        // The definitions stay: on a shared cluster others use them.
        let ours = format!("--selector=app.kubernetes.io/instance={RELEASE}");
        admin.run(["delete", "clusterrole,clusterrolebinding", &ours]).await.unwrap();
        admin.run(["delete", "namespace", RELEASE, "--wait=false"]).await.unwrap();
        access.release().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn helm_installs_the_chart_and_an_uninstall_keeps_the_definitions() {
        // A cluster of its own: Helm takes over no definition that somebody else has installed.
        let access = Access::start(Options::default()).await.unwrap();
        let program = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/telnyx-operator");
        let helm = async |arguments: &[&str]| {
            let mut helm = Command::new(&program);
            helm.arg("--kubeconfig").arg(access.kubeconfig()).args(["--namespace", RELEASE]).args(arguments);
            let output = helm.output().await.unwrap();
            assert!(output.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        helm(&["install", RELEASE, path, "--create-namespace"]).await;
        helm(&["upgrade", RELEASE, path, "--set", "log.filter=debug"]).await;
        let releases: Value = serde_json::from_str(&helm(&["list", "--output=json"]).await).unwrap();
        assert_eq!(releases.pointer("/0/status"), Some(&json!("deployed")), "{releases}");
        assert_eq!(releases.pointer("/0/revision"), Some(&json!("2")), "{releases}");

        helm(&["uninstall", RELEASE]).await;
        let kubectl = Kubectl::new(access.kubectl(), access.kubeconfig(), RELEASE);
        assert_eq!(
            kubectl.run(["get", "deployment,serviceaccount", "--selector=helm.sh/chart", "-o=name"]).await.unwrap(),
            ""
        );
        let definitions = kubectl.run(["get", "customresourcedefinitions", "--output=name"]).await.unwrap();
        assert!(definitions.contains("outboundcampaigns.telnyx-operator.io"), "{definitions}");
        access.release().await.unwrap();
    }

    #[tokio::test]
    async fn helm_has_no_complaint_about_the_chart() {
        let helm = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/telnyx-operator");
        let lint = Command::new(&helm).args(["lint", "--strict", path]).output().await.unwrap();
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }

    #[tokio::test]
    async fn a_value_that_the_chart_does_not_know_is_refused() {
        let helm = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/telnyx-operator"));
        let values = ["noSuchValue=1".to_owned()];
        let chart = Chart { helm: &helm, path, release: RELEASE, values: &values };
        let error = chart.render(RELEASE).await.unwrap_err();
        assert!(error.to_string().contains("noSuchValue"), "{error}");
    }
}
