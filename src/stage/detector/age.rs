//! The age limit: what happens to alerts on events that were old when their records were appended.
//!
//! A backfill reads events of months ago, which need not wake anybody. The age counts up to the append time of the routed record,
//! which is part of the log: the same records give the same alerts whenever they are read.

use crate::event::time::{Span, Time};
use schemars::JsonSchema;
use serde::Deserialize;

/// The age beyond which an alert is marked or suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeLimit {
    /// The greatest age of an event, at the append of its record, that is not old.
    pub max_age: Span,
    /// What happens to alerts on older events.
    pub older: Older,
}

/// What happens to an alert on an old event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Older {
    /// It is written with `historical` set.
    #[default]
    Mark,
    /// It is suppressed: counted, not written.
    #[serde(rename = "hold")]
    Suppress,
}

impl AgeLimit {
    /// What happens to alerts on an event of this time whose record was appended then; none if the event is not old, or if the
    /// append time is unknown.
    pub fn judge(self, event: Time, appended: Option<Time>) -> Option<Older> {
        appended.is_some_and(|appended| event < appended.minus(self.max_age)).then_some(self.older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_counts_up_to_the_append_time() {
        let limit = AgeLimit { max_age: Span::days(7), older: Older::Suppress };
        let appended = Time::from_millis(1_772_442_000_000);
        let judge = |age: Span| limit.judge(appended.minus(age), Some(appended));
        assert_eq!((judge(Span::days(7)), judge(Span::days(8))), (None, Some(Older::Suppress)));
        assert_eq!(judge(Span::hours(-1)), None, "later than its append");
        assert_eq!(limit.judge(Time::MIN, None), None, "without an append time");
    }
}
