//! The simulated Voice API, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::ports::Port;
use crate::service::{Service, ServiceError};

/// Why the simulator's admin API brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// No answer.
    #[error("the simulator does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// An answer other than success.
    #[error("the simulator answered {status}: {body}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
}

/// A handle on the simulator.
#[derive(Debug)]
pub struct Simulator {
    service: Service,
    port: Port,
    http: Client,
}

impl Simulator {
    pub(crate) fn new(program: &Path, port: Port, config: &Path, log: PathBuf, http: Client) -> Self {
        let mut command = Command::new(program);
        command.args(["simulate", "--listen", &port.to_string(), "--config"]).arg(config);
        let ready = format!("http://{port}/sim/counters");
        Self { service: Service::new("simulator", command, log, ready, http.clone()), port, http }
    }

    pub(crate) fn port(&self) -> &Port {
        &self.port
    }

    /// What a `TelnyxAccount` takes as `baseUrl`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v2", self.port)
    }

    /// Where the admin API is.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}/sim", self.port)
    }

    /// What a `TelnyxAccount` takes as `webhookPublicKey`.
    pub async fn public_key(&self) -> Result<String, SimulatorError> {
        let answer = self.get("/public-key").await?;
        Ok(answer.get("publicKey").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// What was asked of the simulator so far.
    pub async fn counters(&self) -> Result<Value, SimulatorError> {
        self.get("/counters").await
    }

    /// Asks the admin API: `path` below [`Simulator::admin_url`], beginning with `/`.
    pub async fn get(&self, path: &str) -> Result<Value, SimulatorError> {
        self.ask(Method::GET, path, None).await
    }

    /// Tells the admin API something.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, SimulatorError> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Takes something back at the admin API, a fault for one.
    pub async fn delete(&self, path: &str) -> Result<Value, SimulatorError> {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, SimulatorError> {
        let mut request = self.http.request(method, format!("{}{path}", self.admin_url()));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.text().await?;
        if !status.is_success() {
            return Err(SimulatorError::Refused { status: status.as_u16(), body });
        }
        // An empty answer says that it was done.
        Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// Starts it again after [`Simulator::sigkill`] or [`Simulator::stop`], with nothing of what it knew.
    pub async fn start(&self) -> Result<(), ServiceError> {
        self.service.start().await
    }

    /// Stops it: requests to the API fail from now on.
    pub async fn stop(&self) -> Result<(), ServiceError> {
        self.service.stop().await.map(drop)
    }

    /// Kills it.
    pub async fn sigkill(&self) -> Result<(), ServiceError> {
        self.service.sigkill().await
    }

    /// The process id, `None` when it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Where its log is.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.service.log()
    }
}
