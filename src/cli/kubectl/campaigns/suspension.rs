//! `campaign suspend` and `campaign resume`.

use serde_json::json;

use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::kinds::Kind;
use crate::cli::kubectl::place::Place;
use crate::cli::kubectl::print;

/// Sets `spec.suspend`, and says what follows from it.
pub(super) async fn set(place: &Place, name: &str, suspend: bool) -> Result<(), PluginError> {
    let before = place.campaign(name).await?.spec.plan.suspend;
    if before != suspend {
        place.merge(Kind::Campaign, name, json!({ "spec": { "suspend": suspend } })).await?;
    }
    print::text(&format!("{}\n", said(name, before, suspend)))
}

fn said(name: &str, before: bool, suspend: bool) -> String {
    match (before, suspend) {
        (true, true) => format!("campaign {name} was suspended already"),
        (false, true) => {
            format!("campaign {name} is suspended: no call is started, calls under way follow spec.drainPolicy")
        }
        (true, false) => format!("campaign {name} goes on where it stopped"),
        (false, false) => format!("campaign {name} was not suspended"),
    }
}
