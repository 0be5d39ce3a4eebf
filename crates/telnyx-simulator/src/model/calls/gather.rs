//! Gathering digits: prompts, timeouts, tries, and the one event that ends it.
//!
//! Promises that every gather ends exactly once, with one of the statuses of Telnyx's webhook reference ("Call Gather
//! Ended"), and that a question stops being heard as soon as a key is pressed. Does not know who presses the keys.

use std::sync::Arc;
use std::time::Duration;

use super::audio::Sound;
use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::Happening;
use crate::model::moment::Moment;
use crate::model::timers::Timer;

/// A gather under way.
pub(crate) struct Gather {
    rules: Rules,
    digits: String,
    /// How often the question may still be asked.
    tries_left: u32,
    /// Of the timer that ends the wait; also names this attempt for replies of the other end.
    serial: Serial,
    /// Of the attempt: unlike `serial` it stays while digits come in.
    attempt: Serial,
    /// When the whole gather is over, once it listens.
    until: Option<Moment>,
    listening: bool,
}

/// What a gather asked for.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) minimum: usize,
    pub(crate) maximum: usize,
    pub(crate) terminator: Option<char>,
    pub(crate) valid: Arc<str>,
    /// How long it waits for the first digit.
    pub(crate) initial: Duration,
    /// How long it waits for the next digit.
    pub(crate) between: Duration,
    /// How long it listens in all.
    pub(crate) total: Duration,
    pub(crate) tries: u32,
    pub(crate) question: Option<Question>,
}

/// What is said before listening.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) text: (Sound, Duration),
    /// What is said first when the last input was no good.
    pub(crate) invalid: Option<(Sound, Duration)>,
}

/// How a gather ends from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GatherEnd {
    Cancelled,
    CancelledByAmd,
    CallHangup,
}

impl GatherEnd {
    const fn status(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::CancelledByAmd => "cancelled_amd",
            Self::CallHangup => "call_hangup",
        }
    }
}

/// What the digits so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    More,
    Valid,
    Invalid,
}

impl Rules {
    /// What one more digit makes of those gathered so far; the digit is added unless it is no good or ends the input.
    fn take(&self, digits: &mut String, digit: char) -> Verdict {
        if self.terminator == Some(digit) {
            return if digits.len() >= self.minimum { Verdict::Valid } else { Verdict::Invalid };
        }
        if !self.valid.contains(digit) {
            return Verdict::Invalid;
        }
        digits.push(digit);
        if digits.len() >= self.maximum { Verdict::Valid } else { Verdict::More }
    }

    /// What the digits amount to when nothing more comes.
    fn timeout_status(&self, digits: &str) -> &'static str {
        if digits.is_empty() {
            "timeout"
        } else if digits.len() >= self.minimum {
            "valid"
        } else {
            "invalid"
        }
    }
}

impl World {
    /// Begins to gather; a gather under way is cancelled.
    pub(crate) fn start_gather(&mut self, key: CallKey, rules: Rules) {
        self.cancel_gather(key, GatherEnd::Cancelled);
        let Some(call) = self.calls.get_mut(key) else { return };
        let attempt = call.running.next_serial();
        let question = rules.question.as_ref().map(|question| question.text.clone());
        call.running.gather = Some(Gather {
            tries_left: rules.tries.saturating_sub(1),
            digits: String::new(),
            serial: attempt,
            attempt,
            until: None,
            listening: false,
            rules,
        });
        self.ask(key, question);
    }

    /// Ends the gather under way; whether there was one.
    pub(crate) fn cancel_gather(&mut self, key: CallKey, end: GatherEnd) -> bool {
        let gathers = self.calls.get(key).is_some_and(|call| call.running.gather.is_some());
        if gathers {
            self.end_gather(key, end.status());
        }
        gathers
    }

    fn ask(&mut self, key: CallKey, question: Option<(Sound, Duration)>) {
        match question {
            Some((sound, length)) => self.play(key, Sound::Question(Box::new(sound)), Some(length)),
            None => self.listen(key),
        }
    }

    /// The question is over, or there was none.
    pub(super) fn listen(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        let Some(gather) = call.running.gather.as_mut().filter(|gather| !gather.listening) else { return };
        // A further part of the question is still to be heard.
        if call.clips.iter().any(|clip| clip.sound.is_question()) {
            return;
        }
        gather.listening = true;
        gather.until = Some(now + gather.rules.total);
        let (wait, attempt) = (gather.rules.initial, gather.attempt);
        let reply = call.callee.keys.reply();
        for (after, digit) in reply {
            self.timers.set(now + after, Timer::Call(key, CallTimer::Reply(attempt, digit)));
        }
        self.arm_gather(key, wait);
        self.replan_hangup(key);
    }

