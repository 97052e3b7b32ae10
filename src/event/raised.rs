//! An alert, or a finding for one, on its way to the entities that it is about.

/// An alert was raised, or a finding was made that is one alert with others of its requester. The detector writes it to the
/// routed topic; no source has it, and no JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRaised {
    /// What the alert is about, the most important first, each as `kind name`: see `detect/link.rs`.
    pub keys: Vec<String>,
    /// The alert as protobuf; that of an alert is without what a story does not need.
    pub alert: Vec<u8>,
}
