//! `campaign list`.

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::json;

use super::KIND;
use crate::api::OutboundCampaign;
use crate::cli::kubectl::error::{PluginError, kubernetes};
use crate::cli::kubectl::options::Options;
use crate::cli::kubectl::place::Place;
use crate::cli::kubectl::print::{self, Column, Shown, Table, or_dash, span};

const COLUMNS: &[Column] = &[
    Column("NAME", Shown::Always),
    Column("PHASE", Shown::Always),
    Column("TARGETS", Shown::Always),
    Column("ENDED", Shown::Always),
    Column("COMPLETED", Shown::Always),
    Column("IN FLIGHT", Shown::Always),
    Column("FAILED", Shown::Wide),
    Column("BLOCKED", Shown::Wide),
    Column("NEXT DIAL", Shown::Wide),
    Column("AGE", Shown::Always),
];

pub(super) async fn run(place: &Place, options: &Options) -> Result<(), PluginError> {
    let listed = place.campaigns().list(&ListParams::default()).await;
    let campaigns = listed.map_err(kubernetes("list", KIND, &place.namespace))?.items;
    let now = Timestamp::now();
    let rows = || Table { columns: COLUMNS, rows: campaigns.iter().map(|campaign| row(campaign, now)).collect() };
    let items: Vec<_> =
        campaigns.iter().map(|campaign| json!({ "name": campaign.name_any(), "status": campaign.status })).collect();
    let nothing = format!("No OutboundCampaign in namespace {}.", place.namespace);
    print::list(options, rows, &items, &nothing)
}

fn row(campaign: &OutboundCampaign, now: Timestamp) -> Vec<String> {
    let status = campaign.status.clone().unwrap_or_default();
    let counts = status.counts;
    let created = campaign.metadata.creation_timestamp.as_ref();
    vec![
        campaign.name_any(),
        or_dash(status.phase),
        or_dash(counts.map(|counts| counts.total)),
        or_dash(counts.map(|counts| counts.ended())),
        or_dash(counts.map(|counts| counts.completed)),
        or_dash(status.pacing.map(|pacing| pacing.in_flight)),
        or_dash(counts.map(|counts| counts.failed)),
        or_dash(counts.map(|counts| counts.blocked)),
        or_dash(status.next_dial_at.map(|at| at.0)),
        or_dash(created.map(|created| span(now.duration_since(created.0).as_secs()))),
    ]
}
