//! The Krew manifest: of this version, of archives that the release builds, and with their sums once it is filled.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::generated::path;

fn manifest(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn platforms(manifest: &Value) -> &Vec<Value> {
    manifest["spec"]["platforms"].as_array().unwrap()
}

/// `kubectl-telnyx-linux-amd64.tar.gz`
fn archive(platform: &Value) -> &str {
    platform["uri"].as_str().unwrap().rsplit('/').next().unwrap()
}

#[test]
fn the_manifest_is_of_this_version_and_has_what_krew_asks_for() {
    let manifest = manifest(&fs::read_to_string(path("plugins/telnyx.yaml")).unwrap());
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"telnyx".into()));
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["spec"]["version"], version);
    let short = manifest["spec"]["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50 && !short.ends_with('.'), "Krew's index asks for a short one: {short}");
    assert!(!manifest["spec"]["homepage"].as_str().unwrap().is_empty());
    let mut selectors = BTreeSet::new();
    for platform in platforms(&manifest) {
        let labels = &platform["selector"]["matchLabels"];
        let (os, arch) = (labels["os"].as_str().unwrap(), labels["arch"].as_str().unwrap());
        assert!(selectors.insert((os, arch)), "{os} {arch} twice");
        assert_eq!(archive(platform), format!("kubectl-telnyx-{os}-{arch}.tar.gz"));
        assert!(platform["uri"].as_str().unwrap().contains(&format!("/releases/download/{version}/")));
        assert_eq!(platform["bin"], "kubectl-telnyx");
        let files: Vec<&str> =
            platform["files"].as_array().unwrap().iter().map(|file| file["from"].as_str().unwrap()).collect();
        assert_eq!(files, ["kubectl-telnyx", "LICENSE"], "a program without its licence is not taken");
        assert_eq!(platform["sha256"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn the_release_builds_every_archive_and_attaches_the_filled_manifest() {
    let manifest = manifest(&fs::read_to_string(path("plugins/telnyx.yaml")).unwrap());
    let workflow: Value =
        serde_saphyr::from_str(&fs::read_to_string(path(".github/workflows/release.yaml")).unwrap()).unwrap();
    let built: BTreeSet<String> = workflow["jobs"]["plugin"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("kubectl-telnyx-{}.tar.gz", one["platform"].as_str().unwrap()))
        .collect();
    let named: BTreeSet<String> = platforms(&manifest).iter().map(|one| archive(one).to_owned()).collect();
    assert_eq!(named, built);
    let needed: Vec<&str> =
        workflow["jobs"]["image"]["needs"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(needed, ["plugin", "upgrade"]);
    let last = workflow["jobs"]["image"]["steps"].as_array().unwrap().last().unwrap()["run"].as_str().unwrap();
    for part in ["plugins/fill.sh archives > telnyx.yaml", "archives/*.tar.gz", " telnyx.yaml"] {
        assert!(last.contains(part), "the release's last step lacks {part:?}: {last}");
    }
}

#[test]
fn a_filled_manifest_has_the_sum_of_each_archive_and_is_else_the_same() {
    let template = fs::read_to_string(path("plugins/telnyx.yaml")).unwrap();
    let before = manifest(&template);
    let archives = tempfile::tempdir().unwrap();
    for platform in platforms(&before) {
        fs::write(archives.path().join(archive(platform)), archive(platform)).unwrap();
    }
    let output = Command::new(path("plugins/fill.sh")).arg(archives.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut filled = manifest(&String::from_utf8(output.stdout).unwrap());
    for platform in filled["spec"]["platforms"].as_array_mut().unwrap() {
        let sum = Sha256::digest(archive(platform).as_bytes());
        let sum = sum.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(platform["sha256"], sum.as_str(), "{}", archive(platform));
        platform["sha256"] = "0".repeat(64).into();
    }
    assert_eq!(filled, before);

    fs::remove_file(archives.path().join(archive(&platforms(&before)[0]))).unwrap();
    let output = Command::new(path("plugins/fill.sh")).arg(archives.path()).output().unwrap();
    assert!(!output.status.success(), "an archive that is missing is not passed over");
}
