//! One object as the tree shows it. Pure: what the API server has told, and nothing else.

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::Value;

use crate::cli::kubectl::kinds::Kind;
use crate::reconcile::AccountKey;

/// How an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli::kubectl) enum Health {
    /// It is as its newest spec asks.
    Ready,
    /// It is left alone because `spec.suspend` says so.
    Suspended,
    /// The operator is at work, or has not seen the newest spec.
    Progressing,
    /// It waits for something that another object or the API has to give.
    NotReady,
    /// Only a person can help.
    Stalled,
    /// Its deletion has been asked for.
    Deleting,
    /// Objects refer to it and it does not exist.
    Missing,
    /// Whoever asks may not read it.
    Unknown,
}

impl Health {
    /// The word that is shown.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::NotReady => "NotReady",
            Self::Stalled => "Stalled",
            Self::Deleting => "Deleting",
            Self::Missing => "Missing",
            Self::Unknown => "Unknown",
        }
    }

    /// Whether nobody needs to look at it: what is suspended is so because somebody wants it.
    pub(super) const fn is_well(self) -> bool {
        matches!(self, Self::Ready | Self::Suspended)
    }

    fn of(object: &DynamicObject) -> Self {
        let generation = object.metadata.generation.unwrap_or_default();
        let observed = object.data.pointer("/status/observedGeneration").and_then(Value::as_i64);
        let is = |kind: &str, status: &str| condition(object, kind).is_some_and(|found| found["status"] == status);
        let suspended = ["/spec/suspend", "/spec/plan/suspend"];
        match () {
            () if object.metadata.deletion_timestamp.is_some() => Self::Deleting,
            () if is("Stalled", "True") => Self::Stalled,
            () if suspended.iter().any(|path| object.data.pointer(path) == Some(&Value::Bool(true))) => Self::Suspended,
            () if observed.is_none_or(|observed| observed < generation) => Self::Progressing,
            () if is("Ready", "True") => Self::Ready,
            () if is("Reconciling", "True") || is("Ready", "Unknown") => Self::Progressing,
            () => Self::NotReady,
        }
    }
}

/// What is shown of an object, and what stands below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli::kubectl) struct Node {
    /// Its kind: `Queue`.
    pub(super) kind: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Its name.
    pub(super) name: String,
    /// How it stands.
    pub(super) health: Health,
    /// The reason of the condition that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// The message of that condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// The id of what it stands for at Telnyx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// What else is worth a glance, in a few words of the kind's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<Timestamp>,
    /// What uses it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<Node>,
}

impl Node {
    /// An account of which nothing is known but why.
    pub(super) fn unseen(account: &AccountKey, health: Health, reason: &str, message: &str) -> Self {
        Self {
            kind: Kind::Account.resource().kind,
            namespace: account.namespace.clone(),
            name: account.name.clone(),
            health,
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            id: None,
            detail: None,
            created: None,
            children: vec![],
        }
    }
}

/// An object with what ties it to others.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    /// The account that it names; none for flows, and for what names none.
    pub(super) account: Option<AccountKey>,
    /// The flow of its namespace that its calls run.
    pub(super) flow: Option<String>,
    pub(super) node: Node,
}

impl Seen {
    pub(super) fn of(kind: Kind, object: &DynamicObject) -> Self {
        let namespace = object.namespace().unwrap_or_default();
        let text = |path: &str| object.data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let either = |paths: [&str; 2]| paths.into_iter().find_map(text);
        let account = either(["/spec/accountRef/name", "/spec/plan/accountRef/name"]).map(|name| {
            let named = either(["/spec/accountRef/namespace", "/spec/plan/accountRef/namespace"]);
            AccountKey { namespace: named.unwrap_or_else(|| namespace.clone()), name }
        });
        let health = Health::of(object);
        let telling = if health == Health::Stalled { "Stalled" } else { "Ready" };
        let told = |field: &str| {
            let text = condition(object, telling)?.get(field)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let node = Node {
            kind: kind.resource().kind,
            namespace,
            name: object.name_any(),
            health,
            reason: told("reason"),
            message: told("message"),
            id: text("/status/id"),
            detail: detail(kind, object),
            created: object.metadata.creation_timestamp.as_ref().map(|at| at.0),
            children: vec![],
        };
        Self { kind, account, flow: either(["/spec/callFlowRef/name", "/spec/plan/callFlowRef/name"]), node }
    }
}

/// The object's condition of this type.
pub(in crate::cli::kubectl) fn condition<'a>(object: &'a DynamicObject, kind: &str) -> Option<&'a Value> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}

