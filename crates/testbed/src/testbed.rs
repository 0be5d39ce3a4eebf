//! Puts the parts together: cluster, chart, simulator, operator, in this order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dev_cluster::binaries::Program;
use dev_cluster::{Access, Home, Options};
use reqwest::Client;
use serde_json::{Map, Value, json};

use crate::chart::{self, Chart, ChartError, Installed};
use crate::error::{AccountError, TestbedError};
use crate::examples::with_addresses;
use crate::kubectl::{Kubectl, KubectlError};
use crate::operator::{Addresses, Operator};
use crate::ports::Port;
use crate::programs;
use crate::simulator::Simulator;

/// The chart.
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/telnyx-operator");

/// Name of the chart's release, and the namespace it goes to.
const RELEASE: &str = "telnyx-operator";

/// The namespace that manifests go to unless they name another.
const USER_NAMESPACE: &str = "voice";

/// The key that the simulator accepts unless its behaviour file names others.
const SIMULATOR_KEY: &str = "KEY_SIMULATOR";

/// What to put together. Each setting has a default that suits a test.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    cluster: Options,
    kubeconfig: Option<PathBuf>,
    directory: Option<PathBuf>,
    simulator_config: Option<String>,
    simulator_port: Option<Port>,
    webhook_port: Option<Port>,
    values: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    by: By,
    secret: Option<String>,
}

/// How the chart gets into the cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum By {
    /// `helm template | kubectl apply`, of a Deployment without replicas; then the kinds are waited for.
    #[default]
    Kubectl,
    /// `helm install`, and nobody waits.
    Helm,
}

impl Builder {
    /// How the cluster is started.
    #[must_use]
    pub fn cluster(mut self, options: Options) -> Self {
        self.cluster = options;
        self
    }

    /// Uses the cluster of this kubeconfig instead of starting one.
    #[must_use]
    pub fn existing_cluster(mut self, kubeconfig: impl Into<PathBuf>) -> Self {
        self.kubeconfig = Some(kubeconfig.into());
        self
    }

    /// Keeps logs and configuration here; unset: a temporary folder, kept when the test fails.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The simulator's behaviour file, as YAML. Unset: a healthy account.
    #[must_use]
    pub fn simulator_config(mut self, yaml: impl Into<String>) -> Self {
        self.simulator_config = Some(yaml.into());
        self
    }

    /// Where the simulator listens; unset: on a port that is kept for it.
    #[must_use]
    pub fn simulator_port(mut self, port: Port) -> Self {
        self.simulator_port = Some(port);
        self
    }

    /// Where the operator receives webhooks; unset: on a port that is kept for it.
    #[must_use]
    pub fn webhook_port(mut self, port: Port) -> Self {
        self.webhook_port = Some(port);
        self
    }

    /// A value of the chart, `key=value` as `helm --set` takes it.
    #[must_use]
    pub fn chart_value(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Installs by `helm install`, on a cluster that has nothing of the operator. For clusters without nodes: where there are some,
    /// the Deployment's Pod would be a second operator beside ours.
    #[must_use]
    pub fn by_helm(mut self) -> Self {
        self.by = By::Helm;
        self
    }

    /// A Secret in the release's namespace, before the chart comes: with the simulator's default key under `apiKey`, and its public
    /// key under `publicKey`.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>) -> Self {
        self.secret = Some(name.into());
        self
    }

    /// An argument of the operator, after those of the chart's Deployment.
    #[must_use]
    pub fn operator_argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// An environment variable of the operator, `RUST_LOG` for one.
    #[must_use]
    pub fn operator_environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts everything and returns when the operator is ready. Cancelling the future stops what was started.
    pub async fn start(self) -> Result<Testbed, TestbedError> {
        let program = programs::operator()?;
        let helm = helm().await?;
        let mut home = Home::open(self.directory.as_deref(), "testbed-").map_err(TestbedError::io("make a folder"))?;
        let access = match &self.kubeconfig {
            Some(kubeconfig) => Access::shared(kubeconfig.clone())?,
            None => Access::start(self.cluster.clone()).await?,
        };
        match self.start_on(&program, &helm, home.path(), &access).await {
            Ok((operator, simulator, kubectl, manifests)) => {
                Ok(Testbed { operator, simulator, access, kubectl, manifests, builder: self, program, helm, home })
            }
            Err(error) => {
                home.keep();
                Err(error)
            }
        }
    }

