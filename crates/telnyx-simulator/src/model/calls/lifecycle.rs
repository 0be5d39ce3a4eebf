//! How a call goes on: from the dial over ringing and the answer to its one end.

use std::sync::Arc;
use std::time::Duration;

use super::amd::{self, AmdEvent};
use super::audio::{ClipEnd, Sound};
use super::gather::GatherEnd;
use super::{Behaviour, Call, CallKey, CallTimer, Direction, Ending, Serial, State};
use crate::config::AudioCut;
use crate::model::World;
use crate::model::conferences::Exit;
use crate::model::endpoints::queues::Dequeue;
use crate::model::events::{CostPart, Detail, QualityStats};
use crate::model::moment::Moment;
use crate::model::spending::{Mills, RATE};
use crate::model::timers::Timer;

impl World {
    /// Puts an accepted dial on its way.
    pub(crate) fn place(&mut self, call: Call) -> CallKey {
        let in_use = self.channels.take(call.direction, &call.connection, call.profile.as_ref());
        self.counters.concurrent(in_use);
        let key = self.calls.insert(call);
        let wait = self.config.callees.initiated_after_ms.draw(&mut self.send_rng);
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Initiate));
        key
    }

    pub(crate) fn on_call_timer(&mut self, key: CallKey, timer: CallTimer) {
        match timer {
            CallTimer::Forget => return self.calls.forget(key),
            CallTimer::Initiate
            | CallTimer::Answer
            | CallTimer::Refuse
            | CallTimer::RingTimeout
            | CallTimer::Amd(_)
            | CallTimer::ClipEnds(_)
            | CallTimer::CalleeHangup(_)
            | CallTimer::SuddenHangup
            | CallTimer::TimeLimit
            | CallTimer::FirstCommand
            | CallTimer::CallerGivesUp
            | CallTimer::Key(_)
            | CallTimer::Reply(..)
            | CallTimer::Hold { .. }
            | CallTimer::Step(..)
            | CallTimer::QueueTimeout(_) => {}
        }
        let Some(call) = self.calls.get(key) else { return };
        match (timer, &call.state) {
            (CallTimer::Initiate, State::AwaitsNetwork) => self.initiate(key),
            (CallTimer::Answer, State::AwaitsAnswer) => self.answer_call(key),
            (CallTimer::Refuse, State::AwaitsAnswer) => {
                if let Behaviour::Refusal { outcome, sip } = call.callee.behaviour {
                    self.end_call(key, Ending::refusal(outcome, sip));
                }
            }
            (CallTimer::RingTimeout, State::AwaitsAnswer) => {
                let ending = if call.options.retry_on_timeout { Ending::TIMEOUT } else { Ending::NO_ANSWER };
                self.end_call(key, ending);
            }
            (CallTimer::Amd(event), State::AwaitsEnd { .. }) => self.on_amd(key, event),
            (CallTimer::ClipEnds(clip), State::AwaitsEnd { .. }) => self.on_clip_end(key, clip),
            (CallTimer::CalleeHangup(plan), State::AwaitsEnd { .. }) if plan == call.plan => {
                self.other_end_hangs_up(key);
            }
            (CallTimer::SuddenHangup, State::AwaitsAnswer | State::AwaitsEnd { .. }) => self.other_end_hangs_up(key),
            (CallTimer::TimeLimit, State::AwaitsEnd { .. }) => self.end_call(key, Ending::TIME_LIMIT),
            (CallTimer::FirstCommand, State::AwaitsEnd { .. }) if !call.commanded => {
                self.end_call(key, Ending::by_account(Direction::Outgoing));
            }
            (CallTimer::FirstCommand, State::AwaitsAnswer) if !call.commanded => self.end_call(key, Ending::UNATTENDED),
            (CallTimer::CallerGivesUp, State::AwaitsAnswer) => self.end_call(key, Ending::CANCELLED),
            (CallTimer::Key(digit), State::AwaitsEnd { .. }) => {
                self.press_key(key, digit);
            }
            (CallTimer::Hold { held }, State::AwaitsEnd { .. }) => self.hold(key, held),
            (CallTimer::Reply(attempt, digit), State::AwaitsEnd { .. }) => self.on_reply(key, attempt, digit),
            (CallTimer::Step(serial), State::AwaitsAnswer | State::AwaitsEnd { .. } | State::Ended { .. }) => {
                self.on_step(key, serial);
            }
            (CallTimer::QueueTimeout(since), State::AwaitsEnd { .. }) => self.end_wait(key, since),
            // The call has moved on since the timer was set.
            (_, State::AwaitsNetwork | State::AwaitsAnswer | State::AwaitsEnd { .. } | State::Ended { .. }) => {}
        }
    }

    /// Something that goes on during the call goes on or ends.
    fn on_step(&mut self, key: CallKey, serial: Serial) {
        // Whose serial it is, is theirs to say; one that nobody knows belongs to something that has ended.
        let _known = self.on_gather_step(key, serial)
            || self.on_recording_step(key, serial)
            || self.on_siprec_step(key, serial)
            || self.on_transcription_step(key, serial)
            || self.on_deepfake_step(key, serial)
            || self.on_refer_step(key, serial)
            || self.on_conversation_step(key, serial)
            || self.on_analysis_step(key, serial)
            || self.on_payment_step(key, serial);
    }

    fn initiate(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.state = State::AwaitsAnswer;
        if call.direction == Direction::Incoming {
            return self.ring_in(key);
        }
        let detail = Detail::Initiated {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            direction: "outgoing",
            state: "bridging",
            start_time: call.dialled_at,
            connection_codecs: "PCMU,PCMA,G722",
            offered_codecs: "PCMU",
            caller: None,
        };
        let patience = call.options.ring_timeout;
        let retries = call.options.retry_on_timeout;
        let ring = call.callee.ring;
        let (next, wait) = match call.callee.behaviour {
            Behaviour::Refusal { .. } if ring <= patience => (CallTimer::Refuse, ring),
            Behaviour::NoAnswer { retry_ring } if retries => (CallTimer::RingTimeout, patience + retry_ring),
            Behaviour::Person { .. }
            | Behaviour::Machine { .. }
            | Behaviour::Fax { .. }
            | Behaviour::Silence { .. }
                if ring <= patience =>
            {
                (CallTimer::Answer, ring)
            }
            Behaviour::Person { .. }
            | Behaviour::Machine { .. }
            | Behaviour::Fax { .. }
            | Behaviour::Silence { .. }
            | Behaviour::NoAnswer { .. }
            | Behaviour::Refusal { .. } => (CallTimer::RingTimeout, patience),
        };
        self.emit(key, detail);
        self.timers.set(self.now + wait, Timer::Call(key, next));
    }

    /// A command ends the call, answered or not.
    pub(crate) fn hang_up(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let ending = match (call.answered_at(), call.direction) {
            (Some(_), direction) => Ending::by_account(direction),
            (None, Direction::Outgoing) => Ending::CANCELLED,
            (None, Direction::Incoming) => Ending::rejected("CALL_REJECTED"),
        };
        self.end_call(key, ending);
    }

    /// The person or machine at the other end ends the call, answered or not.
    pub(crate) fn other_end_hangs_up(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let ending = match (call.answered_at(), call.direction) {
            (Some(_), direction) => Ending::by_other_end(direction),
            (None, Direction::Outgoing) => Ending::refusal(crate::config::Outcome::Rejected, 603),
            (None, Direction::Incoming) => Ending::CANCELLED,
        };
        self.end_call(key, ending);
    }

    pub(super) fn answer_call(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        call.state = State::AwaitsEnd { answered_at: now };
        let detail = Detail::Answered {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            state: "answered",
            start_time: call.dialled_at,
        };
        let options = call.options.clone();
        let announce = self.config.switches.premium_detection_started;
        let verdicts = amd::plan(options.amd, &options.amd_settings, &call.callee, announce);
        let connection = Arc::clone(&call.connection);
        self.emit(key, detail);
        for (wait, event) in verdicts {
            self.timers.set(now + wait, Timer::Call(key, CallTimer::Amd(event)));
        }
        self.timers.set(now + options.time_limit, Timer::Call(key, CallTimer::TimeLimit));
        self.await_first_command(key, &connection);
        self.press_keys(key);
        self.plan_holds(key);
        self.screen(key);
        self.replan_hangup(key);
        self.begin(key, options.on_answer);
        if let Some(media) = options.audio {
            let length = self.config.callees.audio.playback_ms.draw(&mut self.send_rng);
            self.play(key, Sound::File(media), Some(length));
        }
        self.cancel_other_legs(key);
        self.enter_expected(key);
        self.follow_link(key);
    }

    /// An application may lose a call that it sends no command for.
    pub(super) fn await_first_command(&mut self, key: CallKey, connection: &str) {
        if let Some(application) = self.applications.get(connection)
            && application.first_command_timeout
        {
            let wait = Duration::from_secs(application.first_command_timeout_secs);
            self.timers.set(self.now + wait, Timer::Call(key, CallTimer::FirstCommand));
        }
    }

    /// Several destinations were dialled at once: the first to answer keeps the call.
    fn cancel_other_legs(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let batch = call.batch;
        let others: Vec<CallKey> =
            self.calls.session(&call.session_id).iter().copied().filter(|leg| *leg != key).collect();
        for leg in others {
            let rings = |call: &Call| call.batch == batch && call.is_alive() && call.answered_at().is_none();
            if self.calls.get(leg).is_some_and(rings) {
                self.end_call(leg, Ending::CANCELLED);
            }
        }
    }

    fn on_amd(&mut self, key: CallKey, event: AmdEvent) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let result = match event {
            AmdEvent::Started => None,
            AmdEvent::Verdict(result) | AmdEvent::Greeting(result) => Some(result),
            AmdEvent::Screening => Some("screening"),
        };
        let first_verdict = result.is_some() && !std::mem::replace(&mut call.verdict_given, result.is_some());
        let detail = Detail::Machine {
            name: event.event_type(call.options.amd),
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            result,
        };
        let is_machine = matches!(result, Some("machine" | "beep_detected"));
        let cut = match self.config.switches.amd_cuts_audio {
            AudioCut::Never => false,
            AudioCut::Machine => is_machine,
            AudioCut::Always => true,
        };
        self.emit(key, detail);
        if first_verdict && cut {
            self.cancel_gather(key, GatherEnd::CancelledByAmd);
            self.stop_all_clips(key, ClipEnd::CancelledByAmd);
        }
    }

    /// Ends a call; a call that has ended stays as it is.
    pub(crate) fn end_call(&mut self, key: CallKey, ending: Ending) {
        let now = self.now;
        if !self.calls.get(key).is_some_and(Call::is_alive) {
            return;
        }
        self.leave_queue(key, Dequeue::Hangup);
        self.unseat(key, Exit::Usual);
        self.cancel_gather(key, GatherEnd::CallHangup);
        self.cut_clips(key);
        self.end_payment(key, "cancelled");
        self.leave_conversations(key);
        self.stop_media(key);
        self.stop_transcription(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        let answered_at = call.answered_at();
        call.state = State::Ended { at: now, answered_at };
        let talked = answered_at.map_or(0, |answered| now.since(answered).as_secs());
        let detail = Detail::Hangup {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            state: "hangup",
            start_time: call.dialled_at,
            hangup_cause: ending.cause,
            hangup_source: ending.source,
            sip_hangup_cause: ending.sip_hangup_cause(self.config.switches.sip_cause_style),
            call_quality_stats: answered_at.map(|_| QualityStats::clear(talked)),
        };
        let (connection, profile) = (Arc::clone(&call.connection), call.profile.clone());
        self.channels.release(call.direction, &connection, profile.as_ref());
        self.calls.bury(key);
        self.counters.ended(ending.cause);
        self.emit(key, detail);
        if let (Some(_), Some(profile)) = (answered_at, &profile) {
            self.spending.add(now, profile, price(talked).1);
        }
        if answered_at.is_some() && self.applications.get(&connection).is_some_and(|app| app.call_cost_in_webhooks) {
            self.emit(key, bill(talked, now));
        }
        self.stop_recording(key, None);
        self.analyse_when_complete(key);
        self.part(key);
        self.release_links(key);
        let keep = Duration::from_secs(self.config.retention.ended_call_secs);
        self.timers.set(now + keep, Timer::Call(key, CallTimer::Forget));
    }
}

/// What a call of so many seconds costs, and the minutes that are billed.
pub(super) fn price(seconds: u64) -> (u64, Mills) {
    let minutes = seconds.div_ceil(60).max(1);
    (minutes, RATE * minutes)
}

fn bill(seconds: u64, at: Moment) -> Detail {
    let (minutes, cost) = price(seconds);
    Detail::Cost {
        billed_duration_secs: minutes * 60,
        cost_parts: [CostPart {
            billed_duration_secs: minutes * 60,
            call_part: "sip-trunking",
            cost: cost.to_string(),
            currency: "USD",
            rate: "0.005",
        }],
        occurred_at: at,
        status: "success",
        total_cost: cost.to_string(),
    }
}
