//! What may begin with the answer of a call: the fields that dial, answer, transfer and bridge have in common (Telnyx API
//! reference: "Dial", "Answer call", "Transfer call").

use std::sync::Arc;
use std::time::Duration;

use crate::model::calls::{ConversationOrder, OnAnswer, RecordingOrder, StreamOrder, TRACKS, channels};
use crate::model::fields::Fields;
use crate::model::recorded::FileOrder;

/// A number of seconds; 0, like nothing, is no limit.
pub(super) fn limit(seconds: Option<u64>) -> Option<Duration> {
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// Everything that may begin with the answer.
pub(super) fn on_answer(fields: &mut Fields<'_>) -> OnAnswer {
    let mut detect_deepfake = false;
    fields.inner("deepfake_detection", |fields| {
        fields.require(&["enabled"]);
        detect_deepfake = fields.flag("enabled").unwrap_or(false);
    });
    OnAnswer {
        recording: recording(fields),
        recording_id: None,
        stream: stream(fields),
        transcribe: fields.flag("transcription").unwrap_or(false),
        detect_deepfake,
        assistant: assistant(fields),
        relay: fields.given("conversation_relay_config").is_some(),
    }
}

/// `assistant`: who talks to the other end.
pub(super) fn assistant(fields: &mut Fields<'_>) -> Option<ConversationOrder> {
    let mut order = None;
    fields.inner("assistant", |fields| {
        fields.require(&["id"]);
        order = Some(ConversationOrder {
            assistant: fields.text("id", 1..=255).map(Arc::from),
            greeting: fields.text("greeting", 0..=10_000).map(Arc::from),
            ..ConversationOrder::default()
        });
    });
    order
}

/// `record: record-from-answer` and its settings.
pub(super) fn recording(fields: &mut Fields<'_>) -> Option<RecordingOrder> {
    let record = fields.choice("record", &["record-from-answer"]);
    let asked = fields.choice("record_channels", &["single", "dual"]).unwrap_or("dual");
    let order = RecordingOrder {
        file: FileOrder {
            channels: channels(asked, fields.choice("record_track", TRACKS)),
            format: fields.choice("record_format", &["wav", "mp3"]).unwrap_or("mp3"),
            name: fields.text("record_custom_file_name", 1..=40).map(Arc::from),
            beep: false,
            trim: fields.choice("record_trim", &["trim-silence"]).is_some(),
        },
        longest: limit(fields.whole("record_max_length", 0..=43_200)),
        silence: limit(fields.coded("record_timeout_secs", "90049", 0..=43_200)),
        transcribe: false,
    };
    record.map(|_| order)
}

/// `stream_url` and its settings.
pub(super) fn stream(fields: &mut Fields<'_>) -> Option<StreamOrder> {
    let socket = |text: &str| (text.starts_with("wss://") || text.starts_with("ws://")) && text.len() <= 2000;
    let url = fields.coded_text("stream_url", "10003", "must be a ws or wss URL of at most 2000 characters.", socket);
    let track = fields.choice("stream_track", &["inbound_track", "outbound_track", "both_tracks"]);
    fields.choice("stream_bidirectional_mode", &["mp3", "rtp"]);
    fields.choice("stream_bidirectional_target_legs", &["both", "self", "opposite"]);
    url.map(|url| StreamOrder { url: Arc::from(url), track: track.unwrap_or("inbound_track") })
}
