//! The stream time of a partition, which no single record, computer or CA can drag.
//!
//! It decides what is late and what is forgotten, so a wrong clock must not move it: it is the median of the times of the
//! latest events, of which each computer has at most a quarter. More than half of those events must be wrong before it
//! is. It can go back, or a first event with a wrong time would stay right for ever.

use crate::event::Event;
use crate::event::time::Time;
use crate::state::key;
use crate::wire::record::ClockReading;

/// How many events are looked at.
const READINGS: usize = 64;

/// How many of them may be of one computer.
const READINGS_PER_COMPUTER: usize = READINGS / 4;

/// The times of the latest events, oldest first, and the stream time.
#[derive(Clone, Debug)]
pub(crate) struct StreamClock {
    readings: Vec<ClockReading>,
    /// The times of the readings, in their order.
    times: Vec<i64>,
}

impl StreamClock {
    /// Before the first event.
    pub(crate) fn new() -> StreamClock {
        StreamClock { readings: Vec::new(), times: Vec::new() }
    }

    /// The clock as a checkpoint has it. One without readings was written before there were any: its greatest event time
    /// is the only one.
    pub(crate) fn restored(readings: &[ClockReading], greatest: Time) -> StreamClock {
        let mut readings = readings.to_vec();
        if readings.is_empty() && greatest > Time::MIN {
            readings.push(ClockReading { computer: 0, time_ms: greatest.as_millis() });
        }
        let mut times: Vec<i64> = readings.iter().map(|reading| reading.time_ms).collect();
        times.sort_unstable();
        StreamClock { readings, times }
    }

    /// The stream time: the median of the readings, the lower of the two in the middle if there are two. [`Time::MIN`] before the
    /// first event.
    pub(crate) fn now(&self) -> Time {
        let middle = self.times.len().saturating_sub(1) / 2;
        self.times.get(middle).map_or(Time::MIN, |time| Time::from_millis(*time))
    }

    /// What a checkpoint writes.
    pub(crate) fn readings(&self) -> Vec<ClockReading> {
        self.readings.clone()
    }

    /// Reads the clock of the computer that logged this event.
    pub(crate) fn observe(&mut self, event: &Event) {
        let computer = key::hash(&[event.computer.as_str().as_bytes()]) as u64;
        let own = self.readings.iter().filter(|reading| reading.computer == computer).count();
        let surplus = if own >= READINGS_PER_COMPUTER {
            self.readings.iter().position(|reading| reading.computer == computer)
        } else {
            (self.readings.len() >= READINGS).then_some(0)
        };
        if let Some(index) = surplus {
            let gone = self.readings.remove(index);
            if let Ok(place) = self.times.binary_search(&gone.time_ms) {
                self.times.remove(place);
            }
        }
        let time_ms = event.effective_time().as_millis();
        self.readings.push(ClockReading { computer, time_ms });
        self.times.insert(self.times.partition_point(|time| *time <= time_ms), time_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::host::Host;
    use crate::event::time::Span;
    use crate::event::{Activity, Origin, RemoteFileWrite};

    fn at(minute: i64, computer: &str) -> Event {
        Event {
            time: Time::from_millis(Span::minutes(minute).as_millis()),
            computer: Host::new(computer),
            origin: Origin::default(),
            activity: Activity::RemoteFileWrite(RemoteFileWrite::default()),
        }
    }

    const YEARS: i64 = 10 * 365 * 24 * 60;

    #[test]
    fn one_record_from_the_future_does_not_move_the_clock() {
        let mut clock = StreamClock::new();
        for minute in 0..100 {
            clock.observe(&at(minute, "ca01"));
            clock.observe(&at(minute, "ca02"));
        }
        let before = clock.now();
        clock.observe(&at(YEARS, "ca01"));
        assert!(clock.now() < before.plus(Span::minutes(2)));
    }

    #[test]
    fn one_busy_computer_from_the_future_does_not_move_the_clock() {
        let mut clock = StreamClock::new();
        for minute in 0..1000 {
            clock.observe(&at(YEARS + minute, "ca66"));
            clock.observe(&at(YEARS + minute, "ca66"));
            clock.observe(&at(minute, "ca01"));
            clock.observe(&at(minute, "ca02"));
        }
        assert!(clock.now() < Time::from_millis(Span::minutes(1000).as_millis()), "{:?}", clock.now());
    }

    #[test]
    fn clock_follows_the_events_also_after_a_first_one_from_the_future() {
        let mut clock = StreamClock::new();
        clock.observe(&at(YEARS, "ca01"));
        for minute in 0..500 {
            clock.observe(&at(minute, "ca01"));
        }
        let now = clock.now().as_millis();
        assert!((Span::minutes(480).as_millis()..Span::minutes(500).as_millis()).contains(&now));
    }

    #[test]
    fn restored_clock_goes_on_as_the_one_that_was_written() {
        let (mut clock, mut greatest) = (StreamClock::new(), Time::MIN);
        for minute in 0..90 {
            clock.observe(&at(minute * 7 % 50, &format!("ca{}", minute % 7)));
            greatest = greatest.max(at(minute * 7 % 50, "").time);
        }
        let mut restored = StreamClock::restored(&clock.readings(), greatest);
        for minute in 50..90 {
            clock.observe(&at(minute, "ca01"));
            restored.observe(&at(minute, "ca01"));
        }
        assert_eq!(restored.now(), clock.now());
    }
}
