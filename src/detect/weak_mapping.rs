//! `weak-mapping`: a certificate maps to its account weakly, or a domain controller was set to accept that.
//!
//! **What.** KDC events 39 (no strong mapping), 40 (older than the account), 45 and 21 (issuer not trusted in NTAuth), and 4657 of
//! `StrongCertificateBindingEnforcement`, `AllowNtAuthPolicyBypass` and `CertificateMappingMethods` with a weaker value than
//! before.
//! **Why.** A weak mapping follows names, and names can be chosen (ESC9, ESC10, ESC16, CVE-2022-34691, CVE-2025-26647). Sources:
//! KB5014754, KB5057784, the published hunts for ESC9 to ESC16.
//! **What looks alike and is harmless.** Certificates of device management without the SID extension: one alert a day for each
//! issuer and kind of account. An issuer that writes other names than those of accounts, for five accounts or more: the same
//! alert. Keys that sign themselves, as Windows Hello makes them: nothing.

use crate::alert::Severity;
use crate::alert::{Alert, Reason};
use crate::detect::bits::number;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester, set_used_by};
use crate::detect::identity::{self, Verdict};
use crate::detect::issuer::is_own_key;
use crate::detect::lifecycle::Lifetime;
use crate::detect::protected;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::{Account, Sid, same_text};
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::subject::common_names;
use crate::event::time::{Span, Time};
use crate::event::{Activity, CertificateMapping, Event, MappingVerdict, RegistryChange};
use crate::state::key;
use crate::wire::record::{OpenAlert, OtherIdentity, SingleAlert, WeakMappingState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Certificates of one issuer with other names for so many accounts within [`MASS_WITHIN`] are its habit, not an attack.
const MASS: usize = 5;

const MASS_WITHIN: Span = Span::days(7);

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of weak mappings in general. Default low.
    pub severity: Severity,
    /// Of a certificate that names another account than it was used for; critical if that is a protected one. Default high.
    pub severity_other_name: Severity,
    /// Of a domain controller that accepts weaker mappings than before. Default high.
    pub severity_lowered: Severity,
    /// The same account, issuer or domain controller alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Low,
            severity_other_name: Severity::High,
            severity_lowered: Severity::High,
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
pub(crate) struct WeakMapping {
    settings: Settings,
}

impl WeakMapping {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> WeakMapping {
        WeakMapping { settings }
    }
}

impl Detection for WeakMapping {
    type State = WeakMappingState;
    type Part = SingleAlert;

    const ABOUT: About = About {
        id: "weak-mapping",
        title: "Certificate maps to its account by a name only",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Compare the subject of the certificate with the account; find its issuance on the CA by the serial number",
            "Re-issue certificates without the SID extension, or map them strongly in altSecurityIdentities",
            "Set StrongCertificateBindingEnforcement to 2 and CertificateMappingMethods to 0x18 on all domain controllers",
            "Ask the account that changed the registry why it did",
        ],
        benign_if: &["The account's mapping is known and its migration to a strong mapping is planned"],
        excepted_by: &[Key::Account, Key::UsedBy, Key::Computer],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(weakness) = self.weakness(event, policy) {
            found(weakness.entity);
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, WeakMappingState, SingleAlert>,
        cx: &mut Context<'_>,
    ) {
        let Some(mut weakness) = self.weakness(event, cx.policy) else { return };
        let keep_until = memory_after(event.effective_time(), self.settings.suppression.max(MASS_WITHIN));
        slot.keep_until(keep_until);
        let part = weakness.account.take();
        let is_habit =
            part.as_ref().is_some_and(|account| is_habit(&mut slot.state.accounts, account, event));
        match part.filter(|_| !is_habit || weakness.severity == Severity::Critical) {
            Some(account) => {
                let mut own = slot.part(&account);
                self.raise(event, entity, weakness, &mut own.open, cx);
                slot.put_part(&account, &own, keep_until);
            }
            None => {
                let weakness = self.of_habit(event, weakness, is_habit);
                self.raise(event, entity, weakness, &mut slot.state.open, cx);
            }
        }
    }
}

/// Remembers the account. Whether the issuer certifies other names for many.
fn is_habit(accounts: &mut Vec<OtherIdentity>, account: &str, event: &Event) -> bool {
    let (at, name) = (event.effective_time(), key::hash(&[account.as_bytes()]) as u64);
    accounts
        .retain(|known| known.name != name && Time::from_millis(known.time_ms).distance(at) <= MASS_WITHIN);
    if accounts.len() >= MASS {
        accounts.remove(0);
    }
    accounts.push(OtherIdentity { name, time_ms: at.as_millis() });
    accounts.len() >= MASS
}

/// What an event shows, by itself.
struct Weakness {
    entity: Entity,
    /// The account whose own alert it is; none: it is that of the entity.
    account: Option<String>,
    severity: Severity,
    title: String,
    reason: Reason,
    fields: Vec<(&'static str, String)>,
}

impl WeakMapping {
    fn weakness(&self, event: &Event, policy: &DomainPolicy) -> Option<Weakness> {
        if let Activity::RegistryChanged(change) = &event.activity {
            return self.lowered(event, change);
        }
        let Activity::CertificateMapped(mapping) = &event.activity else { return None };
        if mapping.verdict == MappingVerdict::SidDiffers {
            return None;
        }
        match other_name(policy, mapping, event) {
            Some(name) => Some(self.of_other_name(policy, mapping, &name)),
            None if is_own_key(mapping) => None,
            None => Some(self.of_issuer(mapping)),
        }
    }

    fn of_other_name(&self, policy: &DomainPolicy, mapping: &CertificateMapping, name: &str) -> Weakness {
        let account = &mapping.account;
        let protected = protected::is_protected_account(policy, account);
        let what = verdict_text(mapping.verdict);
        let text = format!("a certificate of {name} was used for {account}: {what}");
        Weakness {
            entity: entity_of(mapping),
            account: Some(policy.in_one_spelling(account).canonical()),
            severity: if protected { Severity::Critical } else { self.settings.severity_other_name },
            title: format!("A certificate of {name} was used for {account}"),
            reason: reason("other_name", text),
            fields: fields_of(mapping),
        }
    }

    fn of_issuer(&self, mapping: &CertificateMapping) -> Weakness {
        let (kind, issuer) = (kind_of(mapping), report::cut(&mapping.issuer));
        let what = verdict_text(mapping.verdict);
        Weakness {
            entity: entity_of(mapping),
            account: None,
            severity: self.settings.severity,
            title: format!("Certificates of {issuer} map to {kind} weakly"),
            reason: reason(verdict_code(mapping.verdict), format!("{issuer}, {kind}: {what}")),
            fields: fields_of(mapping),
        }
    }

    /// The same, as the habit of its issuer.
    fn of_habit(&self, event: &Event, weakness: Weakness, is_habit: bool) -> Weakness {
        let Activity::CertificateMapped(mapping) = &event.activity else { return weakness };
        if !is_habit {
            return weakness;
        }
        let text = format!(
            "{}, {}: the names of many are not those of their accounts",
            mapping.issuer,
            kind_of(mapping)
        );
        Weakness { reason: reason("other_names_in_mass", report::cut(&text)), ..self.of_issuer(mapping) }
    }

    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        weakness: Weakness,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
    ) {
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: weakness.severity,
            title: weakness.title,
            reasons: vec![weakness.reason],
            fields: weakness.fields,
            earlier: Vec::new(),
        };
        finding.raise(open, cx, |alert| fill(event, alert));
    }

    fn lowered(&self, event: &Event, change: &RegistryChange) -> Option<Weakness> {
        let text = lowered_text(change)?;
        Some(Weakness {
            entity: Entity::named(&format!("registry of {}", event.computer.label())),
            account: None,
            severity: self.settings.severity_lowered,
            title: format!("{} accepts weaker mappings of certificates", event.computer),
            reason: reason("setting_lowered", format!("{}: {text}", change.actor)),
            fields: vec![
                ("value", change.value_name.clone()),
                ("old", change.old.clone().unwrap_or_default()),
                ("new", change.new.clone().unwrap_or_default()),
            ],
        })
    }
}

