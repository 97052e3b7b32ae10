//! Exceptions: alerts that the operator has answered and does not want again.

use crate::alert::{Alert, Severity};
use crate::detect::agent::{Network, matches};
use crate::detect::domain::DomainPolicy;
use crate::detect::until::{self, Until};
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;

/// What an exception may name of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The requester, or who acted.
    Account,
    /// Who was logged on or changed.
    UsedBy,
    /// The CA or domain controller.
    Computer,
    /// The address of the client.
    Address,
    Templates,
    /// The names that were asked for: `san_values`.
    Names,
}

/// An alert that has all that is given here is not written. At least one thing beside the detections is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The detections whose alerts it silences.
    #[schemars(example = json!(["unusual-volume"]))]
    pub detections: Vec<String>,
    /// Who asked for the certificate, or acted: `requester_account` of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Who was logged on or changed: `used_by_account` of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<Account>,
    /// The CA or domain controller: `computer` of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<Host>,
    /// The client: `remote_host` of the alert. Clients of requests state it themselves, so it needs an account, a computer, an
    /// address or templates beside it, but for `certlog-remote-write`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<Host>,
    /// Its address, or a network that has it: `remote_ip` of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<Network>,
    /// All `templates` of the alert are among these, also those for which its list has no place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
    /// All `san_values` of the alert are among these, also those for which its list has no place; `*` is any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The highest severity that it silences. Default high: a critical alert is written.
    #[serde(default = "default_severity", skip_serializing_if = "is_default_severity")]
    pub up_to: Severity,
    /// The event time until which it silences: a day, `2026-12-31`, which counts to its end in UTC, or a time,
    /// `2026-12-31T18:00:00Z`. Default: it never ends.
    #[serde(default, deserialize_with = "until::read", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Until>")]
    pub until: Option<Time>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn default_severity() -> Severity {
    Severity::High
}

fn is_default_severity(severity: &Severity) -> bool {
    *severity == default_severity()
}

impl Exception {
    /// An exception for the alerts of one detection, about nothing yet.
    pub fn of(detection: &str) -> Exception {
        Exception {
            detections: vec![detection.to_owned()],
            account: None,
            used_by: None,
            computer: None,
            remote_host: None,
            remote_ip: None,
            templates: Vec::new(),
            names: Vec::new(),
            up_to: default_severity(),
            until: None,
            owner: None,
            reason: None,
        }
    }

    /// Whether it states what the alerts must be about.
    pub fn is_about_something(&self) -> bool {
        self.is_about_more_than_the_client_states() || self.remote_host.is_some() || !self.names.is_empty()
    }

    /// Whether a client decides whether it is covered: by what it states as its host, and the names that it asks for.
    pub fn rests_on_the_client(&self) -> bool {
        self.remote_host.is_some() && !self.is_about_more_than_the_client_states()
    }

    fn is_about_more_than_the_client_states(&self) -> bool {
        self.account.is_some()
            || self.used_by.is_some()
            || self.computer.is_some()
            || self.remote_ip.is_some()
            || !self.templates.is_empty()
    }

    /// Whether this alert is not written.
    pub fn silences(&self, alert: &Alert, policy: &DomainPolicy) -> bool {
        self.until.is_none_or(|until| alert.time < until)
            && self.has_kind(alert)
            && is_account(policy, self.account.as_ref(), &alert.requester_domain, &alert.requester_account)
            && is_account(policy, self.used_by.as_ref(), &alert.used_by_domain, &alert.used_by_account)
            && is_host(self.computer.as_ref(), alert.computer.as_ref())
            && is_host(self.remote_host.as_ref(), alert.remote_host.as_ref())
            && self.remote_ip.is_none_or(|network| has_address(network, alert.remote_ip.as_deref()))
    }

    /// Whether it silences an alert of this kind, of any account and machine: its detection, severity,
    /// templates and names.
    pub fn has_kind(&self, alert: &Alert) -> bool {
        self.detections.contains(&alert.detection)
            && alert.severity <= self.up_to
            && covers(&self.templates, &alert.templates, &alert.unlisted.templates, same_text)
            && covers(&self.names, &alert.san_values, &alert.unlisted.names, matches)
            && (self.names.is_empty() || !alert.unlisted.has_unread_names)
    }

    /// Whether it silences any alert of this detection about this requester.
    pub(crate) fn may_silence(&self, detection: &str, requester: &Account, policy: &DomainPolicy) -> bool {
        self.detections.iter().any(|known| known == detection)
            && self.account.as_ref().is_none_or(|account| policy.is_listed(account, requester))
    }

    /// Lists the first name and template that it does not cover in the place of the last ones, where only covered ones are listed.
    pub(crate) fn list_uncovered(&self, alert: &mut Alert) {
        if self.detections.contains(&alert.detection) {
            show_uncovered(&self.templates, &mut alert.templates, &alert.unlisted.templates, same_text);
            show_uncovered(&self.names, &mut alert.san_values, &alert.unlisted.names, matches);
        }
    }
}

fn is_account(
    policy: &DomainPolicy,
    wanted: Option<&Account>,
    domain: &Option<String>,
    name: &Option<String>,
) -> bool {
    let Some(wanted) = wanted else { return true };
    let Some(name) = name else { return false };
    let account = Account { domain: domain.clone().unwrap_or_default(), name: name.clone() };
    policy.is_listed(wanted, &account)
}

fn is_host(wanted: Option<&Host>, host: Option<&Host>) -> bool {
    wanted.is_none_or(|wanted| host.is_some_and(|host| wanted.is_same(host)))
}

fn has_address(Network(network): Network, address: Option<&str>) -> bool {
    address.and_then(|text| text.parse::<IpAddr>().ok()).is_some_and(|address| network.contains(&address))
}

/// Whether all texts are among the wanted ones, also those that the alert does not list; a list that is not given covers any.
fn covers(wanted: &[String], texts: &[String], unlisted: &[String], is: fn(&str, &str) -> bool) -> bool {
    let is_wanted = |text: &String| wanted.iter().any(|wanted| is(wanted, text));
    wanted.is_empty() || (!texts.is_empty() && texts.iter().chain(unlisted).all(is_wanted))
}

fn show_uncovered(wanted: &[String], texts: &mut [String], unlisted: &[String], is: fn(&str, &str) -> bool) {
    let uncovered = unlisted.iter().find(|text| !covers(wanted, std::slice::from_ref(*text), &[], is));
    if covers(wanted, texts, &[], is)
        && let (Some(last), Some(uncovered)) = (texts.last_mut(), uncovered)
    {
        last.clone_from(uncovered);
    }
}
