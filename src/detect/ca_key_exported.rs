//! `ca-key-exported`: somebody took a copy of what a CA signs with, or brought a foreign certificate into it.
//!
//! **What.** 4876 (a backup began), 5058 and 5059 on the key of a CA by another than the CA itself, 1007 of the certificates' life
//! cycle (the CA's certificate was exported), and 4884 (a certificate was imported), by an account that is new for this CA.
//! While `cas:` names no CA, 5059 that exports a key which may be one's, and 1007 of a certificate of a CA's template.
//! **Why.** Who has the key of a CA issues every certificate, and no event shows it (golden certificate, DPERSIST1). Sources: the
//! event schemas, the published descriptions of certutil -backupKey.
//! **What looks alike and is harmless.** The nightly backup: its account alerts once and is known then, or `allow.backup` names
//! it.

use crate::alert::Reason;
use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor};
use crate::detect::hands;
use crate::detect::issuer::{configured_name, issuer_name, unsanitized};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::time::Span;
use crate::event::{Activity, CaSetting, CertificateExport, Event, KeyUse};
use crate::wire::record::HandsState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default high.
    pub severity: Severity,
    /// The same CA alerts once in this time for the same account. Default 1d.
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
pub(crate) struct CaKeyExported {
    settings: Settings,
}

impl CaKeyExported {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> CaKeyExported {
        CaKeyExported { settings }
    }
}

impl Detection for CaKeyExported {
    type State = HandsState;
    type Part = ();

