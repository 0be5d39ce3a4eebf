//! Runs the programs of `python/` with the pinned packages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environment::{self, EnvironmentError};

/// A Python interpreter with the pinned packages.
#[derive(Debug, Clone)]
pub struct Python {
    interpreter: PathBuf,
}

/// Why a program did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The interpreter could not be started.
    #[error("cannot run {}", interpreter.display())]
    Start {
        /// The interpreter.
        interpreter: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The program ended with an error; what it said follows.
    #[error("{script} ended with {status}:\n{output}")]
    Failed {
        /// Its file name.
        script: String,
        /// How.
        status: std::process::ExitStatus,
        /// Standard output and error.
        output: String,
    },
}

impl Python {
    /// The interpreter, with its packages installed first when this machine has not seen them yet.
    pub fn ready() -> Result<Self, EnvironmentError> {
        Ok(Self { interpreter: environment::interpreter()? })
    }

    /// Runs a program of `python/` to its end; what it wrote to standard output.
    pub fn run<A: AsRef<OsStr>>(&self, script: &str, arguments: &[A]) -> Result<String, ScriptError> {
        let output = self
            .command(script)
            .args(arguments)
            .output()
            .map_err(|source| ScriptError::Start { interpreter: self.interpreter.clone(), source })?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let output_text = said + &String::from_utf8_lossy(&output.stderr);
        Err(ScriptError::Failed { script: script.to_owned(), status: output.status, output: output_text })
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.interpreter);
        // -B: no byte code in the source tree. -E and -s: nobody's PYTHONPATH or user packages.
        command.args(["-B", "-E", "-s"]);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script));
        command.stdin(Stdio::null());
        command
    }
}
