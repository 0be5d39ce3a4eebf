//! Follows every link within a built book, to its file and to its heading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

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

/// Prints each link that leads nowhere; the code is 1 if there is one, and if there is no page at all.
pub(crate) fn run(folder: &Path) -> Result<ExitCode, CheckError> {
    let mut pages = BTreeMap::new();
    read(folder, &mut pages)?;
    let broken = broken(&pages);
    for (page, link) in &broken {
        eprintln!("book: {}: {link} leads nowhere", page.display());
    }
    let followed: usize = pages.values().map(|page| page.links.len()).sum();
    println!("{} pages, {followed} links, {} of them broken", pages.len(), broken.len());
    Ok(ExitCode::from(u8::from(pages.is_empty() || !broken.is_empty())))
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

/// Links within the book whose file or heading is not there. What mdBook writes for a page that does not exist is not
/// followed: its links count from the address that was asked for.
fn broken(pages: &BTreeMap<PathBuf, Page>) -> Vec<(&Path, &str)> {
    let mut broken = Vec::new();
    for (path, page) in pages.iter().filter(|(path, _)| !path.ends_with("404.html")) {
        for link in page.links.iter().filter(|link| is_within(link)) {
            let (file, fragment) = link.split_once('#').map_or((link.as_str(), None), |(file, id)| (file, Some(id)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap_or(path).join(file) };
            let is_there = match fragment.filter(|id| !id.is_empty()) {
                None => target.exists(),
                Some(id) => {
                    resolved(&target).and_then(|target| pages.get(&target)).is_some_and(|page| page.ids.contains(id))
                }
            };
            if !is_there {
                broken.push((path.as_path(), link.as_str()));
            }
        }
    }
    broken
}

/// The path as [`read`] has it: the folders of a book have no links, so that its `..` can be taken out of the text.
fn resolved(target: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in target.components() {
        if part.as_os_str() == ".." {
            plain.pop().then_some(())?;
        } else {
            plain.push(part);
        }
    }
    Some(plain)
}

fn is_within(link: &str) -> bool {
    !link.is_empty() && !["://", "mailto:", "data:", "javascript:"].iter().any(|scheme| link.contains(scheme))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_file_and_a_heading_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "a.html",
            r##"<h1 id="top"><a href="#top"> <a href="b/c.html#x"> <a href="https://d"> <img src="e.png">"##,
        );
        write("b/c.html", r#"<h2 id="x"> <a href="../a.html#top"> <a href="../gone.html"> <a href="../a.html#no">"#);
        write("404.html", r#"<a href="anything.html">"#);
        let mut pages = BTreeMap::new();
        read(folder.path(), &mut pages).unwrap();
        let found: Vec<&str> = broken(&pages).into_iter().map(|(_, link)| link).collect();
        assert_eq!(found, ["e.png", "../a.html#no", "../gone.html"]);
    }
}
