//! `record_start`: records the call until it is told to stop, or is over.

use std::sync::Arc;

use super::super::on_answer::limit;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, RecordingOrder, TRACKS, channels};
use crate::model::fields::Fields;
use crate::model::recorded::FileOrder;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/record_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "record_start",
        needs: Needs::Audio,
        fields: &[
            "channels",
            "client_state",
            "command_id",
            "custom_file_name",
            "format",
            "max_length",
            "play_beep",
            "recording_track",
            "timeout_secs",
            "transcription",
            "transcription_engine",
            "transcription_language",
            "transcription_max_speaker_count",
            "transcription_min_speaker_count",
            "transcription_profanity_filter",
            "transcription_speaker_diarization",
            "trim",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["channels", "format"]);
    let asked = fields.choice("channels", &["single", "dual"]).unwrap_or("single");
    let format = fields.choice("format", &["wav", "mp3"]).unwrap_or("mp3");
    let order = RecordingOrder {
        file: FileOrder {
            channels: channels(asked, fields.choice("recording_track", TRACKS)),
            format,
            name: fields.text("custom_file_name", 1..=40).map(Arc::from),
            beep: fields.flag("play_beep").unwrap_or(false),
            trim: fields.choice("trim", &["trim-silence"]).is_some(),
        },
        longest: limit(fields.whole("max_length", 0..=14_400)),
        silence: limit(fields.coded("timeout_secs", "90028", 0..=14_400)),
        transcribe: fields.flag("transcription").unwrap_or(false),
    };
    fields.check()?;
    let transcribed = world.calls.get(key).is_some_and(|call| call.running.transcription.is_some());
    if order.silence.is_some() && transcribed {
        let detail = "Call recording can not be started with 'timeout_secs' while the call is being transcribed.";
        return Err(ApiError::new("90053", "Call recording triggered while transcribing", detail).with(422));
    }
    let id = world.ids.uuid().into();
    world.start_recording(key, id, order);
    Ok(Done::Plain)
}
