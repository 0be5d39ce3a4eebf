//! What the simulator writes to standard error as a process of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

#[test]
fn a_rust_log_that_cannot_be_read_is_told_of() {
    let output = Command::new(env!("CARGO_BIN_EXE_telnyx-simulator"))
        .args(["--config", "not-there.yaml"])
        .env("RUST_LOG", "telnyx_simulator=loud")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("WARN") && log.contains("RUST_LOG is not followed"), "{log}");
    assert!(log.contains("not-there.yaml"), "what is logged at level info still is: {log}");
}

#[test]
fn a_log_that_no_terminal_shows_has_no_colours() {
    // A file that is not there ends the process, after a line in the log.
    let output = Command::new(env!("CARGO_BIN_EXE_telnyx-simulator"))
        .args(["--config", "not-there.yaml"])
        .env_remove("NO_COLOR")
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("ERROR") && log.contains("not-there.yaml"), "{log}");
    assert!(!log.contains('\x1b'), "{log:?}");
}
