//! Looks again and again, and tells what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use telnyx_voice::{Call, CallControlId, CallEvent};

use super::{item, row};
use crate::cli::kubectl::account::Desk;
use crate::cli::kubectl::error::PluginError;
use crate::cli::kubectl::options::Options;
use crate::cli::kubectl::print::{self, or_dash};
use crate::cli::kubectl::queues::for_programs;
use crate::cli::kubectl::reach::Application;

/// Tells of calls that begin and end, until it is stopped.
pub(super) async fn all(desk: &Desk, options: &Options, only: Option<&str>, pace: Duration) -> Result<(), PluginError> {
    let mut known: BTreeMap<String, (Application, Call)> = BTreeMap::new();
    loop {
        let mut now = BTreeMap::new();
        for application in desk.applications(only).await? {
            for call in desk.live(&application).await? {
                now.insert(or_dash(call.call_control_id.as_ref()), (application.clone(), call));
            }
        }
        for (id, (application, call)) in now.iter().filter(|(id, _)| !known.contains_key(*id)) {
            tell(options, "began", id, application, call)?;
        }
        for (id, (application, call)) in known.iter().filter(|(id, _)| !now.contains_key(*id)) {
            tell(options, "ended", id, application, call)?;
        }
        known = now;
        tokio::time::sleep(pace).await;
    }
}

fn tell(options: &Options, change: &str, id: &str, application: &Application, call: &Call) -> Result<(), PluginError> {
    if for_programs(options) {
        let mut event = item(application, call);
        if let Some(event) = event.as_object_mut() {
            event.insert("change".to_owned(), json!(change));
        }
        return print::line(options, event);
    }
    print::text(&format!("{change}   {id}   {}\n", application.name))
}

/// Tells of each command and webhook of one call, until it has ended.
pub(super) async fn one(desk: &Desk, options: &Options, id: &CallControlId, pace: Duration) -> Result<(), PluginError> {
    let mut told = BTreeSet::new();
    let mut call = desk.look_up(id).await?.call;
    loop {
        for event in desk.events(&call).await? {
            if told.insert(fingerprint(&event)) {
                if for_programs(options) {
                    print::line(options, json!(event))?;
                } else {
                    print::text(&(row(&event).join("   ").trim_end().to_owned() + "\n"))?;
                }
            }
        }
        if call.is_alive == Some(false) {
            return Ok(());
        }
        tokio::time::sleep(pace).await;
        // Before the events: what ended it is among them then.
        call = desk.call(id).await?;
    }
}

/// Events have no id in this list.
fn fingerprint(event: &CallEvent) -> String {
    serde_json::to_value(event).unwrap_or(Value::Null).to_string()
}
