//! What a cluster without nodes must really do.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dev_cluster::{Access, Options};

/// The garbage collector and the namespace controller act within a second or two; a busy machine may take much longer.
const PATIENCE: Duration = Duration::from_mins(1);

struct Kubectl<'a> {
    program: &'a Path,
    kubeconfig: &'a Path,
}

impl Kubectl<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.program).arg("--kubeconfig").arg(self.kubeconfig).args(arguments).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the API server said when it refused.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "kubectl {arguments:?} was allowed");
        String::from_utf8(output.stderr).unwrap()
    }

    fn wait_until_gone(&self, arguments: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(arguments).status.success() {
            assert!(Instant::now() < deadline, "still there after {PATIENCE:?}: {}", self.ok(arguments));
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Other test runs may use the same cluster, or this one may have left a namespace that is still being deleted.
fn own(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

async fn cluster() -> Access {
    Access::shared_or_start(Options::default()).await.unwrap()
}

fn admin(access: &Access) -> Kubectl<'_> {
    Kubectl { program: access.kubectl(), kubeconfig: access.kubeconfig() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_goes_with_its_owner() {
    let access = cluster().await;
    let kubectl = admin(&access);
    let namespace = &own("garbage");
    kubectl.ok(&["create", "namespace", namespace]);
    kubectl.ok(&["-n", namespace, "create", "configmap", "owner"]);
    let uid = kubectl.ok(&["-n", namespace, "get", "configmap", "owner", "-o=jsonpath={.metadata.uid}"]);
    kubectl.ok(&["-n", namespace, "create", "configmap", "owned"]);
    let reference = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{uid}"}}]}}}}"#
    );
    kubectl.ok(&["-n", namespace, "patch", "configmap", "owned", "--patch", &reference]);
    kubectl.ok(&["-n", namespace, "delete", "configmap", "owner"]);
    kubectl.wait_until_gone(&["-n", namespace, "get", "configmap", "owned"]);
    kubectl.ok(&["delete", "namespace", namespace, "--wait=false"]);
    access.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_deleted_with_all_that_is_in_it() {
    let access = cluster().await;
    let kubectl = admin(&access);
    let namespace = &own("doomed");
    kubectl.ok(&["create", "namespace", namespace]);
    kubectl.ok(&["-n", namespace, "create", "secret", "generic", "content", "--from-literal=a=b"]);
    kubectl.ok(&["delete", "namespace", namespace, "--wait=false"]);
    kubectl.wait_until_gone(&["get", "namespace", namespace]);
    kubectl.ok(&["create", "namespace", namespace]);
    assert_eq!(kubectl.ok(&["-n", namespace, "get", "secrets", "-o=name"]), "");
    kubectl.ok(&["delete", "namespace", namespace, "--wait=false"]);
    access.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_may_do_what_its_role_says_and_nothing_else() {
    let access = cluster().await;
    let kubectl = admin(&access);
    let namespace = &own("rights");
    kubectl.ok(&["create", "namespace", namespace]);
    kubectl.ok(&["-n", namespace, "create", "serviceaccount", "clerk"]);
    let token = kubectl.ok(&["-n", namespace, "create", "token", "clerk"]);
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("clerk.kubeconfig");
    access.kubeconfig_for_token(token.trim(), &kubeconfig).unwrap();
    let clerk = Kubectl { program: access.kubectl(), kubeconfig: &kubeconfig };

    let list = ["-n", namespace, "get", "configmaps", "-o=name"];
    let refusal = clerk.refused(&list);
    assert!(refusal.contains(&format!("system:serviceaccount:{namespace}:clerk")), "{refusal}");
    assert!(refusal.contains("cannot list resource \"configmaps\""), "{refusal}");

    kubectl.ok(&["-n", namespace, "create", "role", "reader", "--verb=list", "--resource=configmaps"]);
    kubectl.ok(&[
        "-n",
        namespace,
        "create",
        "rolebinding",
        "clerk",
        "--role=reader",
        &format!("--serviceaccount={namespace}:clerk"),
    ]);
    assert_eq!(clerk.ok(&list).trim(), "configmap/kube-root-ca.crt");
    let refusal = clerk.refused(&["-n", namespace, "get", "secrets"]);
    assert!(refusal.contains("cannot list resource \"secrets\""), "{refusal}");
    kubectl.ok(&["delete", "namespace", namespace, "--wait=false"]);
    access.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_without_credentials_is_refused() {
    let access = cluster().await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("stranger.kubeconfig");
    access.kubeconfig_for_token("not-a-token", &kubeconfig).unwrap();
    let stranger = Kubectl { program: access.kubectl(), kubeconfig: &kubeconfig };
    let refusal = stranger.refused(&["get", "namespaces"]);
    assert!(refusal.contains("Unauthorized") || refusal.contains("must be logged in"), "{refusal}");
    access.release().await.unwrap();
}
