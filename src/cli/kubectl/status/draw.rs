//! The tree as a table. Pure.

use jiff::Timestamp;

use super::seen::{Health, Node};
use super::tree::Tree;
use crate::cli::kubectl::print::{Column, Shown, Table, or_dash, span};

const COLUMNS: &[Column] = &[
    Column("NAME", Shown::Always),
    Column("HEALTH", Shown::Always),
    Column("REASON", Shown::Always),
    Column("AGE", Shown::Always),
    Column("DETAIL", Shown::Always),
    Column("ID", Shown::Wide),
    Column("MESSAGE", Shown::Wide),
];

/// Which column holds the health.
const HEALTH: usize = 1;

pub(super) fn table(tree: &Tree, now: Timestamp) -> Table {
    let mut rows = vec![];
    for account in &tree.accounts {
        rows.push(row("", account, &account.namespace, now, Whole::Place));
        let last = account.children.len().saturating_sub(1);
        for (index, child) in account.children.iter().enumerate() {
            let branch = if index == last { "└─ " } else { "├─ " };
            rows.push(row(branch, child, &account.namespace, now, Whole::Name));
        }
    }
    rows.extend(tree.unused.iter().map(|node| row("", node, &node.namespace, now, Whole::Place)));
    Table { columns: COLUMNS, rows }
}

/// How much of its place a line gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// Namespace and name.
    Place,
    /// The name, and the namespace where it is not the account's.
    Name,
}

fn row(branch: &str, node: &Node, home: &str, now: Timestamp, whole: Whole) -> Vec<String> {
    let place = if whole == Whole::Place || node.namespace != home {
        format!("{}/{}", node.namespace, node.name)
    } else {
        node.name.clone()
    };
    vec![
        format!("{branch}{} {place}", node.kind),
        node.health.word().to_owned(),
        or_dash(node.reason.as_ref()),
        or_dash(node.created.map(|created| span(now.duration_since(created).as_secs()))),
        or_dash(node.detail.as_ref()),
        or_dash(node.id.as_ref()),
        or_dash(node.message.as_ref()),
    ]
}

/// The colour of a cell, as an SGR parameter (ECMA-48, 8.3.117): health alone has one.
pub(super) fn tint(column: usize, cell: &str) -> Option<&'static str> {
    let words = |healths: &[Health]| healths.iter().any(|health| health.word() == cell);
    match column {
        HEALTH if words(&[Health::Ready]) => Some("32"),
        HEALTH if words(&[Health::Suspended, Health::Progressing, Health::Deleting, Health::Unknown]) => Some("33"),
        HEALTH if words(&[Health::NotReady, Health::Stalled, Health::Missing]) => Some("31"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kubectl::print::render;

    fn node(kind: &str, name: &str, health: Health) -> Node {
        Node {
            kind: kind.to_owned(),
            namespace: "voice".to_owned(),
            name: name.to_owned(),
            health,
            reason: Some("Available".to_owned()),
            message: Some("the remote object exists".to_owned()),
            id: None,
            detail: None,
            created: "2026-11-21T10:00:00Z".parse().ok(),
            children: vec![],
        }
    }

    fn tree() -> Tree {
        let queue = Node { detail: Some("2 calls".to_owned()), ..node("Queue", "waiting", Health::Ready) };
        let next_door = Node { namespace: "sales".to_owned(), ..node("Queue", "offers", Health::Stalled) };
        let profile = Node { id: Some("2001".to_owned()), ..node("OutboundVoiceProfile", "us", Health::Ready) };
        let account =
            Node { children: vec![profile, queue, next_door], ..node("TelnyxAccount", "main", Health::Ready) };
        Tree { accounts: vec![account], unused: vec![node("CallFlow", "old", Health::Ready)] }
    }

    fn now() -> Timestamp {
        "2026-11-22T13:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_tree_is_drawn_with_health_reason_and_age() {
        let expected = "\
NAME                         HEALTH    REASON      AGE    DETAIL
TelnyxAccount voice/main     Ready     Available   1d3h   -
├─ OutboundVoiceProfile us   Ready     Available   1d3h   -
├─ Queue waiting             Ready     Available   1d3h   2 calls
└─ Queue sales/offers        Stalled   Available   1d3h   -
CallFlow voice/old           Ready     Available   1d3h   -
";
        assert_eq!(render(&table(&tree(), now()), false, None), expected);
    }

    #[test]
    fn wide_adds_ids_and_messages() {
        let text = render(&table(&tree(), now()), true, None);
        let line = text.lines().nth(2).unwrap();
        assert!(line.ends_with("-         2001   the remote object exists"), "{line}");
    }

    #[test]
    fn health_is_coloured_and_columns_stay_in_line() {
        let plain = render(&table(&tree(), now()), false, None);
        let coloured = render(&table(&tree(), now()), false, Some(tint));
        assert!(coloured.contains("\x1b[31mStalled\x1b[0m") && coloured.contains("\x1b[32mReady\x1b[0m"), "{coloured}");
        let mut bare = coloured;
        for code in ["\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"] {
            bare = bare.replace(code, "");
        }
        assert_eq!(bare, plain);
    }
}
