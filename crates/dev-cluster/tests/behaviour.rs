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
    kubectl.ok(&["create", "namespace", "garbage"]);
    kubectl.ok(&["-n", "garbage", "create", "configmap", "owner"]);
    let uid = kubectl.ok(&["-n", "garbage", "get", "configmap", "owner", "-o=jsonpath={.metadata.uid}"]);
    kubectl.ok(&["-n", "garbage", "create", "configmap", "owned"]);
    let reference = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{uid}"}}]}}}}"#
    );
    kubectl.ok(&["-n", "garbage", "patch", "configmap", "owned", "--patch", &reference]);
    kubectl.ok(&["-n", "garbage", "delete", "configmap", "owner"]);
    kubectl.wait_until_gone(&["-n", "garbage", "get", "configmap", "owned"]);
    kubectl.ok(&["delete", "namespace", "garbage", "--wait=false"]);
    access.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_deleted_with_all_that_is_in_it() {
    let access = cluster().await;
    let kubectl = admin(&access);
    kubectl.ok(&["create", "namespace", "doomed"]);
    kubectl.ok(&["-n", "doomed", "create", "secret", "generic", "content", "--from-literal=a=b"]);
    kubectl.ok(&["delete", "namespace", "doomed", "--wait=false"]);
    kubectl.wait_until_gone(&["get", "namespace", "doomed"]);
    kubectl.ok(&["create", "namespace", "doomed"]);
    assert_eq!(kubectl.ok(&["-n", "doomed", "get", "secrets", "-o=name"]), "");
    kubectl.ok(&["delete", "namespace", "doomed", "--wait=false"]);
    access.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_may_do_what_its_role_says_and_nothing_else() {
    let access = cluster().await;
    let kubectl = admin(&access);
    kubectl.ok(&["create", "namespace", "rights"]);
    kubectl.ok(&["-n", "rights", "create", "serviceaccount", "clerk"]);
    let token = kubectl.ok(&["-n", "rights", "create", "token", "clerk"]);
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("clerk.kubeconfig");
    access.kubeconfig_for_token(token.trim(), &kubeconfig).unwrap();
    let clerk = Kubectl { program: access.kubectl(), kubeconfig: &kubeconfig };

    let list = ["-n", "rights", "get", "configmaps", "-o=name"];
    let refusal = clerk.refused(&list);
    assert!(refusal.contains("system:serviceaccount:rights:clerk"), "{refusal}");
    assert!(refusal.contains("cannot list resource \"configmaps\""), "{refusal}");

    kubectl.ok(&["-n", "rights", "create", "role", "reader", "--verb=list", "--resource=configmaps"]);
    kubectl.ok(&["-n", "rights", "create", "rolebinding", "clerk", "--role=reader", "--serviceaccount=rights:clerk"]);
    assert_eq!(clerk.ok(&list).trim(), "configmap/kube-root-ca.crt");
    let refusal = clerk.refused(&["-n", "rights", "get", "secrets"]);
    assert!(refusal.contains("cannot list resource \"secrets\""), "{refusal}");
    kubectl.ok(&["delete", "namespace", "rights", "--wait=false"]);
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