    async fn start_on(
        &self,
        program: &Path,
        helm: &Path,
        home: &Path,
        access: &Access,
    ) -> Result<(Operator, Simulator, Kubectl, String), TestbedError> {
        let http = http_client();
        let simulator = self.simulator(program, home, &http)?;
        simulator.start().await?;

        let system = Kubectl::new(access.kubectl(), access.kubeconfig(), RELEASE);
        for namespace in [RELEASE, USER_NAMESPACE] {
            let manifest = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {namespace} }}\n");
            system.apply_manifest(&manifest).await?;
        }
        if let Some(name) = &self.secret {
            let public_key = simulator.public_key().await?;
            let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
                "stringData": { "apiKey": SIMULATOR_KEY, "publicKey": public_key } });
            system.apply_manifest(&secret.to_string()).await?;
        }
        let chart = Chart { helm, path: Path::new(CHART), release: RELEASE, values: &self.values };
        let manifests = chart.render(RELEASE).await?;
        let installed = match self.by {
            By::Kubectl => chart.install(&manifests, &system).await?,
            By::Helm => {
                chart.release("install", access.kubeconfig(), RELEASE).await?;
                Installed::read(RELEASE, &system).await?
            }
        };
        let addresses = Addresses { webhooks: port(self.webhook_port.as_ref())?, admin: port(None)? };
        let operator = self.operator(program, installed, access, home, addresses)?;
        operator.start().await?;
        Ok((operator, simulator, system.in_namespace(USER_NAMESPACE), manifests))
    }

    fn simulator(&self, program: &Path, home: &Path, http: &Client) -> Result<Simulator, TestbedError> {
        let config = home.join("simulator.yaml");
        fs::write(&config, self.simulator_config.as_deref().unwrap_or("{}"))
            .map_err(TestbedError::io("write the simulator's behaviour file"))?;
        let port = port(self.simulator_port.as_ref())?;
        Ok(Simulator::new(program, port, &config, home.join("simulator.log"), http.clone()))
    }

    fn operator(
        &self,
        program: &Path,
        installed: Installed,
        access: &Access,
        home: &Path,
        addresses: Addresses,
    ) -> Result<Operator, TestbedError> {
        let kubeconfig = home.join("operator.kubeconfig");
        access
            .kubeconfig_for_token(&installed.token, &kubeconfig)
            .map_err(TestbedError::io("write the operator's kubeconfig"))?;
        let mut command = Command::new(program);
        command.env("KUBECONFIG", kubeconfig).envs(installed.environment).envs(self.environment.iter().cloned());
        let arguments = installed.arguments.into_iter().chain(self.arguments.iter().cloned()).collect();
        Ok(Operator::new(command, arguments, addresses, home.join("operator.log"), http_client()))
    }
}

/// The port that was given, or one that is kept.
fn port(given: Option<&Port>) -> Result<Port, TestbedError> {
    given.cloned().map_or_else(Port::keep, Ok).map_err(TestbedError::io("find a free port"))
}

/// A running installation. Dropping it ends everything it started, the operator first.
#[derive(Debug)]
pub struct Testbed {
    // Dropped in this order.
    operator: Operator,
    simulator: Simulator,
    access: Access,
    kubectl: Kubectl,
    manifests: String,
    builder: Builder,
    program: PathBuf,
    helm: PathBuf,
    home: Home,
}

