//! From objects to the tree of each account. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::seen::{Health, Node, Seen};
use crate::cli::kubectl::kinds::Kind;
use crate::reconcile::AccountKey;

/// Every account with what uses it, and what uses none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tree {
    /// By namespace and name.
    pub(super) accounts: Vec<Node>,
    /// Flows that no object's calls run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unused: Vec<Node>,
}

impl Tree {
    /// Puts objects below their accounts. Objects are ordered by kind and name, whatever their order was. `unreadable` are
    /// accounts that exist for all we know, and that whoever asks may not read. Of `only` one account, what belongs to no
    /// account is left out.
    pub(super) fn of(seen: Vec<Seen>, unreadable: &BTreeSet<AccountKey>, only: Option<&AccountKey>) -> Self {
        let (mut accounts, mut flows, mut users) = (BTreeMap::new(), vec![], vec![]);
        for one in seen {
            match one.kind {
                Kind::Account => {
                    accounts.insert(key(&one.node), one.node);
                }
                Kind::Flow => flows.push(one),
                Kind::Profile
                | Kind::Application
                | Kind::Queue
                | Kind::Conference
                | Kind::List
                | Kind::Campaign
                | Kind::Job => users.push(one),
            }
        }
        let mut below = by_account(users, flows);
        let unused = below.remove(&None).unwrap_or_default();
        for (account, objects) in below.into_iter().filter_map(|(account, objects)| Some((account?, objects))) {
            let node = accounts.entry(account.clone()).or_insert_with(|| absent(&account, unreadable));
            node.children = ordered(objects);
        }
        accounts.retain(|account, _| only.is_none_or(|only| only == account));
        let unused = if only.is_some() { vec![] } else { ordered(unused) };
        Self { accounts: accounts.into_values().collect(), unused }
    }

    /// Whether everything in it is.
    pub(super) fn is_well(&self) -> bool {
        let below = self.accounts.iter().flat_map(|account| &account.children);
        self.accounts.iter().chain(below).chain(&self.unused).all(|node| node.health.is_well())
    }
}

fn key(account: &Node) -> AccountKey {
    AccountKey { namespace: account.namespace.clone(), name: account.name.clone() }
}

fn absent(account: &AccountKey, unreadable: &BTreeSet<AccountKey>) -> Node {
    if unreadable.contains(account) {
        return Node::unseen(account, Health::Unknown, "Forbidden", "you may not read it");
    }
    let message = "it does not exist: create it, or correct spec.accountRef of the objects below";
    Node::unseen(account, Health::Missing, "AccountNotFound", message)
}

/// Objects by the account that they name. A flow names none: it stands with every account whose calls run it.
fn by_account(users: Vec<Seen>, flows: Vec<Seen>) -> BTreeMap<Option<AccountKey>, Vec<Seen>> {
    let mut below: BTreeMap<Option<AccountKey>, Vec<Seen>> = BTreeMap::new();
    for flow in flows {
        let runs = |user: &&Seen| {
            user.node.namespace == flow.node.namespace && user.flow.as_deref() == Some(flow.node.name.as_str())
        };
        let accounts: BTreeSet<_> = users.iter().filter(runs).filter_map(|user| user.account.clone()).collect();
        if accounts.is_empty() {
            below.entry(None).or_default().push(flow);
        } else {
            for account in accounts {
                below.entry(Some(account)).or_default().push(flow.clone());
            }
        }
    }
    for user in users.into_iter().filter(|user| user.account.is_some()) {
        below.entry(user.account.clone()).or_default().push(user);
    }
    below
}

fn ordered(mut objects: Vec<Seen>) -> Vec<Node> {
    objects.sort_by(|a, b| (a.kind, &a.node.namespace, &a.node.name).cmp(&(b.kind, &b.node.namespace, &b.node.name)));
    objects.into_iter().map(|seen| seen.node).collect()
}

#[cfg(test)]
mod tests {
    use super::super::seen::tests::object;
    use super::*;
    use serde_json::{Value, json};

    fn seen(kind: Kind, name: &str, spec: &Value) -> Seen {
        let status = json!({ "observedGeneration": 2, "conditions": [{ "type": "Ready", "status": "True" }] });
        Seen::of(kind, &object(kind, name, spec, &status))
    }

    fn uses(account: &str) -> Value {
        json!({ "accountRef": { "name": account } })
    }

    fn account(name: &str) -> AccountKey {
        AccountKey { namespace: "voice".to_owned(), name: name.to_owned() }
    }

    /// `account: child, child` a line.
    fn lines(tree: &Tree) -> Vec<String> {
        let names = |nodes: &[Node]| nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>().join(", ");
        let of = |node: &Node| format!("{} {}: {}", node.name, node.health.word(), names(&node.children));
        tree.accounts.iter().map(of).chain([format!("unused: {}", names(&tree.unused))]).collect()
    }

    fn all() -> Vec<Seen> {
        vec![
            seen(
                Kind::Campaign,
                "spring",
                &json!({ "accountRef": { "name": "main" }, "callFlowRef": { "name": "offer" } }),
            ),
            seen(Kind::Queue, "waiting", &uses("main")),
            seen(Kind::Flow, "offer", &json!({})),
            seen(Kind::Flow, "old", &json!({})),
            seen(Kind::Queue, "lost", &uses("gone")),
            seen(Kind::Queue, "foreign", &uses("secret")),
            seen(Kind::Application, "support", &uses("main")),
            seen(Kind::Account, "main", &json!({})),
            seen(Kind::Account, "idle", &json!({})),
        ]
    }

    #[test]
    fn objects_stand_below_their_account_in_the_order_of_kinds() {
        let tree = Tree::of(all(), &BTreeSet::from([account("secret")]), None);
        assert_eq!(
            lines(&tree),
            [
                "gone Missing: lost",
                "idle Ready: ",
                "main Ready: support, waiting, offer, spring",
                "secret Unknown: foreign",
                "unused: old",
            ]
        );
        assert!(!tree.is_well());
    }

    #[test]
    fn of_one_account_only_its_own_objects_are_shown() {
        let tree = Tree::of(all(), &BTreeSet::new(), Some(&account("main")));
        assert_eq!(lines(&tree), ["main Ready: support, waiting, offer, spring", "unused: "]);
        assert!(tree.is_well());
    }

    #[test]
    fn the_order_in_which_objects_were_listed_does_not_matter() {
        let mut reversed = all();
        reversed.reverse();
        assert_eq!(Tree::of(all(), &BTreeSet::new(), None), Tree::of(reversed, &BTreeSet::new(), None));
    }
}
