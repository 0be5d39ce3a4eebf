//! Whether the operator's ServiceAccount may do what the chart's role grants it.
//!
//! The role itself is the list: it is compiled in, and another test holds it against what the operator uses.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client};
use serde::Deserialize;

use super::finding::{Check, Finding};

const CHECK: &str = "rights";
/// The chart's role, a template.
const ROLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/charts/telnyx-operator/templates/clusterrole.yaml"));
/// Questions that are under way at once.
const AT_ONCE: usize = 8;

/// A ServiceAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) namespace: String,
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
}

/// One thing that one may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    group: String,
    resource: String,
    verb: String,
}

/// Asks the API server about each right, in `namespace`.
pub(super) async fn check(kube: &Client, account: &Account, namespace: &str) -> Finding {
    let check = Check::new(CHECK, format!("{}/{} in {namespace}", account.namespace, account.name));
    let rights = match rights(ROLE) {
        Ok(rights) => rights,
        Err(error) => {
            return check.fail(format!("this program's copy of the role cannot be read: {error}"), "report it");
        }
    };
    let asked = rights.len();
    let answers: Result<Vec<Option<Right>>, kube::Error> = stream::iter(rights)
        .map(|right| async move { Ok((!may(kube, account, namespace, &right).await?).then_some(right)) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await;
    match answers {
        Ok(answers) => judge(check, asked, answers.into_iter().flatten().collect()),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            let remedy = "ask for the right (kubectl auth can-i create subjectaccessreviews), or whoever has it";
            check.warn("you may not ask what it may do", remedy)
        }
        Err(error) => check.fail(format!("cannot ask what it may do: {error}"), "see what the API server says"),
    }
}

async fn may(kube: &Client, account: &Account, namespace: &str, right: &Right) -> Result<bool, kube::Error> {
    let (resource, subresource) = match right.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (right.resource.as_str(), None),
    };
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{}", account.namespace)];
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{}:{}", account.namespace, account.name)),
            groups: Some(groups.into_iter().chain(["system:authenticated".to_owned()]).collect()),
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(namespace.to_owned()),
                group: Some(right.group.clone()),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(right.verb.clone()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let answer = Api::<SubjectAccessReview>::all(kube.clone()).create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

fn judge(check: Check, asked: usize, mut lacking: Vec<Right>) -> Finding {
    if lacking.is_empty() {
        return check.ok(format!("all {asked} rights of the chart's role are granted"));
    }
    lacking.sort();
    let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for right in lacking {
        let resource =
            if right.group.is_empty() { right.resource } else { format!("{}.{}", right.resource, right.group) };
        by_resource.entry(resource).or_default().push(right.verb);
    }
    let named = by_resource.iter().map(|(resource, verbs)| format!("{} {resource}", verbs.join("/")));
    let cause = format!("it may not {}", named.collect::<Vec<_>>().join(", "));
    check.fail(cause, "grant what the chart's role of this version grants: helm upgrade, or rbac.create of its values")
}

/// The rules in the template's definition, one right each. Lines of the template language are left out.
fn rights(role: &str) -> Result<Vec<Right>, serde_saphyr::Error> {
    let rules: Vec<Rule> = serde_saphyr::from_str(&definition(role))?;
    let mut rights = vec![];
    for rule in &rules {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                let right =
                    |verb: &String| Right { group: group.clone(), resource: resource.clone(), verb: verb.clone() };
                rights.extend(rule.verbs.iter().map(right));
            }
        }
    }
    rights.sort();
    rights.dedup();
    Ok(rights)
}

fn definition(role: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0_u32);
    for line in role.lines() {
        let Some(words) = line.trim_start().strip_prefix("{{") else {
            if depth > 0 {
                text.push_str(line);
                text.push('\n');
            }
            continue;
        };
        let word = words.trim_start_matches(['-', ' ']).split([' ', '}']).next().unwrap_or_default();
        match (depth, word) {
            (0, "define") => depth = 1,
            (1, "end") => break,
            (1.., "end") => depth -= 1,
            (1.., "if" | "range" | "with") => depth += 1,
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn right(group: &str, resource: &str, verb: &str) -> Right {
        Right { group: group.to_owned(), resource: resource.to_owned(), verb: verb.to_owned() }
    }

    #[test]
    fn the_charts_role_is_read_right_by_right() {
        let rights = rights(ROLE).unwrap();
        for needed in [
            right("telnyx-operator.io", "queues/status", "patch"),
            right("", "secrets", "get"),
            right("apps", "controllerrevisions", "create"),
            right("events.k8s.io", "events", "create"),
        ] {
            assert!(rights.contains(&needed), "{needed:?} is not among {} rights", rights.len());
        }
        assert!(rights.len() > 50, "{}", rights.len());
    }

    #[test]
    fn lines_of_the_template_language_are_left_out() {
        let role = "{{- /* why */}}\n{{- define \"x\" }}\n  - apiGroups: [\"\"]\n    resources: [a]\n    verbs: [get]\n\
                    {{- if .Values.more }}\n  - apiGroups: [g]\n    resources: [b/c]\n    verbs: [get, list]\n{{- end }}\n\
                    {{- end }}\nkind: ClusterRole\n";
        assert_eq!(rights(role).unwrap(), [right("", "a", "get"), right("g", "b/c", "get"), right("g", "b/c", "list")]);
    }

    #[test]
    fn what_is_lacking_is_named_by_resource() {
        let lacking = vec![right("", "secrets", "list"), right("", "secrets", "get"), right("g", "b/c", "patch")];
        let found = judge(Check::new(CHECK, "-"), 9, lacking);
        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.cause, "it may not patch b/c.g, get/list secrets");
        assert_eq!(judge(Check::new(CHECK, "-"), 9, vec![]).verdict, Verdict::Ok);
    }
}
