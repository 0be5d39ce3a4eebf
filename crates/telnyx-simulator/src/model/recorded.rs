//! What is recorded, of a call or a conference: one file.
//!
//! Promises that both kinds of recordings name their file, trim it and say where it can be fetched alike. Nothing is recorded in
//! truth: the URL leads nowhere. Does not know when a recording begins or ends, nor who is heard.

use std::sync::Arc;

use super::happenings::Urls;
use super::heard::Heard;
use super::moment::Moment;

/// What a file was asked to be (Telnyx API reference: "Recording start", "Conference recording start").
#[derive(Debug, Clone)]
pub(crate) struct FileOrder {
    pub(crate) channels: &'static str,
    pub(crate) format: &'static str,
    /// The name that replaces the id in the file's URL.
    pub(crate) name: Option<Arc<str>>,
    /// A tone before anything else.
    pub(crate) beep: bool,
    /// Without the silence at its beginning and end.
    pub(crate) trim: bool,
}

/// A file under way.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) id: Arc<str>,
    pub(crate) order: FileOrder,
    pub(crate) started_at: Moment,
    pub(crate) heard: Heard,
}

impl Recorded {
    /// Begins now, with its tone if it has one.
    pub(crate) fn begin(id: Arc<str>, order: FileOrder, now: Moment) -> Self {
        let heard = if order.beep { Heard::with_tone(now) } else { Heard::default() };
        Self { id, order, started_at: now, heard }
    }

    /// Beginning and end of what can be fetched of a recording that ended then.
    pub(crate) fn span(&self, ended_at: Moment) -> (Moment, Moment) {
        if self.order.trim { self.heard.trim(self.started_at, ended_at) } else { (self.started_at, ended_at) }
    }

    /// Where it can be fetched.
    pub(crate) fn url(&self) -> String {
        let name = self.order.name.as_ref().unwrap_or(&self.id);
        format!("https://recordings.simulator.invalid/{name}.{}", self.order.format)
    }

    /// The same, by its format.
    pub(crate) fn urls(&self) -> Urls {
        Urls::only(self.order.format, self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn recorded(name: Option<&str>, beep: bool, trim: bool) -> Recorded {
        let order = FileOrder { channels: "single", format: "wav", name: name.map(Arc::from), beep, trim };
        Recorded::begin("an-id".into(), order, Moment::from_micros(0))
    }

    #[test]
    fn a_file_is_named_as_asked_or_by_its_id() {
        assert_eq!(recorded(None, false, false).url(), "https://recordings.simulator.invalid/an-id.wav");
        assert_eq!(recorded(Some("vm-7"), false, false).url(), "https://recordings.simulator.invalid/vm-7.wav");
    }

    #[test]
    fn what_can_be_fetched_is_all_or_what_was_heard() {
        let (start, end) = (Moment::from_micros(0), Moment::from_micros(0) + Duration::from_secs(9));
        // tone, trimmed -> milliseconds
        for (beep, trim, expected) in [(false, false, 9000), (true, false, 9000), (true, true, 500), (false, true, 0)] {
            let mut recorded = recorded(None, beep, trim);
            recorded.heard.silence(start, start);
            let (from, to) = recorded.span(end);
            assert_eq!((from, to.since(from).as_millis()), (start, expected), "tone {beep}, trimmed {trim}");
        }
    }
}
