//! The life of a call leg: set up, answered, bridged, held, queued, referred, ended, paid.

use super::{Payload, PayloadFields, leg_payload};
use crate::call::{CustomHeader, SipHeader};
use crate::macros::{open_enum, record};
use crate::private::{Party, Private};
use crate::time::ApiTime;

open_enum! {
    /// Which way a call goes, seen from the account.
    pub enum Direction { Incoming = "incoming", Outgoing = "outgoing" }
}

open_enum! {
    /// What a leg was doing when the event was sent.
    pub enum CallState { Parked = "parked", Bridging = "bridging", Answered = "answered", Hangup = "hangup" }
}

open_enum! {
    /// Why a leg ended.
    pub enum HangupCause {
        CallRejected = "call_rejected",
        NormalClearing = "normal_clearing",
        OriginatorCancel = "originator_cancel",
        /// Nobody answered within `timeout_secs`.
        Timeout = "timeout",
        /// The call lasted `time_limit_secs`.
        TimeLimit = "time_limit",
        UserBusy = "user_busy",
        NotFound = "not_found",
        /// Nobody answered, with `retry_on_timeout: false`.
        NoAnswer = "no_answer",
        Unspecified = "unspecified",
    }
}

open_enum! {
    /// Who ended a leg. On an outbound leg `caller` is us.
    pub enum HangupSource {
        Caller = "caller",
        Callee = "callee",
        /// The API does not know.
        Undetermined = "unknown",
    }
}

leg_payload! {
    /// A leg exists. For an outbound call: it was accepted; there is no event for ringing.
    pub struct CallInitiated {
        call_screening_result: String,
        caller_id_name: Private,
        connection_codecs: String,
        custom_headers: Vec<CustomHeader>,
        direction: Direction,
        from: Party,
        offered_codecs: String,
        shaken_stir_attestation: String,
        shaken_stir_validated: bool,
        sip_headers: Vec<SipHeader>,
        start_time: ApiTime,
        state: CallState,
        tags: Vec<String>,
        to: Party,
    }
}

leg_payload! {
    /// Somebody, or something, picked up.
    pub struct CallAnswered {
        custom_headers: Vec<CustomHeader>,
        from: Party,
        sip_headers: Vec<SipHeader>,
        start_time: ApiTime,
        state: CallState,
        tags: Vec<String>,
        to: Party,
    }
}

leg_payload! {
    /// The leg is connected to another one.
    pub struct CallBridged {
        from: Party,
        to: Party,
    }
}

record! {
    /// How the audio that came in was. Numbers as decimal texts.
    pub struct InboundQuality {
        jitter_max_variance: String,
        jitter_packet_count: String,
        /// Mean opinion score, 1 to 5.
        mos: String,
        packet_count: String,
        skip_packet_count: String,
    }
}

record! {
    /// How the audio that went out was. Numbers as decimal texts.
    pub struct OutboundQuality {
        packet_count: String,
        skip_packet_count: String,
    }
}

record! {
    /// How the audio of a call was.
    pub struct CallQualityStats {
        inbound: InboundQuality,
        outbound: OutboundQuality,
    }
}

leg_payload! {
    /// The leg is over.
    pub struct CallHangup {
        call_quality_stats: CallQualityStats,
        custom_headers: Vec<CustomHeader>,
        from: Party,
        hangup_cause: HangupCause,
        hangup_source: HangupSource,
        /// A SIP code (`603`), `unspecified`, or, below 100, a Q.850 cause.
        sip_hangup_cause: String,
        sip_headers: Vec<SipHeader>,
        start_time: ApiTime,
        state: CallState,
        tags: Vec<String>,
        to: Party,
    }
}

leg_payload! {
    /// The leg was put on hold.
    pub struct CallHold {
        from: Party,
        to: Party,
    }
}

leg_payload! {
    /// The leg was taken off hold.
    pub struct CallUnhold {
        from: Party,
        to: Party,
    }
}

record! {
    /// One part of what a call cost.
    pub struct CostPart {
        billed_duration_secs: i64,
        call_part: String,
        /// A decimal text.
        cost: String,
        currency: String,
        /// A decimal text.
        rate: String,
    }
}

open_enum! {
    /// Whether the cost could be worked out.
    pub enum CostStatus { Success = "success", Error = "error" }
}

leg_payload! {
    /// What the call cost; sent when the application has `call_cost_in_webhooks`.
    pub struct CallCost {
        billed_duration_secs: i64,
        billing_group_id: String,
        cost_parts: Vec<CostPart>,
        occurred_at: ApiTime,
        status: CostStatus,
        /// A decimal text.
        total_cost: String,
    }
}

leg_payload! {
    /// A key was pressed.
    pub struct CallDtmfReceived {
        digit: Private,
        from: Party,
        to: Party,
    }
}

open_enum! {
    /// How a gather ended.
    pub enum GatherStatus {
        Valid = "valid",
        Invalid = "invalid",
        CallHangup = "call_hangup",
        Cancelled = "cancelled",
        CancelledAmd = "cancelled_amd",
        Timeout = "timeout",
    }
}

leg_payload! {
    /// The collection of key presses is over.
    pub struct CallGatherEnded {
        digits: Private,
        from: Party,
        status: GatherStatus,
        to: Party,
    }
}

leg_payload! {
    /// The leg waits in a queue.
    pub struct CallEnqueued {
        current_position: i64,
        queue: String,
        queue_avg_wait_time_secs: i64,
    }
}

open_enum! {
    /// Why a leg left its queue.
    pub enum DequeueReason {
        Bridged = "bridged",
        BridgingInProcess = "bridging-in-process",
        Hangup = "hangup",
        Leave = "leave",
        Timeout = "timeout",
    }
}

leg_payload! {
    /// The leg left its queue. After `leave` and `timeout` it is parked and waits for a command.
    pub struct CallDequeued {
        queue: String,
        queue_position: i64,
        reason: DequeueReason,
        wait_time_secs: i64,
    }
}

leg_payload! {
    /// A SIP REFER was sent.
    pub struct CallReferStarted {
        from: Party,
        sip_notify_response: i64,
        to: Party,
    }
}

leg_payload! {
    /// The other side took the REFER.
    pub struct CallReferCompleted {
        from: Party,
        sip_notify_response: i64,
        to: Party,
    }
}

leg_payload! {
    /// The other side did not take the REFER.
    pub struct CallReferFailed {
        from: Party,
        sip_notify_response: i64,
        to: Party,
    }
}
