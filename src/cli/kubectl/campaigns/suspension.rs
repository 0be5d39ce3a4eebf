//! `campaign suspend` and `campaign resume`.

use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::KIND;
use crate::cli::kubectl::error::{PluginError, kubernetes};
use crate::cli::kubectl::place::Place;
use crate::cli::kubectl::print;

/// Sets `spec.suspend`, and says what follows from it.
pub(super) async fn set(place: &Place, name: &str, suspend: bool) -> Result<(), PluginError> {
    let before = place.campaign(name).await?.spec.plan.suspend;
    if before != suspend {
        let patch = Patch::Merge(json!({ "spec": { "suspend": suspend } }));
        let params = PatchParams { field_manager: Some("kubectl-telnyx".to_owned()), ..PatchParams::default() };
        let patched = place.campaigns().patch(name, &params, &patch).await;
        patched.map_err(kubernetes("patch", KIND, &place.namespace))?;
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
