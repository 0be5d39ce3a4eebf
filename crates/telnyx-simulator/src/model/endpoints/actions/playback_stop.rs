//! `playback_stop`: stops what is heard now, or everything that waits as well.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::ClipEnd;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/playback_stop", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "playback_stop",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "overlay", "stop"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.flag("overlay");
    let stop = fields.choice("stop", &["current", "all"]).unwrap_or("all");
    fields.check()?;
    if stop == "all" {
        world.stop_all_clips(key, ClipEnd::Cancelled);
    } else {
        world.stop_current_clip(key, ClipEnd::Cancelled);
    }
    Ok(Done::Plain)
}
