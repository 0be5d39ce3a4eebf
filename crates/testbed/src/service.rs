//! A program that serves HTTP and can be killed and started again, with the same command line and on the same ports.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dev_cluster::process::{Process, Signal};
use reqwest::Client;

use crate::eventually::{TimedOut, eventually};

/// A service that needs longer than this to become ready, or to end in an orderly way, is broken even on a busy
/// machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// It could not be started, signalled or waited for.
    #[error("cannot run {name}")]
    Run {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended with {status} before it was ready; its log is {}, the end of it:\n{tail}", log.display())]
    Ended {
        /// Which.
        name: String,
        /// How.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// It runs and does not become ready.
    #[error("{name} does not become ready; its log is {}, the end of it:\n{tail}", log.display())]
    NotReady {
        /// Which.
        name: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
        /// What was seen instead.
        source: Box<TimedOut>,
    },
}

#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    command: Command,
    log: PathBuf,
    ready_url: String,
    http: Client,
    process: Mutex<Option<Process>>,
}

impl Service {
    pub(crate) fn new(name: &'static str, command: Command, log: PathBuf, ready_url: String, http: Client) -> Self {
        Self { name, command, log, ready_url, http, process: Mutex::new(None) }
    }

    /// Starts it and returns when it is ready. Nothing happens when it runs already.
    pub(crate) async fn start(&self) -> Result<(), ServiceError> {
        if self.pid().is_none() {
            let process =
                Process::spawn(self.name, &self.command, &self.log).map_err(|source| self.cannot_run(source))?;
            *self.slot() = Some(process);
        }
        let answer = eventually("ready", PATIENCE, async || {
            if let Some(status) = self.ended().map_err(|source| source.to_string())? {
                return Ok(Err(status));
            }
            match self.http.get(&self.ready_url).send().await {
                Ok(response) if response.status().is_success() => Ok(Ok(())),
                Ok(response) => {
                    let status = response.status();
                    Err(format!("{} answered {status}: {}", self.ready_url, response.text().await.unwrap_or_default()))
                }
                Err(error) => Err(format!("{error:?}")),
            }
        });
        let (name, log) = (self.name.to_owned(), self.log.clone());
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) => Err(ServiceError::Ended { name, status, log, tail: self.log_tail() }),
            Err(timed_out) => {
                Err(ServiceError::NotReady { name, log, tail: self.log_tail(), source: Box::new(timed_out) })
            }
        }
    }

    /// Ends it in an orderly way, by force after a while; says how it ended, `None` when it did not run.
    pub(crate) async fn stop(&self) -> Result<Option<ExitStatus>, ServiceError> {
        let process = self.slot().take();
        match process {
            Some(mut process) => Ok(Some(process.stop(PATIENCE).await.map_err(|source| self.cannot_run(source))?)),
            None => Ok(None),
        }
    }

    /// Kills it, as the kernel does when memory runs out; returns when it is gone.
    pub(crate) async fn sigkill(&self) -> Result<(), ServiceError> {
        let process = self.slot().take();
        if let Some(mut process) = process {
            process.kill().await.map_err(|source| self.cannot_run(source))?;
        }
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), ServiceError> {
        self.slot().as_mut().map_or(Ok(()), |process| process.signal(signal)).map_err(|source| self.cannot_run(source))
    }

    /// The process id, `None` when it does not run.
    pub(crate) fn pid(&self) -> Option<u32> {
        let mut slot = self.slot();
        let process = slot.as_mut()?;
        matches!(process.try_exit(), Ok(None)).then(|| process.pid())
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    fn ended(&self) -> io::Result<Option<ExitStatus>> {
        self.slot().as_mut().map_or(Ok(None), Process::try_exit)
    }

    fn log_tail(&self) -> String {
        self.slot().as_ref().map(Process::log_tail).unwrap_or_default()
    }

    /// A panic in a test that holds the lock leaves a process behind that can still be killed.
    fn slot(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cannot_run(&self, source: io::Error) -> ServiceError {
        ServiceError::Run { name: self.name.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Port;
    use crate::testbed::http_client;

    /// A web server that every machine with Python has.
    fn web_server(port: &Port, folder: &Path) -> Service {
        let mut command = Command::new("python3");
        command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.number().to_string()]).current_dir(folder);
        let url = format!("http://{port}/");
        Service::new("web server", command, folder.join("log"), url, http_client())
    }

    #[tokio::test]
    async fn a_killed_service_starts_again_on_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::keep().unwrap();
        let service = web_server(&port, folder.path());
        assert_eq!(service.pid(), None);
        service.start().await.unwrap();
        let first = service.pid().unwrap();
        service.start().await.unwrap();
        assert_eq!(service.pid(), Some(first), "it runs already");

        service.sigkill().await.unwrap();
        assert_eq!(service.pid(), None);
        service.http.get(&service.ready_url).send().await.unwrap_err();

        service.start().await.unwrap();
        assert_ne!(service.pid(), Some(first));
        assert!(service.stop().await.unwrap().is_some());
        assert!(service.stop().await.unwrap().is_none(), "it is stopped already");
    }

    #[tokio::test]
    async fn a_service_that_ended_by_itself_can_be_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::keep().unwrap();
        let service = web_server(&port, folder.path());
        service.start().await.unwrap();
        service.signal(Signal::Kill).unwrap();
        eventually("it has ended", PATIENCE, async || service.pid().map_or(Ok(()), Err)).await.unwrap();
        service.start().await.unwrap();
        assert!(service.pid().is_some());
    }

    #[tokio::test]
    async fn a_service_that_ends_before_it_is_ready_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo the port is taken >&2; exit 3"]);
        let url = "http://127.0.0.1:9/".to_owned();
        let service = Service::new("grumpy", command, folder.path().join("log"), url, http_client());
        let error = service.start().await.unwrap_err();
        assert!(matches!(&error, ServiceError::Ended { status, .. } if status.code() == Some(3)), "{error}");
        assert!(error.to_string().contains("the port is taken"), "{error}");
    }
}
