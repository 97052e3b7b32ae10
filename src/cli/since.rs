//! `--since` of the commands that read topics.

use crate::event::time::{Span, Time};
use crate::host::clock::wall;

/// From when on records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// So long before now.
    Ago(Span),
    At(Time),
}

impl Since {
    /// The time that it means now.
    pub(crate) fn time(self) -> Time {
        match self {
            Since::Ago(span) => wall().minus(span),
            Since::At(time) => time,
        }
    }
}

pub(crate) fn since(text: &str) -> Result<Since, String> {
    let ago = || Span::try_from(text.to_owned()).map(Since::Ago);
    let neither = |_| "neither an age such as 30d or 12h nor a time such as 2026-03-02T09:00:00Z".to_owned();
    match (Time::parse_rfc3339(text), Time::what_is_missing(text)) {
        (Some(time), _) => Ok(Since::At(time)),
        (None, Some(why)) => Err(why),
        (None, None) => ago().map_err(neither),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_accepts_an_age_or_a_time() {
        assert_eq!(since("30d"), Ok(Since::Ago(Span::days(30))));
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Since::At(Time::from_millis(1000))));
        for wrong in ["", "yesterday", "30", "2026-03-02"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
        assert!(since("2026-03-02").unwrap_err().ends_with("write `2026-03-02T00:00:00Z`"));
    }
}
