//! What the pages show works: the API server takes their manifests, the chart its values, the programs their commands, and links
//! lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use serde_json::Value;
use telnyx_operator::cli::{Cli, kubectl};

use crate::bases::base;
use crate::chart::{chart, helm};
use crate::generated::path;
use crate::server::{Server, pipe};

/// A block of a page between two lines of three backticks.
struct Block {
    place: String,
    language: String,
    text: String,
}

/// Every page that people read.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![];
    let mut folders = vec![path("docs"), path("examples"), path("charts/telnyx-operator")];
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(path));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "md") {
                pages.push(entry);
            }
        }
    }
    pages
}

fn shown(page: &Path) -> String {
    page.strip_prefix(path("")).unwrap().display().to_string()
}

fn blocks() -> Vec<Block> {
    let mut blocks = vec![];
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), open.take()) {
                (Some(language), None) => {
                    let place = format!("{}:{}", shown(&page), number + 1);
                    open = Some(Block { place, language: language.to_owned(), text: String::new() });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", shown(&page));
    }
    blocks
}

fn documents(block: &Block) -> Vec<Value> {
    serde_saphyr::from_multiple(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.place))
}

/// A block that leaves out what is beside the point is part of a campaign: of its whole or of its spec.
fn completed(part: &Value) -> Value {
    let mut campaign = base("OutboundCampaign");
    let spec = part.get("spec").unwrap_or(part);
    for (field, value) in spec.as_object().unwrap() {
        campaign["spec"][field] = value.clone();
    }
    let is_adaptive = campaign["spec"]["pacing"]["mode"] == "Adaptive";
    let spec = campaign["spec"].as_object_mut().unwrap();
    if spec.contains_key("callFlowRef") || is_adaptive {
        spec.remove("announcement");
        spec.entry("callFlowRef").or_insert_with(|| serde_json::json!({ "name": "agents" }));
    }
    if spec.contains_key("targetsFrom") {
        spec.remove("targets");
    }
    campaign
}

/// Values of the chart have fields of their own.
fn is_values(document: &Value) -> bool {
    let values: Value = serde_saphyr::from_str(&fs::read_to_string(chart().join("values.yaml")).unwrap()).unwrap();
    let known = |field: &String| values.get(field).is_some();
    document.get("apiVersion").is_none() && document.as_object().unwrap().keys().all(known)
}

#[tokio::test]
async fn the_api_server_takes_every_manifest_that_a_page_shows() {
    let server = Server::ready().await;
    let mut taken = 0;
    for block in blocks().iter().filter(|block| block.language == "yaml") {
        for document in documents(block) {
            if is_values(&document) {
                continue;
            }
            let mut object = if document.get("apiVersion").is_some() { document } else { completed(&document) };
            object["metadata"].as_object_mut().unwrap().remove("namespace");
            let mut kubectl = server.kubectl();
            kubectl.args(["apply", "--dry-run=server", "--validate=strict", "--filename=-"]);
            let output = pipe(kubectl, &object.to_string());
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {complaint}", block.place);
            taken += 1;
        }
    }
    assert!(taken > 10, "{taken} manifests found");
    server.release().await;
}

#[test]
fn the_chart_takes_all_values_that_a_page_shows() {
    let mut taken = 0;
    for block in blocks().iter().filter(|block| block.language == "yaml") {
        if documents(block).iter().all(is_values) {
            let mut template = Command::new(helm());
            template.arg("template").arg("x").arg(chart()).args(["--values", "-"]);
            template.args(["--api-versions", "monitoring.coreos.com/v1"]);
            let output = pipe(template, &block.text);
            assert!(output.status.success(), "{}: {}", block.place, String::from_utf8_lossy(&output.stderr));
            taken += 1;
        }
    }
    assert!(taken >= 2, "{taken} sets of values found");
}

