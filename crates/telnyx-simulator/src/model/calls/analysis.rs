//! What is told of a conversation with an AI assistant when all about it is known: `call.analyzed`.
//!
//! Promises that it is told once for each conversation that has insights: after those, after the hangup, and after the call's
//! recordings were saved (Telnyx webhook reference: "Call analyzed": after post-call processing). Its cost is made up: for the line
//! what the call's bill says, for the assistant the line's tariff over the length of the conversation, which no bill has.

use std::sync::Arc;

use super::lifecycle::price;
use super::{Call, CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{
    Analysed, ConversationCost, ConversationEnd, CostOfProduct, Happening, Insight, Insights,
};
use crate::model::timers::Timer;

/// Conversations that have ended.
#[derive(Default)]
pub(super) struct Analyses {
    /// Those that go on at a timer.
    timed: Vec<Analysis>,
    /// Those that wait for the end of the call and its recordings.
    waiting: Vec<(Box<ConversationEnd>, [Insight; 1])>,
}

/// An analysis that goes on at the timer with this serial.
struct Analysis {
    serial: Serial,
    conversation: Box<ConversationEnd>,
    next: Next,
}

/// How it goes on.
enum Next {
    /// It has its insights.
    Insights,
    /// It is written.
    Written([Insight; 1]),
}

impl World {
    /// A conversation with an assistant has ended.
    pub(super) fn await_insights(&mut self, key: CallKey, conversation: Box<ConversationEnd>) {
        let wait = self.config.services.insights_after_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        call.running.analyses.timed.push(Analysis { serial, conversation, next: Next::Insights });
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    /// Whether the timer was an analysis's.
    pub(super) fn on_analysis_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let timed = &mut call.running.analyses.timed;
        let Some(place) = timed.iter().position(|one| one.serial == serial) else { return false };
        let Analysis { conversation, next, .. } = timed.remove(place);
        match next {
            Next::Insights => {
                let insight_group_id = self.ids.uuid();
                let insight = Insight { insight_id: self.ids.uuid(), result: "A simulated conversation.".to_owned() };
                let results = [insight];
                let told =
                    Happening::Insights { calling_party_type: "pstn", insight_group_id, results: results.clone() };
                self.tell(key, told);
                if let Some(call) = self.calls.get_mut(key) {
                    call.running.analyses.waiting.push((conversation, results));
                }
                self.analyse_when_complete(key);
            }
            Next::Written(insights) => self.tell_analysis(key, *conversation, insights),
        }
        true
    }

    /// The call has ended, or a recording of it was saved: what waited for that is written.
    pub(super) fn analyse_when_complete(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if call.is_alive() || call.running.is_saving() {
            return;
        }
        for (conversation, insights) in std::mem::take(&mut call.running.analyses.waiting) {
            let serial = call.running.next_serial();
            let next = Next::Written(insights);
            call.running.analyses.timed.push(Analysis { serial, conversation, next });
            let wait = self.config.services.analyzed_after_ms.draw(&mut self.send_rng);
            self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
        }
    }

    fn tell_analysis(&mut self, key: CallKey, conversation: ConversationEnd, insights: [Insight; 1]) {
        let Some(call) = self.calls.get(key) else { return };
        let cost = self.cost_of(call, &conversation);
        let recordings = call.running.saved.clone();
        let analysed = Analysed {
            assistant_id: conversation.assistant_id,
            conversation_id: conversation.conversation_id,
            conversation_insights: [Insights { conversation_insights: insights, status: "completed" }],
            cost,
            duration_sec: conversation.duration_sec,
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            llm_model: conversation.llm_model,
            reason: conversation.reason,
            recordings,
            stt_model: conversation.stt_model,
            tts_model_id: conversation.tts_model_id,
            tts_provider: conversation.tts_provider,
            tts_voice_id: conversation.tts_voice_id,
        };
        self.tell(key, Happening::Analysed(Box::new(analysed)));
    }

    fn cost_of(&self, call: &Call, conversation: &ConversationEnd) -> ConversationCost {
        let line = price(call.duration_secs(self.now)).1;
        let assistant = price(conversation.duration_sec).1;
        let part = |product, cost: crate::model::spending::Mills| CostOfProduct { product, cost: cost.to_string() };
        ConversationCost {
            breakdown: [part("sip-trunking", line), part("ai-voice-assistant", assistant)],
            currency: "USD",
            total: (line + assistant).to_string(),
        }
    }
}
