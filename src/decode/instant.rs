//! Event time, in the forms in which products write it.

use crate::decode::civil;
use crate::event::fold::trimmed;
use crate::event::time::Time;
use jiff::tz::{Offset, TimeZone};
use std::borrow::Cow;

/// Reads a time. Read are
///
/// - date and time of day with `T` or a space between them, up to twelve digits of a second, then `Z`, an offset
///   (`+01:00`, `+0100`, with a space before it), or nothing;
/// - numbers since 1970 in seconds, milli-, micro- or nanoseconds, `/Date(…)/`, and the ticks of Windows (since 1601) and
///   .NET (since 0001), distinguished by their size;
/// - what [`civil`] reads: month names, slashes, points, AM and PM.
///
/// Local time without a zone is in `zone`; what the end of summer time repeats is taken the first time, what its
/// beginning skips as if it had not begun.
pub(crate) fn parse(text: &str, zone: &TimeZone) -> Option<Time> {
    let text = trimmed(text);
    if let Some(time) = parse_utc(text.as_bytes()) {
        return Some(time);
    }
    // Splunk keeps the quotes of the attribute in the XML.
    let text = text.trim_matches(['\'', '"']);
    let text = if is_beyond_9999(text) { LAST_DAY } else { text };
    match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((local, label)) => in_labelled_zone(local.trim_ascii_end(), label, zone),
        None => parse_general(text, zone).or_else(|| number(text)).or_else(|| civil::parse(text, zone)),
    }
}

/// Stands for times that no instant has.
const LAST_DAY: &str = "9999-12-30T00:00:00Z";

/// Whether a date is the last one that .NET knows, or has a year of more digits, as a damaged FILETIME is written:
/// `30828-09-14T02:48:05Z`, `+67137-05-07T00:00:00Z`. It is as wrong as one in 9999, and costs the event no more.
fn is_beyond_9999(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    let has_month = text.get(year..).is_some_and(|rest| rest.starts_with('-') && rest.get(3..4) == Some("-"));
    (5..=6).contains(&year) && has_month || text.starts_with("9999-12-31")
}

/// Reads a time in UTC among characters that are none of it. Only the usual form is read so, of which no digit can be missing
/// unnoticed but those below a second.
pub(crate) fn parse_damaged(text: &str) -> Option<Time> {
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || "-T:.Z".contains(*c)).collect();
    parse_utc(kept.as_bytes()).or_else(|| Time::parse_rfc3339(&kept))
}

/// A time with the label of a zone behind it: `4/7/2026, 3:20:30 PM [Berlin]` stands for a column of Azure's portal, and
/// Java writes `2026-04-07T15:20:30+02:00[Europe/Berlin]`. Only the zone of the source can tell what a name means; where
/// that is not set, the time is none.
fn in_labelled_zone(local: &str, label: &str, zone: &TimeZone) -> Option<Time> {
    let label = label.trim_ascii().to_ascii_lowercase();
    let named = match civil::offset(&label.replace("gmt", "utc")) {
        Some(offset) => offset.to_time_zone(),
        None => zone.clone(),
    };
    let general = |zone: &TimeZone| parse_general(local, zone).or_else(|| civil::parse(local, zone));
    let at = general(&named)?;
    // A time with an offset of its own is the same in every zone.
    let east = general(&Offset::constant(12).to_time_zone())?;
    let is_known = at == east || *zone != TimeZone::UTC || named != *zone || is_own_zone(&label);
    is_known.then_some(at)
}

/// Labels that need no name of a zone.
fn is_own_zone(label: &str) -> bool {
    civil::offset(&label.replace("gmt", "utc")).is_some() || label == "local time"
}

/// The digits of a second that a time may have: databases write picoseconds.
const MAX_FRACTION: usize = 12;

fn parse_general(text: &str, zone: &TimeZone) -> Option<Time> {
    let text = &with_nanoseconds(text);
    let time_of_day = text.get(10..).filter(|rest| rest.starts_with(['T', 't', ' ']))?;
    match time_of_day.rfind(['Z', 'z', '+', '-']) {
        Some(at) => {
            let (local, offset) = text.split_at(10 + at);
            Time::parse_rfc3339(&format!("{}{offset}", local.trim_end()))
        }
        None => civil::local(text.parse().ok()?, zone),
    }
}

/// A date and a time of day with no more than nine digits of a second.
fn with_nanoseconds(text: &str) -> Cow<'_, str> {
    let cut = || {
        let at = text.get(19..)?.starts_with(['.', ',']).then_some(20)?;
        let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        (10..=MAX_FRACTION).contains(&digits).then(|| format!("{}{}", &text[..at + 9], &text[at + digits..]))
    };
    cut().map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Seconds from 1601 to 1970, and from the year 1.
const SINCE_1601: i64 = 11_644_473_600;
const SINCE_0001: i64 = 62_135_596_800;

