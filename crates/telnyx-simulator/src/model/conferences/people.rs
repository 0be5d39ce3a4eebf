//! How long people stay in a conference, from the behaviour file.
//!
//! Promises that somebody who talks leaves after `staysMs`, that somebody who is on hold or alone gives up after `waitsMs`,
//! and that either time begins anew when the other does. Whoever would hang up early anyway, does.

use super::{Conference, ConferenceKey, Stage};
use crate::model::World;
use crate::model::calls::{Behaviour, CallKey};
use crate::model::moment::Moment;

/// What a person does and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mood {
    talks: bool,
    until: Moment,
}

impl Conference {
    /// How many are there to talk to each other.
    pub(super) fn present(&self) -> usize {
        self.participants.iter().filter(|one| !one.is_held()).count()
    }
}

impl World {
    pub(super) fn replan_people(&mut self, key: ConferenceKey) {
        let Some(conference) = self.conferences.by_key.get_mut(&key) else { return };
        let lively = conference.stage == Stage::InProgress && conference.present() > 1;
        let settings = &self.config.conferences;
        let mut moved = Vec::new();
        for one in &mut conference.participants {
            let talks = lively && !one.is_held();
            if one.mood.is_none_or(|mood| mood.talks != talks) {
                let wait = if talks { settings.stays_ms } else { settings.waits_ms };
                one.mood = Some(Mood { talks, until: self.now + wait.draw(&mut self.conference_rng) });
                moved.push(one.leg.key);
            }
        }
        for call in moved {
            self.replan_hangup(call);
        }
    }

    /// When a person in a conference will have had enough of it.
    pub(crate) fn leaves_conference_at(&self, call: CallKey) -> Option<Moment> {
        let conference = self.conferences.get(self.conferences.seat(call)?)?;
        Some(conference.participant(call)?.mood?.until)
    }

    /// Whether somebody on this line talks by himself.
    pub(super) fn talks(&self, call: CallKey) -> bool {
        self.calls.get(call).is_some_and(|call| match call.callee.behaviour {
            Behaviour::Person { .. } => true,
            Behaviour::Machine { .. }
            | Behaviour::Fax { .. }
            | Behaviour::Silence { .. }
            | Behaviour::NoAnswer { .. }
            | Behaviour::Refusal { .. } => false,
        })
    }
}
