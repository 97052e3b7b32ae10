//! Dates and times as people write them: `03/02/2026 09:10:00 AM`, `Mon Mar 02 09:10:00 2026`, `2.3.2026 09:10:00`,
//! `20260302091000.120000+060`.

use crate::event::time::Time;
use jiff::civil::{Date, DateTime, Time as TimeOfDay};
use jiff::tz::{Offset, TimeZone};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date and a time of day in one of these forms; `zone` is that of a text without one. Of two numbers between
/// slashes the first is the month, as programs with American settings write it, unless it cannot be.
pub(crate) fn parse(text: &str, zone: &TimeZone) -> Option<Time> {
    if let Some(time) = compact(text, zone) {
        return Some(time);
    }
    // `09:10:00,120` is a fraction, `2026, 9:10` is a list.
    let text = text.replace("GMT", " UTC").replace("UTC", " UTC").replace(", ", " ");
    let mut parts = Parts::default();
    // Kibana writes `Apr 7, 2026 @ 13:20:30.450`.
    for word in text
        .split(|c: char| c.is_whitespace() || matches!(c, '\u{202f}' | '@'))
        .filter(|word| !word.is_empty())
    {
        parts.word(word)?;
    }
    parts.time(zone)
}

/// A local time in its zone.
pub(crate) fn local(local: DateTime, zone: &TimeZone) -> Option<Time> {
    let zoned = zone.to_ambiguous_zoned(local).compatible().ok()?;
    Some(Time::from_millis(zoned.timestamp().as_millisecond()))
}

#[derive(Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<TimeOfDay>,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

