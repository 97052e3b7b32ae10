//! `protected-host-certificate`: an account was issued a certificate for the name of a protected host (ESC17).
//!
//! **What.** 4887 with a DNS name, a wildcard or a common name that covers a host of `protected.hosts`, issued to another account
//! than that host's machine.
//! **Why.** Clients trust such a certificate for the update server, the federation server or the CA: its holder can stand
//! between them, although nobody can log on with it. Source: Certipy's ESC17, Locksmith.
//! **What looks alike and is harmless.** A service account or a life-cycle product that renews the host's certificate:
//! `hosts:` gives it the name.

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::identity::{self, Verdict};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::time::Span;
use crate::event::{Event, IssuedCertificate};
use crate::wire::record::SingleAlert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set. It raises nothing while `protected.hosts` is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default high.
    pub severity: Severity,
    /// The same requester alerts once in this time, unless it takes the name of a further host. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, severity: Severity::High, suppression: Span::hours(24) }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct ProtectedHostCertificate {
    settings: Settings,
}

impl ProtectedHostCertificate {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> ProtectedHostCertificate {
        ProtectedHostCertificate { settings }
    }
}

impl Detection for ProtectedHostCertificate {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "protected-host-certificate",
        title: "Certificate for a protected host issued to another account",
        mitre: &[
            ("TA0006", "Credential Access", "T1557", "Adversary-in-the-Middle"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Ask the owner of the host and the requester whether the certificate was ordered",
            "If it was not: revoke the certificate, publish a new CRL, and look for a host that answers under the name",
            "Read the template: may everybody supply names for server authentication, and without approval",
        ],
        benign_if: &[
            "The account installs or administers the protected host: name the host as its own under `hosts`",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((issued, _)) = foreign_hosts(event, policy) {
            found(policy.account(&issued.request.requester));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some((issued, names)) = foreign_hosts(event, cx.policy) else { return };
        let request = &issued.request;
        let requester = &request.requester;
        let listed = report::joined(&names);
        let text = format!(
            "The CA issued {requester} a certificate for {listed}, which `protected.hosts` lists. If that is its job: \
             `hosts: {{'{requester}': [{listed}]}}`; certificates of this account for the host then raise nothing"
        );
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!(
                "{requester} was issued a certificate for the protected host {}",
                report::cut(&names[0])
            ),
            reasons: vec![reason("protected_host", text)],
            fields: vec![("names", listed), ("template", request.templates_in_one())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            alert.certificate_serial = issued.serial.as_ref().map(ToString::to_string);
            report::list_templates(alert, request);
            names.iter().filter(|name| report::list_name(alert, name)).count() > 0
        });
        slot.keep_until(memory_after(event.effective_time(), self.settings.suppression));
    }
}

/// The certificate and those of its names that cover a protected host and are not the requester's own.
fn foreign_hosts<'e>(
    event: &'e Event,
    policy: &DomainPolicy,
) -> Option<(&'e IssuedCertificate, Vec<String>)> {
    if policy.protected.hosts.is_empty() {
        return None;
    }
    let issued = event.activity.issued()?;
    let is_foreign = |name: &&Host| covers_foreign_host(event, issued, name, policy);
    let names: Vec<String> = host_names(issued).iter().filter(is_foreign).map(ToString::to_string).collect();
    (!names.is_empty()).then_some((issued, names))
}

/// The host names of a certificate. Clients without a name among the alternative ones take the common name.
fn host_names(issued: &IssuedCertificate) -> Vec<Host> {
    let request = &issued.request;
    let dns = request
        .names
        .iter()
        .chain(&request.names_beyond)
        .filter_map(|name| if let San::Dns(name) = name { Some(Host::new(name)) } else { None });
    dns.chain(issued.common_names().iter().map(|name| Host::new(name))).collect()
}

fn covers_foreign_host(
    event: &Event,
    issued: &IssuedCertificate,
    name: &Host,
    policy: &DomainPolicy,
) -> bool {
    let requester = &issued.request.requester;
    policy.protected.hosts.iter().any(|host| {
        let own = identity::compare(policy, requester, &San::Dns(host.to_string()), &event.computer);
        covers(name, host) && !matches!(own, Verdict::Own { .. })
    })
}

/// Whether a certificate with this name is good for the host: `*.corp.example` is for all hosts of the domain.
fn covers(name: &Host, host: &Host) -> bool {
    match name.as_str().strip_prefix("*.") {
        Some(domain) => host.domain().is_some_and(|own| same_text(own, domain)),
        None => name.is_same(host),
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::protected_host_certificate::covers;
    use crate::event::host::Host;

    #[test]
    fn wildcard_covers_the_hosts_of_its_domain() {
        let covers = |name, host| covers(&Host::new(name), &Host::new(host));
        assert!(covers("*.corp.example", "wsus.corp.example"));
        assert!(covers("wsus", "wsus.corp.example"));
        assert!(covers("*.cörp.example", "wsus.corp.example") && covers("wsús", "wsus.corp.example"));
        assert!(!covers("*.corp.example", "wsus.emea.corp.example"));
        assert!(!covers("*.corp.example", "wsus"), "its domain is not known");
        assert!(!covers("wsus2.corp.example", "wsus.corp.example"));
    }
}
