//! Which commands were seen lately, by `command_id`.
//!
//! Promises that a repeated id within the window is recognised and that memory is bounded by the window. Does not know
//! what a command does.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::moment::Moment;

/// Command ids of the last minute or so (Telnyx: "Receiving webhooks for Voice API": ignored within 60 seconds).
pub(crate) struct Commands {
    window: Duration,
    seen: HashMap<CommandKey, Vec<u8>>,
    order: VecDeque<(Moment, CommandKey)>,
}

/// A command's id within its scope: a call for its commands, the account for dials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CommandKey {
    pub(crate) scope: String,
    pub(crate) id: String,
}

impl Commands {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, seen: HashMap::new(), order: VecDeque::new() }
    }

    /// The first answer to this command, when it is still remembered.
    pub(crate) fn first_answer(&mut self, now: Moment, key: &CommandKey) -> Option<&[u8]> {
        while let Some((at, _)) = self.order.front() {
            if now.since(*at) < self.window {
                break;
            }
            if let Some((_, old)) = self.order.pop_front() {
                self.seen.remove(&old);
            }
        }
        self.seen.get(key).map(Vec::as_slice)
    }

    pub(crate) fn remember(&mut self, now: Moment, key: CommandKey, answer: Vec<u8>) {
        self.order.push_back((now, key.clone()));
        self.seen.insert(key, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_forgotten_after_its_window() {
        let mut commands = Commands::new(Duration::from_mins(1));
        let key = CommandKey { scope: "dial".to_owned(), id: "a".to_owned() };
        let start = Moment::from_micros(0);
        assert_eq!(commands.first_answer(start, &key), None);
        commands.remember(start, key.clone(), b"first".to_vec());
        assert_eq!(commands.first_answer(start + Duration::from_millis(59_999), &key), Some(b"first".as_slice()));
        assert_eq!(commands.first_answer(start + Duration::from_mins(1), &key), None);
    }
}
