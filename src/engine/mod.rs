//! RUNS THE DETECTIONS over one partition: events in, alerts and changed state out.

use crate::alert::Alert;
use crate::detect::policy::Policy;
use crate::event::Event;
use crate::event::time::Time;

/// All detections that are switched on, and what they remember of one partition.
#[derive(Debug)]
pub struct Engine {
    watermark: Time,
}

/// What one event led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Alerts, and revisions of earlier ones.
    pub alerts: Vec<Alert>,
    /// What a detection has to say that is no alert.
    pub notices: Vec<Notice>,
    /// How many detections the event concerned. None: it is no detection's business.
    pub concerned: u32,
    /// Older than the allowed lateness.
    pub late: bool,
}

/// What a detection has to say that is no alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A baseline is not active yet: it has seen `days` different days of the `needed` ones.
    Training {
        /// Id of the detection.
        detection: &'static str,
        /// Whose baseline: the CA.
        entity: String,
        /// Different days of data so far.
        days: u32,
        /// Days needed.
        needed: u32,
    },
    /// The event would have alerted if the finding had not been raised already.
    Suppressed {
        /// Id of the detection.
        detection: &'static str,
    },
}

impl Engine {
    /// An engine that remembers nothing.
    pub fn new(policy: Policy) -> Engine {
        let _ = policy;
        Engine { watermark: Time::MIN }
    }

    /// Whether any detection that is switched on wants this event.
    pub fn concerns(&self, event: &Event) -> bool {
        let _ = event;
        true
    }

    /// Runs every detection that the event concerns. Deterministic: the same events in the same order give the same.
    pub fn on_event(&mut self, event: &Event) -> Output {
        self.watermark = self.watermark.max(event.effective_time());
        Output::default()
    }
}
