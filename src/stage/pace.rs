//! Pace: when a worker commits, writes a checkpoint, or retries.
//!
//! Transactions are paced by load, as a group commit: the first output after a pause is committed at once, and what comes during
//! a transaction shares the next one. A worker that is behind fills large transactions. Offsets alone can wait.

use crate::stage::port::Millis;

/// The limits that pace a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The shortest time between two transactions. Default 10 ms: the broker may still be completing the last one, and refuses the
    /// next one until then.
    pub linger: Millis,
    /// The longest time between two transactions, if there is output. It is as long as the last one took, so that transactions take
    /// at most half of the time of the worker, and load a slow broker less. Default 100 ms.
    pub longest_rest: Millis,
    /// The longest wait of output for its transaction while the worker is behind. Default 500 ms.
    pub longest_wait: Millis,
    /// A worker is behind while a poll returns this many records (a router) or events (a detector). Default 1000.
    pub behind: usize,
    /// Offsets without output are committed this often. Default 5 s.
    pub quiet: Millis,
    /// The delay between an aborted transaction and the next one; it doubles with each that follows. Default 100 ms.
    pub retry: Millis,
    /// The longest of these delays. Default 10 s.
    pub longest_retry: Millis,
    /// The delay before an unusable partition is tried again. Default 10 s.
    pub retry_partition: Millis,
    /// The longest replay after a crash: a checkpoint is due before the estimate exceeds it. Default 10 s.
    pub longest_replay: Millis,
    /// The assumed speed of a replay. Default 20 000 records per second.
    pub replay_records_per_second: u64,
    /// The greatest age of a checkpoint when there are changes to write. Default 10 min.
    pub oldest_checkpoint: Millis,
    /// A checkpoint is due when it would write this many records, or ten times as many while the worker is behind: a long
    /// transaction holds up the alerts behind it. Default 5000.
    pub checkpoint_records: usize,
    /// The most bytes of checkpoints in one transaction, one checkpoint excepted. Default 1 MiB.
    pub checkpoint_bytes: usize,
    /// A detector commits when this many alerts and dead letters wait to be sent, and takes no records while they do. Default 1000.
    pub outbox: usize,
    /// The most records (in and out) of a router's batch. Default 50 000.
    pub batch_records: usize,
    /// The most bytes that a router's batch writes, one record excepted. Default 8 MiB.
    pub batch_bytes: usize,
    /// The most dead letters of a topic and a reason that a worker writes in a minute. Default 60.
    pub dead_letters: u32,
    /// The longest wait of a poll. Default 200 ms.
    pub poll: Millis,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            linger: Millis(10),
            longest_rest: Millis(100),
            longest_wait: Millis(500),
            behind: 1000,
            quiet: Millis(5000),
            retry: Millis(100),
            longest_retry: Millis(10_000),
            retry_partition: Millis(10_000),
            longest_replay: Millis(10_000),
            replay_records_per_second: 20_000,
            oldest_checkpoint: Millis(600_000),
            checkpoint_records: 5000,
            checkpoint_bytes: 1024 * 1024,
            outbox: 1000,
            batch_records: 50_000,
            batch_bytes: 8 * 1024 * 1024,
            dead_letters: 60,
            poll: Millis(200),
        }
    }
}

/// What the next checkpoint of a partition saves and contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unwritten {
    /// Events applied since the last one: those that a restore would replay.
    pub(crate) events: u64,
    /// About how many records it would write.
    pub(crate) records: usize,
}

/// The delays after aborted transactions: they double, up to a limit, until one is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retry {
    aborted: u32,
    at: Option<Millis>,
}

impl Retry {
    /// One more transaction was aborted.
    pub(crate) fn aborted(&mut self, pace: &Pace, now: Millis) {
        let doubled = pace.retry.0.saturating_mul(1 << self.aborted.min(20));
        self.aborted = self.aborted.saturating_add(1);
        self.at = Some(now.plus(Millis(doubled.min(pace.longest_retry.0))));
    }

    /// A transaction was committed.
    pub(crate) fn committed(&mut self) {
        *self = Retry::default();
    }

    /// When the next transaction may begin, if it must wait.
    pub(crate) fn at(&self, now: Millis) -> Option<Millis> {
        self.at.filter(|at| now < *at)
    }
}

/// When a worker may begin its next transaction with output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rhythm {
    /// When the present transaction began.
    began: Option<Millis>,
    /// When the last one ended, and how long it took.
    ended: Millis,
    took: Millis,
    behind: bool,
}

impl Rhythm {
    /// A transaction begins. It blocks the worker, so it has ended when the next step begins.
    pub(crate) fn begin(&mut self, now: Millis) {
        self.began = Some(now);
    }

    /// Notes the end of a transaction, if one ran in the last step.
    pub(crate) fn step(&mut self, now: Millis) {
        if let Some(began) = self.began.take() {
            (self.ended, self.took) = (now, now.since(began));
        }
    }

    /// Notes how many records or events a poll has returned.
    pub(crate) fn polled(&mut self, count: usize, pace: &Pace) {
        self.behind = count >= pace.behind;
    }

