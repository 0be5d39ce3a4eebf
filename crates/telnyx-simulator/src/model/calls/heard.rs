//! From when to when a recording has sound on it.
//!
//! Promises that silence at either end, and time in which the recording was paused, lie outside (Telnyx API reference, "Recording
//! start": `trim-silence` removes silence from the beginning and the end). Does not know who is heard.

use std::time::Duration;

use crate::model::moment::Moment;

/// From the first sound to the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    first: Option<Moment>,
    /// When it became silent, or will; `None` while something is heard, or if nothing ever was.
    quiet: Option<Moment>,
}

impl Heard {
    /// Something is heard from now on.
    pub(crate) fn sound(&mut self, now: Moment) {
        self.first.get_or_insert(now);
        self.quiet = None;
    }

    /// Nothing is heard from now on, but somebody who speaks for so long.
    pub(crate) fn silence(&mut self, now: Moment, speech: Duration) {
        if !speech.is_zero() {
            self.first.get_or_insert(now);
            self.quiet = Some(self.quiet.map_or(now + speech, |quiet| quiet.max(now + speech)));
        } else if self.first.is_some() {
            self.quiet.get_or_insert(now);
        }
    }

    /// Nothing is recorded from now on, whatever is said.
    pub(crate) fn pause(&mut self, now: Moment) {
        if self.first.is_some() {
            self.quiet = Some(self.quiet.map_or(now, |quiet| quiet.min(now)));
        }
    }

    /// Beginning and end of a recording without the silence around it; a silent one has no length.
    pub(crate) fn trim(self, started: Moment, ended: Moment) -> (Moment, Moment) {
        let Some(first) = self.first else { return (started, started) };
        let first = first.clamp(started, ended);
        (first, self.quiet.unwrap_or(ended).clamp(first, ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_micros(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn silence_is_cut_from_both_ends_and_kept_in_between() {
        let mut heard = Heard::default();
        heard.silence(at(1), Duration::ZERO);
        heard.sound(at(3));
        heard.silence(at(5), Duration::ZERO);
        heard.silence(at(6), Duration::ZERO);
        heard.sound(at(9));
        assert_eq!(heard.trim(at(1), at(20)), (at(3), at(20)), "somebody still speaks");
        heard.silence(at(12), Duration::ZERO);
        assert_eq!(heard.trim(at(1), at(20)), (at(3), at(12)));
    }

    #[test]
    fn a_message_lasts_as_long_as_it_is_told_to_unless_it_is_cut() {
        let mut heard = Heard::default();
        heard.silence(at(1), Duration::from_secs(4));
        heard.silence(at(2), Duration::ZERO);
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(5)));
        assert_eq!(heard.trim(at(1), at(3)), (at(1), at(3)));
        heard.pause(at(4));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(4)));
    }

    #[test]
    fn a_silent_recording_has_no_length() {
        let mut heard = Heard::default();
        heard.silence(at(1), Duration::ZERO);
        heard.pause(at(2));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(1)));
    }
}
