//! Dates of exports, as languages write numbers: `3/2/2026 9:00 AM`, `02.03.2026 09:00`, `2026/3/2 9:00`.

use crate::event::time::Time;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Whether the day or the month comes first where the year comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Every date of the file that shows it begins with the day.
    DayFirst,
    /// Every date of the file that shows it begins with the month.
    MonthFirst,
    /// No date shows it: the United States write AM and PM and slashes, and begin with the month.
    Unknown,
}

impl Order {
    /// The order of the dates of a file: a number above twelve is no month.
    pub(crate) fn of<'a>(dates: impl Iterator<Item = &'a str>) -> Order {
        for date in dates {
            match numbers(date).as_deref() {
                Some([first, ..]) if (13..=31).contains(first) => return Order::DayFirst,
                Some([first, second, ..]) if *first <= 12 && (13..=31).contains(second) => {
                    return Order::MonthFirst;
                }
                _ => {}
            }
        }
        Order::Unknown
    }

    /// The time of a date: with an offset, or of a clock of this zone.
    pub(crate) fn time(self, text: &str, zone: &TimeZone) -> Option<Time> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Time::from_millis(instant.as_millisecond()));
        }
        let instant = zone.to_timestamp(self.local(text)?).ok()?;
        Some(Time::from_millis(instant.as_millisecond()))
    }

    fn local(self, text: &str) -> Option<DateTime> {
        let numbers = numbers(text)?;
        let [first, second, third, hour, minute, rest @ ..] = &numbers[..] else { return None };
        let second_of_minute = match rest {
            [] => 0,
            [seconds] => *seconds,
            _ => return None,
        };
        let half = half_of_day(text)?;
        let is_month_first = match self {
            Order::DayFirst => false,
            Order::MonthFirst => true,
            Order::Unknown => half.is_some() && text.contains('/'),
        };
        let (year, month, day) = match (*first > 31, is_month_first) {
            (true, _) => (first, second, third),
            (false, true) => (third, first, second),
            (false, false) => (third, second, first),
        };
        let hour = match half {
            None => *hour,
            Some(after) if (1..=12).contains(hour) => hour % 12 + if after { 12 } else { 0 },
            Some(_) => return None,
        };
        if *year < 1000 {
            return None;
        }
        let of_date = |number: i16| i8::try_from(number).ok();
        let [month, day, hour, minute, seconds] =
            [*month, *day, hour, *minute, second_of_minute].map(of_date);
        DateTime::new(*year, month?, day?, hour?, minute?, seconds?, 0).ok()
    }
}

/// The numbers of a date, in their order.
fn numbers(text: &str) -> Option<Vec<i16>> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    digits.map(|digits| digits.parse().ok()).collect()
}

/// Whether the hour is one after noon; `Some(None)`: the hours count to 24; none: there are words that are not understood.
fn half_of_day(text: &str) -> Option<Option<bool>> {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    match letters.as_str() {
        "" | "t" => Some(None),
        "am" => Some(Some(false)),
        "pm" => Some(Some(true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::inventory::date::Order;
    use jiff::tz::TimeZone;

    fn read(order: Order, date: &str) -> Option<String> {
        order.time(date, &TimeZone::UTC).map(|time| time.to_string())
    }

    #[test]
    fn dates_of_many_languages_are_read() {
        for date in [
            "3/2/2026 9:00 AM",
            "3/2/2026 9:00:00\u{202f}AM",
            "02.03.2026 09:00",
            "2.3.2026 9.00",
            "02.03.2026. 9:00",
            "02/03/2026 09:00",
            "02-03-2026 09:00:00",
            "2026-03-02 09:00",
            "2026-03-02T09:00:00",
            "2026-03-02 9:00 a. m.",
            "2026/3/2 9:00",
            "2026. 03. 02. 9:00",
            "2026-03-02T10:00:00+01:00",
        ] {
            assert_eq!(read(Order::Unknown, date).as_deref(), Some("2026-03-02T09:00:00Z"), "{date}");
        }
        for date in [
            "soon",
            "2026-03-02",
            "2/3/26 9:00",
            "2026-03-02 \u{c624}\u{c804} 9:00",
            "13/13/2026 9:00",
            "3/2/2026 19:00 PM",
            "",
        ] {
            assert_eq!(read(Order::Unknown, date), None, "{date}");
        }
        assert_eq!(read(Order::Unknown, "3/2/2026 12:05 AM").as_deref(), Some("2026-03-02T00:05:00Z"));
        assert_eq!(read(Order::Unknown, "3/2/2026 12:05 PM").as_deref(), Some("2026-03-02T12:05:00Z"));
    }

    #[test]
    fn one_date_shows_the_order_of_all() {
        let australian = Order::of(["2/03/2026 9:00 AM", "13/03/2026 9:00 AM"].into_iter());
        assert_eq!(read(australian, "2/03/2026 9:00 AM").as_deref(), Some("2026-03-02T09:00:00Z"));
        let invariant = Order::of(["03/02/2026 09:00:00", "03/22/2026 09:00:00"].into_iter());
        assert_eq!(read(invariant, "03/02/2026 09:00:00").as_deref(), Some("2026-03-02T09:00:00Z"));
        assert_eq!(Order::of(["2026-03-22 09:00", "1/2/2026 9:00"].into_iter()), Order::Unknown);
    }
}
