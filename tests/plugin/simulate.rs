//! `campaign simulate` of a file: the campaign's own list, read as the campaign reads it. Needs no cluster.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::desk::{Ran, run};

/// Two people; columns and numbers of another system's writing.
const RENEWALS: &str = "examples/campaign-renewals.yaml";

async fn simulate(manifest: &Path, more: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["kubectl", "campaign", "simulate", "-f"]).arg(manifest).args(more);
    run(command).await
}

fn example() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RENEWALS)).unwrap()
}

fn counted(ran: Ran) -> (Value, Value) {
    let simulated = ran.json();
    (simulated["estimate"]["targets"].clone(), simulated["rejectedRows"].clone())
}

#[tokio::test]
async fn a_campaign_is_simulated_with_the_list_that_stands_beside_it() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(RENEWALS);
    assert_eq!(counted(simulate(&manifest, &["-o", "json"]).await), (2.into(), 0.into()));
    let told = simulate(&manifest, &[]).await.ok();
    assert!(told.contains("Targets:      2 (0 rows cannot be called)"), "{told}");
    assert!(!told.contains("555"), "{told}");
}

#[tokio::test]
async fn a_named_file_is_read_with_the_columns_and_the_region_of_the_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(RENEWALS);
    let list = folder.path().join("renewals.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    packed.write_all(b"Customer,Mobile No\n1,(303) 555-0150\n2,303 555 0151\n3,303 555 0152\n4,none\n").unwrap();
    fs::write(&list, packed.finish().unwrap()).unwrap();
    let ran = simulate(&manifest, &["-o", "json", "--targets", list.to_str().unwrap()]).await;
    assert_eq!(counted(ran), (3.into(), 1.into()));
}

#[tokio::test]
async fn a_list_that_is_not_there_or_not_the_pinned_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("campaign.yaml");
    fs::write(&manifest, example().replacen("  name: renewals\n", "  name: others\n", 1)).unwrap();
    let said = simulate(&manifest, &[]).await.said();
    assert!(said.contains("--targets must name the list: what spec.targetsFrom names is not in"), "{said}");
    fs::write(&manifest, example().replace("    # sha256:", "    sha256:")).unwrap();
    let said = simulate(&manifest, &[]).await.said();
    assert!(said.contains("spec.targetsFrom.sha256: the list that is there has the SHA-256"), "{said}");
}
