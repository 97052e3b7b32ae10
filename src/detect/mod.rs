//! WHAT WE LOOK FOR: one file or folder per detection, with its settings and its logic; [`policy`] collects the settings,
//! [`catalogue`] lists the detections.
//!
//! A detection names the entity an event concerns, and looks at one event together with what is remembered of that
//! entity. It may change what is remembered and raise alerts; it can do nothing else.

pub(crate) mod entity;
pub(crate) mod until;
pub(crate) mod agent;
pub(crate) mod entry;
pub(crate) mod link;
pub(crate) mod imported;
pub(crate) mod domain;
pub(crate) mod allow_lists;
pub(crate) mod exception;
pub(crate) mod answer;
pub(crate) mod identity;
pub(crate) mod asked;
pub(crate) mod words;
pub(crate) mod facts;
pub(crate) mod protected;
pub(crate) mod known;
pub(crate) mod allowed;
pub(crate) mod naming;
pub(crate) mod slot;
pub(crate) mod report;
pub(crate) mod lifecycle;
pub(crate) mod finding;
pub(crate) mod issuer;
pub(crate) mod certificate_use;
pub(crate) mod bits;
pub(crate) mod last_value;
pub(crate) mod hands;
pub(crate) mod purpose;
pub(crate) mod chain;
pub(crate) mod changes;
pub(crate) mod odd_name;
pub(crate) mod novelty;
pub(crate) mod san_mismatch;
pub(crate) mod certlog_remote_write;
pub(crate) mod certificate_used_by_other;
pub(crate) mod unknown_certificate;
pub(crate) mod decoy_template;
pub(crate) mod weak_mapping;
pub(crate) mod sid_mismatch;
pub(crate) mod ca_tampered;
pub(crate) mod application_policy_injection;
pub(crate) mod chase_enrollment;
pub(crate) mod protected_host_certificate;
pub(crate) mod relayed_enrollment;
pub(crate) mod denied_enrollment_probing;
pub(crate) mod pending_request_altered;
pub(crate) mod enrollment_on_behalf;
pub(crate) mod template_tampered;
pub(crate) mod shadow_credential;
pub(crate) mod unpac_the_hash;
pub(crate) mod account_remapped;
pub(crate) mod changed_then_issued;
pub(crate) mod machine_account_enrollment;
pub(crate) mod pki_container_changed;
pub(crate) mod issuance_policy_linked;
pub(crate) mod ca_key_exported;
pub(crate) mod schannel_logon;
pub(crate) mod pkinit_client;
pub(crate) mod unusual_template;
pub(crate) mod unusual_source;
pub(crate) mod unusual_volume;
pub(crate) mod ca_silent;
pub(crate) mod story;
pub mod policy;
pub mod catalogue;
pub(crate) mod read;
pub mod needs;
pub mod abuses;
pub mod audit;

pub use crate::detect::entity::{Entity, Place};

use crate::alert::{Alert, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::{Exception, Key};
use crate::detect::facts::Facts;
use crate::detect::slot::Slot;
use crate::detect::words::InWords;
use crate::event::Event;
use crate::event::account::Account;
use crate::event::time::{Span, Time};
use crate::wire::Record;

/// How far behind the newest event of its partition an event may be without being late. Windows are exact within it.
pub const ALLOWED_LATENESS: Span = Span::hours(1);

/// State is kept at least this long after the last event of its entity.
pub const SHORTEST_MEMORY: Span = Span::hours(24);

/// One thing we look for.
pub trait Detection {
    /// What it remembers of an entity.
    type State: Record + InWords;
    /// What it remembers of one member of an entity; `()` where there are none.
    type Part: Record;
    /// Its id, title, techniques and severities, as the catalogue lists them.
    const ABOUT: About;

    /// Gives `found` each entity whose state this event concerns; none: not interested.
    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity));

    /// Looks at one event, once for each entity that it concerns. May change the state, may raise an alert; nothing else.
    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, Self::State, Self::Part>,
        cx: &mut Context<'_>,
    );

    /// How far the baseline of a CA is trained; none: this detection keeps none for CAs.
    fn training(&self, _state: &Self::State) -> Option<Training> {
        None
    }
}

/// What the policy asks of the settings of every detection.
pub trait DetectionSettings {
    /// Whether the detection runs.
    fn is_enabled(&self) -> bool;

    /// Takes the baseline for trained from the first event on. A detection without a baseline has nothing to change.
    fn assume_trained(&mut self) {}
}

