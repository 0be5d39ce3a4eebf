//! From when to when a recording has sound on it.
//!
//! Promises that silence at either end lies outside (Telnyx API reference, "Recording start": `trim-silence` removes silence from
//! the beginning and the end), and so does a pause at the end; what lies between the first sound and the last stays, silence and
//! pauses too. The tone of `play_beep` is on the recording: it sounds at its start, as the reference has it ("Recording start",
//! "Conference recording start"). Does not know who is heard.

use std::time::Duration;

use super::moment::Moment;

/// How long the tone of `play_beep` lasts. No document says.
pub(crate) const TONE: Duration = Duration::from_millis(500);

/// From the first sound to the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    first: Option<Moment>,
    /// When it became silent, or will; `None` while something is heard, or if nothing ever was.
    quiet: Option<Moment>,
}

impl Heard {
    /// A recording that begins with a tone.
    pub(crate) fn with_tone(now: Moment) -> Self {
        Self { first: Some(now), quiet: Some(now + TONE) }
    }

    /// Something is heard from now on.
    pub(crate) fn sound(&mut self, now: Moment) {
        self.first.get_or_insert(now);
        self.quiet = None;
    }

    /// Nothing is heard from now on, but somebody who speaks until then, if that is not over.
    pub(crate) fn silence(&mut self, now: Moment, speech_ends: Moment) {
        if speech_ends > now {
            self.first.get_or_insert(now);
            self.quiet = Some(self.quiet.map_or(speech_ends, |quiet| quiet.max(speech_ends)));
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

    /// Since when, or from when on, nothing is heard on a recording that runs since then and hears nothing new.
    pub(crate) fn silent_since(self, running: Moment) -> Moment {
        self.quiet.map_or(running, |quiet| quiet.max(running))
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
        heard.silence(at(1), at(0));
        heard.sound(at(3));
        heard.silence(at(5), at(0));
        heard.silence(at(6), at(0));
        heard.sound(at(9));
        assert_eq!(heard.trim(at(1), at(20)), (at(3), at(20)), "somebody still speaks");
        heard.silence(at(12), at(0));
        assert_eq!(heard.trim(at(1), at(20)), (at(3), at(12)));
    }

    #[test]
    fn a_message_lasts_as_long_as_it_is_told_to_unless_it_is_cut() {
        let mut heard = Heard::default();
        heard.silence(at(1), at(5));
        heard.silence(at(2), at(0));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(5)));
        assert_eq!(heard.trim(at(1), at(3)), (at(1), at(3)));
        heard.pause(at(4));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(4)));
    }

    #[test]
    fn a_message_goes_on_when_what_was_louder_ends() {
        let mut heard = Heard::default();
        heard.silence(at(1), at(9));
        heard.sound(at(2));
        heard.silence(at(4), at(9));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(9)));
    }

    #[test]
    fn a_tone_is_on_the_recording_and_silence_begins_after_it() {
        let mut heard = Heard::with_tone(at(1));
        heard.silence(at(1), at(0));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(1) + TONE));
        assert_eq!(heard.silent_since(at(1)), at(1) + TONE);
        heard.silence(at(1), at(1) + TONE * 3);
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(1) + TONE * 3));
    }

    #[test]
    fn silence_begins_when_sound_ends_or_the_recording_goes_on() {
        let mut heard = Heard::default();
        assert_eq!(heard.silent_since(at(1)), at(1));
        heard.silence(at(1), at(4));
        assert_eq!(heard.silent_since(at(1)), at(4));
        heard.pause(at(2));
        assert_eq!(heard.silent_since(at(7)), at(7));
    }

    #[test]
    fn a_silent_recording_has_no_length() {
        let mut heard = Heard::default();
        heard.silence(at(1), at(0));
        heard.pause(at(2));
        assert_eq!(heard.trim(at(1), at(20)), (at(1), at(1)));
    }
}