/// The issuer, and whether its certificates are used for users or machines.
fn entity_of(mapping: &CertificateMapping) -> Entity {
    Entity::named(&format!("{} {}", report::cut(&mapping.issuer), kind_of(mapping)))
}

fn kind_of(mapping: &CertificateMapping) -> &'static str {
    if mapping.account.is_machine() { "machines" } else { "users" }
}

/// What weaker value the change sets. A value that is not there counts as Windows counts it: full enforcement, and the
/// mapping methods 0x18 (KB5014754). One that cannot be read counts as weak.
fn lowered_text(change: &RegistryChange) -> Option<String> {
    let new = change.new.as_deref()?;
    let old = change.old.as_deref();
    let is = |name: &str| same_text(&change.value_name, name);
    // Both have three levels, of which the highest is the default.
    let has_levels = is("StrongCertificateBindingEnforcement") || is("AllowNtAuthPolicyBypass");
    let weaker = if has_levels {
        number(new).is_none_or(|value| value < old.and_then(number).unwrap_or(2).min(2))
    } else if is("CertificateMappingMethods") {
        const BY_NAME: u32 = 0x7;
        number(new).is_none_or(|bits| bits & BY_NAME & !old.and_then(number).unwrap_or(0x18) != 0)
    } else {
        false
    };
    weaker.then(|| format!("{} was {} and is {new}", change.value_name, old.unwrap_or("not set")))
}

