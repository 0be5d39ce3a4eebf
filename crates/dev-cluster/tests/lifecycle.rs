//! A cluster leaves nothing behind, whoever ends it and however; what is to be kept is there the next time.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dev_cluster::{Access, Cluster, Options, SHARED_KUBECONFIG, StartError};

const PATIENCE: Duration = Duration::from_mins(2);

/// The processes whose arguments name `folder`: each component is told where its files are.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|arguments| String::from_utf8_lossy(&arguments).replace('\0', " "))
        // Components only, not the `dev-cluster up --dir` that owns them.
        .filter(|arguments| arguments.contains(&format!("={folder}/")))
        .collect()
}

/// The same without the guards.
fn components_of(folder: &Path) -> Vec<String> {
    processes_of(folder).into_iter().filter(|arguments| !arguments.starts_with("/bin/sh")).collect()
}

fn wait_until_none(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !processes_of(folder).is_empty() {
        assert!(Instant::now() < deadline, "still running: {:#?}", processes_of(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The binary as a user starts it.
fn up(folder: &Path, ready_file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dev-cluster"))
        .arg("up")
        .arg("--dir")
        .arg(folder)
        .arg("--ready-file")
        .arg(ready_file)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_for(file: &Path, child: &mut Child) -> PathBuf {
    let deadline = Instant::now() + PATIENCE;
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the cluster ended before it was ready");
        assert!(Instant::now() < deadline, "no cluster after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    PathBuf::from(fs::read_to_string(file).unwrap().trim())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_cluster_leaves_no_process_and_no_file() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let folder = cluster.directory().to_owned();
    assert_eq!(components_of(&folder).len(), 3);
    cluster.stop().await.unwrap();
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_cluster_leaves_no_process_and_no_file() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let folder = cluster.directory().to_owned();
    drop(cluster);
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}

#[test]
fn a_cluster_dies_with_a_parent_that_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let (folder, ready) = (home.path().join("cluster"), home.path().join("ready"));
    let mut parent = up(&folder, &ready);
    wait_for(&ready, &mut parent);
    assert!(!processes_of(&folder).is_empty());
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until_none(&folder);
}

#[test]
fn a_cluster_whose_parent_is_killed_while_it_starts_dies_too() {
    let home = tempfile::tempdir().unwrap();
    let (folder, ready) = (home.path().join("cluster"), home.path().join("ready"));
    let mut parent = up(&folder, &ready);
    let deadline = Instant::now() + PATIENCE;
    while processes_of(&folder).is_empty() {
        assert!(Instant::now() < deadline, "nothing was started");
        std::thread::sleep(Duration::from_millis(1));
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until_none(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_directory_brings_back_objects_and_tokens() {
    let home = tempfile::tempdir().unwrap();
    let options = || Options { directory: Some(home.path().join("cluster")), ..Options::default() };
    let kubectl = |cluster: &Cluster, kubeconfig: &Path, arguments: &[&str]| {
        let output =
            Command::new(cluster.kubectl()).arg("--kubeconfig").arg(kubeconfig).args(arguments).output().unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };

    let first = Cluster::start(options()).await.unwrap();
    kubectl(&first, first.kubeconfig(), &["create", "configmap", "kept", "--from-literal=a=b"]);
    let token = kubectl(&first, first.kubeconfig(), &["create", "token", "default"]);
    first.stop().await.unwrap();
    assert_eq!(processes_of(home.path()), Vec::<String>::new());

    let second = Cluster::start(options()).await.unwrap();
    assert_eq!(kubectl(&second, second.kubeconfig(), &["get", "configmap", "kept", "-o=jsonpath={.data.a}"]), "b");
    let kubeconfig = home.path().join("default.kubeconfig");
    second.kubeconfig_for_token(token.trim(), &kubeconfig).unwrap();
    let who = kubectl(&second, &kubeconfig, &["auth", "whoami", "-o=jsonpath={.status.userInfo.username}"]);
    assert_eq!(who, "system:serviceaccount:default:default");
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_names_who_asked_for_what() {
    let options = Options { audit_log: true, ..Options::default() };
    let cluster = Cluster::start(options).await.unwrap();
    let log = fs::read_to_string(cluster.audit_log()).unwrap();
    assert!(log.contains(r#""username":"dev-cluster-admin""#), "{} bytes", log.len());
    assert!(!log.contains("requestObject"), "metadata only");
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn any_kubeconfig_leads_to_its_cluster() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let access = Access::shared(cluster.kubeconfig().to_owned()).unwrap();
    assert_eq!(access.endpoint(), cluster.endpoint());
    access.release().await.unwrap();
    assert_eq!(components_of(cluster.directory()).len(), 3, "a shared cluster is left running");
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_ends_is_reported_with_its_last_words() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    let [etcd, ..] = cluster.pids();
    let killed = Command::new("kill").args(["-KILL", &etcd.to_string()]).status().unwrap();
    assert!(killed.success());
    let failure = tokio::time::timeout(PATIENCE, cluster.failure()).await.unwrap();
    let StartError::Ended { component, status, log, .. } = failure else { panic!("{failure}") };
    assert_eq!((component.as_str(), status.code()), ("etcd", Some(128 + 9)));
    assert!(log.exists());
    let folder = cluster.directory().to_owned();
    cluster.stop().await.unwrap();
    assert!(log.exists(), "the logs of a failure are kept");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_component_that_cannot_start_is_named_with_its_log() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dev-cluster"))
        .arg("up")
        .env("KUBEBUILDER_ASSETS", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken"))
        .env("TMPDIR", home.path())
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("etcd ended with exit status: 3"), "{message}");
    assert!(message.contains("the disk is on fire"), "{message}");
    assert!(message.contains(home.path().to_str().unwrap()), "the log is kept where the message says: {message}");
}

#[test]
fn a_command_gets_a_cluster_and_its_exit_code_is_passed_on() {
    let script = r#"test "$KUBECONFIG" = "$TELNYX_OPERATOR_TEST_KUBECONFIG" && cat "$KUBECONFIG" && exit 42"#;
    let output = Command::new(env!("CARGO_BIN_EXE_dev-cluster"))
        .args(["run", "--", "sh", "-c", script])
        .env_remove(SHARED_KUBECONFIG)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(42), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("https://127.0.0.1:"));
}
