//! Queues, and the calls that wait in them.
//!
//! A queue is addressed by name. Enqueueing into a name that does not exist makes the queue; an empty queue vanishes after a
//! while (Telnyx: queueing calls guide).

use crate::bounds::Rule;
use crate::ids::{CallControlId, CallLegId, CallSessionId, ConnectionId, QueueId};
use crate::macros::{record, request};
use crate::private::Party;
use crate::time::ApiTime;

request! {
    /// A queue to be made. The answer calls `queue_name` `name`.
    pub struct QueueRequest {
        queue_name: String => [Rule::Required, Rule::Length(1, 255)],
        /// Calls that may wait at once; 300 where missing.
        max_size: i64 => [Rule::AtLeast(1)],
    }
}

request! {
    /// The change of a queue.
    pub struct QueueUpdate {
        /// Calls that may wait at once.
        max_size: i64 => [Rule::Required, Rule::AtLeast(1)],
    }
}

record! {
    /// A queue as the API knows it.
    pub struct Queue {
        id: QueueId,
        average_wait_time_secs: i64,
        created_at: ApiTime,
        current_size: i64,
        max_size: i64,
        name: String,
        record_type: String,
        updated_at: ApiTime,
    }
}

record! {
    /// A call that waits in a queue.
    pub struct QueuedCall {
        call_control_id: CallControlId,
        call_leg_id: CallLegId,
        call_session_id: CallSessionId,
        connection_id: ConnectionId,
        enqueued_at: ApiTime,
        from: Party,
        is_alive: bool,
        queue_id: QueueId,
        /// From 1; the head of the queue is next.
        queue_position: i64,
        record_type: String,
        to: Party,
        wait_time_secs: i64,
    }
}

request! {
    /// The change of a waiting call.
    pub struct QueuedCallUpdate {
        /// Keep the call's place after it hung up.
        keep_after_hangup: bool,
    }
}
