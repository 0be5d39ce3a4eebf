//! What each component is told. Every flag that is not needed to run at all carries its reason.

use std::path::Path;
use std::process::Command;

use crate::binaries::Binaries;
use crate::certificates::Pki;
use crate::cluster::Options;

/// The controllers a cluster without nodes has work for. The rest would watch, list and idle.
const CONTROLLERS: [&str; 7] = [
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "ttl-after-finished-controller",
];

/// What is recorded of each request: who did what to which object, never the object.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// The ports of one start, on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) etcd_client: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) apiserver: u16,
}

/// etcd speaks plain HTTP: it listens on loopback alone, and TLS would cost the benchmarks CPU on both sides.
pub(crate) fn etcd(binaries: &Binaries, ports: Ports, data: &Path) -> Command {
    let client = format!("http://127.0.0.1:{}", ports.etcd_client);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let mut command = Command::new(&binaries.etcd);
    command
        .arg(flag("data-dir", data.display()))
        .arg(flag("listen-client-urls", &client))
        .arg(flag("advertise-client-urls", &client))
        .arg(flag("listen-peer-urls", &peer))
        .arg(flag("initial-advertise-peer-urls", &peer))
        .arg(flag("initial-cluster", format!("default={peer}")))
        // Nothing here has to survive a power cut; without it every write waits for the disk.
        .arg("--unsafe-no-fsync")
        // 20,000 targets and 10,000 applications fit; the default of 2 GiB would stop a long benchmark.
        .arg(flag("quota-backend-bytes", 8_u64 << 30))
        .arg("--log-level=warn");
    command
}

pub(crate) fn apiserver(binaries: &Binaries, ports: Ports, pki: &Pki, directory: &Path, options: &Options) -> Command {
    let serving = pki.serving();
    let mut command = Command::new(&binaries.kube_apiserver);
    command
        // With a heap as small as this one's, Go's default collects garbage so often that it takes a third of the CPU
        // (pprof, 1,000 status writes); the heaps of real clusters are large, and theirs does not.
        .env("GOGC", "400")
        .env("GOMEMLIMIT", "2GiB")
        .arg(flag("etcd-servers", format!("http://127.0.0.1:{}", ports.etcd_client)))
        .arg("--bind-address=127.0.0.1")
        .arg("--advertise-address=127.0.0.1")
        .arg(flag("secure-port", ports.apiserver))
        .arg(flag("tls-cert-file", serving.certificate.display()))
        .arg(flag("tls-private-key-file", serving.key.display()))
        .arg(flag("client-ca-file", pki.authority().display()))
        .arg("--authorization-mode=RBAC")
        .arg("--anonymous-auth=false")
        .arg("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
        .arg(flag("service-account-key-file", pki.service_account_public_key().display()))
        .arg(flag("service-account-signing-key-file", pki.service_account_key().display()))
        .arg("--service-cluster-ip-range=10.96.0.0/16")
        // Endpoints must not be loopback addresses, so publishing this server's would fail for ever.
        .arg("--endpoint-reconciler-type=none")
        .arg("--profiling=false")
        // Neither limit should be what a benchmark measures.
        .arg("--max-requests-inflight=4000")
        .arg("--max-mutating-requests-inflight=2000")
        .arg(flag("enable-priority-and-fairness", options.priority_and_fairness));
    if options.audit_log {
        command
            .arg(flag("audit-policy-file", directory.join("audit-policy.yaml").display()))
            .arg(flag("audit-log-path", directory.join("audit.log").display()));
    }
    command
}

pub(crate) fn controller_manager(binaries: &Binaries, pki: &Pki, kubeconfig: &Path) -> Command {
    let mut command = Command::new(&binaries.kube_controller_manager);
    command
        .arg(flag("kubeconfig", kubeconfig.display()))
        .arg(flag("controllers", CONTROLLERS.join(",")))
        .arg(flag("service-account-private-key-file", pki.service_account_key().display()))
        .arg(flag("root-ca-file", pki.authority().display()))
        // RBAC grants the work to one ServiceAccount per controller, little to the controller manager itself.
        .arg("--use-service-account-credentials=true")
        .arg("--leader-elect=false")
        // No port: nobody asks for its health, the cluster is ready when its work shows.
        .arg("--secure-port=0")
        // The default of 20 requests a second makes a namespace of a thousand objects take a minute to delete.
        .arg("--kube-api-qps=500")
        .arg("--kube-api-burst=1000");
    command
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}
