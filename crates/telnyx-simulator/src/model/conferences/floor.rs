//! Who speaks: `conference.floor.changed` (Telnyx webhook reference: "Conference Floor Changed").
//!
//! Promises that only somebody whom all can hear has the floor, and only while there is somebody to listen; that turns
//! last as long as the behaviour file says; and that nobody is told when the same one goes on.

use rand::RngExt as _;

use super::{ConferenceKey, ConferenceTimer, Stage};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::timers::Timer;

impl World {
    /// After any change: the floor is taken from whom nobody hears any more, and the next turn is planned.
    pub(super) fn replan_floor(&mut self, key: ConferenceKey) {
        let speakers = self.speakers(key);
        let Some(conference) = self.conferences.get_mut(key) else { return };
        conference.floor.take_if(|floor| !speakers.contains(floor));
        let wanted = speakers.iter().any(|one| Some(*one) != conference.floor);
        self.listen_to_conference(key);
        let Some(conference) = self.conferences.get_mut(key) else { return };
        if !wanted {
            conference.next_turn = None;
            return;
        }
        if conference.next_turn.is_some() {
            return;
        }
        let Some(turn) = self.config.conferences.turn_ms else { return };
        conference.turns += 1;
        conference.next_turn = Some(conference.turns);
        let next = ConferenceTimer::Turn(conference.turns);
        self.timers.set(self.now + turn.draw(&mut self.conference_rng), Timer::Conference(key, next));
    }

    pub(super) fn on_turn(&mut self, key: ConferenceKey, turn: u32) {
        let speakers = self.speakers(key);
        let Some(conference) = self.conferences.get_mut(key) else { return };
        if conference.next_turn != Some(turn) {
            return;
        }
        conference.next_turn = None;
        let others: Vec<CallKey> = speakers.into_iter().filter(|one| Some(*one) != conference.floor).collect();
        if others.is_empty() {
            return;
        }
        let chosen = others.get(self.conference_rng.random_range(0..others.len())).copied();
        conference.floor = chosen;
        if let Some(leg) = chosen.and_then(|call| Some(conference.participant(call)?.leg.clone())) {
            self.tell_floor(key, &leg);
        }
        self.replan_floor(key);
    }

    /// People whom all can hear, while there is a conversation.
    fn speakers(&self, key: ConferenceKey) -> Vec<CallKey> {
        let Some(conference) = self.conferences.get(key) else { return Vec::new() };
        if conference.stage != Stage::InProgress || conference.present() < 2 {
            return Vec::new();
        }
        let heard = conference.participants.iter().filter(|one| one.is_heard());
        heard.map(|one| one.leg.key).filter(|call| self.talks(*call)).collect()
    }
}
