//! When to read who waits in a queue, and what of it is shown. Does no I/O and reads no clock.
//!
//! The account's listing shows every queue's size for nothing. Only a queue with calls in it is asked for them, and only
//! such a one is asked again before the next listing.

use crate::api::{Occupancy, QueuedCall};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::time::{Duration, Instant};

/// How often a queue with calls in it is read.
pub(super) const WHILE_IN_USE: Duration = Duration::from_secs(10);
/// How many calls status shows.
const SHOWN: usize = 20;

/// What is remembered of one queue between two looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The listing that was looked at last.
    listing: Option<Instant>,
    /// When it is to be read next, whatever listings say.
    next: Option<Instant>,
    /// The last "reconcile now" that was answered.
    asked: Option<String>,
    /// What status shows by our own last write; the watch may not have shown it yet.
    pub(super) written: Option<Occupancy>,
}

/// What the account's listing says of a queue.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// When it was begun.
    pub(super) begun: Instant,
    /// The queue in it; `None` when it is not there.
    pub(super) queue: Option<telnyx_voice::Queue>,
}

/// What is to be done about one queue now.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Due {
    /// Nothing.
    No,
    /// Nobody waits: this is to be shown.
    Show(Occupancy),
    /// Its calls are to be read.
    Read,
}

impl Seen {
    /// Decides. `asked` is the last "reconcile now" that the operator has carried out on the object.
    pub(super) fn due(&mut self, now: Instant, listing: Option<&Listing>, asked: Option<&str>) -> Due {
        let is_asked = asked.is_some() && self.asked.as_deref() != asked;
        let first = self.listing.is_none();
        self.asked = asked.map(str::to_owned);
        if let Some(listing) = listing.filter(|listing| self.listing != Some(listing.begun)) {
            self.listing = Some(listing.begun);
            let Some(queue) = &listing.queue else { return Due::No };
            if queue.current_size.is_none_or(|size| size > 0) {
                return Due::Read;
            }
            self.next = None;
            return Due::Show(occupancy(queue, &[]));
        }
        let in_time = self.next.is_some_and(|next| next <= now);
        if in_time || (is_asked && !first) { Due::Read } else { Due::No }
    }

    /// Was this listing looked at already?
    pub(super) fn knows(&self, begun: Instant) -> bool {
        self.listing == Some(begun)
    }

    /// Notes that the queue was read at `now`, and whether to go on at the pace of a queue in use.
    pub(super) fn was_read(&mut self, now: Instant, in_use: bool) {
        self.next = in_use.then(|| now + WHILE_IN_USE);
    }
}

/// Is there news? The average grows by itself while calls wait, and is none.
pub(super) fn differs(shown: &Occupancy, found: &Occupancy) -> bool {
    let timeless = |one: &Occupancy| Occupancy { average_wait_time_secs: 0, ..one.clone() };
    timeless(shown) != timeless(found)
}

/// What status shows of a queue and its calls, the head first.
pub(super) fn occupancy(queue: &telnyx_voice::Queue, calls: &[telnyx_voice::QueuedCall]) -> Occupancy {
    let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default();
    let calls: Vec<QueuedCall> = calls.iter().map(shown).collect();
    Occupancy {
        // The two were read one after the other; who was seen is there.
        current_size: count(queue.current_size).max(u64::try_from(calls.len()).unwrap_or(u64::MAX)),
        average_wait_time_secs: count(queue.average_wait_time_secs),
        oldest_enqueued_at: calls.iter().filter_map(|call| call.enqueued_at.clone()).min(),
        calls: calls.into_iter().take(SHOWN).collect(),
    }
}

fn shown(call: &telnyx_voice::QueuedCall) -> QueuedCall {
    let id = call.call_control_id.as_ref().map(|id| id.as_str().to_owned());
    QueuedCall {
        call_control_id: id.unwrap_or_default(),
        queue_position: call.queue_position.and_then(|place| u64::try_from(place).ok()).unwrap_or_default(),
        // Kubernetes writes moments to the second.
        enqueued_at: call
            .enqueued_at
            .as_ref()
            .and_then(telnyx_voice::ApiTime::instant)
            .and_then(to_the_second)
            .map(Time),
        is_alive: call.is_alive.unwrap_or(true),
    }
}

