//! The tutorial does what it says: its commands are run as they stand, in its order, on a whole installation.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use testbed::{Testbed, condition, eventually};
use tokio::process::Command;

use crate::world::path;

/// How people answer in the demo.
const BEHAVIOUR: &str = include_str!("../../crates/testbed/src/demo/simulator.yaml");
const CAMPAIGN: &str = "outboundcampaign/maintenance-notice";
/// Long enough for a busy machine; 40 s are needed on an idle one.
const PATIENCE: Duration = Duration::from_mins(5);
/// What the test sets up itself: these programs are on its path, and its installation is a testbed of its own.
const SET_UP: [&str; 3] = ["make demo", "export PATH=", "ln -sf "];

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_tutorial_do_what_it_says() {
    let page = fs::read_to_string(path("docs/tutorial.md")).unwrap();
    let testbed = Testbed::builder().simulator_config(BEHAVIOUR).start().await.unwrap();
    let folder = folder(&testbed, &page);
    let kubectl = testbed.kubectl().in_namespace("telnyx-demo");
    kubectl.apply(&folder.path().join("examples/quickstart")).await.unwrap();
    // As the demo does before it hands over to the reader.
    eventually("the campaign is Complete", PATIENCE, async || {
        let campaign = kubectl.json(["get", CAMPAIGN]).await.map_err(|error| error.to_string())?;
        if condition(&campaign, "Complete") == Some("True") { Ok(()) } else { Err(campaign["status"].to_string()) }
    })
    .await
    .unwrap();

    let mut bash = Command::new("bash");
    bash.args(["-euxo", "pipefail", "-c", &testbed.at_home(&script(&page))])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("PATH", format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap()))
        .env("KUBECONFIG", folder.path().join("kubeconfig"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, bash.output()).await.expect("the tutorial comes to its end").unwrap();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{told}");
    // One line per step that the reader is told to look for.
    for shown in ["TelnyxAccount telnyx-demo/demo", r#""name":"noted""#, "nowhere", "DriftCorrected", "Completed"] {
        assert!(said.contains(shown), "{shown} is not shown:\n{said}\n{told}");
    }
    let report = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(report.contains("maintenance-notice"), "{report}");
    let results = fs::read_to_string(folder.path().join("results.csv")).unwrap();
    assert_eq!(results.lines().count(), 201, "{results}");
    testbed.stop().await.unwrap();
}

/// What the reader has: the examples, `line.yaml` from the page, the programs, and a kubeconfig to write into.
fn folder(testbed: &Testbed, page: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (examples, bin) = (folder.path().join("examples/quickstart"), folder.path().join("bin"));
    for made in [&examples, &bin] {
        fs::create_dir_all(made).unwrap();
    }
    for entry in fs::read_dir(path("examples/quickstart")).unwrap() {
        let file = entry.unwrap();
        let manifest = fs::read_to_string(file.path()).unwrap();
        fs::write(examples.join(file.file_name()), testbed.at_home(&manifest)).unwrap();
    }
    let [manifest] = blocks(page, "yaml").try_into().expect("one manifest");
    let name = manifest.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap();
    fs::write(folder.path().join(name), &manifest).unwrap();
    for (name, program) in [
        ("kubectl", testbed.cluster().kubectl()),
        ("telnyx-operator", Path::new(env!("CARGO_BIN_EXE_telnyx-operator"))),
        ("kubectl-telnyx", Path::new(env!("CARGO_BIN_EXE_telnyx-operator"))),
    ] {
        symlink(program, bin.join(name)).unwrap();
    }
    fs::copy(testbed.cluster().kubeconfig(), folder.path().join("kubeconfig")).unwrap();
    folder
}

/// All commands of the page, but those that set up what the test has set up.
fn script(page: &str) -> String {
    let commands = blocks(page, "console").concat();
    let (mut script, mut left_out) = (String::new(), 0);
    for line in commands.lines() {
        if SET_UP.iter().any(|start| line.starts_with(start)) {
            left_out += 1;
        } else {
            script.push_str(line);
            script.push('\n');
        }
    }
    assert_eq!(left_out, 4, "the tutorial sets up something else: {commands}");
    script
}

/// The blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}
