//! The two processing steps between topics.

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