fn detail(kind: Kind, object: &DynamicObject) -> Option<String> {
    let number = |path: &str| object.data.pointer(path).and_then(Value::as_u64);
    let text = |path: &str| object.data.pointer(path).and_then(Value::as_str);
    let drift = object.data.pointer("/status/drift").and_then(Value::as_array).map_or(0, Vec::len);
    let own = match kind {
        Kind::Account | Kind::Profile | Kind::Application => None,
        Kind::Queue => number("/status/occupancy/currentSize").map(|calls| plural(calls, "call")),
        Kind::Conference => number("/status/participants/count").map(|people| plural(people, "participant")),
        Kind::Flow => number("/status/revision").map(|revision| {
            let calls = number("/status/activeCalls").unwrap_or_default();
            format!("revision {revision}, {}", plural(calls, "call"))
        }),
        Kind::List => number("/status/entries").map(|entries| plural(entries, "entry")),
        Kind::Campaign | Kind::Job => number("/status/counts/total").map(|total| {
            let open = ["pending", "claimed", "ringing", "live", "retryable"];
            let open: u64 = open.iter().filter_map(|word| number(&format!("/status/counts/{word}"))).sum();
            let phase = text("/status/phase").map(|phase| format!("{phase}, ")).unwrap_or_default();
            format!("{phase}{} of {total} ended", total.saturating_sub(open))
        }),
    };
    let drifted = (drift > 0).then(|| format!("{} drifted", plural(drift as u64, "field")));
    match (own, drifted) {
        (Some(own), Some(drifted)) => Some(format!("{own}, {drifted}")),
        (own, drifted) => own.or(drifted),
    }
}

fn plural(count: u64, word: &str) -> String {
    match (count, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {word}s"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// An object of `kind` in the namespace `voice`, from its spec and status.
    pub(in crate::cli::kubectl::status) fn object(
        kind: Kind,
        name: &str,
        spec: &Value,
        status: &Value,
    ) -> DynamicObject {
        let mut object = DynamicObject::new(name, &kind.resource()).within("voice");
        object.metadata.generation = Some(2);
        object.data = json!({ "spec": spec, "status": status });
        object
    }

    fn conditions(written: &str) -> Value {
        let all = written.split_whitespace().map(|one| {
            let (kind, status) = one.split_once('=').unwrap();
            json!({ "type": kind, "status": status, "reason": format!("Of{kind}"), "message": "why" })
        });
        Value::Array(all.collect())
    }

    #[test]
    fn health_follows_from_conditions_and_generation() {
        let table = "
            2  -          Ready=True                            Ready        OfReady
            1  -          Ready=True                            Progressing  OfReady
            -  -          Ready=True                            Progressing  OfReady
            2  -          Ready=Unknown                         Progressing  OfReady
            2  -          Ready=False,Reconciling=True          Progressing  OfReady
            2  -          Ready=False                           NotReady     OfReady
            2  -          Ready=False,Stalled=True              Stalled      OfStalled
            1  suspended  Ready=False,Stalled=True              Stalled      OfStalled
            2  suspended  Ready=True                            Suspended    OfReady
            2  leaving    Ready=False,Stalled=True              Deleting     OfReady
        ";
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let mut status = json!({ "conditions": conditions(&cells[2].replace(',', " ")) });
            if let Ok(observed) = cells[0].parse::<i64>() {
                status["observedGeneration"] = json!(observed);
            }
            let spec = json!({ "suspend": cells[1] == "suspended" });
            let mut object = object(Kind::Queue, "q", &spec, &status);
            if cells[1] == "leaving" {
                object.metadata.deletion_timestamp =
                    Some(serde_json::from_value(json!("2026-11-21T10:00:00Z")).unwrap());
            }
            let node = Seen::of(Kind::Queue, &object).node;
            assert_eq!((node.health.word(), node.reason.as_deref()), (cells[3], Some(cells[4])), "{line}");
        }
    }

    #[test]
    fn a_kind_says_in_a_few_words_what_is_worth_a_glance() {
        let said = |kind: Kind, status: Value| Seen::of(kind, &object(kind, "x", &json!({}), &status)).node.detail;
        let drift = json!([{ "path": "max_size", "desired": 1, "actual": 2 }]);
        for (kind, status, expected) in [
            (Kind::Queue, json!({ "occupancy": { "currentSize": 1 } }), Some("1 call")),
            (
                Kind::Queue,
                json!({ "occupancy": { "currentSize": 3 }, "drift": drift }),
                Some("3 calls, 1 field drifted"),
            ),
            (Kind::Application, json!({ "drift": drift }), Some("1 field drifted")),
            (Kind::Conference, json!({ "participants": { "count": 4 } }), Some("4 participants")),
            (Kind::Flow, json!({ "revision": 3, "activeCalls": 2 }), Some("revision 3, 2 calls")),
            (Kind::List, json!({ "entries": 2 }), Some("2 entries")),
            (
                Kind::Campaign,
                json!({ "phase": "Dialing", "counts": { "total": 10, "pending": 4, "live": 1, "completed": 5 } }),
                Some("Dialing, 5 of 10 ended"),
            ),
            (Kind::Account, json!({}), None),
        ] {
            assert_eq!(said(kind, status).as_deref(), expected, "{kind:?}");
        }
    }

    #[test]
    fn the_account_of_an_object_is_in_its_own_namespace_unless_it_names_another() {
        let account = |spec: Value| Seen::of(Kind::Job, &object(Kind::Job, "x", &spec, &json!({}))).account;
        let key = |namespace: &str| AccountKey { namespace: namespace.to_owned(), name: "main".to_owned() };
        assert_eq!(account(json!({ "accountRef": { "name": "main" } })), Some(key("voice")));
        assert_eq!(account(json!({ "plan": { "accountRef": { "name": "main" } } })), Some(key("voice")));
        assert_eq!(account(json!({ "accountRef": { "name": "main", "namespace": "ops" } })), Some(key("ops")));
        assert_eq!(account(json!({ "campaignRef": { "name": "spring" } })), None);
    }
}