    /// Whether a checkpoint is due that would contain this; the last one has this age.
    pub(crate) fn checkpoint_is_due(&self, pace: &Pace, unwritten: Unwritten, age: Millis) -> bool {
        let Unwritten { events, records } = unwritten;
        let replay = Millis(events.saturating_mul(1000) / pace.replay_records_per_second.max(1));
        let most_records = pace.checkpoint_records * if self.behind { 10 } else { 1 };
        replay > pace.longest_replay
            || (events > 0 && (records >= most_records || age >= pace.oldest_checkpoint))
    }

    /// Whether output that has waited since then is due.
    pub(crate) fn is_due(&self, since: Millis, pace: &Pace, now: Millis) -> bool {
        let waited = now.since(since) >= pace.longest_wait;
        waited || (!self.behind && self.wait(pace, now) == Millis(0))
    }

    /// How long the worker rests before its next transaction, if it is not behind.
    pub(crate) fn wait(&self, pace: &Pace, now: Millis) -> Millis {
        let rest = self.took.min(pace.longest_rest).max(pace.linger);
        self.ended.plus(rest).since(now)
    }
}

impl Millis {
    /// The time from `earlier` to this; zero if it is later.
    #[must_use]
    pub const fn since(self, earlier: Millis) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// This time plus a length.
    #[must_use]
    pub const fn plus(self, length: Millis) -> Millis {
        Millis(self.0.saturating_add(length.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rhythm after a transaction from 1000 on that took this long.
    fn after(took: u64) -> Rhythm {
        let mut rhythm = Rhythm::default();
        rhythm.begin(Millis(1000));
        rhythm.step(Millis(1000 + took));
        rhythm
    }

    /// How long output waits that comes just when that transaction has ended.
    fn wait_after(took: u64) -> u64 {
        let (rhythm, ended, pace) = (after(took), 1000 + took, Pace::default());
        (0..).find(|wait| rhythm.is_due(Millis(ended), &pace, Millis(ended + wait))).unwrap_or_default()
    }

    #[test]
    fn time_between_transactions_follows_what_they_take() {
        assert_eq!([0, 5, 10, 20, 99].map(wait_after), [10, 10, 10, 20, 99]);
        assert_eq!([1000, 100_000].map(wait_after), [100, 100], "a slow broker delays output no further");
    }

    #[test]
    fn output_after_a_pause_is_due_at_once() {
        let pace = Pace::default();
        assert!(after(5).is_due(Millis(2000), &pace, Millis(2000)));
        assert!(Rhythm::default().is_due(Millis(10), &pace, Millis(10)));
        assert_eq!(after(5).wait(&pace, Millis(1010)), Millis(5));
        assert_eq!(after(5).wait(&pace, Millis(9000)), Millis(0));
    }

    #[test]
    fn worker_that_is_behind_collects_for_a_bounded_time() {
        let (pace, mut rhythm) = (Pace::default(), after(5));
        rhythm.polled(pace.behind, &pace);
        assert!(!rhythm.is_due(Millis(2000), &pace, Millis(2499)));
        assert!(rhythm.is_due(Millis(2000), &pace, Millis(2500)));
        rhythm.polled(pace.behind - 1, &pace);
        assert!(rhythm.is_due(Millis(2000), &pace, Millis(2001)), "it has caught up");
    }

    #[test]
    fn delays_after_aborts_double_up_to_a_limit_until_a_commit() {
        let (pace, mut retry) = (Pace::default(), Retry::default());
        assert_eq!(retry.at(Millis(0)), None);
        let mut delay = || {
            retry.aborted(&pace, Millis(1000));
            retry.at(Millis(1000)).map(|at| at.0 - 1000)
        };
        let delays: Vec<_> = (0..9).filter_map(|_| delay()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(retry.at(Millis(11_000)), None, "the delay is over");
        retry.committed();
        retry.aborted(&pace, Millis(0));
        assert_eq!(retry.at(Millis(0)), Some(Millis(100)));
    }

    #[test]
    fn checkpoint_is_due_before_a_replay_gets_long_or_the_last_one_old() {
        let (pace, idle) = (Pace::default(), Rhythm::default());
        let is_due =
            |events, age| idle.checkpoint_is_due(&pace, Unwritten { events, records: 1 }, Millis(age));
        assert!(!is_due(200_000, 0));
        assert!(is_due(200_020, 0), "more than ten seconds of replay");
        assert!(!is_due(1, 599_999));
        assert!(is_due(1, 600_000));
        assert!(!is_due(0, 600_000), "nothing to write");
        assert!(is_due(u64::MAX, 0));
    }

    #[test]
    fn checkpoint_is_due_before_it_gets_large() {
        let pace = Pace::default();
        let is_due = |rhythm: Rhythm, records| {
            rhythm.checkpoint_is_due(&pace, Unwritten { events: 1, records }, Millis(0))
        };
        let (idle, behind) = (Rhythm::default(), Rhythm { behind: true, ..Rhythm::default() });
        assert_eq!([4999, 5000].map(|records| is_due(idle, records)), [false, true]);
        assert_eq!([49_999, 50_000].map(|records| is_due(behind, records)), [false, true]);
    }
}
