//! Event time: instants, spans and UTC days, as whole milliseconds. Nothing here reads a clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// An instant of event time: milliseconds since the Unix epoch, UTC.
///
/// Windows counts in 100 ns, Kafka and Winlogbeat in milliseconds; the finest that all of them carry is the
/// millisecond. Record ids order two events of one millisecond.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(title = "time", extend("format" = "date-time"))]
pub struct Time(i64);

/// A length of event time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(title = "length of time", extend("pattern" = "^ *[0-9]+ *(ms|s|m|h|d) *$"))]
pub struct Span(i64);

/// A UTC day: days since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Time {
    /// Earlier than the time of every event: the stream time before the first one.
    pub const MIN: Time = Time(i64::MIN);

    /// The instant `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The UTC day this instant lies in; saturates some five million years away from now.
    pub fn day(self) -> Day {
        let day = self.0.div_euclid(MILLIS_PER_DAY);
        Day(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Reads RFC 3339 with a zone (`2026-03-02T09:00:00.1200000Z`); digits below the millisecond are cut off.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        let instant: jiff::Timestamp = text.trim().parse().ok()?;
        Some(Time(instant.as_nanosecond().div_euclid(1_000_000).try_into().ok()?))
    }

    /// Why a day, or a day and a time of day, without a zone is no time, with its spelling in UTC; none: it is not such a text.
    pub(crate) fn what_is_missing(text: &str) -> Option<String> {
        let utc = local(text)?;
        Some(match text.contains(':') {
            true => format!("`{text}` has no zone: write `{utc}` for UTC"),
            false => format!("`{text}` has no time of day: write `{utc}`"),
        })
    }

    /// The end of a day that is written as `2026-12-31`, UTC.
    pub fn end_of_day(text: &str) -> Option<Time> {
        let day: jiff::civil::Date =
            text.trim().parse().ok().filter(|_| text.trim().len() == "2026-12-31".len())?;
        local(&day.to_string()).map(|start| start.plus(Span::days(1)))
    }

    /// This instant moved forward, saturating.
    #[must_use]
    pub const fn plus(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }

    /// This instant moved back, saturating.
    #[must_use]
    pub const fn minus(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }

    /// How far apart two instants are, whichever is first.
    pub const fn distance(self, other: Time) -> Span {
        Span(self.0.saturating_sub(other.0).saturating_abs())
    }
}

impl Span {
    /// A span of `n` milliseconds.
    pub const fn millis(n: i64) -> Span {
        Span(n)
    }
    /// A span of `n` seconds.
    pub const fn seconds(n: i64) -> Span {
        Span(n * 1000)
    }
    /// A span of `n` minutes.
    pub const fn minutes(n: i64) -> Span {
        Span(n * 60 * 1000)
    }
    /// A span of `n` hours.
    pub const fn hours(n: i64) -> Span {
        Span(n * 60 * 60 * 1000)
    }
    /// `n` days of 24 hours.
    pub const fn days(n: i64) -> Span {
        Span(n * MILLIS_PER_DAY)
    }
    /// The whole milliseconds of this span.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl Day {
    /// The day `n` days after the Unix epoch.
    pub const fn from_epoch(n: i32) -> Day {
        Day(n)
    }
    /// Days since the Unix epoch.
    pub const fn since_epoch(self) -> i32 {
        self.0
    }
    /// Midnight, UTC, at which this day begins.
    pub const fn start(self) -> Time {
        Time(self.0 as i64 * MILLIS_PER_DAY)
    }
}

impl fmt::Display for Time {
    /// RFC 3339, UTC, milliseconds when there are any; an instant no calendar has is given as a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) if self.0 % 1000 == 0 => write!(f, "{instant:.0}"),
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.split('T').next().unwrap_or(&text))
    }
}

impl fmt::Display for Span {
    /// The largest unit that divides it: `14d`, `90m`, `1500ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, millis) in [("d", MILLIS_PER_DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
            if self.0 % millis == 0 && self.0 != 0 {
                return write!(f, "{}{unit}", self.0 / millis);
            }
        }
        write!(f, "{}ms", self.0)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> String {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = String;
    fn try_from(text: String) -> Result<Time, String> {
        Time::parse_rfc3339(&text).ok_or_else(|| {
            let unreadable = || format!("`{text}` is no RFC 3339 time such as 2026-03-02T09:00:00Z");
            Time::what_is_missing(&text).unwrap_or_else(unreadable)
        })
    }
}

/// A day, or a day and a time of day, without a zone, as a time in UTC.
fn local(text: &str) -> Option<Time> {
    let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Time(instant.as_millisecond()))
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

/// The unit that was probably meant by another spelling.
fn meant_unit(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "ms" => Some("ms"),
        "sec" | "secs" | "second" | "seconds" | "s" => Some("s"),
        "min" | "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" | "h" => Some("h"),
        "day" | "days" | "d" => Some("d"),
        _ => None,
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Span, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let unit = match text[digits..].trim() {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => MILLIS_PER_DAY,
            other => {
                let meant = meant_unit(other).filter(|_| digits > 0);
                let hint = meant.map(|unit| format!(": write `{}{unit}`", &text[..digits]));
                let usual = || " such as 90s, 10m, 1h or 14d".to_owned();
                return Err(format!("`{text}` is no length of time{}", hint.unwrap_or_else(usual)));
            }
        };
        let count: i64 =
            text[..digits].parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
        count.checked_mul(unit).map(Span).ok_or_else(|| format!("`{text}` is too long a time"))
    }
}
