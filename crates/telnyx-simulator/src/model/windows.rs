//! The two rate limits: dials over the trailing five seconds, requests over fixed windows.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::exchange::RateHeaders;
use super::moment::Moment;
use crate::config::RequestLimit;

/// Telnyx, "Dials per second limit": the limit is enforced over the trailing five seconds.
const DIAL_WINDOW: Duration = Duration::from_secs(5);

/// Dials of the last five seconds, each region for itself (Telnyx: "Dial metrics").
#[derive(Default)]
pub(crate) struct DialWindows {
    by_region: BTreeMap<&'static str, VecDeque<Moment>>,
}

/// Whether a dial may go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DialRate {
    Admitted,
    /// It would be the first one too many.
    Exceeded,
}

impl DialWindows {
    /// Counts `dials` at once and says whether they stay within `per_second`.
    pub(crate) fn admit(
        &mut self,
        now: Moment,
        region: &'static str,
        dials: usize,
        per_second: Option<u32>,
        count_refused: bool,
    ) -> DialRate {
        let window = self.by_region.entry(region).or_default();
        while window.front().is_some_and(|at| now.since(*at) >= DIAL_WINDOW) {
            window.pop_front();
        }
        let limit = per_second.map_or(usize::MAX, |rate| usize::try_from(rate).unwrap_or(usize::MAX).saturating_mul(5));
        let rate = if window.len().saturating_add(dials) <= limit { DialRate::Admitted } else { DialRate::Exceeded };
        if rate == DialRate::Admitted || count_refused {
            window.extend(std::iter::repeat_n(now, dials));
        }
        rate
    }
}

/// Requests of the current window.
#[derive(Default)]
pub(crate) struct RequestWindow {
    began: Option<Moment>,
    count: u32,
}

/// Whether a request may go on and what its response says about the limit.
pub(crate) struct RequestRate {
    pub(crate) admitted: bool,
    pub(crate) headers: Option<RateHeaders>,
}

impl RequestWindow {
    pub(crate) fn admit(&mut self, now: Moment, limit: Option<&RequestLimit>) -> RequestRate {
        let Some(limit) = limit else { return RequestRate { admitted: true, headers: None } };
        let length = Duration::from_secs(u64::from(limit.per_secs));
        let began = match self.began {
            Some(began) if now.since(began) < length => began,
            Some(_) | None => {
                self.began = Some(now);
                self.count = 0;
                now
            }
        };
        let admitted = self.count < limit.count;
        if admitted {
            self.count += 1;
        }
        let left = length.saturating_sub(now.since(began));
        let headers = limit.headers.then(|| RateHeaders {
            limit: limit.count,
            remaining: limit.count.saturating_sub(self.count),
            reset: u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX),
        });
        RequestRate { admitted, headers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Moment {
        Moment::from_micros(millis * 1000)
    }

    #[test]
    fn a_burst_is_fine_while_the_five_second_sum_holds() {
        let mut windows = DialWindows::default();
        let mut admit = |millis, dials| windows.admit(at(millis), "US", dials, Some(2), false);
        assert_eq!(admit(0, 10), DialRate::Admitted);
        assert_eq!(admit(4999, 1), DialRate::Exceeded);
        assert_eq!(admit(5000, 10), DialRate::Admitted);
        assert_eq!(admit(5001, 1), DialRate::Exceeded);
    }

    #[test]
    fn refused_dials_count_only_when_told_so() {
        for (counted, then) in [(false, DialRate::Admitted), (true, DialRate::Exceeded)] {
            let mut windows = DialWindows::default();
            windows.admit(at(0), "US", 5, Some(1), counted);
            assert_eq!(windows.admit(at(1000), "US", 1, Some(1), counted), DialRate::Exceeded);
            assert_eq!(windows.admit(at(5500), "US", 5, Some(1), counted), then);
        }
    }

    #[test]
    fn regions_are_never_summed() {
        let mut windows = DialWindows::default();
        assert_eq!(windows.admit(at(0), "US", 5, Some(1), true), DialRate::Admitted);
        assert_eq!(windows.admit(at(0), "Europe", 5, Some(1), true), DialRate::Admitted);
    }

    #[test]
    fn a_request_window_tells_what_is_left_and_starts_anew() {
        let limit = RequestLimit { count: 2, per_secs: 10, headers: true };
        let mut window = RequestWindow::default();
        let mut admit = |millis| window.admit(at(millis), Some(&limit));
        let first = admit(0);
        assert!(first.admitted);
        assert_eq!(first.headers, Some(RateHeaders { limit: 2, remaining: 1, reset: 10 }));
        assert!(admit(1).admitted);
        let third = admit(7500);
        assert!(!third.admitted);
        assert_eq!(third.headers, Some(RateHeaders { limit: 2, remaining: 0, reset: 3 }));
        assert!(admit(10_000).admitted);
    }
}
