//! A child never outlives its parent, and its end is reported as it was.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dev_cluster::process::{Process, Signal};

const GRACE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(10);

fn shell(script: &str, folder: &Path) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::spawn("child", &command, &folder.join("child.log")).unwrap()
}

fn is_alive(pid: u32) -> bool {
    // A zombie still has its folder; it holds nothing any more.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "still not after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn an_exit_code_passes_through_the_guard() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shell("exit 7", folder.path());
    assert_eq!(child.exit().await.unwrap().code(), Some(7));
}

#[tokio::test]
async fn a_missing_program_is_told_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let command = Command::new("/nowhere/program");
    let mut child = Process::spawn("ghost", &command, &folder.path().join("log")).unwrap();
    assert_eq!(child.exit().await.unwrap().code(), Some(127));
    assert!(child.log_tail().contains("/nowhere/program"), "{}", child.log_tail());
}

#[tokio::test]
async fn a_child_that_listens_is_stopped_politely() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done", folder.path());
    wait_until("the trap is set", || child.log_tail().contains("up"));
    assert_eq!(child.stop(PATIENCE).await.unwrap().code(), Some(5));
    assert!(child.log_tail().contains("bye"));
}

#[tokio::test]
async fn a_stubborn_child_is_killed_after_its_grace() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shell("trap '' TERM; echo up; while :; do sleep 0.05; done", folder.path());
    wait_until("the trap is set", || child.log_tail().contains("up"));
    assert_eq!(child.stop(GRACE).await.unwrap().code(), Some(128 + 9));
}

#[tokio::test]
async fn a_paused_child_goes_on_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shell("while :; do echo tick; sleep 0.02; done", folder.path());
    let length = |child: &Process| fs::metadata(child.log()).unwrap().len();
    wait_until("it ticks", || length(&child) > 0);
    child.signal(Signal::Pause).unwrap();
    let state = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    wait_until("it stands still", || state(child.pid()).contains(") T "));
    let before = length(&child);
    child.signal(Signal::Continue).unwrap();
    wait_until("it ticks again", || length(&child) > before);
    child.kill().await.unwrap();
}

#[test]
fn a_dropped_child_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let child = shell("exec sleep 600", folder.path());
    let pid = child.pid();
    assert!(is_alive(pid));
    drop(child);
    assert!(!is_alive(pid));
}

#[test]
fn a_signal_to_a_child_that_has_ended_is_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shell("exit 0", folder.path());
    wait_until("it has ended", || child.try_exit().unwrap().is_some());
    child.signal(Signal::Terminate).unwrap();
}

/// Runs in a process of its own that is killed: the test below starts this very test binary again.
#[test]
fn a_child_dies_with_a_parent_that_is_killed() {
    const FOLDER: &str = "DEV_CLUSTER_TEST_PARENT_FOLDER";
    if let Ok(folder) = std::env::var(FOLDER) {
        // A thread that ends at once, as a worker of an async runtime may, must not take the child along.
        let started = std::thread::spawn(move || {
            let child = shell("exec sleep 600", Path::new(&folder));
            fs::write(Path::new(&folder).join("pid.tmp"), child.pid().to_string()).unwrap();
            fs::rename(Path::new(&folder).join("pid.tmp"), Path::new(&folder).join("pid")).unwrap();
            child
        });
        let _child = started.join().unwrap();
        std::thread::sleep(Duration::from_mins(10));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_child_dies_with_a_parent_that_is_killed"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid_file = folder.path().join("pid");
    wait_until("the parent has a child", || pid_file.exists());
    let pid: u32 = fs::read_to_string(pid_file).unwrap().parse().unwrap();
    assert!(is_alive(pid), "the thread that started it has ended, the child must live");
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the child is gone", || !is_alive(pid));
}
