//! Commands on a live call.

use telnyx_voice::CallControlId;
use telnyx_voice::call::{HangupRequest, PlaybackStartRequest, PlaybackStopRequest, SpeakRequest};

use super::{Verb, verb};

/// All of them.
pub(in crate::cli::kubectl) const VERBS: &[Verb<CallControlId>] = &[
    verb!(&["hangup"], None, HangupRequest, hangup),
    verb!(&["speak"], Some("payload"), SpeakRequest, speak),
    verb!(&["play"], None, PlaybackStartRequest, start_playback),
    verb!(&["playback", "start"], None, PlaybackStartRequest, start_playback),
    verb!(&["playback", "stop"], None, PlaybackStopRequest, stop_playback),
];
