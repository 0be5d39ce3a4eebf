//! Where the operator runs in the cluster, whether it is up, and whether two of them get in each other's way.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};

use super::finding::{Check, Finding};

const CHECK: &str = "operator";
/// What the chart's Deployment is labelled with.
const LABEL: &str = "app.kubernetes.io/name=telnyx-operator";
const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// A Deployment of the chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installation {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) service_account: String,
    version: Option<String>,
    /// Pods that are ready.
    ready: i32,
    /// The namespaces that it watches; empty for all.
    watches: Vec<String>,
}

impl Installation {
    fn of(deployment: &Deployment) -> Self {
        let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        let arguments: Vec<&str> = pod
            .and_then(|pod| pod.containers.first())
            .and_then(|container| container.args.as_ref())
            .map(|arguments| arguments.iter().map(String::as_str).collect())
            .unwrap_or_default();
        Self {
            namespace: deployment.namespace().unwrap_or_default(),
            name: deployment.name_any(),
            service_account: pod
                .and_then(|pod| pod.service_account_name.clone())
                .unwrap_or_else(|| "default".to_owned()),
            version: deployment.labels().get(VERSION_LABEL).cloned(),
            ready: deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default(),
            watches: arguments.iter().filter_map(|one| one.strip_prefix("--namespace=")).map(str::to_owned).collect(),
        }
    }

    /// Whether it watches this namespace.
    pub(super) fn watches(&self, namespace: &str) -> bool {
        self.watches.is_empty() || self.watches.iter().any(|watched| watched == namespace)
    }

    fn place(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let all = self.watches.is_empty() || other.watches.is_empty();
        all || self.watches.iter().any(|namespace| other.watches.contains(namespace))
    }
}

/// The installations, and what is to be said of them.
pub(super) async fn check(kube: &Client, namespace: &str) -> (Vec<Installation>, Vec<Finding>) {
    let deployments = Api::<Deployment>::all(kube.clone()).list(&ListParams::default().labels(LABEL)).await;
    match deployments {
        Ok(found) => {
            let found: Vec<Installation> = found.items.iter().map(Installation::of).collect();
            let findings = judge(&found, namespace, env!("CARGO_PKG_VERSION"));
            (found, findings)
        }
        Err(kube::Error::Api(status)) if status.code == 403 => {
            let remedy = "ask for the right (kubectl auth can-i list deployments -A), or name its account with --service-account";
            (
                vec![],
                vec![Check::new(CHECK, "-").warn("you may not list Deployments: whether it runs is not known", remedy)],
            )
        }
        Err(error) => {
            let cause = format!("Deployments cannot be listed: {error}");
            (vec![], vec![Check::new(CHECK, "-").fail(cause, "see what the API server says")])
        }
    }
}

fn judge(found: &[Installation], namespace: &str, version: &str) -> Vec<Finding> {
    if found.is_empty() {
        let cause = format!("no Deployment is labelled {LABEL}");
        let remedy = "install the chart; if the operator runs elsewhere, name its account with --service-account";
        return vec![Check::new(CHECK, "-").warn(cause, remedy)];
    }
    let mut findings: Vec<Finding> = found.iter().map(|one| judge_one(one, version)).collect();
    if !found.iter().any(|one| one.watches(namespace)) {
        let remedy = format!("add {namespace} to watchNamespaces of the chart");
        findings.push(Check::new(CHECK, namespace).fail("no operator watches this namespace", remedy));
    }
    for (index, one) in found.iter().enumerate() {
        for other in found.iter().skip(index + 1).filter(|other| one.overlaps(other)) {
            findings.push(Check::new(CHECK, one.place()).fail(
                format!("watches namespaces that {} watches, too", other.place()),
                "uninstall one of the two, or give each its own namespaces (watchNamespaces of the chart)",
            ));
        }
    }
    findings
}

fn judge_one(one: &Installation, version: &str) -> Finding {
    let check = Check::new(CHECK, one.place());
    if one.ready < 1 {
        let remedy = format!("see why: kubectl logs -n {} deployment/{} --previous", one.namespace, one.name);
        return check.fail("no Pod of it is ready", remedy);
    }
    match &one.version {
        Some(other) if other != version => check.warn(
            format!("runs version {other}, and this program is {version}"),
            "use the plugin of the operator's version: the checks below go by this one",
        ),
        Some(_) | None => check.ok("runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use serde_json::json;

    fn installation(name: &str, watches: &[&str]) -> Installation {
        let mut arguments = vec!["run".to_owned()];
        arguments.extend(watches.iter().map(|namespace| format!("--namespace={namespace}")));
        let deployment = json!({
            "metadata": { "name": name, "namespace": "telnyx", "labels": { (VERSION_LABEL): "1.0.0" } },
            "spec": { "selector": {}, "template": { "spec": {
                "serviceAccountName": name, "containers": [{ "name": "operator", "args": arguments }]
            } } },
            "status": { "readyReplicas": 1 },
        });
        Installation::of(&serde_json::from_value(deployment).unwrap())
    }

    fn verdicts(found: &[Installation]) -> Vec<Verdict> {
        judge(found, "x", "1.0.0").into_iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn one_that_runs_is_well_and_none_is_worth_a_word() {
        let one = installation("a", &[]);
        assert_eq!((one.service_account.as_str(), one.namespace.as_str()), ("a", "telnyx"));
        assert_eq!(verdicts(&[one]), [Verdict::Ok]);
        assert_eq!(verdicts(&[]), [Verdict::Warn]);
    }

    #[test]
    fn one_that_is_down_fails_and_one_of_another_version_is_told() {
        assert_eq!(verdicts(&[Installation { ready: 0, ..installation("a", &[]) }]), [Verdict::Fail]);
        let other = Installation { version: Some("0.9.0".to_owned()), ..installation("a", &[]) };
        assert_eq!(verdicts(&[other]), [Verdict::Warn]);
    }

    #[test]
    fn a_namespace_that_nobody_watches_fails() {
        assert_eq!(verdicts(&[installation("a", &["y"])]), [Verdict::Ok, Verdict::Fail]);
        assert_eq!(verdicts(&[installation("a", &["y", "x"])]), [Verdict::Ok]);
    }

    #[test]
    fn two_that_watch_the_same_namespace_fail() {
        for (a, b, clash) in [
            (&[][..], &[][..], true),
            (&["x"][..], &[][..], true),
            (&["x", "y"][..], &["y"][..], true),
            (&["x"][..], &["y"][..], false),
        ] {
            let verdicts = verdicts(&[installation("a", a), installation("b", b)]);
            assert_eq!(verdicts.contains(&Verdict::Fail), clash, "{a:?} {b:?}");
        }
    }
}
