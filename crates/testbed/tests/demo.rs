//! The demo, as `make demo` runs it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use testbed::eventually;

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    command.arg("demo").stdin(Stdio::null());
    command
}

#[test]
fn the_demo_comes_to_its_end_on_other_ports_with_its_operator_killed_at_many_moments() {
    // Nobody else may listen there. When somebody does already, so much the better.
    let taken = [8080, 12_111].map(|port| TcpListener::bind(("127.0.0.1", port)));
    let output = demo().args(["--kill-every", "8"]).output().unwrap();
    drop(taken);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let number_before = |what: &str| -> u32 {
        let line =
            told.lines().find(|line| line.trim_end().ends_with(what)).unwrap_or_else(|| panic!("no {what}: {told}"));
        line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
    };
    let (_, outcomes) = told.split_once("What became of the calls:").unwrap();
    let outcomes: Vec<&str> = outcomes.lines().skip(1).take_while(|line| !line.ends_with("included")).collect();
    let ended = outcomes.iter().map(|line| line.split_whitespace().next().unwrap().parse::<u32>().unwrap());
    assert_eq!(ended.sum::<u32>(), 200, "everybody has an outcome: {told}");
    assert!(!outcomes.iter().any(|line| line.ends_with("Ambiguous")), "every call was found again: {told}");
    assert!(number_before("calls placed at the API, retries included") >= 200, "{told}");
    assert_eq!(number_before("phones that rang twice for one attempt"), 0);
    let kills = told.lines().find_map(|line| line.split_once("the operator was killed ")).unwrap().1;
    let kills: u32 = kills.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kills >= 5, "killed {kills} times: {told}");
    assert!(told.contains("Repaired") && told.contains("Nothing is left"), "{told}");
}

/// Marks the demo's processes: children inherit it.
const MARK: &str = "TELNYX_OPERATOR_TEST_MARK";

fn marked(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let is_marked = |environment: &Vec<u8>| environment.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes());
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes
        .filter(|process| fs::read(process.join("environ")).is_ok_and(|environment| is_marked(&environment)))
        .map(|process| fs::read_to_string(process.join("comm")).unwrap_or_default().trim().to_owned())
        .collect()
}

#[tokio::test]
async fn ctrl_c_leaves_no_process_behind() {
    let mark = std::process::id().to_string();
    let mut running = demo().arg("--keep").env(MARK, &mark).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("calls 200 people")), "the campaign has begun");
    let all = marked(&mark);
    for name in ["etcd", "kube-apiserver", "telnyx-operator"] {
        assert!(all.iter().any(|found| found == name), "{name} runs: {all:?}");
    }
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert!(lines.any(|line| line.starts_with("Stopped: ")), "it says what it has stopped");
    assert_eq!(running.wait().unwrap().code(), Some(130));
    eventually("no process is left", Duration::from_secs(10), async || match marked(&mark) {
        left if left.is_empty() => Ok(()),
        left => Err(left.join(", ")),
    })
    .await
    .unwrap();
}
