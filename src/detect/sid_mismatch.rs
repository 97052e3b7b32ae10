//! `sid-mismatch`: a certificate was used for another account than the one whose SID it names.
//!
//! **What.** KDC event 41: the SID in the certificate's security extension is not that of the account. Source: KB5014754.
//! **Why.** The CA writes the SID of the account that it issued to. Another account logged on with the certificate, or tried to:
//! a weak mapping leads to the wrong account (ESC9, ESC10, ESC14), or the request named a SID of its own choice.
//! **What looks alike and is harmless.** An account that was migrated to another domain, or deleted and created again, and kept
//! its certificates: it has another SID under the same name.

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_used_by};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::time::Span;
use crate::event::{Activity, CertificateMapping, Event, MappingVerdict};
use crate::wire::record::SingleAlert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default critical.
    pub severity: Severity,
    /// The same account alerts once in this time for the same SID. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, severity: Severity::Critical, suppression: Span::hours(24) }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct SidMismatch {
    settings: Settings,
}

impl SidMismatch {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> SidMismatch {
        SidMismatch { settings }
    }
}

impl Detection for SidMismatch {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "sid-mismatch",
        title: "Certificate of another SID than the account's",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Find the account of the SID in the certificate, and the issuance by the serial number",
            "Treat both accounts as compromised until it is explained",
            "Compare altSecurityIdentities, userPrincipalName and mail of the account with the certificate",
            "Revoke the certificate and publish a new CRL",
        ],
        benign_if: &[
            "The account was migrated or re-created, and its certificate was issued to the account before it: issue a new one",
        ],
        excepted_by: &[Key::UsedBy, Key::Names],
        severities: &[Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(mapping) = mismatch(event) {
            found(policy.account(&mapping.account));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(mapping) = mismatch(event) else { return };
        let account = &mapping.account;
        let sid =
            mapping.certificate_sid.as_ref().map_or_else(|| "another SID".to_owned(), ToString::to_string);
        let text = format!("the certificate that was used for {account} names {sid}");
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!("A certificate of {sid} was used for {account}"),
            reasons: vec![reason("sid_differs", text)],
            fields: fields_of(mapping),
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_used_by(alert, account);
            alert.certificate_serial = mapping.serial.as_ref().map(ToString::to_string);
            report::list_name(alert, &sid)
        });
        slot.keep_until(memory_after(event.effective_time(), self.settings.suppression));
    }
}

/// Event 41, unless it names the same SID twice. One whose SIDs were lost still states that they differ.
fn mismatch(event: &Event) -> Option<&CertificateMapping> {
    let Activity::CertificateMapped(mapping) = &event.activity else { return None };
    let same = mapping.certificate_sid.is_some() && mapping.certificate_sid == mapping.account_sid;
    (mapping.verdict == MappingVerdict::SidDiffers && !same).then_some(mapping)
}

fn fields_of(mapping: &CertificateMapping) -> Vec<(&'static str, String)> {
    let text =
        |sid: &Option<crate::event::account::Sid>| sid.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        ("account", mapping.account.to_string()),
        ("account_sid", text(&mapping.account_sid)),
        ("certificate_sid", text(&mapping.certificate_sid)),
        ("subject", mapping.subject.clone()),
        ("issuer", mapping.issuer.clone()),
    ]
}