/// The commands of a block of console lines: what follows `$`, or every line where there is no `$`.
fn commands(block: &Block) -> Vec<String> {
    let joined = block.text.replace("\\\n", " ");
    let has_prompt = joined.lines().any(|line| line.starts_with("$ "));
    let lines = joined.lines().filter_map(|line| if has_prompt { line.strip_prefix("$ ") } else { Some(line) });
    lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// The words of one command, up to a pipe or a redirection.
fn words(command: &str) -> Vec<String> {
    let words = shlex::split(command).unwrap_or_else(|| panic!("no command: {command}"));
    words.into_iter().take_while(|word| word != "|" && word != ">").collect()
}

#[test]
fn our_programs_take_every_command_that_a_page_shows() {
    let mut taken = 0;
    for block in blocks().iter().filter(|block| ["console", "sh", "bash"].contains(&&*block.language)) {
        for command in commands(block) {
            let words = words(&command);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let wrong = match words.as_slice() {
                ["kubectl", "telnyx", rest @ ..] | ["kubectl-telnyx", rest @ ..] => {
                    kubectl::command().try_get_matches_from([&["kubectl telnyx"], rest].concat()).err()
                }
                ["telnyx-operator", ..] => Cli::try_parse_from(&words).err(),
                _ => continue,
            };
            assert!(wrong.is_none(), "{}: {command}: {}", block.place, wrong.unwrap());
            taken += 1;
        }
    }
    assert!(taken > 30, "{taken} commands found");
}

#[test]
fn every_file_that_a_command_names_is_there() {
    let mut named = 0;
    for block in blocks().iter().filter(|block| block.language == "console") {
        for word in commands(block).iter().flat_map(|command| words(command)) {
            let ours =
                ["examples/", "crds/", "charts/", "gitops/", "docs/"].iter().any(|folder| word.starts_with(folder));
            if ours {
                assert!(path(&word).exists(), "{}: {word}", block.place);
                named += 1;
            }
        }
    }
    assert!(named >= 4, "{named} files found");
}

/// A heading's anchor, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    heading.trim().to_lowercase().chars().filter(kept).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let lines = prose(page);
    let headings = lines.iter().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The lines of a page outside of blocks.
fn prose(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let mut in_code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines.map(str::to_owned).collect()
}

/// Where the links of a page lead, without code.
fn links(page: &Path) -> Vec<String> {
    let mut links = vec![];
    for line in prose(page) {
        let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        for part in outside.split("](").skip(1) {
            links.extend(part.split(')').next().map(str::to_owned));
        }
    }
    links
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let mut followed = 0;
    for page in pages() {
        for link in links(&page).iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, fragment) = link.split_once('#').map_or((link.as_str(), None), |(file, at)| (file, Some(at)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} is not there", shown(&page));
            if let Some(fragment) = fragment {
                assert!(anchors(&target).contains(fragment), "{}: {link} names no heading", shown(&page));
            }
            followed += 1;
        }
    }
    assert!(followed > 100, "{followed} links found");
}

#[test]
fn the_table_of_contents_has_every_page_once_and_nothing_else() {
    let docs = path("docs");
    let summary = docs.join("SUMMARY.md");
    let mut listed = links(&summary);
    listed.sort();
    let mut there: Vec<String> = pages()
        .iter()
        .filter(|page| page.starts_with(&docs) && **page != summary)
        .map(|page| page.strip_prefix(&docs).unwrap().display().to_string())
        .collect();
    there.sort();
    assert_eq!(listed, there, "docs/SUMMARY.md and the pages in docs/ differ");
}

#[test]
fn every_call_flow_that_a_page_shows_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for block in blocks().iter().filter(|block| block.language == "yaml") {
        for flow in documents(block).iter().filter(|document| document["kind"] == "CallFlow") {
            let file = folder.path().join("flow.yaml");
            fs::write(&file, flow.to_string()).unwrap();
            let mut check = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
            let output = check.args(["flow", "check", "--file"]).arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", block.place);
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked} call flows found");
}
