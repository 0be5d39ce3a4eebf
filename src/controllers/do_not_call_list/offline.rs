//! What a list says when it and what it names stand in one file of manifests, for whoever has no cluster. Pure.

use crate::api::{DoNotCallList, DoNotCallStorage};
use crate::dialing::{Content, Marking};
use crate::reconcile::Object as _;

use super::rows::{Rows, parse};
use super::sources::{column, format};

/// Where a source is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept<'a> {
    /// A key of a `ConfigMap`: its name, and the key.
    InConfigMap(&'a str, &'a str),
    /// A key of a Secret: its name, and the key.
    InSecret(&'a str, &'a str),
}

/// What a list says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The entries of each source that is there.
    pub(crate) contents: Vec<Content>,
    /// Fields of the list whose value is not there, or cannot be used.
    pub(crate) missing: Vec<String>,
}

/// Reads a list. `find` gives the bytes that are kept somewhere, if they are there; what stands behind a URL never is.
pub(crate) fn read(list: &DoNotCallList, find: impl Fn(Kept<'_>) -> Option<Vec<u8>>) -> Said {
    let mut said = Said::default();
    let field = |field: &str| format!("DoNotCallList {}: spec.{field}", list.name());
    let Some(marking) = marking(list, &find) else {
        said.missing.push(field("saltSecretRef"));
        return said;
    };
    let mut rows = Rows::default();
    for (index, entry) in (0..).zip(&list.spec.numbers) {
        rows.take(index, &entry.number, Ok(entry.expires_at.as_ref().map(|at| at.0)), &marking);
    }
    said.contents.push(Content::new(marking.clone(), rows.entries));
    for (index, source) in list.spec.sources.iter().enumerate() {
        let kept = match (&source.config_map, &source.secret) {
            (Some(reference), _) => find(Kept::InConfigMap(&reference.name, &reference.key)),
            (None, Some(reference)) => find(Kept::InSecret(&reference.name, &reference.key)),
            (None, None) => None,
        };
        match kept.and_then(|bytes| parse(&bytes, format(source), column(source), &marking).ok()) {
            Some(rows) => said.contents.push(Content::new(marking.clone(), rows.entries)),
            None => said.missing.push(field(&format!("sources[{index}]"))),
        }
    }
    said
}

fn marking(list: &DoNotCallList, find: impl Fn(Kept<'_>) -> Option<Vec<u8>>) -> Option<Marking> {
    match list.spec.storage {
        DoNotCallStorage::Plain => Some(Marking::Plain),
        DoNotCallStorage::Hashed => {
            let reference = list.spec.salt_secret_ref.as_ref()?;
            find(Kept::InSecret(&reference.name, &reference.key)).map(|salt| Marking::Hashed(salt.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn list(spec: &Value) -> DoNotCallList {
        let mut all = json!({ "accountRef": { "name": "main" } });
        for (name, value) in spec.as_object().unwrap() {
            all[name] = value.clone();
        }
        DoNotCallList::new("company", serde_json::from_value(all).unwrap())
    }

    fn find(kept: Kept<'_>) -> Option<Vec<u8>> {
        match kept {
            Kept::InConfigMap("blocked", "numbers.csv") => Some(b"number,expiresAt\n+15550101,\n+15550102,\n".to_vec()),
            Kept::InSecret("salt", "key") => Some(b"0123456789abcdef".to_vec()),
            Kept::InConfigMap(..) | Kept::InSecret(..) => None,
        }
    }

    #[test]
    fn what_stands_beside_a_list_is_read_and_what_does_not_is_named() {
        let said = read(
            &list(&json!({
                "numbers": [{ "number": "+15550100" }],
                "sources": [
                    { "configMap": { "name": "blocked", "key": "numbers.csv" } },
                    { "secret": { "name": "elsewhere", "key": "a" } },
                    { "url": { "address": "https://a.example/b.csv" } },
                ],
            })),
            find,
        );
        assert_eq!(said.contents.iter().map(Content::len).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(said.missing, ["DoNotCallList company: spec.sources[1]", "DoNotCallList company: spec.sources[2]"]);
        let hashed = |secret: &str| {
            let digest = "29cd8d23b22d1c42460c27b349c00bbc6fb6430dc85630d9e672bd8be9efb045";
            let salt = json!({ "name": secret, "key": "key" });
            read(&list(&json!({ "storage": "Hashed", "saltSecretRef": salt, "numbers": [{ "number": digest }] })), find)
        };
        assert_eq!((hashed("salt").contents.len(), hashed("salt").missing.len()), (1, 0));
        assert_eq!(hashed("other").missing, ["DoNotCallList company: spec.saltSecretRef"]);
    }
}
