//! What is told of a conversation with an AI assistant when all about it is known: `call.analyzed`.
//!
//! Promises that it is told once for each conversation that has insights: after those, after the hangup, and after the call's
//! recordings were saved (Telnyx webhook reference: "Call analyzed": after post-call processing). The cost is that of a made-up
//! tariff, the same as on the call's bill, for the line and for the assistant.

use std::sync::Arc;

use super::lifecycle::price;
use super::{Call, CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{
    Analysed, ConversationCost, ConversationEnd, CostOfProduct, Happening, Insight, Insights,
};
use crate::model::timers::Timer;

/// A conversation that has ended.
pub(super) struct Analysis {
    conversation: Box<ConversationEnd>,
    stage: Stage,
}

/// What an analysis waits for.
enum Stage {
    /// Its insights, at this timer.
    Insights(Serial),
    /// The end of the call and its recordings.
    Call([Insight; 1]),
    /// To be written, at this timer.
    Writing(Serial, [Insight; 1]),
}

impl World {
    /// A conversation with an assistant has ended.
    pub(super) fn await_insights(&mut self, key: CallKey, conversation: Box<ConversationEnd>) {
        let wait = self.config.services.insights_after_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        call.running.analyses.push(Analysis { conversation, stage: Stage::Insights(serial) });
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    /// Whether the timer was an analysis's.
    pub(super) fn on_analysis_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        let meant =
            |one: &Analysis| matches!(one.stage, Stage::Insights(its) | Stage::Writing(its, _) if its == serial);
        let Some(place) = call.running.analyses.iter().position(meant) else { return false };
        let Analysis { conversation, stage } = call.running.analyses.remove(place);
        match stage {
            Stage::Insights(_) => {
                let insight_group_id = self.ids.uuid();
                let insight = Insight { insight_id: self.ids.uuid(), result: "A simulated conversation.".to_owned() };
                let results = [insight];
                let told =
                    Happening::Insights { calling_party_type: "pstn", insight_group_id, results: results.clone() };
                self.tell(key, told);
                if let Some(call) = self.calls.get_mut(key) {
                    call.running.analyses.push(Analysis { conversation, stage: Stage::Call(results) });
                }
                self.analyse_when_complete(key);
            }
            Stage::Writing(_, insights) => self.tell_analysis(key, *conversation, insights),
            Stage::Call(_) => {}
        }
        true
    }

    /// The call has ended, or a recording of it was saved: what waited for that is written.
    pub(super) fn analyse_when_complete(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if call.is_alive() || call.running.is_saving() {
            return;
        }
        let mut serial = call.running.last_serial;
        let mut due = Vec::new();
        for one in &mut call.running.analyses {
            if let Stage::Call(insights) = &one.stage {
                serial += 1;
                one.stage = Stage::Writing(serial, insights.clone());
                due.push(serial);
            }
        }
        call.running.last_serial = serial;
        for serial in due {
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
