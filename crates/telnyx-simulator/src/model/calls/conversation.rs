//! Conversations with an AI assistant, gathering by AI, and relays to somebody else's (Telnyx API reference: "Start AI
//! Assistant", "Gather using AI", "Join AI Assistant", "Start conversation relay").
//!
//! Promises `call.conversation.created` and `call.conversation.ended` once each for every conversation that began, and that one
//! of a gather is preceded by `call.ai_gather.ended`. What the other end says comes from its script; what the assistant says
//! is a placeholder that nobody should depend on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{ConversationEnd, Happening, Message};
use crate::model::moment::Moment;
use crate::model::timers::Timer;

/// A conversation under way.
pub(crate) struct Conversation {
    pub(crate) id: Arc<str>,
    assistant: Option<Arc<str>>,
    pub(super) since: Moment,
    messages: Vec<Message>,
    /// How many sentences of the other end were heard.
    heard: usize,
    /// Of the timer of what is said next.
    serial: Serial,
    /// Whether every message is told.
    updates: bool,
    gather: Option<AiGather>,
    /// Legs that joined.
    joined: Vec<CallKey>,
}

/// What an assistant shall find out.
#[derive(Debug, Clone)]
pub(crate) struct AiGather {
    /// The parameters, in the order in which they are asked for.
    pub(crate) parameters: Vec<String>,
    pub(crate) required: Vec<String>,
    /// Whether every answer is told at once.
    pub(crate) partial: bool,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// What was found out.
    pub(crate) result: Map<String, Value>,
    /// How many parameters were asked for.
    pub(crate) asked: usize,
}

/// What a conversation was asked to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConversationOrder {
    pub(crate) assistant: Option<Arc<str>>,
    pub(crate) greeting: Option<Arc<str>>,
    pub(crate) updates: bool,
    pub(crate) gather: Option<AiGather>,
}

/// A conversation that this leg takes part in without being its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined {
    host: CallKey,
    pub(super) since: Moment,
    /// Whether the conversation ends when this leg hangs up.
    ends: bool,
}

/// What an assistant answers; see the module.
const REPLY: &str = "I see.";

impl World {
    /// Begins a conversation, or tells that it failed; its id. `None` when the call has one already, or a relay.
    pub(crate) fn start_conversation(&mut self, key: CallKey, order: ConversationOrder) -> Option<Arc<str>> {
        let now = self.now;
        let id: Arc<str> = self.ids.uuid().into();
        let call = self.calls.get(key).filter(|call| !call.running.talks_to_machine())?;
        let (from, to) = (Arc::clone(&call.from), Arc::clone(&call.to));
        if self.fails(key, "call.conversation.created") {
            let failed = Happening::ConversationFailed {
                assistant_id: order.assistant,
                calling_party_type: "pstn",
                from,
                to,
                reason: "service_error",
            };
            self.tell(key, failed);
            return Some(id);
        }
        let greeting = order.greeting.map(|text| Message::new("assistant", &text, now));
        let call = self.calls.get_mut(key)?;
        call.running.conversation = Some(Conversation {
            id: Arc::clone(&id),
            assistant: order.assistant,
            since: now,
            messages: greeting.into_iter().collect(),
            heard: 0,
            serial: 0,
            updates: order.updates,
            gather: order.gather,
            joined: Vec::new(),
        });
        self.calls.host(&id, key);
        let created =
            Happening::ConversationCreated { calling_party_type: "pstn", conversation_id: Arc::clone(&id), from, to };
        self.tell(key, created);
        self.company_changes(key);
        self.await_utterance(key);
        Some(id)
    }