/// The common name of the certificate, if it is the name of another account. Free text, the name of a person or a device id
/// is no account name: most templates write the display name there.
fn other_name(policy: &DomainPolicy, mapping: &CertificateMapping, event: &Event) -> Option<String> {
    let account = &mapping.account;
    let name = common_names(&mapping.subject).into_iter().next()?;
    let is_host = !name.contains('@') && name.matches('.').count() >= 2;
    if !looks_like_account(&name) || (is_host && !account.is_machine()) {
        return None;
    }
    let host = Host::new(&name);
    if is_own_host(policy, account, &host, &event.computer) {
        return None;
    }
    let names = [San::Upn(name.clone()), San::Upn(format!("{name}$"))];
    let own =
        |san: &San| matches!(identity::compare(policy, account, san, &event.computer), Verdict::Own { .. });
    let of_account = if account.is_machine() { &names[..] } else { &names[..1] };
    (!of_account.iter().any(own)).then(|| report::cut(&name))
}

/// Whether a host name is that of the machine: one that `hosts:` gives it, or its label, below a suffix that `domains:` gives to
/// no other domain. The KDC writes no domain of the account. It is a domain controller of it.
fn is_own_host(policy: &DomainPolicy, account: &Account, host: &Host, dc: &Host) -> bool {
    let domain = if account.domain.is_empty() { dc.domain().unwrap_or_default() } else { &account.domain };
    let account = policy.in_one_spelling(&Account::new(domain, &account.name)).into_owned();
    let is_of_another = host.domain().is_some_and(|suffix| {
        let of_suffix = identity::domain_of_suffix(policy, suffix);
        !account.domain.is_empty() && of_suffix.is_some_and(|domain| !same_text(domain, &account.domain))
    });
    account.is_machine()
        && (policy.has_host(&account, host)
            || (identity::is_name_of_machine(&account, host.label()) && !is_of_another))
}

fn looks_like_account(name: &str) -> bool {
    let is_id = name.len() >= 32 && name.chars().all(|c| c.is_ascii_hexdigit() || "-{}".contains(c));
    let is_free = name.chars().any(|c| c.is_whitespace() || "/,:;=".contains(c));
    !is_id && !is_free && Sid::parse(name).is_none()
}

fn verdict_code(verdict: MappingVerdict) -> &'static str {
    match verdict {
        MappingVerdict::NoStrongMapping => "no_strong_mapping",
        MappingVerdict::OlderThanAccount => "older_than_account",
        MappingVerdict::SidDiffers => "sid_differs",
        MappingVerdict::IssuerNotTrusted => "issuer_not_trusted",
        MappingVerdict::Refused => "refused",
    }
}

fn verdict_text(verdict: MappingVerdict) -> &'static str {
    match verdict {
        MappingVerdict::NoStrongMapping => "nothing in the certificate maps it strongly",
        MappingVerdict::OlderThanAccount => "the certificate is older than the account",
        MappingVerdict::SidDiffers => "the certificate names another SID",
        MappingVerdict::IssuerNotTrusted => "its issuer is not trusted in NTAuth, and it was accepted",
        MappingVerdict::Refused => "its issuer is not trusted in NTAuth, and it was refused",
    }
}

fn fields_of(mapping: &CertificateMapping) -> Vec<(&'static str, String)> {
    let serial = mapping.serial.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        ("account", mapping.account.to_string()),
        ("subject", mapping.subject.clone()),
        ("issuer", mapping.issuer.clone()),
        ("serial", serial),
    ]
}

/// Names the account, or who changed the registry.
fn fill(event: &Event, alert: &mut Alert) -> bool {
    if let Activity::RegistryChanged(change) = &event.activity {
        set_requester(alert, &change.actor);
    }
    if let Activity::CertificateMapped(mapping) = &event.activity
        && alert.used_by_account.is_none()
    {
        set_used_by(alert, &mapping.account);
        alert.certificate_serial = mapping.serial.as_ref().map(ToString::to_string);
    }
    false
}
