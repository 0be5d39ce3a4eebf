//! What goes on during a call besides what is heard: one field per thing that may go on.

use super::analysis::Analyses;
use super::bridge::{Bridge, Link, Purpose, SupervisorRole};
use super::conversation::{Conversation, Joined};
use super::gather::Gather;
use super::media::Media;
use super::payment::Payment;
use super::recording::{Recording, SavedRecording, Saving};
use super::transcription::Transcription;
use super::{CallKey, Serial};
use crate::model::moment::Moment;

/// What goes on during a call besides what is heard.
#[derive(Default)]
pub(crate) struct Running {
    pub(super) last_serial: Serial,
    pub(crate) gather: Option<Gather>,
    pub(crate) recordings: Vec<Recording>,
    pub(super) saving: Vec<Saving>,
    /// Recordings that can be fetched.
    pub(super) saved: Vec<SavedRecording>,
    /// Whether the other end has the call on hold.
    pub(crate) held: bool,
    /// Tones that were played because a recording began.
    pub(crate) beeps: u64,
    pub(crate) media: Media,
    pub(crate) transcription: Option<Transcription>,
    /// Of the timer of deepfake detection.
    pub(super) deepfake: Option<Serial>,
    /// Of the timer of a SIP REFER.
    pub(super) refer: Option<Serial>,
    pub(super) conversation: Option<Conversation>,
    /// The conversation of another leg that this one joined.
    pub(super) joined: Option<Joined>,
    /// Since when a WebSocket hears what is said and answers.
    pub(super) relay_since: Option<Moment>,
    /// Until when the other end speaks: a message to a recording, or the prompt of a telephone that asks who is calling.
    pub(super) speaks_until: Option<Moment>,
    /// When the person takes a call that their telephone answered.
    pub(super) taken_at: Option<Moment>,
    /// Conversations that ended and are being looked into.
    pub(super) analyses: Analyses,
    pub(super) payment: Option<Payment>,
    pub(crate) bridge: Option<Bridge>,
    /// The leg that this one waits for, while it is transferred.
    pub(crate) awaits: Option<CallKey>,
    /// The call that this leg was dialled for.
    pub(crate) link: Option<Link>,
}

impl Running {
    /// For a leg that was dialled for another call.
    pub(crate) fn linked(link: Option<Link>) -> Self {
        Self { link, ..Self::default() }
    }

    /// How the leg takes part in the call that it supervises.
    pub(crate) fn supervisor_role(&self) -> Option<SupervisorRole> {
        match self.link?.purpose {
            Purpose::Supervise(role) => Some(role),
            Purpose::Session | Purpose::Bridge { .. } | Purpose::Transfer { .. } => None,
        }
    }

    /// The other end speaks at least until then.
    pub(super) fn speak_until(&mut self, until: Moment) {
        self.speaks_until = self.speaks_until.max(Some(until));
    }

    /// Since when the other end talks to somebody, or to something that listens.
    pub(super) fn in_company_since(&self) -> Option<Moment> {
        let talks = self.conversation.as_ref().map(|conversation| conversation.since);
        let joined = self.joined.map(|joined| joined.since);
        self.bridge.map(|bridge| bridge.since).or(talks).or(self.relay_since).or(joined)
    }

    /// Whether an AI assistant or a relay listens already.
    pub(super) const fn talks_to_machine(&self) -> bool {
        self.conversation.is_some() || self.relay_since.is_some() || self.joined.is_some()
    }

    /// Whether a recording that ended cannot be fetched yet.
    pub(super) fn is_saving(&self) -> bool {
        self.saving.iter().any(Saving::is_unsaved)
    }

    /// A serial that no timer carries yet.
    pub(crate) fn next_serial(&mut self) -> Serial {
        self.last_serial += 1;
        self.last_serial
    }
}
