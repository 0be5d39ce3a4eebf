//! A child process that never outlives its parent, however the parent ends.
//!
//! Between the two stands a guard: a shell that reads a pipe of which only the parent holds the writing end. When the
//! parent is gone, SIGKILL included, the kernel closes that end and the guard kills the child. The pipe belongs to
//! the process and not to a thread, which the kernel's own parent-death signal does, so a child may be started from
//! any thread of an async runtime.
//!
//! The child is in a process group of its own with the guard, so a Ctrl-C in the terminal reaches the parent alone,
//! which then stops its children in their order. What the child itself starts is not looked after.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Runs `"$@"` with the guard's standard error (the log) as its output and obeys the pipe: one signal name a line, and
/// KILL at the end of file. Reports the child's pid only then, because a parent that is gone by that time breaks the
/// report's pipe, which ends this shell. Exits as the child does (128 + n after signal n).
const GUARD: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- >&2 &
child=$!
( while read -r signal <&3; do kill -"$signal" "$child"; done; kill -KILL "$child" ) >/dev/null 2>&1 &
orders=$!
echo "$child"
exec >&-
wait "$child"
status=$?
kill -KILL "$orders"
wait "$orders" 2>/dev/null
exit "$status"
"#;

/// How often a process is asked whether it has ended.
const EXIT_POLL: Duration = Duration::from_millis(20);

/// How much of the end of a log is shown in an error, in bytes.
const LOG_TAIL: u64 = 4096;

/// What can be sent to a [`Process`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Please stop: SIGTERM.
    Terminate,
    /// What Ctrl-C sends: SIGINT.
    Interrupt,
    /// Stop at once, without a last word: SIGKILL.
    Kill,
    /// Stand still until [`Signal::Continue`]: SIGSTOP.
    Pause,
    /// Go on after [`Signal::Pause`]: SIGCONT.
    Continue,
}

impl Signal {
    /// The name that `kill` takes in every POSIX shell.
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
            Self::Pause => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// A running child. Dropping it kills the child and waits until it is gone (milliseconds).
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    guard: Child,
    orders: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, with nothing on its standard input and both outputs appended to `log`.
    ///
    /// Of `command` the program, arguments, directory and environment changes are used; its redirections and
    /// `env_clear` are not. A program that cannot be executed is no error here: the process then ends with status 126
    /// or 127 and says why in the log.
    pub fn spawn(name: &str, command: &Command, log: &Path) -> io::Result<Self> {
        let log_file = OpenOptions::new().create(true).append(true).open(log)?;
        let mut guard = guard_of(name, command, log_file).spawn()?;
        let orders = guard.stdin.take();
        let pid = match read_pid(&mut guard) {
            Ok(pid) => pid,
            Err(error) => {
                drop(orders);
                guard.wait()?;
                return Err(error);
            }
        };
        Ok(Self { name: name.to_owned(), pid, guard, orders, log: log.to_owned() })
    }

    /// The name it was started with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of the child itself, not of its guard.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Sends a signal. A process that has ended is no error: the signal is then for nobody.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        let Some(orders) = &mut self.orders else { return Ok(()) };
        match writeln!(orders, "{}", signal.name()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent,
        }
    }

    /// How it ended, or `None` while it runs. A signal `n` shows as exit code `128 + n`.
    pub fn try_exit(&mut self) -> io::Result<Option<ExitStatus>> {
        self.guard.try_wait()
    }

    /// Waits until it has ended by itself. Cancelling the future changes nothing.
    pub async fn exit(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_exit()? {
                return Ok(status);
            }
            sleep(EXIT_POLL).await;
        }
    }

    /// Asks it to end and kills it when it has not done so after `grace`; returns how it ended.
    pub async fn stop(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::Terminate)?;
        let deadline = Instant::now() + grace;
        while Instant::now() < deadline {
            if let Some(status) = self.try_exit()? {
                return Ok(status);
            }
            sleep(EXIT_POLL).await;
        }
        self.kill().await
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::Kill)?;
        self.exit().await
    }

    /// The end of its log, for an error message; empty when there is none.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of the pipe is the order to kill; a guard that is already reaped answers at once.
        drop(self.orders.take());
        let _gone = self.guard.wait();
    }
}

/// The guard of `command`, ready to be started.
fn guard_of(name: &str, command: &Command, log: File) -> Command {
    let mut guard = Command::new("/bin/sh");
    guard
        .args([OsStr::new("-c"), OsStr::new(GUARD), OsStr::new(name), command.get_program()])
        .args(command.get_args())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0);
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => guard.env(key, value),
            None => guard.env_remove(key),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        guard.current_dir(directory);
    }
    guard
}

fn read_pid(guard: &mut Child) -> io::Result<u32> {
    let mut line = String::new();
    if let Some(stdout) = guard.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    line.trim().parse().map_err(|_| io::Error::other(format!("the guard shell did not report a process id: {line:?}")))
}

/// The last whole lines of a file, at most [`LOG_TAIL`] bytes.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(LOG_TAIL);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(match text.split_once('\n') {
        Some((_cut, whole)) if skipped > 0 => whole.to_owned(),
        _ => text.into_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_child_dies_whose_parent_went_before_it_was_told_the_pid() {
        let mut sleeper = Command::new("sleep");
        let seconds = format!("600.{}", std::process::id());
        sleeper.arg(&seconds);
        for _ in 0..20 {
            let mut guard = guard_of("sleeper", &sleeper, tempfile::tempfile().unwrap()).spawn().unwrap();
            drop((guard.stdout.take(), guard.stdin.take()));
            guard.wait().unwrap();
            let deadline = Instant::now() + Duration::from_mins(1);
            while is_running(&seconds) {
                assert!(Instant::now() < deadline, "the child outlived its parent");
                std::thread::yield_now();
            }
        }
    }

    fn is_running(argument: &str) -> bool {
        std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            arguments.split(|byte| *byte == 0).any(|one| one == argument.as_bytes())
        })
    }
}
