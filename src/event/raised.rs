//! An alert on its way to the entities that its story is about.

/// An alert was raised. The detector writes it to the routed topic; no source has it, and no JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRaised {
    /// What the alert is about, the most important first, each as `kind name`: see `detect/link.rs`.
    pub keys: Vec<String>,
    /// The alert as protobuf, without what a story does not need.
    pub alert: Vec<u8>,
}
