//! `pki-container-changed`: an object of the public key services in the directory was changed: which CAs the forest trusts.
//!
//! **What.** 5136, 5137 and 5141 below `CN=Public Key Services`, except templates and issuance policies, which have detections of
//! their own, and 4895 of a CA. NTAuthCertificates, the CAs whose certificates log on, is critical.
//! **Why.** ESC5 and persistence: a CA of the attacker in NTAuthCertificates issues logons for every account. Sources: [MS-CERSOD],
//! [MS-ADTS] on the objects.
//! **What looks alike and is harmless.** CAs publish revocation lists there, as their own machine account: quiet. A CA that is set
//! up or renewed changes the container too; an account that is known for 30 days to do so raises low alerts, and so do a CA of
//! `cas:` that writes its own certificate and one of `allow.ca_managers` that publishes a template. While a CA is renewed, a new
//! value of NTAuthCertificates is high.

use crate::alert::Reason;
use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor};
use crate::detect::hands;
use crate::detect::identity::is_name_of_machine;
use crate::detect::issuer::{configured_host, configured_name, unsanitized};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::subject::common_names;
use crate::event::time::{Span, Time};
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
        benign_if: &[
            "The change of the public key services was planned: a new CA, a renewed CA certificate",
            "The account administers the CA and publishes templates: name it under `allow.ca_managers`",
        ],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(change) = container_change(event) {
            found(Entity::named(&change.object));
        }
        if let Some(ntauth) = renewed_beside(event, policy) {
            found(Entity::named(&ntauth));
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
        if renewed_beside(event, cx.policy).is_some_and(|ntauth| *entity == Entity::named(&ntauth)) {
            slot.state.renewed_ms = slot.state.renewed_ms.max(at.as_millis());
            slot.keep_until(memory_after(at, hands::REMEMBERED));
            return;
        }
        let known = change.actor.and_then(|actor| hands::meet(&mut slot.state.hands, cx.policy, actor, at));
        let is_known =
            known.is_some_and(|span| span >= settings.known_after) || change.is_expected(event, cx.policy);
        let renewed = Time::from_millis(slot.state.renewed_ms);
        let is_renewal =
            change.is_ntauth && slot.state.renewed_ms != 0 && renewed.distance(at) <= RENEWED_WITHIN;
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(settings.suppression),
            severity: match (change.is_ntauth, is_known) {
                (true, _) if is_renewal => settings.severity_ntauth.min(settings.severity),
                (true, _) => settings.severity_ntauth,
                (false, true) => settings.severity_known,
                (false, false) => settings.severity,
            },
            title: change.reason.text.clone(),
            reasons: [Some(change.reason), is_renewal.then(renewal)].into_iter().flatten().collect(),
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

impl ContainerChange<'_> {
    /// Whether a CA of `cas:` changes what is its own, or one of `allow.ca_managers` its list of templates.
    fn is_expected(&self, event: &Event, policy: &DomainPolicy) -> bool {
        let Activity::DirectoryChanged(change) = &event.activity else {
            return configured_name(policy, &event.computer).is_some();
        };
        let object = common_names(&change.object_dn).into_iter().next().unwrap_or_default();
        let attribute = change.attribute.as_deref().unwrap_or_default();
        let class = fold(&change.object_class);
        let is_service = class == ENROLLMENT_SERVICE;
        // Its entry below AIA, by which clients find its certificate.
        let is_own_entry = class == AUTHORITY && fold(&change.object_dn).contains(AIA);
        let of_ca = || {
            configured_host(policy, &unsanitized(&object))
                .is_some_and(|host| is_name_of_machine(&change.actor, host.label()))
        };
        let of_manager = || policy.lists(&policy.allow.ca_managers, &change.actor);
        ((is_service || is_own_entry) && same_text(attribute, CA_CERTIFICATE) && of_ca())
            || (is_service && same_text(attribute, TEMPLATES) && of_manager())
    }
}

/// The object NTAuthCertificates of the forest in which a machine writes the certificate of a CA: a CA that is renewed does. Where
/// the policy names the CAs, only their machines count.
fn renewed_beside(event: &Event, policy: &DomainPolicy) -> Option<String> {
    let Activity::DirectoryChanged(change) = &event.activity else { return None };
    let is_certificate =
        change.attribute.as_deref().is_some_and(|attribute| same_text(attribute, CA_CERTIFICATE));
    let is_renewal = is_certificate
        && change.operation == DirectoryOperation::ValueAdded
        && fold(&change.object_class) == ENROLLMENT_SERVICE
        && change.actor.is_machine()
        && (policy.cas.is_empty()
            || policy.cas.keys().any(|ca| is_name_of_machine(&change.actor, Host::new(ca).label())));
    let dn = fold(&change.object_dn);
    let at = dn.find(CONTAINER).filter(|_| is_renewal)?;
    Some(report::cut(&format!("cn=ntauthcertificates,{}", &dn[at..])))
}

fn renewal() -> Reason {
    let text = "a CA wrote its own certificate to its enrollment service within a day: it is being renewed. Compare the \
                certificate of NTAuthCertificates with that of the CA";
    reason("ca_is_renewed", text.to_owned())
}

/// The certificate of a renewed CA reaches NTAuthCertificates within this time.
const RENEWED_WITHIN: Span = Span::hours(24);
const ENROLLMENT_SERVICE: &str = "pkienrollmentservice";
const AUTHORITY: &str = "certificationauthority";
const AIA: &str = ",cn=aia,cn=public key services,";
const CA_CERTIFICATE: &str = "cACertificate";
const TEMPLATES: &str = "certificateTemplates";
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
