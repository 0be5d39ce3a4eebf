//! Links of a page: those that lead out of the book, and those to a folder's first page.

use std::path::{Component, Path, PathBuf};

/// Where the book's pages are, and where everything else can be seen.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder of `book.toml`: the root of the repository.
    pub(crate) root: PathBuf,
    /// The folder of the pages, below it.
    pub(crate) pages: PathBuf,
    /// Address of the repository at its forge.
    pub(crate) repository: String,
}

/// The page with links to files of the repository that are no pages leading to the forge. Blocks and spans of code stay.
/// `page` is the page's path within the book.
pub(crate) fn rewritten(content: &str, page: &Path, place: &Place) -> String {
    let folder = place.pages.join(page.parent().unwrap_or(Path::new("")));
    let mut in_block = false;
    let mut lines = Vec::new();
    for line in content.split('\n') {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        lines.push(if in_block || fence { line.to_owned() } else { in_prose(line, &folder, place) });
    }
    lines.join("\n")
}

/// One line outside of blocks. Every second part between backticks is code.
fn in_prose(line: &str, folder: &Path, place: &Place) -> String {
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 0 { in_text(part, folder, place) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

fn in_text(text: &str, folder: &Path, place: &Place) -> String {
    let mut parts = text.split("](");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push_str("](");
        match part.split_once(')') {
            Some((target, rest)) => {
                written.push_str(&led(target, folder, place));
                written.push(')');
                written.push_str(rest);
            }
            None => written.push_str(part),
        }
    }
    written
}

/// Where a link leads in the book: to the forge, if what it names is no page of the book.
fn led(target: &str, folder: &Path, place: &Place) -> String {
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
        return target.to_owned();
    }
    let (file, fragment) = target.find('#').map_or((target, ""), |at| target.split_at(at));
    let path = normal(&folder.join(file));
    let is_page = path.starts_with(&place.pages) && path.extension().is_some_and(|extension| extension == "md");
    if is_page {
        // mdBook makes an `index.html` of a folder's README and forgets the links to it.
        return match file.strip_suffix("README.md") {
            Some(folder) => format!("{folder}index.md{fragment}"),
            None => target.to_owned(),
        };
    }
    let view = if place.root.join(&path).is_dir() { "tree" } else { "blob" };
    format!("{}/{view}/main/{}{fragment}", place.repository, path.display())
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_page_is_shown_by_the_forge() {
        let place = Place {
            root: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
            pages: "docs".into(),
            repository: "https://forge/x".to_owned(),
        };
        for (written, expected) in [
            ("[a](b.md) [c](../security.md#threats)", "[a](b.md) [c](../security.md#threats)"),
            ("[a](README.md#x) [b](../decisions/README.md)", "[a](index.md#x) [b](../decisions/index.md)"),
            ("[a](../../examples/README.md#x), b", "[a](https://forge/x/blob/main/examples/README.md#x), b"),
            ("[`docs/flows/`](../flows/).", "[`docs/flows/`](https://forge/x/tree/main/docs/flows)."),
            ("[a](https://b/c) [d](#e)", "[a](https://b/c) [d](#e)"),
            ("code `[a](../../b)` stays", "code `[a](../../b)` stays"),
            ("```md\n[a](../../b)\n```\n[a](../../b)", "```md\n[a](../../b)\n```\n[a](https://forge/x/blob/main/b)"),
        ] {
            assert_eq!(rewritten(written, Path::new("runbooks/page.md"), &place), expected);
        }
    }
}
