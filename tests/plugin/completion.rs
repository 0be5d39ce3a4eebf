//! As part of kubectl: found by its name, and completed.

use crate::desk::{Desk, run};
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_finds_it_on_the_path_and_completes_it() {
    let desk = Desk::open().await;
    let access = desk.world.access.as_ref().unwrap();
    let path = format!("{}:{}", desk.bin.path().display(), std::env::var("PATH").unwrap());
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(access.kubectl());
        command.args(arguments).env("PATH", &path).env("KUBECONFIG", access.kubeconfig());
        run(command)
    };
    let listed = kubectl(&["telnyx", "queue", "list", "-n", &desk.world.namespace]).await.ok();
    assert!(listed.contains("waiting-room"), "{listed}");
    let offered = kubectl(&["__complete", "telnyx", "calls", "ha"]).await.ok();
    assert!(offered.contains("hangup"), "{offered}");
    let offered = kubectl(&["__complete", "telnyx", "calls", "speak", "--pay"]).await.ok();
    assert!(offered.contains("--payload-type"), "{offered}");
    desk.world.end().await;
}

#[tokio::test]
async fn each_shell_gets_a_script() {
    for shell in ["bash", "zsh", "fish"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
        command.args(["kubectl", "completion", shell]);
        let script = run(command).await.ok();
        assert!(script.contains("kubectl-telnyx") && script.contains("hangup"), "{shell}");
    }
}

#[tokio::test]
async fn help_gives_the_bounds_of_each_option() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["kubectl", "calls", "speak", "--help"]);
    let help = run(command).await.ok();
    let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Allowed: 1 to 3000 characters"), "{help}");
    assert!(flat.contains("possible values: text, ssml"), "{help}");
    assert!(!flat.contains("--command-id"), "it is made up for each command: {help}");
}
