//! WHAT WE SAY: an alert explains itself: who, what, why, on which evidence, and what to do next.

pub(crate) mod id;
mod graded;
pub(crate) mod difference;
pub mod shrink;

use crate::alert::id::AlertId;
use crate::event::host::Host;
use crate::event::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Names and templates of the latest trigger that the lists of an alert have no place for. They are not published: exceptions
/// are judged by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// Names that stand beside `san_values`.
    pub names: Vec<String>,
    /// There are names that were not read.
    pub has_unread_names: bool,
    /// Templates that stand beside `templates`.
    pub templates: Vec<String>,
}

/// A finding, published. The order of the fields is the order of the JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// 32 hex digits: the same through replay, restart and revision, and in every format of the same events.
    pub alert_id: AlertId,
    /// Counts up from 1. The highest one replaces those before.
    pub revision: u32,
    /// Id of the detection, `san-mismatch`.
    pub detection: String,
    /// What this revision adds to the one before, each as `field: value`; at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// What happened, in one line.
    pub title: String,
    /// The name of the detection, the same in all its alerts; of `certlog-remote-write` the title of the analytic that it
    /// started from.
    #[serde(default)]
    pub analytic: String,
    /// How bad it is, as `severity` and as the number `severity_id`.
    #[serde(flatten, with = "graded")]
    #[schemars(with = "graded::Graded")]
    pub severity: Severity,
    /// Event time of the event that made this revision.
    pub time: Time,
    /// Event time of the earliest event that this alert speaks of.
    pub first_seen: Time,
    /// Event time of the latest.
    pub last_seen: Time,
    /// The reasons in one string; for `san-mismatch` in the words of the scheduled rule.
    pub why_suspicious: String,
    /// The reasons, each as a code to filter by and a sentence to read.
    pub reasons: Vec<Reason>,
    /// Who asked for the certificate, or opened the share: the name without its domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_account: Option<String>,
    /// The domain of the requester's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_domain: Option<String>,
    /// Its SID, when the event has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_sid: Option<String>,
    /// Who used the certificate, when that is another account than the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by_account: Option<String>,
    /// Its domain or realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by_domain: Option<String>,
    /// Serial number of the certificate that was used, in lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_serial: Option<String>,
    /// Serial numbers of the certificates in `evidence`, in lower-case hex; at most 20. Event 4887 has them from version 1 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_serials: Vec<String>,
    /// The numbers of the requests in `evidence`, at their CA; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<u32>,
    /// How its issuance was joined to its use: `serial`, `request_id` or `request_id_unnamed_ca`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
    /// The CA, by the name of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<Host>,
    /// The host that wrote or logged on, or the client machine of a request, which is what the client states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<Host>,
    /// The IP address of that host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// The file that was written, or the pipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many certificates were issued in the look-back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_certs: Option<u32>,
    /// How many of them name another identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatched_certs: Option<u32>,
    /// How many of them name a protected identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_san_certs: Option<u32>,
    /// Names asked for, suspicious ones first; at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub san_values: Vec<String>,
    /// Templates used; at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
    /// What the two lists had no place for.
    #[serde(skip)]
    pub unlisted: Unlisted,
    /// Earliest certificate of the look-back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Time>,
    /// Latest certificate of the look-back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Time>,
    /// What was normal before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineSummary>,
    /// ATT&CK tactics and techniques.
    pub mitre: Vec<Mitre>,
    /// The events behind it.
    pub evidence: Vec<Evidence>,
    /// What an analyst should do.
    pub investigative_actions: Vec<String>,
    /// What would make it benign, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub benign_if: Vec<String>,
    /// The item of `policy.exceptions` that silences alerts like this one, as a line of YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_line: Option<String>,
    /// What that line silences beside this alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_silences: Option<String>,
    /// The alert id of the story that this alert is part of, once there is a story: alerts of one account (else of one
    /// certificate, else of one host) that begin on one day (UTC) share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_id: Option<String>,
    /// Of a story: the ids of its alerts, in the order in which they were first seen; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked_alerts: Vec<AlertId>,
    /// Fingerprint of the policy in force, eight hex digits: `adcs-watch check` prints it.
    pub policy_version: String,
    /// The event came later than the allowed lateness of one hour.
    pub late: bool,
    /// The event was older than `alerts.max_age` when its record was routed: a backfill, not news.
    pub historical: bool,
    /// Parts of the alert are missing, because it was longer than the alert topic takes. Absent when it is whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "severity")]
pub enum Severity {
    /// Kept for the record: nobody has to act.
    Informational,
    /// Worth a look when there is time.
    Low,
    /// Worth a look today.
    Medium,
    /// Worth a look now.
    High,
    /// Worth waking somebody at night.
    Critical,
}

impl Severity {
    /// All severities, the least severe first.
    pub const ALL: [Severity; 5] =
        [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The next lower severity. `Informational` stays as it is.
    #[must_use]
    pub const fn milder(self) -> Severity {
        match self {
            Severity::Informational | Severity::Low => Severity::Informational,
            Severity::Medium => Severity::Low,
            Severity::High => Severity::Medium,
            Severity::Critical => Severity::High,
        }
    }

    /// The severity as a number: from 1, informational, to 5, critical.
    pub const fn number(self) -> u8 {
        match self {
            Severity::Informational => 1,
            Severity::Low => 2,
            Severity::Medium => 3,
            Severity::High => 4,
            Severity::Critical => 5,
        }
    }

    /// The next higher severity. `Critical` stays as it is.
    #[must_use]
    pub const fn graver(self) -> Severity {
        match self {
            Severity::Informational => Severity::Low,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }

    /// The severity in lower case, as alerts contain it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One reason: a code to filter by, and a sentence to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// snake_case, from the detection's documented set.
    pub code: String,
    /// The same for a person.
    pub text: String,
}

/// What a baseline knew when the alert was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineSummary {
    /// Days of the training period on which the CA gave data.
    pub days_of_data: u32,
    /// The earliest data the baseline has seen at all.
    pub trained_since: Time,
    /// Days of the training period on which this host was seen at the CA.
    pub host_days_seen: u32,
    /// Its first day there that is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_first_seen: Option<Time>,
    /// Its last before this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_last_seen: Option<Time>,
    /// Days of the training period on which this account was seen at the CA.
    pub account_days_seen: u32,
    /// Its first day there that is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_first_seen: Option<Time>,
    /// Its last before this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_last_seen: Option<Time>,
    /// Writes of this host that were suppressed since its last alert.
    pub suppressed: u32,
}

/// A technique of MITRE ATT&CK under one of its tactics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mitre {
    /// The id of the tactic, such as `TA0006`.
    pub tactic_id: String,
    /// The name of the tactic, such as `Credential Access`.
    pub tactic: String,
    /// The id of the technique, such as `T1649`.
    pub technique_id: String,
    /// `Steal or Forge Authentication Certificates`
    pub technique: String,
}

/// One event behind an alert: where to find it again, and the fields that mattered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Topic, or file; absent where only the Windows record is remembered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Partition of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Offset in the partition, or the number of the record in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The Windows event id, `System/EventID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u32>,
    /// The number of the record in the log of its computer, `System/EventRecordID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_id: Option<u64>,
    /// The computer that logged it.
    pub computer: Host,
    /// The event time of this event.
    pub time: Time,
    /// The number of the certificate request at its CA, `RequestId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<u32>,
    /// The fields of the event that mattered, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}
