//! Paths as text.

use std::path::{Component, Path, PathBuf};

/// The path with each `..` taken out, along with the folder before it: the folders of a book and of the repository are no links.
/// `None` for one that leads out of where it begins.
pub(crate) fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop().then_some(())?;
        } else {
            plain.push(part);
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_without_its_way_back() {
        for (path, expected) in [
            ("docs/runbooks/../a.md", Some("docs/a.md")),
            ("docs/./a.md", Some("docs/a.md")),
            ("/book/a/../../b", Some("/b")),
            ("docs/../../a.md", None),
            ("../a.md", None),
        ] {
            assert_eq!(plain(Path::new(path)).as_deref(), expected.map(Path::new), "{path}");
        }
    }
}
