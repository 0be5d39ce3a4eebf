//! The operator, as a process of its own with the rights of the chart's ServiceAccount.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use dev_cluster::process::Signal;
use reqwest::Client;

use crate::ports::Port;
use crate::service::{Service, ServiceError};

/// Where the operator listens.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) webhooks: Port,
    pub(crate) admin: Port,
}

impl Addresses {
    /// The argument with our address where it names one.
    fn put_into(&self, argument: String) -> String {
        match argument.split_once('=') {
            Some((flag @ "--webhook-listen", _)) => format!("{flag}={}", self.webhooks),
            Some((flag @ "--admin-listen", _)) => format!("{flag}={}", self.admin),
            // Others learn it from the API server.
            Some((flag @ "--peer-listen", _)) => format!("{flag}=127.0.0.1:0"),
            _ => argument,
        }
    }
}

/// A handle on the operator.
#[derive(Debug)]
pub struct Operator {
    service: Service,
    addresses: Addresses,
}

impl Operator {
    /// `command` names the program and its kubeconfig; `arguments` are the Deployment's, which listen on fixed ports
    /// of a Pod's own address and here get `addresses` instead.
    pub(crate) fn new(
        mut command: Command,
        arguments: Vec<String>,
        addresses: Addresses,
        log: PathBuf,
        http: Client,
    ) -> Self {
        command.args(arguments.into_iter().map(|argument| addresses.put_into(argument)));
        let ready = format!("http://{}/readyz", addresses.admin);
        Self { service: Service::new("operator", command, log, ready, http), addresses }
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// What a `TelnyxAccount` takes as `webhookBaseUrl`.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("http://{}", self.addresses.webhooks)
    }

    /// Where `/readyz`, `/livez` and `/metrics` are.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.addresses.admin)
    }

    /// Starts it and returns when it is ready. Nothing happens when it runs already.
    pub async fn start(&self) -> Result<(), ServiceError> {
        self.service.start().await
    }

    /// Stops it in an orderly way (SIGTERM) and says how it ended; `None` when it did not run.
    pub async fn stop(&self) -> Result<Option<ExitStatus>, ServiceError> {
        self.service.stop().await
    }

    /// Kills it between any two of its steps, and returns when it is gone.
    pub async fn sigkill(&self) -> Result<(), ServiceError> {
        self.service.sigkill().await
    }

    /// Stops it in an orderly way and starts it again.
    pub async fn restart(&self) -> Result<(), ServiceError> {
        self.stop().await?;
        self.start().await
    }

    /// Sends it a signal, [`Signal::Pause`] for one; nothing happens when it does not run.
    pub fn signal(&self, signal: Signal) -> Result<(), ServiceError> {
        self.service.signal(signal)
    }

    /// The process id, `None` when it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Where its log is; one file for all its runs.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.service.log()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_listens_on_loopback_and_keeps_its_other_arguments() {
        let addresses = Addresses { webhooks: Port::keep().unwrap(), admin: Port::keep().unwrap() };
        let (webhooks, admin) =
            (format!("--webhook-listen={}", addresses.webhooks), format!("--admin-listen={}", addresses.admin));
        let cases = [
            ("run", "run"),
            ("--webhook-listen=0.0.0.0:8080", webhooks.as_str()),
            ("--peer-listen=0.0.0.0:8443", "--peer-listen=127.0.0.1:0"),
            ("--admin-listen=0.0.0.0:8081", admin.as_str()),
            ("--resync=10m", "--resync=10m"),
        ];
        for (given, expected) in cases {
            assert_eq!(addresses.put_into(given.to_owned()), expected);
        }
    }
}
