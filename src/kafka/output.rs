//! Beside a committed offset stands the topic to which its transaction wrote. A worker that finds another one there shares its group with
//! a deployment that writes elsewhere: each of the two sees a part of the records.

use crate::stage::port::SourcePartition;
use std::collections::BTreeSet;

/// The topic that the transactions of a worker write to, and others that were found beside committed offsets.
#[derive(Debug)]
pub(crate) struct Output {
    topic: String,
    others: BTreeSet<String>,
}

const NOTE: &str = "output: ";

/// What stands beside the offsets of a transaction that writes to this topic.
pub(crate) fn note(topic: &str) -> String {
    format!("{NOTE}{topic}")
}

impl Output {
    /// The output of a worker.
    pub(crate) fn new(topic: &str) -> Output {
        Output { topic: topic.to_owned(), others: BTreeSet::new() }
    }

    /// Takes what stands beside a committed offset. Each other topic is logged once.
    pub(crate) fn compare(&mut self, partition: &SourcePartition, beside: &str) {
        let Some(other) = self.other(beside) else { return };
        let SourcePartition { topic, partition } = partition;
        let advice = "if another deployment has this kafka.group, each of the two sees a part of the records: give each its \
                      own group; if the topic was renamed, nothing is wrong";
        let output = &self.topic;
        tracing::warn!(
            topic,
            partition,
            output,
            other,
            advice,
            "the offset was committed with output to another topic"
        );
    }

    /// The other topic, if it was not found before.
    fn other(&mut self, beside: &str) -> Option<String> {
        let other = beside.strip_prefix(NOTE).filter(|topic| *topic != self.topic)?;
        self.others.insert(other.to_owned()).then(|| other.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_output_is_reported_once() {
        let mut output = Output::new("a.routed");
        for (beside, other) in [
            (note("a.routed"), None),
            (String::new(), None),
            ("of another program".to_owned(), None),
            (note("b.routed"), Some("b.routed")),
            (note("b.routed"), None),
            (note("c.routed"), Some("c.routed")),
        ] {
            assert_eq!(output.other(&beside).as_deref(), other, "{beside}");
        }
    }
}