/// A number of seconds or of a smaller unit.
fn number(text: &str) -> Option<Time> {
    let text = match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        // The offset behind the number only sets how the time is displayed.
        Some(inner) => inner.split_at(inner.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(inner.len())).0,
        None => text,
    };
    let (whole, fraction) = match text.split_once(['.', ',']) {
        _ if text.contains(['e', 'E']) => return exponent(text),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if !(9..=19).contains(&unsigned.len()) || !digits(unsigned) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    Some(Time::from_millis(match unsigned.len() {
        9..=11 => number * 1000 + if number < 0 { -thousandths } else { thousandths },
        12..=14 => number,
        15..=17 => number / 1000,
        // 100 ns since 1601 has 18 digits and begins with 1 until the year 2234; since 0001 it begins with 6 until 2218.
        18 if unsigned.starts_with('1') => number / 10_000 - SINCE_1601 * 1000,
        18 => number / 10_000 - SINCE_0001 * 1000,
        _ => number / 1_000_000,
    }))
}

/// Seconds as a program without integers writes them: `1.77244260012E9`.
fn exponent(text: &str) -> Option<Time> {
    let seconds: f64 = text.parse().ok()?;
    let millis = if seconds.abs() < 1e11 { seconds * 1000.0 } else { seconds };
    (millis.is_finite() && millis.abs() < 1e14 && millis.abs() > 1e11)
        .then(|| Time::from_millis(millis.round() as i64))
}

/// The usual form, `2026-03-02T09:00:00.1200000Z`, without the detour over a general parser.
fn parse_utc(text: &[u8]) -> Option<Time> {
    let (head, tail) = text.split_at_checked(19)?;
    let number = |from: usize, to: usize| {
        head[from..to].iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let punctuated =
        head[4] == b'-' && head[7] == b'-' && head[10] == b'T' && head[13] == b':' && head[16] == b':';
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Dates before 1970, days that not every month has, and leap seconds are left to the general parser.
    let usual = (1970..=9000).contains(&year) && (1..=12).contains(&month) && (1..=28).contains(&day);
    if !punctuated || !usual || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let millis = match tail.strip_suffix(b"Z")?.split_first() {
        None => 0,
        Some((b'.', digits))
            if (1..=MAX_FRACTION).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) =>
        {
            let digit = |at: usize| digits.get(at).map_or(0, |b| i64::from(b - b'0'));
            digit(0) * 100 + digit(1) * 10 + digit(2)
        }
        Some(_) => return None,
    };
    let seconds = ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(Time::from_millis(seconds * 1000 + millis))
}

