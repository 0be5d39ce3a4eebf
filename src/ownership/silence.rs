//! Whether the API server answers at all, by what becomes of the writes of leases: pure.
//!
//! A process that may act writes every few seconds, and one that wants to act tries again each second, so a silence shows here
//! first. A watch that breaks proves nothing, because it is begun anew without a word when it works; what a watch brings proves that
//! somebody is there.

use std::time::Duration;

use super::tenure::Up;

/// How long nothing was heard.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// When the first write was sent that got no answer, of those since the last answer.
    since: Option<Up>,
    told: bool,
}

impl Silence {
    /// What was `sent` then got no answer, or none of use.
    pub(super) fn unanswered(&mut self, sent: Up) {
        self.since.get_or_insert(sent);
    }

    /// The API server has answered, whatever it said. Returns how long it had not, where that was told.
    pub(super) fn heard(&mut self, now: Up) -> Option<Duration> {
        let since = self.since.take()?;
        std::mem::take(&mut self.told).then(|| now.saturating_sub(since))
    }

    /// Whether it has not answered for so `long`. Returns since when, once.
    pub(super) fn look(&mut self, now: Up, long: Duration) -> Option<Up> {
        let since = self.since.filter(|since| !self.told && now.saturating_sub(*since) >= long)?;
        self.told = true;
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(15);

    fn secs(seconds: u64) -> Up {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silence_is_told_once_when_it_is_long_and_so_is_its_end() {
        let mut silence = Silence::default();
        silence.unanswered(secs(100));
        silence.unanswered(secs(104));
        assert_eq!(silence.look(secs(114), LONG), None);
        assert_eq!(silence.look(secs(115), LONG), Some(secs(100)));
        silence.unanswered(secs(116));
        assert_eq!(silence.look(secs(200), LONG), None);
        assert_eq!(silence.heard(secs(220)), Some(secs(120)));
        assert_eq!(silence.heard(secs(224)), None);
        silence.unanswered(secs(300));
        assert_eq!(silence.look(secs(315), LONG), Some(secs(300)), "the next one is told again");
    }

    #[test]
    fn a_stumble_is_not_worth_a_word() {
        let mut silence = Silence::default();
        for second in (0..1000).step_by(10) {
            silence.unanswered(secs(second));
            assert_eq!(silence.look(secs(second + 9), LONG), None);
            assert_eq!(silence.heard(secs(second + 9)), None);
        }
        assert_eq!(silence.look(secs(5000), LONG), None, "nobody asked, nobody was silent");
    }
}
