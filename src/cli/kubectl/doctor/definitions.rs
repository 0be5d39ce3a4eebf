//! Whether the cluster has the kinds, as this version has them.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::finding::{Check, Finding};
use crate::api::{self, VERSION};

const CHECK: &str = "definitions";
/// Fields that a message names.
const NAMED: usize = 3;

/// One finding when all is well, else one per definition that is not.
pub(super) async fn check(kube: &Client) -> Vec<Finding> {
    let installed = Api::<CustomResourceDefinition>::all(kube.clone());
    let wanted = api::crds();
    let mut findings = vec![];
    for want in &wanted {
        let check = Check::new(CHECK, want.name_any());
        match installed.get_opt(&want.name_any()).await {
            Ok(have) => findings.extend(judge(check, have.as_ref(), want)),
            Err(kube::Error::Api(status)) if status.code == 403 => {
                let remedy = "ask for the right (kubectl auth can-i get customresourcedefinitions), or whoever has it";
                return vec![
                    Check::new(CHECK, "-").warn("you may not read them: whether they fit is not known", remedy),
                ];
            }
            Err(error) => findings.push(check.fail(format!("cannot be read: {error}"), "see what the API server says")),
        }
    }
    if findings.is_empty() {
        findings.push(Check::new(CHECK, "-").ok(format!("all {} are as this version has them", wanted.len())));
    }
    findings
}

/// `None`: it fits.
fn judge(check: Check, have: Option<&CustomResourceDefinition>, want: &CustomResourceDefinition) -> Option<Finding> {
    let install = "install this version's definitions: kubectl apply --server-side -f crds/, or helm upgrade";
    let Some(have) = have else { return Some(check.fail("is not installed", install)) };
    if !is_established(have) {
        return Some(check.fail("is installed, and the API server does not serve it", "see kubectl describe crd"));
    }
    let (Some(have), Some(want)) = (schema(have), schema(want)) else {
        return Some(check.fail(format!("has no version {VERSION}"), install));
    };
    if have == want || alike(&json!(have), &json!(want)) {
        return None;
    }
    let (have, want) = (fields(have), fields(want));
    let missing: Vec<&String> = want.difference(&have).collect();
    let more: Vec<&String> = have.difference(&want).collect();
    Some(match (&missing[..], &more[..]) {
        ([], []) => check.warn("has the fields of this version with other bounds or texts", install),
        ([], more) => check.warn(
            format!("is newer than this program: it also has {}", some(more)),
            "use the plugin of the operator's version, or upgrade the operator",
        ),
        (missing, _) => check.fail(format!("is older than this version: it lacks {}", some(missing)), install),
    })
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
}

fn schema(definition: &CustomResourceDefinition) -> Option<&JSONSchemaProps> {
    let version = definition.spec.versions.iter().find(|version| version.name == VERSION && version.served)?;
    version.schema.as_ref()?.open_api_v3_schema.as_ref()
}

/// The API server writes a whole number as such where we have 1.0.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(key, value): (&String, &Value)| other.get(key).is_some_and(|other| alike(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}

/// Every field, by its path.
fn fields(schema: &JSONSchemaProps) -> BTreeSet<String> {
    let (mut all, mut open) = (BTreeSet::new(), vec![(String::new(), schema)]);
    while let Some((path, schema)) = open.pop() {
        for (name, inner) in schema.properties.iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            all.insert(path.clone());
            open.push((path, inner));
        }
        match &schema.items {
            Some(JSONSchemaPropsOrArray::Schema(inner)) => open.push((format!("{path}[]"), &**inner)),
            Some(JSONSchemaPropsOrArray::Schemas(several)) => {
                open.extend(several.iter().map(|inner| (format!("{path}[]"), inner)));
            }
            None => {}
        }
        if let Some(JSONSchemaPropsOrBool::Schema(inner)) = &schema.additional_properties {
            open.push((format!("{path}.*"), &**inner));
        }
    }
    all
}

fn some(fields: &[&String]) -> String {
    let named: Vec<&str> = fields.iter().take(NAMED).map(|field| field.as_str()).collect();
    let rest = fields.len().saturating_sub(NAMED);
    if rest == 0 { named.join(", ") } else { format!("{} and {rest} more", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn served(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
        let established = json!({ "conditions": [{ "type": "Established", "status": "True" }] });
        definition.status = Some(serde_json::from_value(established).unwrap());
        definition
    }

    fn queue() -> CustomResourceDefinition {
        api::crds().into_iter().find(|one| one.spec.names.kind == "Queue").unwrap()
    }

    fn spec(definition: &mut CustomResourceDefinition) -> &mut JSONSchemaProps {
        let schema = definition.spec.versions[0].schema.as_mut().unwrap();
        schema.open_api_v3_schema.as_mut().unwrap().properties.as_mut().unwrap().get_mut("spec").unwrap()
    }

    fn of(have: Option<&CustomResourceDefinition>) -> Option<(Verdict, String)> {
        judge(Check::new(CHECK, "queues"), have, &queue()).map(|found| (found.verdict, found.cause))
    }

    #[test]
    fn a_whole_number_is_the_same_with_and_without_its_point() {
        assert!(alike(&json!({ "a": [1.0, "x"] }), &json!({ "a": [1, "x"] })));
        for other in [json!({ "a": [1.5, "x"] }), json!({ "a": [1] }), json!({ "b": [1, "x"] }), json!({})] {
            assert!(!alike(&json!({ "a": [1.0, "x"] }), &other), "{other}");
        }
    }

    #[test]
    fn a_definition_is_missing_not_served_older_newer_other_or_well() {
        assert_eq!(of(Some(&served(queue()))), None);
        assert_eq!(of(None), Some((Verdict::Fail, "is not installed".to_owned())));
        assert_eq!(of(Some(&queue())).unwrap().0, Verdict::Fail);

        let mut older = served(queue());
        let properties = spec(&mut older).properties.as_mut().unwrap();
        properties.remove("maxSize");
        properties.remove("accountRef");
        let lacks = "spec.accountRef, spec.accountRef.name, spec.accountRef.namespace and 1 more";
        assert_eq!(of(Some(&older)), Some((Verdict::Fail, format!("is older than this version: it lacks {lacks}"))));

        let mut newer = served(queue());
        spec(&mut newer).properties.as_mut().unwrap().insert("colour".to_owned(), JSONSchemaProps::default());
        let (verdict, cause) = of(Some(&newer)).unwrap();
        assert!(verdict == Verdict::Warn && cause.ends_with("it also has spec.colour"), "{cause}");

        let mut other = served(queue());
        spec(&mut other).description = Some("Another text.".to_owned());
        assert_eq!(of(Some(&other)).unwrap().0, Verdict::Warn);

        let mut renamed = served(queue());
        "v1".clone_into(&mut renamed.spec.versions[0].name);
        assert_eq!(of(Some(&renamed)), Some((Verdict::Fail, "has no version v1alpha1".to_owned())));
    }
}
