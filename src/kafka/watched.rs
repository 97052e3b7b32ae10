//! What a transactional id committed, looked at from time to time: since when a marker of it seems to be missing.

use crate::host::clock::Stopwatch;
use crate::kafka::last_transaction::Places;
use std::time::Duration;

/// What is known of the committed records and offsets of an id.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The committed records at the last look.
    looked_at: Places,
    /// Committed records that are not decided, and since when that is known.
    hidden: Option<(Places, Stopwatch)>,
    /// The committed offsets that were answered last.
    answered: Places,
    /// Since when committed offsets have not been answered.
    unanswered: Option<Stopwatch>,
}

impl Watched {
    /// The committed records in partitions that were not written since the last look. In the others the later commit decides.
    pub(crate) fn quiet(&mut self, committed: &Places) -> Places {
        let quiet = committed.common(&self.looked_at);
        self.looked_at = committed.clone();
        quiet
    }

    /// Of quiet records these are not decided. Returns those that have been so for longer than `limit`, once.
    pub(crate) fn overdue(&mut self, open: Places, limit: Duration) -> Option<Places> {
        let known = self.hidden.take().map(|(hidden, since)| (hidden.common(&open), since));
        let (hidden, since) = match known.filter(|(hidden, _)| !hidden.is_empty()) {
            Some(known) => known,
            None if open.is_empty() => return None,
            None => (open, Stopwatch::start()),
        };
        if since.elapsed() > limit {
            return Some(hidden);
        }
        self.hidden = Some((hidden, since));
        None
    }

    /// Whether these committed offsets were answered before.
    pub(crate) fn are_answered(&self, offsets: &Places) -> bool {
        self.answered == *offsets
    }

    /// The group's coordinator was asked for these committed offsets. Returns whether it has not answered them for longer than
    /// `limit`, once.
    pub(crate) fn note_answer(&mut self, offsets: &Places, is_answered: bool, limit: Duration) -> bool {
        if is_answered {
            (self.answered, self.unanswered) = (offsets.clone(), None);
            return false;
        }
        let is_overdue = self.unanswered.get_or_insert_with(Stopwatch::start).elapsed() > limit;
        if is_overdue {
            self.unanswered = None;
        }
        is_overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn places(of: &[(i32, i64)]) -> Places {
        let mut places = Places::default();
        of.iter().for_each(|(partition, offset)| places.note("alerts", *partition, *offset));
        places
    }

    #[test]
    fn only_partitions_without_a_later_commit_are_quiet() {
        let mut watched = Watched::default();
        assert!(watched.quiet(&places(&[(0, 7), (1, 9)])).is_empty());
        assert_eq!(watched.quiet(&places(&[(0, 7), (1, 12), (2, 3)])), places(&[(0, 7)]));
        assert_eq!(watched.quiet(&places(&[(0, 7), (1, 12)])), places(&[(0, 7), (1, 12)]));
    }

    #[test]
    fn records_are_overdue_when_they_stay_undecided_for_long() {
        let mut watched = Watched::default();
        assert!(watched.overdue(Places::default(), Duration::ZERO).is_none());
        assert!(watched.overdue(places(&[(0, 7), (1, 9)]), LONG).is_none());
        // One is decided. Another is new, and has its own time.
        assert_eq!(watched.overdue(places(&[(0, 7), (2, 3)]), Duration::ZERO), Some(places(&[(0, 7)])));
        assert!(watched.overdue(places(&[(2, 3)]), LONG).is_none());
        assert!(watched.overdue(Places::default(), Duration::ZERO).is_none());
        assert!(watched.overdue(places(&[(2, 4)]), LONG).is_none());
    }

    #[test]
    fn offsets_are_overdue_when_they_are_not_answered_for_long() {
        let mut watched = Watched::default();
        let (first, second) = (places(&[(0, 7)]), places(&[(0, 8)]));
        assert!(!watched.note_answer(&first, false, LONG));
        assert!(watched.note_answer(&first, false, Duration::ZERO));
        assert!(!watched.are_answered(&first));
        assert!(!watched.note_answer(&second, true, Duration::ZERO));
        assert!(watched.are_answered(&second) && !watched.are_answered(&first));
    }
}
