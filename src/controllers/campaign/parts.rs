//! The targets of a campaign in the order of calling, in parts the size of a job. Pure.
//!
//! Rows are kept as the text that job Secrets hold: a list of 100,000 takes what its text takes, and 8 bytes for each row.

use audience::Row;

use crate::dialing::targets;

/// Targets of one job. Its status, about 30 to 90 KB, is written several times a second while it is dialled.
pub(super) const JOB_SIZE: usize = 250;

/// Jobs that so many targets need.
pub(super) fn jobs_for(targets: usize) -> usize {
    targets.div_ceil(JOB_SIZE)
}

/// Targets as they come.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    text: Vec<u8>,
    /// Priority, and where the row ends.
    rows: Vec<(i32, u32)>,
}

impl Gathering {
    /// Adds one. A list is bounded to [`audience::MAX_KEPT_BYTES`], so that offsets fit.
    pub(super) fn push(&mut self, row: &Row) {
        // A row that was parsed can be written.
        let _written = targets::line(row, &mut self.text);
        self.rows.push((row.priority, u32::try_from(self.text.len()).unwrap_or(u32::MAX)));
    }

    /// Higher priority first, otherwise as listed.
    pub(super) fn finish(self) -> Parts {
        let starts = std::iter::once(0).chain(self.rows.iter().map(|(_, end)| *end));
        let mut rows: Vec<(i32, u32, u32)> =
            starts.zip(&self.rows).map(|(start, (priority, end))| (*priority, start, *end)).collect();
        rows.sort_by_key(|(priority, _, _)| std::cmp::Reverse(*priority));
        Parts { text: self.text, rows: rows.into_iter().map(|(_, start, end)| (start, end)).collect() }
    }
}

/// All targets, in order.
#[derive(Debug)]
pub(super) struct Parts {
    text: Vec<u8>,
    rows: Vec<(u32, u32)>,
}

impl Parts {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        jobs_for(self.rows.len())
    }

    /// One of them: the text of a job's Secret.
    pub(super) fn text(&self, ordinal: usize) -> Vec<u8> {
        let rows = self.rows.chunks(JOB_SIZE).nth(ordinal).unwrap_or_default();
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let lines = rows.iter().filter_map(|(start, end)| self.text.get(index(*start)..index(*end)));
        lines.flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use audience::{Digest, Format, How, read};

    use super::*;

    fn parts(text: &str) -> Parts {
        let mut gathering = Gathering::default();
        read(text.as_bytes(), &How::plain(Format::Csv), |row| gathering.push(&row)).unwrap();
        gathering.finish()
    }

    fn ids(parts: &Parts, ordinal: usize) -> Vec<String> {
        let text = parts.text(ordinal);
        let rows = targets::read(&text, &Digest::of(&text).to_string()).unwrap();
        rows.iter().map(|row| row.id.to_string()).collect()
    }

    #[test]
    fn higher_priority_is_called_first_and_equals_stay_as_listed() {
        let list = "id,to,priority\na,+15550100,\nb,+15550101,5\nc,+15550102,-1\nd,+15550103,5\ne,+15550104,0\n";
        assert_eq!(ids(&parts(list), 0), ["b", "d", "a", "e", "c"]);
    }

    #[test]
    fn every_target_is_in_one_part_and_the_last_may_be_short() {
        let list = (0..601).fold("id,to\n".to_owned(), |list, n| list + &format!("t{n},+1555{n:07}\n"));
        let parts = parts(&list);
        let sizes: Vec<usize> = (0..parts.count()).map(|ordinal| ids(&parts, ordinal).len()).collect();
        assert_eq!(sizes, [250, 250, 101]);
        assert_eq!(ids(&parts, 2).last().unwrap(), "t600");
        assert_eq!([0, 1, 250, 251, 100_000].map(jobs_for), [0, 1, 1, 2, 400]);
    }
}
