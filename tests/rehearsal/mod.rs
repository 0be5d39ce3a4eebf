//! A flow that is run from the command line, ten times as fast as real.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// `kind name` of everything that happened, in this order. The flow must come to an end.
pub(crate) fn happenings(file: &Path, more: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["flow", "run", "--json", "--speed", "10", "--file"]).arg(file).args(more);
    let output = command.output().unwrap();
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{}: {:?}\n{text}\n{errors}", file.display(), output.status);
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", line["kind"].as_str().unwrap(), line["name"].as_str().unwrap())
    };
    text.lines().map(line).collect()
}
