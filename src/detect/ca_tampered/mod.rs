//! `ca-tampered`: a setting of a CA changed so that it can be abused, or so that it logs less.
//!
//! **What.** 4882, 4885, 4890, 4891, 4892 and 4896 of the CA, and 4657 of its registry, with the bits by name: EditFlags,
//! InterfaceFlags, DisableExtensionList, AuditFilter, RequestDisposition. See `change.rs`.
//! **Why.** ESC6, ESC7, ESC11 and ESC16 are one setting each, and an attacker switches the audit off before the rest. Sources:
//! [MS-CSRA] and certutil's names of the bits, MDI's alerts on the same events.
//! **What looks alike and is harmless.** The administrators of the CA do all of this. An account that is known for 30 days to
//! change settings of this CA raises low alerts, and so does one of `allow.ca_managers` that changes its templates, permissions or
//! restrictions.

mod change;

use crate::alert::Severity;
use crate::detect::ca_tampered::change::{actor, is_about_a_ca, judge};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor};
use crate::detect::hands;
use crate::detect::lifecycle::Lifetime;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::Event;
use crate::event::time::Span;
use crate::wire::record::CaSettingsState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of a change by an account that is not known to change this CA. Default high.
    pub severity: Severity,
    /// Of a change by an account that is known to. Default low.
    pub severity_known: Severity,
    /// An account is known this long after its first change. Default 30d.
    pub known_after: Span,
    /// The same change of a CA alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
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
pub(crate) struct CaTampered {
    settings: Settings,
}

impl CaTampered {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> CaTampered {
        CaTampered { settings }
    }
}

impl Detection for CaTampered {
    type State = CaSettingsState;
    type Part = ();

    const ABOUT: About = About {
        id: "ca-tampered",
        title: "Setting of a CA changed",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0005", "Defense Evasion", "T1562.002", "Disable Windows Event Logging"),
        ],
        investigative_actions: &[
            "Ask the account that made the change, over another channel than its mail",
            "Read the setting on the CA: certutil -getreg policy\\EditFlags, CA\\InterfaceFlags, policy\\DisableExtensionList, CA\\AuditFilter",
            "Set it back and restart the service; list the certificates that were issued in between",
            "Look at the account's logons on the CA at that time (4624)",
        ],
        benign_if: &[
            "The change of the CA's settings was planned, and its administrator confirms it",
            "The account administers the CA: name it under `allow.ca_managers`, for templates, permissions and restrictions",
        ],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::Low, Severity::High],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if is_about_a_ca(event) {
            found(Entity::ca_in_any_spelling(&event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, CaSettingsState, ()>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        slot.keep_until(memory_after(at, REMEMBER));
        let Some(tampering) = judge(event, &mut slot.state.values) else { return };
        let actor = actor(event);
        let known = actor.and_then(|actor| hands::meet(&mut slot.state.hands, cx.policy, actor, at));
        let is_manager = tampering.is_administration()
            && actor.is_some_and(|actor| cx.policy.lists(&cx.policy.allow.ca_managers, actor));
        let is_known = is_manager || known.is_some_and(|span| span >= self.settings.known_after);
        let by = actor.map_or_else(|| "nobody named".to_owned(), ToString::to_string);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: if is_known { self.settings.severity_known } else { self.settings.severity },
            title: format!("{}: {}", event.computer, tampering.reason.text),
            reasons: vec![tampering.reason],
            fields: vec![("actor", by), ("setting", tampering.setting), ("value", tampering.value)],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            let Some(actor) = actor else { return false };
            set_actor(alert, actor)
        });
    }
}

/// The settings and the hands of a CA are remembered for this long after its last change.
const REMEMBER: Span = Span::days(400);
