//! OLD NEWS: what becomes of alerts on events that were long past when their records came.
//!
//! A backfill finds what happened months ago, and nobody wants to be woken for it. What counts is when the log got the record,
//! which is in the log: the same records give the same alerts, whenever they are read.

use crate::event::time::{Span, Time};
use schemars::JsonSchema;
use serde::Deserialize;

/// From which age on an alert is old news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeLimit {
    /// An event that was older than this when its record was appended.
    pub max_age: Span,
    /// What becomes of its alert.
    pub older: Older,
}

/// What becomes of an alert that is old news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Older {
    /// It is written, as `historical`.
    #[default]
    Mark,
    /// It is not written, only counted.
    Hold,
}

impl AgeLimit {
    /// What becomes of the alerts on an event of this time, of which the record was appended then; none: nothing special.
    pub fn judge(self, event: Time, appended: Option<Time>) -> Option<Older> {
        appended.is_some_and(|appended| event < appended.minus(self.max_age)).then_some(self.older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_counted_to_the_append_and_never_guessed() {
        let limit = AgeLimit { max_age: Span::days(7), older: Older::Hold };
        let appended = Time::from_millis(1_772_442_000_000);
        let judge = |age: Span| limit.judge(appended.minus(age), Some(appended));
        assert_eq!((judge(Span::days(7)), judge(Span::days(8))), (None, Some(Older::Hold)));
        assert_eq!(judge(Span::hours(-1)), None, "ahead of its append");
        assert_eq!(limit.judge(Time::MIN, None), None, "nobody knows");
    }
}
