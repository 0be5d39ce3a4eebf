//! What each lane has done: how many are out, how many went, and how long they waited.

use std::time::Duration;

use super::{Lane, LaneState};

#[derive(Debug, Default)]
pub(super) struct Tallies([Tally; 3]);

#[derive(Debug, Default)]
struct Tally {
    in_flight: u32,
    admitted: u64,
    waited: Duration,
}

impl Tallies {
    /// One goes, after a wait.
    pub(super) fn admit(&mut self, lane: Lane, waited: Duration) {
        let tally = self.of_mut(lane);
        tally.in_flight += 1;
        tally.admitted += 1;
        tally.waited += waited;
    }

    /// One that went is over.
    pub(super) fn finish(&mut self, lane: Lane) {
        let tally = self.of_mut(lane);
        tally.in_flight = tally.in_flight.saturating_sub(1);
    }

    pub(super) fn in_flight(&self, lane: Lane) -> u32 {
        self.of(lane).in_flight
    }

    pub(super) fn all_in_flight(&self) -> u32 {
        self.0.iter().map(|tally| tally.in_flight).sum()
    }

    pub(super) fn state(&self, lane: Lane, waiting: usize) -> LaneState {
        let tally = self.of(lane);
        LaneState { waiting, in_flight: tally.in_flight, admitted: tally.admitted, waited: tally.waited }
    }

    fn of(&self, lane: Lane) -> &Tally {
        let [live, edit, resync] = &self.0;
        match lane {
            Lane::LiveCall => live,
            Lane::Edit => edit,
            Lane::Resync => resync,
        }
    }

    fn of_mut(&mut self, lane: Lane) -> &mut Tally {
        let [live, edit, resync] = &mut self.0;
        match lane {
            Lane::LiveCall => live,
            Lane::Edit => edit,
            Lane::Resync => resync,
        }
    }
}
