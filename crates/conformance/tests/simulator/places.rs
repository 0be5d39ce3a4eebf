//! Where in the tree something is used, found in the text of the tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub(super) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below a folder whose name ends so, by its path from the workspace, in order.
pub(super) fn below(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(workspace().join(folder)).unwrap() {
        let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
        let full = workspace().join(&path);
        if full.is_dir() {
            found.append(&mut below(&path, ending));
        } else if path.ends_with(ending) {
            found.insert(path, std::fs::read_to_string(full).unwrap());
        }
    }
    found
}

/// What the plugin's tables say: the words of each verb, by the type of its request.
pub(super) fn verbs() -> BTreeMap<String, String> {
    let mut verbs = BTreeMap::new();
    for (file, outer) in [("calls", "calls"), ("conferences", "conference")] {
        let path = workspace().join(format!("src/cli/kubectl/verbs/{file}.rs"));
        let text = std::fs::read_to_string(path).unwrap();
        for row in text.lines().filter_map(|line| line.trim().strip_prefix("verb!(")) {
            let (_, rest) = row.split_once("&[").unwrap();
            let (words, rest) = rest.split_once(']').unwrap();
            let (_, request) = rest.trim_end_matches("),").rsplit_once(", ").unwrap();
            let words = words.replace('"', "").replace(", ", " ");
            // Where two verbs send the same, the first is enough.
            verbs.entry(request.to_owned()).or_insert_with(|| format!("{outer} {words}"));
        }
    }
    verbs
}

/// The first test whose flow has a step of this kind: a flow that is kept as a file, or a story.
pub(super) fn flow_test(kind: &str) -> Option<String> {
    let step = format!("\n      {kind}:");
    let kept = below("tests/flows/kinds", ".yaml").into_iter().chain(below("examples/flows", ".yaml"));
    let in_file = kept.into_iter().find(|(_, text)| text.contains(&step));
    let quoted = format!("\"{kind}\":");
    let in_story = || below("tests/flows", ".rs").into_iter().find(|(_, text)| text.contains(&quoted));
    in_file.or_else(in_story).map(|(path, _)| path)
}
