//! THE STAGES, without I/O: what a router and a detector do between a poll and a commit, and after a failure.
//!
//! The routed topic is the write-ahead log of all state: the state of partition `p` is a function of `routed[p]` up to an offset.
//! So there is no changelog record per event, and memory is never rolled back. A restore reads a checkpoint and replays the rest of
//! the log without output.

pub mod port;
pub mod pace;
pub(crate) mod flood;
#[cfg(test)]
pub(crate) mod testing;
pub mod router;
pub mod detector;

use std::fmt;

/// A processing step between topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// From the source topics to the routed topic.
    Router,
    /// From the routed topic to the alert topic.
    Detector,
}

impl Stage {
    /// Both stages, in the order in which a record passes them.
    pub const ALL: [Stage; 2] = [Stage::Router, Stage::Detector];

    /// Its name in group ids, metrics and logs.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_is_named_as_in_group_ids_and_metrics() {
        assert_eq!(Stage::ALL.map(|stage| stage.to_string()), ["router", "detector"]);
    }
}
