//! Copies of a call's media that go elsewhere: streaming, forking, SIPREC; and noise suppression, of which nothing is told.
//!
//! Promises a stopped event for every started one, at the latest just before `call.hangup` (Telnyx API reference: "Streaming
//! start", "Forking start", "SIPREC start").

use std::sync::Arc;
use std::time::Duration;

use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, StreamParams};
use crate::model::timers::Timer;

/// What goes elsewhere now.
#[derive(Default)]
pub(crate) struct Media {
    pub(crate) stream: Option<StreamOrder>,
    pub(crate) forked: bool,
    /// Of the timer that ends the SIPREC session; 0 has none.
    siprec: Option<Serial>,
    pub(crate) noise_suppressed: bool,
}

/// A stream to a WebSocket.
#[derive(Debug, Clone)]
pub(crate) struct StreamOrder {
    pub(crate) url: Arc<str>,
    pub(crate) track: &'static str,
}

impl World {
    /// Begins to stream, or tells that it failed.
    pub(crate) fn start_stream(&mut self, key: CallKey, stream: StreamOrder) {
        if self.fails(key, "streaming.started") {
            let failed = Happening::StreamingFailed {
                failure_reason: "connection_failed",
                stream_id: self.ids.uuid(),
                stream_params: StreamParams { stream_url: stream.url, track: stream.track },
                stream_type: "websocket",
            };
            return self.tell(key, failed);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        let stream_url = Arc::clone(&stream.url);
        call.running.media.stream = Some(stream);
        self.tell(key, Happening::StreamingStarted { stream_url });
    }

    /// Ends the stream; whether there was one.
    pub(crate) fn stop_stream(&mut self, key: CallKey) -> bool {
        let stream = self.calls.get_mut(key).and_then(|call| call.running.media.stream.take());
        let any = stream.is_some();
        if let Some(stream) = stream {
            self.tell(key, Happening::StreamingStopped { stream_url: stream.url });
        }
        any
    }

    /// Begins to fork; a call that is forked already only gets new targets.
    pub(crate) fn start_fork(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if !std::mem::replace(&mut call.running.media.forked, true) {
            self.tell(key, Happening::ForkStarted { stream_type: "decrypted" });
        }
    }

    /// Ends the fork; whether there was one.
    pub(crate) fn stop_fork(&mut self, key: CallKey) -> bool {
        let forked = self.calls.get_mut(key).is_some_and(|call| std::mem::take(&mut call.running.media.forked));
        if forked {
            self.tell(key, Happening::ForkStopped { stream_type: "decrypted" });
        }
        forked
    }

    /// Begins a SIPREC session, or tells that it failed; a call that has one keeps it.
    pub(crate) fn start_siprec(&mut self, key: CallKey, longest: Option<Duration>) {
        if self.calls.get(key).is_none_or(|call| call.running.media.siprec.is_some()) {
            return;
        }
        if self.fails(key, "siprec.started") {
            return self.tell(key, Happening::SiprecFailed { failure_cause: "no_answer" });
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        call.running.media.siprec = Some(serial);
        if let Some(longest) = longest {
            self.timers.set(self.now + longest, Timer::Call(key, CallTimer::Step(serial)));
        }
        self.tell(key, Happening::SiprecStarted {});
    }

    /// Ends the SIPREC session; whether there was one.
    pub(crate) fn stop_siprec(&mut self, key: CallKey) -> bool {
        let any = self.calls.get_mut(key).is_some_and(|call| call.running.media.siprec.take().is_some());
        if any {
            self.tell(key, Happening::SiprecStopped { hangup_cause: "normal_clearing" });
        }
        any
    }

    /// Whether the timer was that of the SIPREC session, which is then over.
    pub(super) fn on_siprec_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let meant = self.calls.get(key).is_some_and(|call| call.running.media.siprec == Some(serial));
        meant && self.stop_siprec(key)
    }

    /// Noise is suppressed or let through; nothing is told.
    pub(crate) fn suppress_noise(&mut self, key: CallKey, suppress: bool) {
        if let Some(call) = self.calls.get_mut(key) {
            call.running.media.noise_suppressed = suppress;
        }
    }

    /// The call is about to end.
    pub(super) fn stop_media(&mut self, key: CallKey) {
        self.stop_stream(key);
        self.stop_fork(key);
        self.stop_siprec(key);
    }
}
