//! `pki-container-changed`: an object of the public key services in the directory was changed: which CAs the forest trusts.
//!
//! **What.** 5136, 5137 and 5141 below `CN=Public Key Services`, except templates and issuance policies, which have detections of
//! their own, and 4895 of a CA. NTAuthCertificates, the CAs whose certificates log on, is critical.
//! **Why.** ESC5 and persistence: a CA of the attacker in NTAuthCertificates issues logons for every account. Sources: [MS-CERSOD],
//! [MS-ADTS] on the objects.
//! **What looks alike and is harmless.** CAs publish revocation lists there, as their own machine account: quiet. A CA that is set
//! up or renewed changes the container too; an account that is known for 30 days to do so raises low alerts.

use crate::alert::Reason;
use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor};
use crate::detect::hands;
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::subject::common_names;
use crate::event::time::Span;
use crate::event::{Activity, CaSetting, DirectoryChange, DirectoryOperation, Event};
use crate::wire::record::HandsState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of a change by an account that is not known to make such changes. Default high.
    pub severity: Severity,
    /// Of a change of NTAuthCertificates. Default critical.
    pub severity_ntauth: Severity,
    /// Of a change by an account that is known to make such changes. Default low.
    pub severity_known: Severity,
    /// An account is known this long after its first change of an object. Default 30d.
    pub known_after: Span,
    /// The same object alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            severity_ntauth: Severity::Critical,
            severity_known: Severity::Low,
            known_after: Span::days(30),
            suppression: Span::hours(24),
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct PkiContainerChanged {
    settings: Settings,
}

impl PkiContainerChanged {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> PkiContainerChanged {
        PkiContainerChanged { settings }
    }
}

impl Detection for PkiContainerChanged {
    type State = HandsState;
    type Part = ();

    const ABOUT: About = About {
        id: "pki-container-changed",
        title: "Trust of CAs changed in the directory",
        mitre: &[
            ("TA0004", "Privilege Escalation", "T1484", "Domain or Tenant Policy Modification"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Compare NTAuthCertificates with the CAs that you operate: certutil -viewstore -enterprise NTAuth",
            "Ask the account that made the change, over another channel",
            "Remove what nobody can explain: certutil -delstore -enterprise NTAuth",
            "Look for 4768 with certificates of the new issuer",
        ],
        benign_if: &["The change of the public key services was planned: a new CA, a renewed CA certificate"],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(change) = container_change(event) {
            found(Entity::named(&change.object));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, HandsState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(change) = container_change(event) else { return };
        let at = event.effective_time();
        let settings = &self.settings;
        let known = change.actor.and_then(|actor| hands::meet(&mut slot.state.hands, cx.policy, actor, at));
        let is_known = known.is_some_and(|span| span >= settings.known_after);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(settings.suppression),
            severity: match (change.is_ntauth, is_known) {
                (true, _) => settings.severity_ntauth,
                (false, true) => settings.severity_known,
                (false, false) => settings.severity,
            },
            title: change.reason.text.clone(),
            reasons: vec![change.reason],
            fields: change.fields,
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            let Some(actor) = change.actor else { return false };
            set_actor(alert, actor)
        });
        slot.keep_until(memory_after(at, hands::REMEMBERED));
    }
}

/// A change of the container, as the alert names it.
struct ContainerChange<'e> {
    object: String,
    actor: Option<&'e Account>,
    is_ntauth: bool,
    reason: Reason,
    fields: Vec<(&'static str, String)>,
}

const CONTAINER: &str = "cn=public key services,";
/// Classes with a detection of their own.
const OTHERS: [&str; 2] = ["pkicertificatetemplate", "mspki-enterprise-oid"];
/// What CAs publish again and again.
const REVOCATION_LISTS: [&str; 2] = ["certificaterevocationlist", "deltarevocationlist"];

fn container_change(event: &Event) -> Option<ContainerChange<'_>> {
    if let Activity::DirectoryChanged(change) = &event.activity {
        return is_of_interest(change).then(|| of_object(change));
    }
    let Activity::CaChanged(change) = &event.activity else { return None };
    let CaSetting::PublishedCaCertificate { hash, .. } = &change.change else { return None };
    let text = format!("{} published a CA certificate to the directory", event.computer);
    Some(ContainerChange {
        object: format!("published by {}", event.computer.label()),
        actor: change.actor.as_ref(),
        is_ntauth: false,
        reason: reason("ca_certificate_published", text),
        fields: vec![("hash", hash.clone())],
    })
}

fn is_of_interest(change: &DirectoryChange) -> bool {
    let (dn, class) = (fold(&change.object_dn), fold(&change.object_class));
    let attribute = change.attribute.as_deref().map(fold).unwrap_or_default();
    let publishes = change.actor.is_machine() && REVOCATION_LISTS.contains(&&*attribute);
    dn.contains(CONTAINER) && !OTHERS.contains(&&*class) && !publishes
}

fn of_object(change: &DirectoryChange) -> ContainerChange<'_> {
    let name = common_names(&change.object_dn).into_iter().next().unwrap_or_else(|| change.object_dn.clone());
    let name = report::cut(&name);
    let is_ntauth = fold(&name) == "ntauthcertificates";
    let actor = &change.actor;
    let attribute = change.attribute.as_deref().unwrap_or_default();
    let (code, what) = match change.operation {
        DirectoryOperation::ValueAdded => ("value_added", format!("{attribute} of {name} got a value")),
        DirectoryOperation::ValueDeleted => ("value_deleted", format!("{attribute} of {name} lost a value")),
        DirectoryOperation::Created => ("object_created", format!("{name} was created")),
        DirectoryOperation::Deleted => ("object_deleted", format!("{name} was deleted")),
    };
    let code = if is_ntauth { "ntauth_changed" } else { code };
    ContainerChange {
        object: report::cut(&change.object_dn),
        actor: Some(actor),
        is_ntauth,
        reason: reason(code, format!("{what} below Public Key Services, by {actor}")),
        fields: vec![
            ("actor", actor.to_string()),
            ("object", change.object_dn.clone()),
            ("attribute", attribute.to_owned()),
            ("value", change.value.clone().unwrap_or_default()),
        ],
    }
}
