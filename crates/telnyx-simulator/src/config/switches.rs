//! One setting per question that Telnyx's documents leave open or answer twice.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// One setting per question that Telnyx's documents leave open or answer twice.
#[allow(clippy::struct_excessive_bools, reason = "independent yes-or-no questions, each named in the behaviour file")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Switches {
    /// What a repeated `command_id` is answered with.
    pub duplicate_command: DuplicateCommand,
    /// Seconds for which a `command_id` is remembered (Telnyx: "Receiving webhooks for Voice API", 60).
    pub command_id_secs: u64,
    /// Whether a refused command occupies its `command_id`.
    pub refused_command_occupies_id: bool,
    /// Whether a dial refused for the dial rate counts in the 5-second window itself.
    pub refused_dials_count: bool,
    /// Whether each destination of a `to` list counts as a dial.
    pub list_counts_each: bool,
    /// How limits, missing profiles and forbidden destinations show.
    pub dial_refusals: DialRefusals,
    /// HTTP status of a dial refused for a channel limit: 403 or 422.
    pub channel_limit_status: u16,
    /// What retrieving an unknown or long ended call says.
    pub unknown_call: UnknownCall,
    /// Simulated milliseconds by which `active_calls` lags behind.
    pub active_calls_lag_ms: u64,
    /// Simulated milliseconds by which `call_events` lags behind.
    pub call_events_lag_ms: u64,
    /// Order of `call_events`.
    pub call_events_order: EventOrder,
    /// Hours that `call_events` reaches back without a filter for a leg or session.
    pub call_events_hours: u64,
    /// What `sip_hangup_cause` holds.
    pub sip_cause_style: SipCauseStyle,
    /// Whether AMD cuts audio that began before its verdict.
    pub amd_cuts_audio: AudioCut,
    /// Analysis time of premium AMD when the dial does not set it, milliseconds: 3500 in the specification, 30 000 in the guide.
    pub premium_analysis_ms: u64,
    /// Whether premium AMD announces itself with `call.machine.premium.detection.started`.
    pub premium_detection_started: bool,
    /// Least `time_limit_secs`: 30 in the specification, 60 in the error table.
    pub least_time_limit_secs: u64,
    /// What `telnyx-timestamp` of a retry says.
    pub webhook_timestamp: TimestampOrigin,
    /// What a 3xx from a webhook receiver means.
    pub webhook_redirects: Redirects,
    /// What creating a queue says when the name is taken.
    pub queue_duplicate: QueueDuplicate,
    /// What removing a queued call says while that call is alive.
    pub active_queued_call: ActiveQueuedCall,
    /// What becomes of those who are in a conference when its time is up.
    pub conference_expiry: ConferenceExpiry,
    /// What `conference.ended` gives as reason when a command ended the conference.
    pub conference_ended_by_api: EndedByApi,
    /// Whether `whitelisted_destinations` of a profile is enforced, by country calling code.
    pub enforce_destinations: bool,
    /// Whether `max_destination_rate` and `daily_spend_limit` of a profile are enforced, by a tariff of 0.005 dollars a minute.
    pub enforce_spending: bool,
    /// What `calling_window` of a profile does: the API reference lets no call start outside of it, the support article on
    /// "Repeat Call Guard" counts calls within it and has business hours enforced elsewhere.
    pub calling_windows: CallingWindows,
    /// Whether an application may be given an empty webhook URL, as one made elsewhere may have: nothing can be dialled with it.
    pub accept_empty_webhook_url: bool,
    /// Whether a request body with a field that the API does not know is refused with 422 instead of ignored.
    pub refuse_unknown_fields: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            duplicate_command: DuplicateCommand::SameIds,
            command_id_secs: 60,
            refused_command_occupies_id: false,
            refused_dials_count: true,
            list_counts_each: true,
            dial_refusals: DialRefusals::Error,
            channel_limit_status: 403,
            unknown_call: UnknownCall::NotFound,
            active_calls_lag_ms: 0,
            call_events_lag_ms: 0,
            call_events_order: EventOrder::Ascending,
            call_events_hours: 24,
            sip_cause_style: SipCauseStyle::Sip,
            amd_cuts_audio: AudioCut::Machine,
            premium_analysis_ms: 3500,
            premium_detection_started: false,
            least_time_limit_secs: 30,
            webhook_timestamp: TimestampOrigin::Attempt,
            webhook_redirects: Redirects::Follow,
            queue_duplicate: QueueDuplicate::Refuse,
            active_queued_call: ActiveQueuedCall::Refuse,
            conference_expiry: ConferenceExpiry::HangUp,
            conference_ended_by_api: EndedByApi::AllLeft,
            enforce_destinations: true,
            enforce_spending: true,
            calling_windows: CallingWindows::Refuse,
            accept_empty_webhook_url: false,
            refuse_unknown_fields: false,
        }
    }
}

impl Switches {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        if matches!(self.channel_limit_status, 403 | 422) {
            return Ok(());
        }
        Err(ConfigError::OutOfRange { field: format!("{at}.channelLimitStatus"), want: "403 or 422" })
    }
}

/// What `calling_window` of a profile does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallingWindows {
    /// No dial outside of it, and within it no more than `calls_per_cld` to one number.
    Refuse,
    /// Within it no more than `calls_per_cld` to one number; outside of it as many as one likes.
    CountOnly,
    /// Nothing: it is only stored.
    Ignore,
}

/// What a repeated `command_id` is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DuplicateCommand {
    /// The first answer again.
    SameIds,
    /// 200 with an empty `data` object.
    EmptyData,
}

/// How limits, missing profiles and forbidden destinations show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DialRefusals {
    /// The dial request fails.
    Error,
    /// The dial is accepted; `call.hangup` with SIP 403 follows.
    Hangup,
}

/// What retrieving an unknown or long ended call says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownCall {
    /// 404 with code 10005.
    NotFound,
    /// 422 with code 90015.
    Invalid,
}

/// Order of `call_events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventOrder {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// What `sip_hangup_cause` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SipCauseStyle {
    /// A SIP code such as `486`.
    Sip,
    /// A Q.850 cause such as `17`, as one Telnyx guide shows.
    Q850,
    /// The word `unspecified`.
    Unspecified,
}

/// Whether AMD cuts audio that began before its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AudioCut {
    /// It plays on.
    Never,
    /// A machine verdict ends it with `cancelled_amd`.
    Machine,
    /// Any verdict ends it with `cancelled_amd`.
    Always,
}

/// What `telnyx-timestamp` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimestampOrigin {
    /// The time of this attempt.
    Attempt,
    /// The time of the event, however old.
    Event,
}

/// What a 3xx from a webhook receiver means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Redirects {
    /// Followed up to three times.
    Follow,
    /// A failed attempt.
    Fail,
}

/// What creating a queue says when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueDuplicate {
    /// 422 with code 10012.
    Refuse,
    /// 200 with the queue that is there.
    Existing,
}

/// What removing a queued call says while that call is alive; the API removes "an inactive call".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActiveQueuedCall {
    /// 422 with code 10027.
    Refuse,
    /// It leaves the queue and is parked.
    Remove,
}

/// What becomes of those who are in a conference when its time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConferenceExpiry {
    /// Their calls end.
    HangUp,
    /// Their calls are parked.
    Park,
}

/// What `conference.ended` gives as reason when a command ended the conference: the field's list of values has no word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndedByApi {
    /// `all_left`.
    AllLeft,
    /// `ended_via_api`, as retrieving the conference says.
    EndedViaApi,
    /// No reason at all.
    Omitted,
}
