//! Where a record was read.

use crate::event::Origin;
use crate::event::time::Time;

/// Where a record was read: becomes the first half of the event's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Topic, or path of the file.
    pub source: String,
    /// Partition of the topic; none for a file.
    pub partition: Option<i32>,
    /// Offset, or number of the record (of the line) in the file, from 1.
    pub offset: u64,
    /// When Kafka appended it.
    pub append_time: Option<Time>,
    /// The trace context it came with.
    pub trace: Option<String>,
}

impl Place {
    /// The half of an origin that the place determines.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            source: self.source.clone(),
            partition: self.partition,
            offset: self.offset,
            append_time: self.append_time,
            trace: self.trace.clone(),
            ..Origin::default()
        }
    }
}
