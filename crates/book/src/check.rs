//! Follows every link within a built book, to its file and to its heading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use crate::paths::plain;

/// A folder or page of the built book cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub(crate) struct CheckError {
    /// Which one.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

/// What a page of HTML leads to, and what can be led to in it.
#[derive(Debug, Default)]
struct Page {
    links: BTreeSet<String>,
    ids: BTreeSet<String>,
}

/// Prints each link that leads nowhere; the code is 1 if there is one, and if none was followed: a check that finds no page, or
/// no link in any, has not looked.
pub(crate) fn run(folder: &Path) -> Result<ExitCode, CheckError> {
    let mut pages = BTreeMap::new();
    read(folder, &mut pages)?;
    let Checked { followed, broken } = checked(&pages);
    for (page, link) in &broken {
        eprintln!("book: {}: {link} leads nowhere", page.display());
    }
    println!("{} pages, {followed} links followed, {} of them broken", pages.len(), broken.len());
    Ok(ExitCode::from(u8::from(followed == 0 || !broken.is_empty())))
}

/// What became of a book's links.
#[derive(Debug)]
struct Checked<'a> {
    /// Those within the book.
    followed: usize,
    /// Those of them that lead nowhere, with their pages.
    broken: Vec<(&'a Path, &'a str)>,
}

fn read(folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<(), CheckError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CheckError { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.is_dir() {
            read(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let html = fs::read_to_string(&path).map_err(failed(&path))?;
            pages.insert(path, parsed(&html));
        }
    }
    Ok(())
}

fn parsed(html: &str) -> Page {
    let links = attributes(html, " href=\"").chain(attributes(html, " src=\"")).map(str::to_owned).collect();
    Page { links, ids: attributes(html, " id=\"").map(str::to_owned).collect() }
}

fn attributes<'a>(html: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(start).skip(1).filter_map(|rest| rest.split('"').next())
}

/// Links within the book, and those whose file or heading is not there. What mdBook writes for a page that does not exist is
/// not followed: its links count from the address that was asked for.
fn checked(pages: &BTreeMap<PathBuf, Page>) -> Checked<'_> {
    let (mut followed, mut broken) = (0, Vec::new());
    for (path, page) in pages.iter().filter(|(path, _)| !path.ends_with("404.html")) {
        for link in page.links.iter().filter(|link| is_within(link)) {
            followed += 1;
            let (file, fragment) = link.split_once('#').map_or((link.as_str(), None), |(file, id)| (file, Some(id)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap_or(path).join(file) };
            let is_there = match fragment.filter(|id| !id.is_empty()) {
                None => target.exists(),
                Some(id) => {
                    plain(&target).and_then(|target| pages.get(&target)).is_some_and(|page| page.ids.contains(id))
                }
            };
            if !is_there {
                broken.push((path.as_path(), link.as_str()));
            }
        }
    }
    Checked { followed, broken }
}

fn is_within(link: &str) -> bool {
    !link.is_empty() && !["://", "mailto:", "data:", "javascript:"].iter().any(|scheme| link.contains(scheme))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_check_that_followed_nothing_fails() {
        let folder = tempfile::tempdir().unwrap();
        let code = || format!("{:?}", run(folder.path()).unwrap());
        let (good, bad) = [0, 1].map(|code| format!("{:?}", ExitCode::from(code))).into();
        assert_eq!(code(), bad, "no page");
        write(folder.path(), "a.html", r#"<a href="https://b">"#);
        assert_eq!(code(), bad, "no link within the book");
        write(folder.path(), "b.html", r#"<a href="a.html">"#);
        assert_eq!(code(), good);
    }

    #[test]
    fn a_link_leads_to_a_file_and_a_heading_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| write(folder.path(), name, text);
        write(
            "a.html",
            r##"<h1 id="top"><a href="#top"> <a href="b/c.html#x"> <a href="https://d"> <img src="e.png">"##,
        );
        write("b/c.html", r#"<h2 id="x"> <a href="../a.html#top"> <a href="../gone.html"> <a href="../a.html#no">"#);
        write("404.html", r#"<a href="anything.html">"#);
        let mut pages = BTreeMap::new();
        read(folder.path(), &mut pages).unwrap();
        let Checked { followed, broken } = checked(&pages);
        let found: Vec<&str> = broken.into_iter().map(|(_, link)| link).collect();
        assert_eq!(found, ["e.png", "../a.html#no", "../gone.html"]);
        assert_eq!(followed, 6);
    }
}
