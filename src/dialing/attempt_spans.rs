//! One trace per attempt: from the claim over the dial and the answer to the end.
//!
//! The ids follow from the dial, so that requests made for the attempt are told as its parts while it lives, by whichever
//! process makes them; the whole is told once it has ended, with the times that the dialer saw. Holds no id of the target.

use std::time::SystemTime;

use dialer::{CommandId, DialKey, Ended};
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use crate::controllers::word;
use crate::telemetry::traces::{Place, Span, Traces, from_to};

/// Where the attempt is told. `None`: it is not.
pub(super) fn place(traces: &Traces, key: &DialKey) -> Option<Place> {
    traces.following(|| *CommandId::of_dial(key).as_uuid().as_bytes())
}

/// The whole, and its phases as far as they are known.
pub(super) fn spans(place: Place, ended: &Ended) -> Vec<Span> {
    let (from, to) = from_to(ended.claimed_at, ended.ended_at);
    let mut attributes = vec![
        KeyValue::new("telnyx_operator.campaign_uid", ended.key.attempt.owner.as_str().to_owned()),
        KeyValue::new("telnyx_operator.attempt", i64::from(ended.key.attempt.n)),
        KeyValue::new("telnyx_operator.outcome", word::<_, String>(&ended.outcome).unwrap_or_default()),
    ];
    if let Some(cause) = ended.end.cause {
        attributes.push(KeyValue::new("telnyx.hangup_cause", cause.as_str()));
    }
    if let Some(sip) = ended.end.sip {
        attributes.push(KeyValue::new("telnyx.sip_hangup_cause", i64::from(sip)));
    }
    let phases = phases(ended).into_iter().map(|(name, (from, to))| part(place.below(), Some(place), name, from, to));
    let whole = Span { attributes, ..part(place, None, "attempt", from, to) };
    std::iter::once(whole).chain(phases).collect()
}

/// Each lasts until the next begins, the last until the end.
fn phases(ended: &Ended) -> Vec<(&'static str, (SystemTime, SystemTime))> {
    let begun = [
        ("claim", Some(ended.claimed_at)),
        ("dial", ended.dialled_at),
        ("ring", ended.placed_at),
        ("talk", ended.answered_at),
    ];
    let begun: Vec<(&str, Timestamp)> = begun.into_iter().filter_map(|(name, at)| Some((name, at?))).collect();
    let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([ended.ended_at]);
    begun.iter().zip(ends).map(|((name, from), to)| (*name, from_to(*from, to))).collect()
}

fn part(place: Place, parent: Option<Place>, name: &'static str, from: SystemTime, to: SystemTime) -> Span {
    Span { place, parent, name: name.into(), kind: SpanKind::Internal, from, to, attributes: vec![], failed: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialer::{AttemptKey, Outcome, OwnerId, TargetId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ended() -> Ended {
        let (owner, target) = (OwnerId::parse("uid").unwrap(), TargetId::parse("ann-smith").unwrap());
        Ended {
            key: DialKey { attempt: AttemptKey { owner, target, n: 2 }, refusals: 0 },
            claimed_at: at(100),
            dialled_at: Some(at(101)),
            placed_at: Some(at(102)),
            answered_at: Some(at(110)),
            ended_at: at(130),
            outcome: Outcome::Completed,
            end: dialer::AttemptEnd::default(),
        }
    }

    fn told(ended: &Ended) -> Vec<(&'static str, i64)> {
        let seconds = |(from, to): (SystemTime, SystemTime)| to.duration_since(from).unwrap().as_secs();
        phases(ended).into_iter().map(|(name, times)| (name, i64::try_from(seconds(times)).unwrap())).collect()
    }

    #[test]
    fn each_phase_lasts_until_the_next_begins() {
        assert_eq!(told(&ended()), [("claim", 1), ("dial", 1), ("ring", 8), ("talk", 20)]);
        let unanswered = Ended { answered_at: None, ..ended() };
        assert_eq!(told(&unanswered), [("claim", 1), ("dial", 1), ("ring", 28)]);
        let refused = Ended { placed_at: None, answered_at: None, ended_at: at(102), ..ended() };
        assert_eq!(told(&refused), [("claim", 1), ("dial", 1)]);
    }

    #[test]
    fn clocks_that_disagree_make_no_phase_that_ends_before_it_begins() {
        let early = Ended { answered_at: Some(at(90)), ended_at: at(95), ..ended() };
        assert_eq!(told(&early), [("claim", 1), ("dial", 1), ("ring", 0), ("talk", 5)]);
    }
}
