//! Who waits, in the order they came: one queue per lane, and one for dials, which neither block edits nor are blocked by them.

use std::collections::VecDeque;
use std::time::Duration;

use super::Lane;

/// What a request is, as far as its turn goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Any request but a dial.
    Request(Lane),
    /// A dial to so many phones. Goes in the lane of edits, but neither blocks them nor is blocked by them.
    Dial(u32),
}

impl Ask {
    pub(super) const fn lane(self) -> Lane {
        match self {
            Self::Request(lane) => lane,
            Self::Dial(_) => Lane::Edit,
        }
    }
}

/// A place in the queue. A lower one came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    pub(super) ask: Ask,
    pub(super) since: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    live: VecDeque<Waiting>,
    edits: VecDeque<Waiting>,
    dials: VecDeque<Waiting>,
    resync: VecDeque<Waiting>,
    next_ticket: u64,
}

impl Queues {
    /// Takes a place at the end of its queue.
    pub(super) fn enter(&mut self, now: Duration, ask: Ask) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.queue(ask).push_back(Waiting { ticket, ask, since: now });
        ticket
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: Ticket, ask: Ask) {
        self.queue(ask).retain(|waiting| waiting.ticket != ticket);
    }

    /// Takes out who is first in the queue of this ask.
    pub(super) fn pop(&mut self, ask: Ask) -> Option<Waiting> {
        self.queue(ask).pop_front()
    }

    /// Who has waited longest.
    pub(super) fn eldest(&self) -> Option<Ticket> {
        [&self.live, &self.edits, &self.dials, &self.resync]
            .into_iter()
            .filter_map(|queue| queue.front())
            .map(|waiting| waiting.ticket)
            .min()
    }

    pub(super) fn first_edit(&self) -> Option<Waiting> {
        self.edits.front().copied()
    }

    pub(super) fn first_resync(&self) -> Option<Waiting> {
        self.resync.front().copied()
    }

    /// The first dial, and to how many phones it goes.
    pub(super) fn first_dial(&self) -> Option<(Waiting, u32)> {
        let waiting = *self.dials.front()?;
        match waiting.ask {
            Ask::Dial(phones) => Some((waiting, phones)),
            Ask::Request(_) => None,
        }
    }

    /// How many wait in a lane, dials among the edits.
    pub(super) fn waiting(&self, lane: Lane) -> usize {
        match lane {
            Lane::LiveCall => self.live.len(),
            Lane::Edit => self.edits.len() + self.dials.len(),
            Lane::Resync => self.resync.len(),
        }
    }

    fn queue(&mut self, ask: Ask) -> &mut VecDeque<Waiting> {
        match ask {
            Ask::Request(Lane::LiveCall) => &mut self.live,
            Ask::Request(Lane::Edit) => &mut self.edits,
            Ask::Request(Lane::Resync) => &mut self.resync,
            Ask::Dial(_) => &mut self.dials,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn each_queue_is_left_in_the_order_it_was_entered() {
        let mut queues = Queues::default();
        let asks = [Ask::Request(Lane::Edit), Ask::Dial(2), Ask::Request(Lane::Edit), Ask::Request(Lane::LiveCall)];
        let [edit, dial, later, live] = asks.map(|ask| queues.enter(NOW, ask));
        assert_eq!(queues.waiting(Lane::Edit), 3);
        assert_eq!(queues.eldest(), Some(edit));
        assert_eq!(queues.first_dial().map(|(waiting, phones)| (waiting.ticket, phones)), Some((dial, 2)));
        let popped = [asks[0], asks[0], asks[3]].map(|ask| queues.pop(ask).map(|waiting| waiting.ticket));
        assert_eq!(popped, [Some(edit), Some(later), Some(live)]);
        assert!(queues.pop(asks[0]).is_none());
        assert_eq!(queues.eldest(), Some(dial));
    }

    #[test]
    fn who_leaves_is_passed_over() {
        let mut queues = Queues::default();
        let ask = Ask::Request(Lane::Resync);
        let first = queues.enter(NOW, ask);
        let second = queues.enter(NOW, ask);
        queues.leave(first, ask);
        assert_eq!(queues.first_resync().map(|waiting| waiting.ticket), Some(second));
        assert_eq!(queues.waiting(Lane::Resync), 1);
    }
}