/// How far a baseline is trained. It raises alerts from the day on that `days` are all that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Different days of data so far.
    pub days: u32,
    /// Different days of data that it needs before it raises alerts.
    pub needed: u32,
}

impl Training {
    /// From 0 to 1, which is trained.
    pub fn ratio(self) -> f64 {
        if self.days >= self.needed { 1.0 } else { f64::from(self.days) / f64::from(self.needed) }
    }
}

/// What a detection is, for people and machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// kebab-case, the name of its file with dashes.
    pub id: &'static str,
    /// The name of the alert, on one line.
    pub title: &'static str,
    /// Tactics and techniques: (tactic id, tactic, technique id, technique).
    pub mitre: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// What an analyst should do.
    pub investigative_actions: &'static [&'static str],
    /// What would make a finding benign, in sentences that name the setting for it where there is one.
    pub benign_if: &'static [&'static str],
    /// What the exception for an alert names.
    pub excepted_by: &'static [Key],
    /// The severities it can raise, least first.
    pub severities: &'static [Severity],
}

/// What a detection may know beside the event and its state, and where its findings go.
#[derive(Debug)]
pub struct Context<'a> {
    /// The detection that runs.
    pub about: &'static About,
    /// What the operator configured of the domain.
    pub policy: &'a DomainPolicy,
    /// The alerts that the operator does not want.
    pub(crate) exceptions: &'a [Exception],
    /// What is known of the estate in this partition.
    pub(crate) facts: &'a Facts,
    /// Fingerprint of the whole policy.
    pub policy_version: &'a str,
    /// The event is older than the allowed lateness.
    pub late: bool,
    /// How much older than the stream time of this partition the event is.
    pub(crate) behind: Span,
    /// Alerts and revisions, in the order they were raised.
    pub alerts: Vec<Alert>,
    /// Alerts that are no alerts by themselves: each is part of one of its requester, where all of them meet.
    pub findings: Vec<Alert>,
    /// What is reported beside alerts.
    pub notices: Vec<Notice>,
    /// Findings, and the same alerts, as events: for the alerts and stories that they are part of.
    pub links: Vec<Event>,
}

impl<'a> Context<'a> {
    /// For one event and a detection.
    pub(crate) fn new(
        about: &'static About,
        policy: &'a DomainPolicy,
        exceptions: &'a [Exception],
        facts: &'a Facts,
        policy_version: &'a str,
        behind: Span,
    ) -> Context<'a> {
        let late = behind > ALLOWED_LATENESS;
        let (alerts, findings, notices, links) = Default::default();
        Context {
            about,
            policy,
            exceptions,
            facts,
            policy_version,
            late,
            behind,
            alerts,
            findings,
            notices,
            links,
        }
    }

    /// Whether an exception silences the alert.
    pub(crate) fn silences(&self, alert: &Alert) -> bool {
        self.exceptions.iter().any(|exception| exception.silences(alert, self.policy))
    }

    /// Whether an exception may silence alerts of this requester.
    pub(crate) fn may_silence(&self, requester: &Account) -> bool {
        self.exceptions.iter().any(|exception| exception.may_silence(self.about.id, requester, self.policy))
    }

    /// Whether an exception silences the alert; that is noticed.
    pub(crate) fn is_excepted(&mut self, alert: &Alert) -> bool {
        let is_excepted = self.silences(alert);
        if is_excepted {
            self.notices.push(Notice::Excepted { detection: self.about.id });
        }
        is_excepted
    }
}

/// What a detection reports beside alerts.
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
        /// Different days of data that it needs before it raises alerts.
        needed: u32,
    },
    /// An alert, or a revision, that an exception of the policy silences.
    Excepted {
        /// Id of the detection.
        detection: &'static str,
    },
    /// The event is a finding that was raised already.
    Suppressed {
        /// Id of the detection.
        detection: &'static str,
    },
}

impl Notice {
    /// The id of the detection that reports it.
    pub fn detection(&self) -> &'static str {
        match self {
            Notice::Training { detection, .. }
            | Notice::Excepted { detection }
            | Notice::Suppressed { detection } => detection,
        }
    }
}

/// The time until which state is kept that was last touched at `touched` and matters for `horizon` of its own event time.
///
/// Garbage goes by the watermark, which other entities move: so it goes later, by the allowed lateness, than the detection itself
/// stops looking at it. Otherwise one entity could feel the others.
pub fn memory_after(touched: Time, horizon: Span) -> Time {
    touched.plus(horizon.max(SHORTEST_MEMORY)).plus(ALLOWED_LATENESS)
}
