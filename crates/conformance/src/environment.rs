//! A virtual environment with the pinned packages, made once per machine:
//! `$XDG_CACHE_HOME/telnyx-operator/python-packages/DIGEST/`, or below `~/.cache`.
//!
//! It appears complete or not at all; one process makes it while others wait. The digest covers the requirements and the
//! interpreter, so that neither a newer package nor a newer Python meets an old environment.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

/// What is installed, with hashes.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// How many lines of a failed command an error carries.
const ERROR_LINES: usize = 20;

/// Why there is no Python with the packages.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Neither `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no place for the cache: set XDG_CACHE_HOME or HOME")]
    NoCache,
    /// The cache could not be read or written.
    #[error("cannot use the cache at {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no Python.
    #[error("cannot run `python3`: install Python 3.11 or newer (Debian: apt-get install python3 python3-pip)")]
    NoPython(#[source] io::Error),
    /// There is a Python, and nothing that installs packages.
    #[error("python3 has neither pip nor ensurepip: install one (Debian: apt-get install python3-pip)\n{output}")]
    NoPip {
        /// The end of what the last attempt said.
        output: String,
    },
    /// The environment could not be made, or the packages not be installed.
    #[error("{what} failed:\n{output}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// The end of what it said.
        output: String,
    },
}

/// The interpreter of the environment, which is made when it is not there yet (a minute at most).
pub(crate) fn interpreter() -> Result<PathBuf, EnvironmentError> {
    let home = cache_home(env::var_os("XDG_CACHE_HOME").map(PathBuf::from), env::var_os("HOME").map(PathBuf::from))?;
    interpreter_below(&home, Path::new("python3"))
}

fn interpreter_below(home: &Path, python3: &Path) -> Result<PathBuf, EnvironmentError> {
    let folder = home.join("telnyx-operator").join("python-packages");
    let made = folder.join(digest(python3)?);
    if !made.is_dir() {
        fs::create_dir_all(&folder).map_err(cache_error(&folder))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(cache_error(&lock_path))?;
        // Released when the file is closed, at the end of this block or of the process.
        lock.lock().map_err(cache_error(&lock_path))?;
        if !made.is_dir() {
            let workshop =
                tempfile::Builder::new().prefix("making-").tempdir_in(&folder).map_err(cache_error(&folder))?;
            make(python3, workshop.path())?;
            // The interpreter finds its packages from where it stands: an environment may move before its first use.
            fs::rename(workshop.path().join("venv"), &made).map_err(cache_error(&made))?;
        }
    }
    Ok(made.join("bin/python"))
}

/// The XDG base directory specification ignores a relative `XDG_CACHE_HOME`.
fn cache_home(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf, EnvironmentError> {
    xdg.filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".cache")))
        .ok_or(EnvironmentError::NoCache)
}

fn digest(python3: &Path) -> Result<String, EnvironmentError> {
    let identity = Command::new(python3)
        .args(["-c", "import sys; print(sys.version, sys.executable)"])
        .output()
        .map_err(EnvironmentError::NoPython)?;
    let digest = Sha256::new().chain_update(REQUIREMENTS).chain_update(identity.stdout).finalize();
    Ok(digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
        .map(|number| format!("{number:016x}"))
}

/// Makes `venv` in this folder. Without pip of its own, which would take longer than all the rest: Debian's Python can do that
/// without `python3-venv`, and the system's pip installs into it. Where there is no such pip, the environment gets one.
fn make(python3: &Path, folder: &Path) -> Result<(), EnvironmentError> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(cache_error(&requirements))?;
    let venv = folder.join("venv");
    let interpreter = venv.join("bin/python");
    let made = run(Command::new(python3).args(["-m", "venv", "--without-pip"]).arg(&venv))?;
    made.map_err(|output| EnvironmentError::Failed { what: "`python3 -m venv`", output })?;
    let mut pip = pip(python3, &interpreter)?;
    let installed = run(pip
        .args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"])
        .arg(&requirements))?;
    installed.map_err(|output| EnvironmentError::Failed { what: "`pip install` of the pinned packages", output })
}

/// A command that is pip for this interpreter: the system's, else the one that comes with Python, else Debian's.
fn pip(python3: &Path, interpreter: &Path) -> Result<Command, EnvironmentError> {
    let systems = || {
        let mut pip = Command::new(python3);
        // pip 22.3 and newer install into another interpreter.
        pip.args(["-m", "pip", "--python"]).arg(interpreter);
        pip
    };
    if run(systems().arg("--version"))?.is_ok() {
        return Ok(systems());
    }
    if run(Command::new(interpreter).args(["-m", "ensurepip"]))?.is_ok() {
        let mut own = Command::new(interpreter);
        own.args(["-m", "pip"]);
        return Ok(own);
    }
    let fetched = run(Command::new("apt-get").args(["install", "--yes", "--quiet", "python3-pip"]));
    match fetched {
        Ok(Ok(())) => Ok(systems()),
        Ok(Err(output)) => Err(EnvironmentError::NoPip { output }),
        Err(_no_apt) => Err(EnvironmentError::NoPip { output: String::new() }),
    }
}

/// Runs a command to its end; its last lines when it fails.
fn run(command: &mut Command) -> Result<Result<(), String>, EnvironmentError> {
    let output = command.stdin(Stdio::null()).output().map_err(EnvironmentError::NoPython)?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    Ok(Err(lines.get(lines.len().saturating_sub(ERROR_LINES)..).unwrap_or_default().join("\n")))
}

fn cache_error(path: &Path) -> impl FnOnce(io::Error) -> EnvironmentError + use<> {
    let path = path.to_owned();
    move |source| EnvironmentError::Cache { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A program that fails when its arguments contain this text, and succeeds without doing anything when they do not. It is not
    /// written here: a file that is open for writing cannot be run, and what another test starts meanwhile holds it open too.
    fn program(folder: &Path, refuses: &str) -> PathBuf {
        let path = folder.join(refuses);
        symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/refuses"), &path).unwrap();
        path
    }

    #[test]
    fn the_cache_is_where_the_user_keeps_caches() {
        let cases = [
            (Some("/cache"), Some("/home/me"), Some("/cache")),
            (Some("relative"), Some("/home/me"), Some("/home/me/.cache")),
            (None, Some("/home/me"), Some("/home/me/.cache")),
            (None, None, None),
        ];
        for (xdg, home, expected) in cases {
            let found = cache_home(xdg.map(PathBuf::from), home.map(PathBuf::from)).ok();
            assert_eq!(found, expected.map(PathBuf::from), "{xdg:?} {home:?}");
        }
    }

    #[test]
    fn a_python_that_cannot_make_environments_is_named_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let python3 = program(folder.path(), "-m venv");
        let error = interpreter_below(folder.path(), &python3).unwrap_err();
        assert_eq!(error.to_string(), "`python3 -m venv` failed:\nno");
        let left: Vec<_> = fs::read_dir(folder.path().join("telnyx-operator/python-packages"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn the_systems_pip_comes_first_and_the_environments_own_second() {
        let folder = tempfile::tempdir().unwrap();
        let interpreter = program(folder.path(), "no words of ensurepip");
        let with_pip = program(folder.path(), "no words of pip");
        assert_eq!(pip(&with_pip, &interpreter).unwrap().get_program(), with_pip);
        let without_pip = program(folder.path(), "-m pip");
        assert_eq!(pip(&without_pip, &interpreter).unwrap().get_program(), interpreter);
    }
}