/// Days since 1970-01-01 of a Gregorian date from then on: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", where years begin in March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use crate::decode::instant::{parse, parse_utc};
    use crate::event::time::Time;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, zone: &TimeZone, utc: &str) {
        assert_eq!(parse(text, zone).map(|t| t.to_string()).as_deref(), Some(utc), "{text}");
    }

    #[test]
    fn years_of_more_than_four_digits_are_times_that_cannot_be_right() {
        for text in ["30828-09-14T02:48:05.4775807Z", "+67137-05-07T00:00:00Z", "60056-05-28 05:36:10"] {
            check(text, &TimeZone::UTC, "9999-12-30T00:00:00Z");
        }
        for text in ["30828-9-14", "+30828", "1234567-01-01T00:00:00Z", "12345-6789"] {
            assert_eq!(parse(text, &TimeZone::UTC), None, "{text}");
        }
    }

    #[test]
    fn damage_between_the_parts_of_a_time_costs_no_time() {
        let time = "2026-03-02T09:00:00.12Z";
        for text in [
            "2026-03-02T09:00:00.12\u{fffd}0000Z",
            "2026-03-02T09:00:00.12é00Z",
            "2026-03-\u{1}02T09:00:00.1200000Z",
            "é2026-03-02T09:00:00.12Z\u{fffd}",
        ] {
            assert_eq!(parse(text, &TimeZone::UTC), None, "{text}");
            assert_eq!(super::parse_damaged(text), Time::parse_rfc3339(time), "{text}");
        }
        assert_eq!(parse(&format!("{time}\0\0"), &TimeZone::UTC), Time::parse_rfc3339(time));
        let last = "2026-03-31T09:00:00.12Z";
        assert_eq!(super::parse_damaged("2026-03-31T09:00:00.12\u{fffd}0000Z"), Time::parse_rfc3339(last));
        for text in
            ["2026-03-0éT09:00:00.12Z", "2026-é-02T09:00:00Z", "2026-03-02T09:00:00.12+0é:00", "é", "noon"]
        {
            assert_eq!(super::parse_damaged(text), None, "{text}");
        }
    }

    #[test]
    fn every_form() {
        let utc = &TimeZone::UTC;
        check("2026-03-02T09:00:00.1200000Z", utc, "2026-03-02T09:00:00.120Z");
        check("2026-03-02T09:00:00Z", utc, "2026-03-02T09:00:00Z");
        check("2026-03-31T09:00:00.12Z", utc, "2026-03-31T09:00:00.120Z");
        check("2026-03-02T09:00:00.120000000000Z", utc, "2026-03-02T09:00:00.120Z");
        check("2026-03-31T09:00:00.1200000000Z", utc, "2026-03-31T09:00:00.120Z");
        check("2026-03-02T10:00:00.12000000000+01:00", utc, "2026-03-02T09:00:00.120Z");
        check("2026-03-02 09:00:00.120000000000", utc, "2026-03-02T09:00:00.120Z");
        check("'2026-03-31T09:00:00.1200000Z'", utc, "2026-03-31T09:00:00.120Z");
        check("2026-03-02T10:00:00.120+01:00", utc, "2026-03-02T09:00:00.120Z");
        check("2026-03-02 09:00:00 +0000", utc, "2026-03-02T09:00:00Z");
        check("2026-03-02 04:00:00 -0500", utc, "2026-03-02T09:00:00Z");
        check("2026-03-02 09:00:00", utc, "2026-03-02T09:00:00Z");
        check(" 2026-03-02 09:00:00.5 ", utc, "2026-03-02T09:00:00.500Z");
        for text in [
            "",
            "2026-03-02",
            "09:00:00",
            "2026-13-02T09:00:00Z",
            "2026-02-30T09:00:00Z",
            "1772",
            "é",
            "-",
            "1e400",
        ] {
            assert_eq!(parse(text, utc), None, "{text}");
        }
    }

    #[test]
    fn absurd_times_are_kept() {
        let utc = &TimeZone::UTC;
        check("1601-01-01T00:00:00.0000000Z", utc, "1601-01-01T00:00:00Z");
        check("0001-01-01T00:00:00", utc, "0001-01-01T00:00:00Z");
        check("9999-12-31T23:59:59.9999999Z", utc, "9999-12-30T00:00:00Z");
        check("2300-01-01T00:00:00Z", utc, "2300-01-01T00:00:00Z");
    }

    #[test]
    fn numbers_are_read_in_their_unit() {
        for text in [
            "1772442000.120",
            "1772442000120",
            "1772442000120000",
            "1772442000120000000",
            "/Date(1772442000120)/",
            "/Date(1772442000120+0100)/",
            "134169156001200000",
            "639080388001200000",
            "1.77244200012E9",
        ] {
            check(text, &TimeZone::UTC, "2026-03-02T09:00:00.120Z");
        }
        check("1772442000", &TimeZone::UTC, "2026-03-02T09:00:00Z");
    }

    #[test]
    fn local_time_needs_a_zone() {
        let berlin = &TimeZone::get("Europe/Berlin").unwrap();
        check("2026-03-02 10:00:00", berlin, "2026-03-02T09:00:00Z");
        check("2026-07-02 11:00:00", berlin, "2026-07-02T09:00:00Z");
        // Twice on this day; the first time is summer time.
        check("2026-10-25 02:30:00", berlin, "2026-10-25T00:30:00Z");
        // Never on this day.
        check("2026-03-29 02:30:00", berlin, "2026-03-29T01:30:00Z");
        check("2026-03-02T09:00:00Z", berlin, "2026-03-02T09:00:00Z");
    }

    #[test]
    fn the_label_of_a_zone_is_read_or_the_time_is_none() {
        let (utc, berlin) = (&TimeZone::UTC, &TimeZone::get("Europe/Berlin").unwrap());
        let same = "2026-04-07T13:20:30.450Z";
        check("4/7/2026, 3:20:30.450 PM [Berlin]", berlin, same);
        check("4/7/2026, 3:20:30.450 PM [Local Time]", berlin, same);
        check("4/7/2026, 1:20:30.450 PM [UTC]", berlin, same);
        check("4/7/2026, 1:20:30.450 PM [Local Time]", utc, same);
        check("4/7/2026, 3:20:30.450 PM [UTC+02:00]", utc, same);
        check("2026-04-07T15:20:30.450+02:00[Europe/Berlin]", utc, same);
        assert_eq!(parse("4/7/2026, 3:20:30.450 PM [Berlin]", utc), None);
        assert_eq!(parse("2026-04-07T15:20:30.450[Europe/Berlin]", utc), None);
    }

    proptest! {
        #[test]
        fn the_short_way_is_the_long_way(millis in 0_i64..200_000_000_000_000, digits in 0_usize..8) {
            let text = Time::from_millis(millis).to_string();
            let text = format!("{}.{:07}", &text[..19], millis % 1000 * 10_000);
            let text = format!("{}Z", if digits == 0 { &text[..19] } else { &text[..20 + digits] });
            if let Some(time) = parse_utc(text.as_bytes()) {
                prop_assert_eq!(Some(time), Time::parse_rfc3339(&text), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read(text in ".{0,40}") {
            parse(&text, &TimeZone::UTC);
        }
    }
}