fn to_the_second(at: jiff::Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(at.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn queue(size: i64) -> telnyx_voice::Queue {
        serde_json::from_value(json!({ "name": "q", "current_size": size, "average_wait_time_secs": 7 })).unwrap()
    }

    fn call(place: usize) -> telnyx_voice::QueuedCall {
        serde_json::from_value(json!({
            "call_control_id": format!("v3:{place}"), "queue_position": place, "is_alive": true,
            "enqueued_at": format!("2026-01-01T00:00:{:02}.5Z", 30 - place), "wait_time_secs": 3,
            "from": "+15550100001", "to": "+15550100002",
        }))
        .unwrap()
    }

    fn listing(begun: Instant, size: i64) -> Listing {
        Listing { begun, queue: Some(queue(size)) }
    }

    #[test]
    fn an_empty_queue_costs_nothing_beyond_the_listing() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        let empty = Occupancy { average_wait_time_secs: 7, ..Occupancy::default() };
        assert_eq!(seen.due(now, Some(&listing(now, 0)), None), Due::Show(empty.clone()));
        assert_eq!(seen.due(now + WHILE_IN_USE * 5, Some(&listing(now, 0)), None), Due::No, "the same listing");
        let later = now + WHILE_IN_USE * 6;
        assert_eq!(seen.due(later, Some(&listing(later, 0)), None), Due::Show(empty));
    }

    #[test]
    fn a_queue_in_use_is_read_at_its_pace_until_it_is_empty() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        let listed = listing(now, 2);
        assert_eq!(seen.due(now, Some(&listed), None), Due::Read);
        seen.was_read(now, true);
        assert_eq!(seen.due(now + WHILE_IN_USE / 2, Some(&listed), None), Due::No);
        assert_eq!(seen.due(now + WHILE_IN_USE, Some(&listed), None), Due::Read);
        seen.was_read(now + WHILE_IN_USE, false);
        assert_eq!(seen.due(now + WHILE_IN_USE * 9, Some(&listed), None), Due::No);
    }

    #[test]
    fn reconcile_now_reads_the_calls_too_and_once() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        let listed = listing(now, 0);
        assert!(matches!(seen.due(now, Some(&listed), Some("old")), Due::Show(_)));
        assert_eq!(seen.due(now, Some(&listed), Some("old")), Due::No);
        assert_eq!(seen.due(now, Some(&listed), Some("new")), Due::Read);
        assert_eq!(seen.due(now, Some(&listed), Some("new")), Due::No);
    }

    #[test]
    fn a_queue_that_the_listing_lacks_is_left_to_the_loop() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        assert_eq!(seen.due(now, Some(&Listing { begun: now, queue: None }), None), Due::No);
        assert_eq!(seen.due(now, None, None), Due::No);
    }

    #[test]
    fn status_shows_the_first_calls_the_oldest_wait_and_no_number() {
        let calls: Vec<_> = (1..=25).map(call).collect();
        let shown = occupancy(&queue(25), &calls);
        assert_eq!((shown.current_size, shown.average_wait_time_secs, shown.calls.len()), (25, 7, SHOWN));
        assert_eq!(serde_json::to_value(&shown.oldest_enqueued_at).unwrap(), "2026-01-01T00:00:05Z");
        assert_eq!(shown.calls[0].call_control_id, "v3:1");
        let text = serde_json::to_string(&shown).unwrap();
        assert!(!text.contains("555"), "{text}");
    }

    #[test]
    fn what_is_shown_does_not_change_while_a_call_waits() {
        let mut later = call(1);
        later.wait_time_secs = Some(99);
        let mut average = queue(1);
        average.average_wait_time_secs = Some(99);
        assert!(!differs(&occupancy(&queue(1), &[call(1)]), &occupancy(&average, &[later])));
        assert!(differs(&occupancy(&queue(1), &[call(1)]), &occupancy(&queue(2), &[call(1), call(2)])));
    }

    #[test]
    fn a_call_that_came_between_the_two_reads_is_counted() {
        assert_eq!(occupancy(&queue(0), &[call(1)]).current_size, 1);
    }
}
