//! ONE PARTITION'S LIFE, without I/O: what a router and a detector do between a poll and a commit, and after a failure.
//!
//! The routed topic is the write-ahead log of all state: the state of partition `p` is a function of `routed[p]` up to an
//! offset. So there is no changelog per event and no rollback. A restore reads a checkpoint and replays the rest without
//! output.

pub mod port;
pub mod pace;
pub mod router;
pub mod detector;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Source topics → the routed topic.
    Router,
    /// The routed topic → alerts.
    Detector,
}

impl Stage {
    /// Both, in the order in which a record passes them.
    pub const ALL: [Stage; 2] = [Stage::Router, Stage::Detector];

    /// The word for groups, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Router => "router",
            Stage::Detector => "detector",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