    fn arm_gather(&mut self, key: CallKey, wait: Duration) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        let Some(gather) = &mut call.running.gather else { return };
        gather.serial = serial;
        let at = (self.now + wait).min(gather.until.unwrap_or(self.now + wait));
        self.timers.set(at, Timer::Call(key, CallTimer::Step(serial)));
    }

    /// The other end presses a key as its script says, if it is still asked for.
    pub(super) fn on_reply(&mut self, key: CallKey, attempt: Serial, digit: char) {
        let Some(running) = self.calls.get(key).map(|call| &call.running) else { return };
        let gathers = running.gather.as_ref().is_some_and(|gather| gather.attempt == attempt);
        let pays = running.payment.as_ref().is_some_and(|payment| payment.reply == attempt);
        if gathers || pays {
            self.press_key(key, digit);
        }
    }

    /// A digit for the gather under way, if there is one.
    pub(super) fn gather_digit(&mut self, key: CallKey, digit: char) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        let Some(gather) = &mut call.running.gather else { return };
        gather.until.get_or_insert(now + gather.rules.total);
        gather.listening = true;
        let verdict = gather.rules.take(&mut gather.digits, digit);
        let between = gather.rules.between;
        self.silence_question(key);
        match verdict {
            Verdict::More => self.arm_gather(key, between),
            Verdict::Valid => self.end_gather(key, "valid"),
            Verdict::Invalid => self.retry_gather(key, "invalid"),
        }
    }

    /// Whether the timer was the gather's; then no more digits come.
    pub(super) fn on_gather_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let gather = self.calls.get(key).and_then(|call| call.running.gather.as_ref());
        let Some(gather) = gather.filter(|gather| gather.serial == serial) else { return false };
        match gather.rules.timeout_status(&gather.digits) {
            "valid" => self.end_gather(key, "valid"),
            status => self.retry_gather(key, status),
        }
        true
    }

    /// Asks again, or ends with `status` when it was the last try.
    fn retry_gather(&mut self, key: CallKey, status: &'static str) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let attempt = call.running.next_serial();
        let Some(gather) = &mut call.running.gather else { return };
        if gather.tries_left == 0 {
            return self.end_gather(key, status);
        }
        gather.tries_left -= 1;
        gather.digits.clear();
        gather.attempt = attempt;
        gather.serial = attempt;
        gather.until = None;
        gather.listening = false;
        let question = gather.rules.question.clone();
        let invalid = question.as_ref().and_then(|question| question.invalid.clone()).filter(|_| status == "invalid");
        if let Some((sound, length)) = invalid {
            self.play(key, Sound::Question(Box::new(sound)), Some(length));
        }
        self.ask(key, question.map(|question| question.text));
    }

    fn end_gather(&mut self, key: CallKey, status: &'static str) {
        self.silence_question(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        let Some(gather) = call.running.gather.take() else { return };
        let ended = Happening::GatherEnded {
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            digits: gather.digits,
            status,
        };
        self.tell(key, ended);
        self.replan_hangup(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(minimum: usize, maximum: usize, terminator: Option<char>, valid: &str) -> Rules {
        Rules {
            minimum,
            maximum,
            terminator,
            valid: Arc::from(valid),
            initial: Duration::ZERO,
            between: Duration::ZERO,
            total: Duration::ZERO,
            tries: 1,
            question: None,
        }
    }

    #[test]
    fn digits_are_judged_one_by_one() {
        // minimum, maximum, terminator, valid digits, keys pressed -> verdict of the last, digits kept
        for (minimum, maximum, terminator, valid, pressed, verdict, kept) in [
            (1, 4, Some('#'), "0123456789#*", "12", Verdict::More, "12"),
            (1, 4, Some('#'), "0123456789#*", "12#", Verdict::Valid, "12"),
            (1, 4, Some('#'), "0123456789#*", "1234", Verdict::Valid, "1234"),
            (3, 4, Some('#'), "0123456789#*", "12#", Verdict::Invalid, "12"),
            (1, 4, Some('#'), "12", "3", Verdict::Invalid, ""),
            (1, 4, Some('*'), "0123456789#*", "1#", Verdict::More, "1#"),
            (1, 1, None, "0123456789#*", "#", Verdict::Valid, "#"),
        ] {
            let rules = rules(minimum, maximum, terminator, valid);
            let mut digits = String::new();
            let last = pressed.chars().map(|digit| rules.take(&mut digits, digit)).last();
            assert_eq!((last, digits.as_str()), (Some(verdict), kept), "{pressed}");
        }
    }

    #[test]
    fn silence_ends_with_what_the_digits_amount_to() {
        let rules = rules(2, 4, None, "0123456789");
        assert_eq!(["", "1", "12"].map(|digits| rules.timeout_status(digits)), ["timeout", "invalid", "valid"]);
    }
}