impl Parts {
    /// Takes in a word; none when it is nothing of a date.
    fn word(&mut self, word: &str) -> Option<()> {
        let lower = word.trim_end_matches(['.', ',']).to_lowercase();
        if lower == "am" || lower == "pm" {
            self.afternoon = Some(lower == "pm");
        } else if word.contains(':') && !lower.starts_with("utc") && !word.starts_with(['+', '-']) {
            self.time_of_day(word)?;
        } else if let Some(offset) = offset(&lower) {
            self.offset = Some(offset);
        } else if let Some(month) = month(&lower) {
            self.month = Some(month);
        } else if let Ok(number) = lower.parse::<i16>() {
            match number {
                1..=31 if self.day.is_none() => self.day = i8::try_from(number).ok(),
                _ => self.year = Some(number),
            }
        } else if lower.bytes().all(|b| b.is_ascii_digit() || b"/.-".contains(&b)) || lower.contains('-') {
            self.date(&lower)?;
        } else if !["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| lower.starts_with(day))
        {
            return None;
        }
        Some(())
    }

    /// `9:10:00.120`, with `Z`, an offset or `AM` right behind it.
    fn time_of_day(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(word.len());
        let (clock, rest) = word.split_at(end);
        let clock = clock.replace(',', ".");
        let clock = if clock.find(':') == Some(1) { format!("0{clock}") } else { clock };
        let fraction = clock.find('.').map_or(0, |at| clock.len() - at - 1);
        self.time = Some(clock[..clock.len() - fraction.saturating_sub(9)].parse().ok()?);
        if rest.is_empty() { Some(()) } else { self.word(rest) }
    }

    fn date(&mut self, word: &str) -> Option<()> {
        let separator = word.chars().find(|c| "/.-".contains(*c))?;
        let parts: Vec<&str> = word.split(separator).collect();
        let [a, b, c] = parts.as_slice() else { return None };
        let number = |text: &str| text.parse::<i16>().ok();
        let (year, month_, day) = match (a.len(), month(b)) {
            (4, _) => (number(a), number(b), number(c)),
            (_, Some(named)) => (number(c), Some(i16::from(named)), number(a)),
            (_, None) if separator == '/' && number(a)? <= 12 => (number(c), number(a), number(b)),
            (_, None) => (number(c), number(b), number(a)),
        };
        self.year = year.map(|year| year + century(year));
        self.month = i8::try_from(month_?).ok();
        self.day = i8::try_from(day?).ok();
        Some(())
    }

    fn time(self, zone: &TimeZone) -> Option<Time> {
        let date = Date::new(self.year?, self.month?, self.day?).ok()?;
        let time = self.time?;
        let hour = match self.afternoon {
            None => time.hour(),
            Some(afternoon) => time.hour() % 12 + if afternoon { 12 } else { 0 },
        };
        let time = TimeOfDay::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()?;
        let local = DateTime::from_parts(date, time);
        match self.offset {
            Some(offset) => Some(Time::from_millis(offset.to_timestamp(local).ok()?.as_millisecond())),
            None => self::local(local, zone),
        }
    }
}

/// What is added to a year of two digits, as Windows does: 69 is 1969, or 2569 of the Thai calendar, but never 2069.
fn century(year: i16) -> i16 {
    match year {
        0..50 => 2000,
        50..100 => 1900,
        _ => 0,
    }
}

fn month(word: &str) -> Option<i8> {
    let found = MONTHS.iter().position(|name| word.len() >= 3 && word.starts_with(name))?;
    i8::try_from(found + 1).ok().filter(|_| word.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// `z`, `utc`, `+01:00`, `utc+1`, `-0500`.
pub(crate) fn offset(word: &str) -> Option<Offset> {
    let rest = word.strip_prefix("utc").unwrap_or(word);
    if rest.is_empty() || rest == "z" {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// `20260302091000.120000+060` of WMI, whose offset is in minutes, `20260302T091000Z` and `20260302T101000+0100`.
fn compact(text: &str, zone: &TimeZone) -> Option<Time> {
    let text = text.replace('T', "");
    let (digits, rest) = text.split_at_checked(14)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    let date = Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
    let (fraction, behind) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let nanos = fraction.bytes().chain(*b"000000000").take(9).fold(0, |n, b| n * 10 + i32::from(b - b'0'));
    let local = DateTime::from_parts(date, TimeOfDay::new(small(8)?, small(10)?, small(12)?, nanos).ok()?);
    let offset = match behind {
        "" => return self::local(local, zone),
        "Z" => Offset::UTC,
        iso if iso.len() > 4 => offset(iso)?,
        minutes => Offset::from_seconds(minutes.parse::<i32>().ok()? * 60).ok()?,
    };
    Some(Time::from_millis(offset.to_timestamp(local).ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use crate::decode::civil::parse;
    use jiff::tz::TimeZone;

    #[test]
    fn every_form_is_the_same_instant() {
        for text in [
            "03/02/2026 09:10:00.120 AM",
            "3/2/2026, 9:10:00.120 AM",
            "02.03.2026 09:10:00.120",
            "02.03.2026 09:10:00,120",
            "Mon Mar 02 09:10:00.120 2026",
            "Mar 02 2026 09:10:00.120 UTC",
            "Mar  2 2026 10:10:00.120 +0100",
            "Monday, March 2, 2026 9:10:00.120 AM",
            "2 Mar 2026 09:10:00.120Z",
            "02-Mar-2026 09:10:00.120",
            "2026/03/02 09:10:00.120",
            "2026-03-02 09:10:00.120 UTC",
            "2026-03-02 09:10:00.120GMT+00:00",
            "20260302091000.120000+000",
            "20260302101000.120000+060",
            "20260302T091000.120Z",
            "20260302T101000.120+0100",
            "20260302T044000.120-04:30",
        ] {
            let time = parse(text, &TimeZone::UTC).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some("2026-03-02T09:10:00.120Z"), "{text}");
        }
        for text in ["", "yesterday", "03/02/2026", "09:10:00", "13/13/2026 09:10:00", "Tue 25:00:00 2026"] {
            assert_eq!(parse(text, &TimeZone::UTC), None, "{text}");
        }
        for (text, utc) in [
            ("02.03.26 09:10:00", "2026-03-02T09:10:00Z"),
            ("02.03.49 09:10:00", "2049-03-02T09:10:00Z"),
            ("3/2/69 09:10:00 AM", "1969-03-02T09:10:00Z"),
            ("2/3/2569 9:10:00", "2569-02-03T09:10:00Z"),
        ] {
            let time = parse(text, &TimeZone::UTC).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some(utc), "{text}");
        }
        let afternoon = parse("3/2/2026 12:10:00 PM", &TimeZone::UTC).map(|time| time.to_string());
        assert_eq!(afternoon.as_deref(), Some("2026-03-02T12:10:00Z"));
    }
}
