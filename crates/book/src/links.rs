//! Links of a page: those that lead out of the book, and those to a folder's first page.

use std::path::{Path, PathBuf};

use crate::paths::plain;

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

/// The page with links to files of the repository that are not in the book leading to the forge, and pictures fetched from
/// there. Blocks and spans of code stay. `page` is the page's path within the book.
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
    let mut before = parts.next().unwrap_or_default();
    let mut written = before.to_owned();
    for part in parts {
        let is_picture = before.rsplit_once('[').is_some_and(|(before, _)| before.ends_with('!'));
        let wanted = if is_picture { Wanted::Picture } else { Wanted::Page };
        before = part;
        written.push_str("](");
        match part.split_once(')') {
            Some((target, rest)) => {
                written.push_str(&led(target, wanted, folder, place));
                written.push(')');
                written.push_str(rest);
            }
            None => written.push_str(part),
        }
    }
    written
}

/// What a link wants of the file it names.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// To be led to a page that shows it.
    Page,
    /// Its bytes: `![…](…)`.
    Picture,
}

/// Where a link leads in the book: to the forge, if what it names is not in the book. mdBook copies the files among its pages.
fn led(target: &str, wanted: Wanted, folder: &Path, place: &Place) -> String {
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
        return target.to_owned();
    }
    let (file, fragment) = target.find('#').map_or((target, ""), |at| target.split_at(at));
    // What is outside of the repository is nowhere; the check of the built book says so.
    let Some(path) = plain(&folder.join(file)) else { return target.to_owned() };
    let there = place.root.join(&path);
    let is_page = path.extension().is_some_and(|extension| extension == "md");
    if path.starts_with(&place.pages) && (is_page || there.is_file()) {
        // mdBook makes an `index.html` of a folder's README and forgets the links to it.
        return match file.strip_suffix("README.md") {
            Some(folder) => format!("{folder}index.md{fragment}"),
            None => target.to_owned(),
        };
    }
    let view = match wanted {
        Wanted::Picture => "raw",
        Wanted::Page if there.is_dir() => "tree",
        Wanted::Page => "blob",
    };
    format!("{}/{view}/main/{}{fragment}", place.repository, path.display())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_not_in_the_book_is_shown_by_the_forge() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("docs/flows")).unwrap();
        fs::write(root.path().join("docs/flows/a.svg"), "").unwrap();
        let place =
            Place { root: root.path().to_owned(), pages: "docs".into(), repository: "https://forge/x".to_owned() };
        for (written, expected) in [
            ("[a](b.md) [c](../security.md#threats)", "[a](b.md) [c](../security.md#threats)"),
            ("[a](README.md#x) [b](../decisions/README.md)", "[a](index.md#x) [b](../decisions/index.md)"),
            ("[a](../../examples/README.md#x), b", "[a](https://forge/x/blob/main/examples/README.md#x), b"),
            ("[`docs/flows/`](../flows/).", "[`docs/flows/`](https://forge/x/tree/main/docs/flows)."),
            ("[a](https://b/c) [d](#e)", "[a](https://b/c) [d](#e)"),
            ("![a](../flows/a.svg) [a](../flows/a.svg)", "![a](../flows/a.svg) [a](../flows/a.svg)"),
            ("![a](../gone.svg)", "![a](https://forge/x/raw/main/docs/gone.svg)"),
            (
                "[![b](../../c.svg)](../../d) [x](../../c.svg)",
                "[![b](https://forge/x/raw/main/c.svg)](https://forge/x/blob/main/d) [x](https://forge/x/blob/main/c.svg)",
            ),
            ("[a](../../../out)", "[a](../../../out)"),
            ("code `[a](../../b)` stays", "code `[a](../../b)` stays"),
            ("```md\n[a](../../b)\n```\n[a](../../b)", "```md\n[a](../../b)\n```\n[a](https://forge/x/blob/main/b)"),
        ] {
            assert_eq!(rewritten(written, Path::new("runbooks/page.md"), &place), expected);
        }
    }
}
