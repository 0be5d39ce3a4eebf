//! Whether clocks agree with the API's. A webhook that was signed too long ago, or in the future, is refused.

use jiff::Timestamp;
use telnyx_voice::webhook::TOLERANCE;

use super::finding::{Check, Finding};

const CHECK: &str = "clock";
/// Dates in headers are whole seconds, and answers take a while: less than this tells nothing.
const WORTH_A_WORD: i64 = 30;

/// `ours` is the clock named `whose` at the moment when the API's said `theirs`.
pub(super) fn judge(whose: &str, ours: Timestamp, theirs: Timestamp) -> Finding {
    let check = Check::new(CHECK, whose);
    let seconds = ours.duration_since(theirs).as_secs();
    let off = seconds.unsigned_abs();
    let way = if seconds < 0 { "behind" } else { "ahead of" };
    let remedy = "let it be set by NTP";
    match off {
        off if off >= TOLERANCE.as_secs() => {
            let bound = TOLERANCE.as_secs();
            check.fail(format!("is {off} s {way} the API's; webhooks are refused from {bound} s on"), remedy)
        }
        off if seconds.abs() >= WORTH_A_WORD => check.warn(format!("is {off} s {way} the API's"), remedy),
        off => check.ok(format!("is within {} s of the API's", off.max(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_the_receiver_tolerates() {
        let theirs = Timestamp::from_second(1_800_000_000).unwrap();
        for (off, verdict) in [
            (0, Verdict::Ok),
            (29, Verdict::Ok),
            (-30, Verdict::Warn),
            (299, Verdict::Warn),
            (300, Verdict::Fail),
            (-3600, Verdict::Fail),
        ] {
            let ours = Timestamp::from_second(1_800_000_000 + off).unwrap();
            assert_eq!(judge("this machine", ours, theirs).verdict, verdict, "{off}");
        }
    }
}
