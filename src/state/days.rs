//! A baseline: on which of the last 64 days something was seen.

use crate::event::time::Day;
use crate::wire::record::DayBits;

/// How many days back a baseline remembers.
pub(crate) const REMEMBERED_DAYS: u32 = 64;

impl DayBits {
    /// Marks a day. A day before the remembered ones changes nothing. Whether the day is new.
    pub fn mark(&mut self, day: Day) -> bool {
        let ahead = i64::from(day.since_epoch()) - i64::from(self.newest_day);
        if self.bits == 0 || ahead > 0 {
            let shifted = u32::try_from(ahead).ok().and_then(|n| self.bits.checked_shl(n)).unwrap_or(0);
            self.newest_day = day.since_epoch();
            self.bits = if self.bits == 0 { 1 } else { shifted | 1 };
            return true;
        }
        let Some(bit) = bit(-ahead) else { return false };
        let new = self.bits & bit == 0;
        self.bits |= bit;
        new
    }

    /// On how many of the `span` days that end with `last` something was seen.
    pub fn count(&self, last: Day, span: u32) -> u32 {
        let newest = i64::from(self.newest_day);
        let last = i64::from(last.since_epoch());
        (0..i64::from(span))
            .filter_map(|back| bit(newest - (last - back)))
            .filter(|bit| self.bits & bit != 0)
            .count()
            .try_into()
            .unwrap_or(u32::MAX)
    }

    /// Adds the days of another baseline.
    pub fn merge(&mut self, other: &DayBits) {
        for back in (0..REMEMBERED_DAYS).rev() {
            if other.bits & (1 << back) != 0 {
                self.mark(Day::from_epoch(other.newest_day.saturating_sub_unsigned(back)));
            }
        }
    }
}

fn bit(days_back: i64) -> Option<u64> {
    u32::try_from(days_back).ok().and_then(|n| 1u64.checked_shl(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(days: &[i32]) -> DayBits {
        let mut bits = DayBits::default();
        for day in days {
            bits.mark(Day::from_epoch(*day));
        }
        bits
    }

    #[test]
    fn the_order_of_marks_within_the_remembered_days_does_not_matter() {
        assert_eq!(seen(&[100, 101, 130]), seen(&[130, 100, 101]));
    }

    #[test]
    fn a_day_counts_once_and_only_within_the_span() {
        let bits = seen(&[100, 100, 101, 130]);
        assert_eq!(bits.count(Day::from_epoch(130), 30), 2, "101 to 130");
        assert_eq!(bits.count(Day::from_epoch(130), 31), 3);
        assert_eq!(bits.count(Day::from_epoch(129), 30), 2, "100 and 101; not a day after the last");
        assert_eq!(bits.count(Day::from_epoch(99), 30), 0);
    }

    #[test]
    fn days_out_of_reach_are_forgotten_and_do_not_come_back() {
        let mut bits = seen(&[100, 164]);
        assert_eq!(bits.bits, 1);
        assert!(!bits.mark(Day::from_epoch(100)));
        assert_eq!(bits.count(Day::from_epoch(164), 64), 1);
        assert!(bits.mark(Day::from_epoch(101)));
    }

    #[test]
    fn days_before_the_epoch_and_at_the_ends_of_time_do_not_overflow() {
        let bits = seen(&[i32::MIN, -3, i32::MAX]);
        assert_eq!(bits.count(Day::from_epoch(i32::MAX), 64), 1);
        assert_eq!(bits.count(Day::from_epoch(i32::MIN), 64), 0);
    }

    #[test]
    fn merging_is_marking_each_day() {
        let mut bits = seen(&[100, 110]);
        bits.merge(&seen(&[95, 111]));
        assert_eq!(bits, seen(&[95, 100, 110, 111]));
    }
}
