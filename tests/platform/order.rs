//! Manifests may come in any order, and what was applied stays as it was applied.

use std::process::Command;

use testbed::Testbed;

use crate::world::{CALLEES, NAMESPACE, all_ready, examples, list, objects, pipe};

#[tokio::test(flavor = "multi_thread")]
async fn everything_applied_at_once_in_reverse_becomes_ready_and_shows_no_difference_afterwards() {
    let testbed = Testbed::builder().simulator_config(CALLEES).start().await.unwrap();
    let kubectl = testbed.kubectl().in_namespace(NAMESPACE);
    kubectl.run(["create", "namespace", NAMESPACE]).await.unwrap();
    let manifests = examples(&testbed);
    let mut all = objects(&manifests);
    all.reverse();
    let count = all.iter().filter(|object| object["apiVersion"] == "telnyx-operator.io/v1alpha1").count();
    kubectl.apply_manifest(&list(&all)).await.unwrap();
    all_ready(&testbed, count).await;

    let diff = |manifest: &str, more: &[&str]| {
        let mut diff = Command::new(testbed.cluster().kubectl());
        diff.arg("--kubeconfig").arg(testbed.cluster().kubeconfig()).args(["diff", "--filename=-"]).args(more);
        let output = pipe(&mut diff, manifest);
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    };
    for manifest in &manifests {
        let (code, shown) = diff(manifest, &[]);
        assert_eq!(code, Some(0), "kubectl diff after kubectl apply of\n{manifest}\n{shown}");
    }
    // No field that the operator writes is one that users own: nothing is in conflict, and nothing differs.
    for manifest in &manifests {
        kubectl.pipe(["apply", "--server-side", "--filename=-"], manifest).await.unwrap();
    }
    for manifest in &manifests {
        let (code, shown) = diff(manifest, &["--server-side"]);
        assert_eq!(code, Some(0), "kubectl diff --server-side after such an apply of\n{manifest}\n{shown}");
    }
    let mut changed = manifests[0].clone();
    changed.push_str("---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: new, namespace: telnyx-demo }\n");
    assert_eq!(diff(&changed, &[]).0, Some(1), "a difference is seen");
    testbed.stop().await.unwrap();
}