impl Testbed {
    /// A testbed with a cluster of its own, the default account and free ports.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The operator's process.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The simulator's process.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &Access {
        &self.access
    }

    /// kubectl as the cluster's administrator, in [`Testbed::namespace`].
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// Applies a file or folder of manifests.
    pub async fn apply(&self, path: impl AsRef<Path>) -> Result<String, KubectlError> {
        self.kubectl.apply(path.as_ref()).await
    }

    /// Applies a `TelnyxAccount` and its Secret to [`Testbed::namespace`], for the simulator's default key.
    ///
    /// `spec` is laid over the account's: what it names wins, and null leaves a field out.
    pub async fn apply_account(&self, name: &str, spec: &Value) -> Result<(), AccountError> {
        let mut account = Map::from_iter([
            ("apiKeySecretRef".to_owned(), json!({ "name": name, "key": "apiKey" })),
            ("baseUrl".to_owned(), json!(self.simulator.base_url())),
            ("webhookPublicKey".to_owned(), json!(self.simulator.public_key().await?)),
            ("webhookBaseUrl".to_owned(), json!(self.operator.webhook_url())),
        ]);
        account.extend(spec.as_object().cloned().into_iter().flatten());
        let manifest = json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
              "stringData": { "apiKey": SIMULATOR_KEY } },
            { "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "TelnyxAccount", "metadata": { "name": name },
              "spec": account },
        ]});
        self.kubectl.apply_manifest(&manifest.to_string()).await?;
        Ok(())
    }

    /// Where manifests go that name no namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        USER_NAMESPACE
    }

    /// Where the operator's ServiceAccount, Leases and Deployment are.
    #[must_use]
    pub fn system_namespace(&self) -> &str {
        RELEASE
    }

    /// Runs Helm in the release's namespace, as the cluster's administrator. Returns what it printed.
    pub async fn helm(&self, arguments: &[impl AsRef<str>]) -> Result<String, ChartError> {
        chart::helm(&self.helm, self.access.kubeconfig(), RELEASE, arguments).await
    }

    /// `helm install` or `helm upgrade` of the chart: with the values that the testbed was built with, and these over them.
    pub async fn release(&self, verb: &str, values: &[&str]) -> Result<String, ChartError> {
        let values: Vec<String> =
            self.builder.values.iter().cloned().chain(values.iter().map(|value| (*value).to_owned())).collect();
        let chart = Chart { helm: &self.helm, path: Path::new(CHART), release: RELEASE, values: &values };
        chart.release(verb, self.access.kubeconfig(), RELEASE).await
    }

    /// Runs the operator as the Deployment says now, in place of the one that runs, which is told to stop first: what a rollout
    /// comes to.
    pub async fn roll_out(&mut self) -> Result<(), TestbedError> {
        let installed = Installed::read(RELEASE, &self.kubectl.in_namespace(RELEASE)).await?;
        self.operator.stop().await?;
        let addresses = self.operator.addresses();
        self.operator = self.builder.operator(&self.program, installed, &self.access, self.home.path(), addresses)?;
        Ok(self.operator.start().await?)
    }

    /// A text of the examples or the tutorial, with this installation's addresses.
    #[must_use]
    pub fn at_home(&self, text: &str) -> String {
        with_addresses(text, self.simulator.port(), &self.operator.addresses().webhooks)
    }

    /// The folder with logs and configuration.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Removes what the chart installed, its definitions and all objects of them included.
    pub async fn uninstall(&self) -> Result<(), KubectlError> {
        let system = self.kubectl.in_namespace(RELEASE);
        system.pipe(["delete", "--ignore-not-found", "--filename=-"], &self.manifests).await?;
        system.run(["delete", "namespace", "--ignore-not-found", USER_NAMESPACE, RELEASE]).await?;
        Ok(())
    }

    /// Stops the operator and the simulator in an orderly way, then the cluster unless it is somebody else's.
    pub async fn stop(self) -> Result<(), TestbedError> {
        self.operator.stop().await?;
        self.simulator.stop().await?;
        self.access.release().await.map_err(TestbedError::io("stop the cluster"))
    }
}

/// Helm is compiled when the cache has none.
async fn helm() -> Result<PathBuf, TestbedError> {
    let ensure = || Program::Helm.ensure(&|line| eprintln!("testbed: {line}"));
    match tokio::task::spawn_blocking(ensure).await {
        Ok(path) => Ok(path?),
        Err(error) => Err(TestbedError::io("look for helm")(std::io::Error::other(error))),
    }
}

/// Speaks plain HTTP on loopback only; the TLS provider is needed to make any client at all.
pub(crate) fn http_client() -> Client {
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap_or_default()
}
