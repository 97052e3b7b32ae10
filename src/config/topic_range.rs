//! A part of a topic, as a command line names it.

use crate::event::time::Time;
use std::fmt;
use std::str::FromStr;

/// A topic, one of its partitions, or a range of offsets of that: `TOPIC[:PARTITION[@FROM..TO]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicRange {
    /// The name of the topic.
    pub topic: String,
    /// The partition. `None`: all.
    pub partition: Option<u32>,
    /// The first offset. `None`: the first in the log.
    pub from: Option<u64>,
    /// The offset after the last one. `None`: the end of the log.
    pub to: Option<u64>,
    /// Each partition begins at its first record with this timestamp or a later one. `None`: nothing is left out.
    pub since: Option<Time>,
}

impl FromStr for TopicRange {
    type Err = String;

    fn from_str(text: &str) -> Result<TopicRange, String> {
        let (name, range) = text.split_once('@').map_or((text, None), |(name, range)| (name, Some(range)));
        let (topic, partition) = name.split_once(':').map_or((name, None), |(topic, n)| (topic, Some(n)));
        let partition = partition
            .map(|n| n.parse().map_err(|_| format!("`{n}` is no number of a partition")))
            .transpose()?;
        let offset = |text: &str| match text {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| format!("`{digits}` is no offset")),
        };
        let (from, to) = match range.map(|range| range.split_once("..")) {
            None => (None, None),
            Some(None) => return Err("a range of offsets is `@FROM..TO`, `@FROM..` or `@..TO`".to_owned()),
            Some(Some(_)) if partition.is_none() => {
                return Err("a range of offsets needs a partition: TOPIC:PARTITION@FROM..TO".to_owned());
            }
            Some(Some((from, to))) => (offset(from)?, offset(to)?),
        };
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return Err(format!("{from}..{to} ends before it begins"));
        }
        if topic.is_empty() {
            return Err("the topic is missing".to_owned());
        }
        Ok(TopicRange { topic: topic.to_owned(), partition, from, to, since: None })
    }
}

impl fmt::Display for TopicRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        self.partition.map_or(Ok(()), |partition| write!(f, ":{partition}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_range_is_a_topic_a_partition_or_a_range_of_offsets() {
        let range = |topic: &str, partition, from, to| {
            Ok(TopicRange { topic: topic.to_owned(), partition, from, to, since: None })
        };
        assert_eq!("a.b".parse(), range("a.b", None, None, None));
        assert_eq!("a:3".parse(), range("a", Some(3), None, None));
        assert_eq!("a:3@7..9".parse(), range("a", Some(3), Some(7), Some(9)));
        assert_eq!("a:3@..9".parse(), range("a", Some(3), None, Some(9)));
        assert_eq!("a:3@7..".parse(), range("a", Some(3), Some(7), None));
        for wrong in ["", ":3", "a:", "a:x", "a@7..9", "a:3@7", "a:3@x..", "a:3@9..7", "a:-1"] {
            assert!(wrong.parse::<TopicRange>().is_err(), "{wrong}");
        }
    }
}