    const ABOUT: About = About {
        id: "ca-key-exported",
        title: "Key of a CA exported, or its database backed up",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask who made the backup, and where it lies",
            "If nobody did: the key of the CA is stolen. Renew the CA with a new key, and remove the old certificate from NTAuthCertificates",
            "Look at the account's logons on the CA at that time (4624), and at the files it read",
            "Look for logons with certificates that the CA never issued",
        ],
        benign_if: &["The account backs up the CA: name it under `allow.backup`"],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if export(event, policy).is_some() {
            found(Entity::ca_in_any_spelling(&event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, HandsState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some((actor, why, fields)) = export(event, cx.policy) else { return };
        let at = event.effective_time();
        slot.keep_until(memory_after(at, hands::REMEMBERED));
        let known = hands::meet(&mut slot.state.hands, cx.policy, actor, at);
        if known.is_some_and(|span| span > self.settings.suppression) {
            return;
        }
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!("{actor} at {}: {}", event.computer, why.text),
            reasons: vec![why],
            fields,
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| set_actor(alert, actor));
    }
}

/// Who exported what: the account, why that matters, and the fields of the evidence.
type Export<'e> = (&'e Account, Reason, Vec<(&'static str, String)>);

/// Who exported what; none: nothing was, or by the CA itself or an account that the policy lists.
fn export<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<Export<'e>> {
    let (actor, why, what) = if let Activity::KeyUsed(used) = &event.activity {
        (&used.actor, of_key(event, used, policy)?, ("operation", used.operation.clone()))
    } else if let Activity::CertificateExported(export) = &event.activity {
        (&export.actor, of_certificate(event, export, policy)?, ("process", export.process.clone()))
    } else if let Activity::CaChanged(change) = &event.activity {
        let (why, what) = of_backup(&change.change)?;
        (change.actor.as_ref()?, why, what)
    } else {
        return None;
    };
    let is_ca = hands::is_system(actor)
        || (actor.is_machine() && same_text(actor.bare_name(), event.computer.label()));
    let allowed = is_ca || policy.lists(&policy.allow.backup, actor);
    (!allowed).then(|| (actor, why, vec![("actor", actor.to_string()), what]))
}

fn of_backup(change: &CaSetting) -> Option<(Reason, (&'static str, String))> {
    if let CaSetting::BackupStarted { kind } = change {
        let text = "a backup of the CA began".to_owned();
        return Some((reason("backup_started", text), ("backup_type", kind.clone())));
    }
    let CaSetting::CertificateImported { request_id, .. } = change else { return None };
    let text = "a certificate was imported into the database of the CA".to_owned();
    let request = request_id.map(|id| id.to_string()).unwrap_or_default();
    Some((reason("certificate_imported", text), ("imported_as", request)))
}

/// 1007 of the certificate of the CA: its subject is called like the CA. While `cas:` names no CA, of a certificate that was made
/// from a template for CAs.
fn of_certificate(event: &Event, export: &CertificateExport, policy: &DomainPolicy) -> Option<Reason> {
    let is_of_ca = match policy.cas.is_empty() {
        true => {
            let template = export.template.as_deref();
            template.is_some_and(|name| CertificateExport::TEMPLATES_OF_CAS.contains(&name))
        }
        false => {
            let name = configured_name(policy, &event.computer)?;
            same_text(&issuer_name(&export.subject), name)
        }
    };
    let subject = report::cut(&export.subject);
    let text = format!(
        "the certificate {subject} of the CA was exported from the store of the machine: the event does not state whether its key went along"
    );
    is_of_ca.then(|| reason("certificate_exported", text))
}

/// 5058 and 5059 on the key of the CA: it is called like the CA. While `cas:` names no CA, the export of a key that may be one's.
fn of_key(event: &Event, used: &KeyUse, policy: &DomainPolicy) -> Option<Reason> {
    let key = report::cut(&used.key_name);
    let is_export = used.operation.trim() == EXPORT;
    if policy.cas.is_empty() {
        let text = format!(
            "the key {key} of the machine was exported, whose name somebody chose, as that of a CA is"
        );
        return (is_export && may_be_of_ca(used)).then(|| reason("named_key_exported", text));
    }
    let name = configured_name(policy, &event.computer)?;
    let key_name = unsanitized(&used.key_name);
    // The key of a renewed CA has a number: `CORP-CA01(1)`.
    let is_its_key = same_text(&key_name, name)
        || key_name.rsplit_once('(').is_some_and(|(first, _)| same_text(first, name));
    let text = format!("the key {key} of the CA was used: {}", operation_text(&used.operation));
    let code = if is_export { "key_exported" } else { "key_used" };
    is_its_key.then(|| reason(code, text))
}

/// The code of an export in 5059.
const EXPORT: &str = "%%2464";

/// KeyType of 5058 and 5059 for a key of a user.
const KEY_OF_USER: [&str; 2] = ["%%2500", "User key."];

/// Keys of the machine that Windows makes under a name of their own, and that administrators of web farms export.
const KEYS_OF_WINDOWS: [&str; 6] = [
    "iisConfigurationKey",
    "iisWasKey",
    "NetFrameworkConfigurationKey",
    "TSSecKeySet1",
    "MS IIS DCOM Server",
    "Microsoft Internet Information Server",
];

/// Whether a key of the machine has the name of a CA, as far as the name shows: Windows gives the keys of all other certificates
/// a name with a GUID.
fn may_be_of_ca(used: &KeyUse) -> bool {
    let is_one_of = |texts: &[&str], text: &str| texts.iter().any(|known| same_text(text.trim(), known));
    !is_one_of(&KEY_OF_USER, &used.key_type)
        && !is_one_of(&KEYS_OF_WINDOWS, &used.key_name)
        && !has_guid(&used.key_name)
}

/// Whether a GUID, or another number of at least 16 hex digits, stands in the text.
fn has_guid(text: &str) -> bool {
    let is_separator = |c: char| !c.is_ascii_hexdigit() && c != '-';
    text.split(is_separator).any(|word| word.chars().filter(char::is_ascii_hexdigit).count() >= 16)
}

/// What Windows' code of the operation means (the message table of 5058 and 5059).
fn operation_text(operation: &str) -> &str {
    match operation.trim() {
        "%%2458" => "its file was read",
        "%%2459" => "its file was written",
        EXPORT => "it was exported",
        "%%2465" => "it was imported",
        other => other,
    }
}
