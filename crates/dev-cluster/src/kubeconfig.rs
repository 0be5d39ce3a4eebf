//! How to reach a cluster and as whom, in the form that kubectl and every client library read.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::certificates::Pair;

/// Where an API server listens and which authority signed its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    server: String,
    authority: Vec<u8>,
}

/// Why a kubeconfig could not be read for its endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// kubectl could not be run.
    #[error("cannot run {program}")]
    Run {
        /// Which kubectl.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// kubectl refused the file.
    #[error("kubectl cannot read the kubeconfig: {0}")]
    Refused(String),
    /// The current context has no server, or verifies it by no authority that could be handed on.
    #[error("the kubeconfig's current context has no `{0}`")]
    Missing(&'static str),
}

impl Endpoint {
    /// An API server at `server` (a URL) whose certificate was signed by `authority` (PEM).
    #[must_use]
    pub fn new(server: String, authority: Vec<u8>) -> Self {
        Self { server, authority }
    }

    /// The endpoint of the current context of any kubeconfig, as `kubectl` understands it.
    pub fn of_kubeconfig(kubectl: &Path, kubeconfig: &Path) -> Result<Self, EndpointError> {
        let output = Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["config", "view", "--raw", "--minify", "--flatten", "--output=json"])
            .output()
            .map_err(|source| EndpointError::Run { program: kubectl.display().to_string(), source })?;
        if !output.status.success() {
            return Err(EndpointError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let view: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| EndpointError::Refused(error.to_string()))?;
        let field = |name: &'static str| {
            view.pointer(&format!("/clusters/0/cluster/{name}"))
                .and_then(Value::as_str)
                .ok_or(EndpointError::Missing(name))
        };
        let authority = STANDARD
            .decode(field("certificate-authority-data")?)
            .map_err(|error| EndpointError::Refused(error.to_string()))?;
        Ok(Self::new(field("server")?.to_owned(), authority))
    }

    /// The base URL, `https://host:port`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// A kubeconfig for whoever owns `token`, a ServiceAccount's for one.
    #[must_use]
    pub fn kubeconfig_for_token(&self, token: &str) -> String {
        self.kubeconfig(&json!({ "token": token }))
    }

    /// A kubeconfig for the user that a client certificate names.
    pub(crate) fn kubeconfig_for_certificate(&self, pair: &Pair) -> io::Result<String> {
        Ok(self.kubeconfig(&json!({
            "client-certificate-data": STANDARD.encode(fs::read(&pair.certificate)?),
            "client-key-data": STANDARD.encode(fs::read(&pair.key)?),
        })))
    }

    /// JSON is YAML, so every reader of kubeconfigs takes it.
    fn kubeconfig(&self, user: &Value) -> String {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "dev-cluster", "cluster": {
                "server": self.server,
                "certificate-authority-data": STANDARD.encode(&self.authority),
            }}],
            "users": [{ "name": "user", "user": user }],
            "contexts": [{ "name": "dev-cluster", "context": { "cluster": "dev-cluster", "user": "user" } }],
            "current-context": "dev-cluster",
        });
        format!("{config:#}\n")
    }
}

/// Writes what must stay with its owner: replaces `path` at once, readable by the owner alone.
pub(crate) fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    io::Write::write_all(&mut file, content.as_bytes())?;
    fs::rename(&temporary, path)
}