    /// Adds messages to the conversation; whether there is one.
    pub(crate) fn add_messages(&mut self, key: CallKey, messages: &[(&'static str, String)]) -> bool {
        let now = self.now;
        let conversation = self.calls.get_mut(key).and_then(|call| call.running.conversation.as_mut());
        let Some(conversation) = conversation else { return false };
        conversation.messages.extend(messages.iter().map(|(role, content)| Message::new(role, content, now)));
        self.tell_history(key);
        true
    }

    /// A leg joins the conversation; `None` when there is no such conversation or the leg talks to a machine already.
    pub(crate) fn join_conversation(&mut self, id: &str, leg: CallKey, ends: bool) -> Option<()> {
        let host = self.calls.hosted(id)?;
        let since = self.now;
        let call = self.calls.get_mut(leg).filter(|call| !call.running.talks_to_machine())?;
        call.running.joined = Some(Joined { host, since, ends });
        self.calls.get_mut(host)?.running.conversation.as_mut()?.joined.push(leg);
        self.company_changes(leg);
        Some(())
    }

    /// Ends the conversation; whether there was one.
    pub(crate) fn stop_conversation(&mut self, key: CallKey, reason: &'static str) -> bool {
        let conversation = self.calls.get_mut(key).and_then(|call| call.running.conversation.take());
        let Some(conversation) = conversation else { return false };
        self.calls.unhost(&conversation.id);
        for leg in &conversation.joined {
            if let Some(call) = self.calls.get_mut(*leg) {
                call.running.joined = None;
            }
            self.company_changes(*leg);
        }
        self.tell_conversation_end(key, conversation, reason);
        self.company_changes(key);
        true
    }

    fn tell_conversation_end(&mut self, key: CallKey, conversation: Conversation, reason: &'static str) {
        let Some(call) = self.calls.get(key) else { return };
        let (from, to) = (Arc::clone(&call.from), Arc::clone(&call.to));
        if let Some(gather) = conversation.gather {
            let complete = gather.required.iter().all(|name| gather.result.contains_key(name));
            let ended = Happening::AiGatherEnded {
                from: Arc::clone(&from),
                to: Arc::clone(&to),
                message_history: conversation.messages.iter().filter_map(Message::plain).collect(),
                result: gather.result,
                status: if complete { "valid" } else { "invalid" },
            };
            self.tell(key, ended);
        }
        let is_assistant = conversation.assistant.is_some();
        let ended = Box::new(ConversationEnd {
            assistant_id: conversation.assistant,
            calling_party_type: "pstn",
            conversation_id: conversation.id,
            duration_sec: self.now.since(conversation.since).as_secs(),
            from,
            to,
            llm_model: "simulated",
            messages: conversation.messages,
            reason,
            stt_model: "simulated",
            tts_model_id: "simulated",
            tts_provider: "simulated",
            tts_voice_id: "simulated",
        });
        self.tell(key, Happening::ConversationEnded(ended.clone()));
        if is_assistant {
            self.await_insights(key, ended);
        }
    }

    /// When something is said next.
    fn await_utterance(&mut self, key: CallKey) {
        let question = self.config.services.question_ms.draw(&mut self.send_rng);
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        let voice = &call.callee.voice;
        let Some(conversation) = &mut call.running.conversation else { return };
        conversation.serial = serial;
        let wait = match &conversation.gather {
            Some(gather) => match gather.parameters.get(gather.asked) {
                Some(name) if voice.facts.contains_key(name) => question + voice.every.min(gather.patience),
                Some(_) => question + gather.patience,
                None => question,
            },
            None if conversation.heard < voice.sentences.len() => voice.every,
            None => return,
        };
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    /// Whether the timer was the conversation's; then something has been said, or was not.
    pub(super) fn on_conversation_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return false };
        let voice = &call.callee.voice;
        let Some(conversation) = call.running.conversation.as_mut().filter(|one| one.serial == serial) else {
            return false;
        };
        let Some(gather) = &mut conversation.gather else {
            let sentence = voice.sentences.get(conversation.heard).cloned().unwrap_or_default();
            conversation.heard += 1;
            conversation.messages.push(Message::new("user", &sentence, now));
            conversation.messages.push(Message::new("assistant", REPLY, now));
            self.tell_history(key);
            self.await_utterance(key);
            return true;
        };
        let Some(name) = gather.parameters.get(gather.asked).cloned() else {
            return self.stop_conversation(key, "completed");
        };
        gather.asked += 1;
        conversation.messages.push(Message::new("assistant", &name, now));
        let fact = voice.facts.get(&name).cloned();
        if let Some(fact) = fact {
            let said = fact.as_str().map_or_else(|| fact.to_string(), str::to_owned);
            conversation.messages.push(Message::new("user", &said, now));
            gather.result.insert(name, fact);
            self.tell_partial(key);
        }
        self.tell_history(key);
        self.await_utterance(key);
        true
    }

    fn tell_partial(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let Some(conversation) = &call.running.conversation else { return };
        let Some(gather) = conversation.gather.as_ref().filter(|gather| gather.partial) else { return };
        let partial = Happening::AiGatherPartial {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            message_history: conversation.messages.iter().filter_map(Message::plain).collect(),
            partial_results: gather.result.clone(),
        };
        self.tell(key, partial);
    }

    fn tell_history(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let Some(conversation) = call.running.conversation.as_ref().filter(|one| one.updates) else { return };
        let updated = Happening::AiHistory {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            message_history: conversation.messages.iter().filter_map(Message::plain).collect(),
        };
        self.tell(key, updated);
    }

    /// Begins a relay; its id. `None` when the call talks to a machine already. Nothing is told.
    pub(crate) fn start_relay(&mut self, key: CallKey) -> Option<Arc<str>> {
        let since = self.now;
        let id: Arc<str> = self.ids.uuid().into();
        let call = self.calls.get_mut(key).filter(|call| !call.running.talks_to_machine())?;
        call.running.relay_since = Some(since);
        self.company_changes(key);
        Some(id)
    }

    /// Ends the relay, if there is one. Nothing is told.
    pub(crate) fn stop_relay(&mut self, key: CallKey) {
        if self.calls.get_mut(key).is_some_and(|call| call.running.relay_since.take().is_some()) {
            self.company_changes(key);
        }
    }

    /// The call is about to end.
    pub(super) fn leave_conversations(&mut self, key: CallKey) {
        self.stop_conversation(key, "call_hangup");
        let Some(call) = self.calls.get_mut(key) else { return };
        call.running.relay_since = None;
        let Some(joined) = call.running.joined.take() else { return };
        if joined.ends {
            self.stop_conversation(joined.host, "participant_hangup");
        } else if let Some(host) = self.calls.get_mut(joined.host)
            && let Some(conversation) = &mut host.running.conversation
        {
            conversation.joined.retain(|leg| *leg != key);
        }
    }
}
