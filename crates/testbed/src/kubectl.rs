//! kubectl as somebody: what a user would type, on the testbed's cluster.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Why a kubectl command brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// It could not be run.
    #[error("cannot run kubectl")]
    Run(#[source] io::Error),
    /// It ended with an error, most often the API server's.
    #[error("kubectl {arguments}: {message}")]
    Refused {
        /// What was asked.
        arguments: String,
        /// What it wrote to standard error.
        message: String,
    },
    /// It was asked for JSON and wrote something else.
    #[error("kubectl {arguments} did not write JSON")]
    NotJson {
        /// What was asked.
        arguments: String,
        /// Where it went wrong.
        source: serde_json::Error,
    },
}

impl KubectlError {
    /// What the API server said, empty where kubectl did not get that far.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Refused { message, .. } => message,
            Self::Run(_) | Self::NotJson { .. } => "",
        }
    }
}

/// A kubectl with the rights of one kubeconfig and a namespace it works in unless told otherwise.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// Unset: each object's own. kubectl refuses objects of another namespace than the one that it is told.
    namespace: Option<String>,
}

impl Kubectl {
    /// A kubectl that uses this kubeconfig, in `namespace` unless a manifest names another.
    #[must_use]
    pub fn new(program: &Path, kubeconfig: &Path, namespace: &str) -> Self {
        Self { program: program.to_owned(), kubeconfig: kubeconfig.to_owned(), namespace: Some(namespace.to_owned()) }
    }

    /// The same, by default in another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self.clone() }
    }

    /// The same, for objects that each name their namespace.
    #[must_use]
    pub fn everywhere(&self) -> Self {
        Self { namespace: None, ..self.clone() }
    }

    /// Runs it and returns what it wrote to standard output.
    pub async fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<String, KubectlError> {
        self.pipe(arguments, "").await
    }

    /// Runs it with `--output=json`.
    pub async fn json(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Value, KubectlError> {
        let mut words = owned(arguments);
        words.push("--output=json".into());
        let output = self.run(&words).await?;
        serde_json::from_str(&output).map_err(|source| KubectlError::NotJson { arguments: join(&words), source })
    }

    /// Applies a file, a folder of files or a URL.
    pub async fn apply(&self, path: &Path) -> Result<String, KubectlError> {
        self.run([OsStr::new("apply"), OsStr::new("--filename"), path.as_os_str()]).await
    }

    /// Applies manifests, YAML or JSON.
    pub async fn apply_manifest(&self, manifest: &str) -> Result<String, KubectlError> {
        self.pipe(["apply", "--filename=-"], manifest).await
    }

    /// Runs it with `input` on its standard input.
    pub async fn pipe(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: &str,
    ) -> Result<String, KubectlError> {
        let arguments = owned(arguments);
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(self.namespace.iter().flat_map(|namespace| ["--namespace", namespace]))
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(KubectlError::Run)?;
        let stdin = child.stdin.take();
        let write = async {
            match stdin {
                // kubectl may end without reading; its exit status tells the story.
                Some(mut stdin) => stdin.write_all(input.as_bytes()).await.is_ok(),
                None => false,
            }
        };
        let (_written, output) = tokio::join!(write, child.wait_with_output());
        let output = output.map_err(KubectlError::Run)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(KubectlError::Refused { arguments: join(&arguments), message })
    }
}

fn owned(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Vec<std::ffi::OsString> {
    arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect()
}

fn join(arguments: &[std::ffi::OsString]) -> String {
    arguments.join(OsStr::new(" ")).to_string_lossy().into_owned()
}
