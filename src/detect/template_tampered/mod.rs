//! `template-tampered`: a certificate template changed so that it can be abused.
//!
//! **What.** The difference of a change decides: 5136 on the template in the directory, which names the actor, 4899 and 4900 of the
//! CA, which have the old and the new content. See `difference.rs` for what opens a template and `sddl.rs` for its permissions.
//! **Why.** ESC4: an account that may write to a template makes it one of ESC1, ESC2, ESC3 or ESC9, asks for a certificate, and
//! mostly sets everything back. Sources: [MS-CRTD] for the flags, [MS-DTYP] 2.5.1 for the permissions.
//! **What looks alike and is harmless.** New versions of templates that a CA notices after an upgrade: their difference opens
//! nothing. 4898, which a CA writes for every template at each start, only states what is there.

mod sddl;
mod difference;

use crate::alert::Severity;
use crate::detect::changes::template_of;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::template_tampered::difference::{Difference, judge};
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::time::Span;
use crate::event::{Activity, Event};
use crate::wire::record::TemplateState;
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
    /// The same change of a template alerts once in this time. Default 1d.
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
pub(crate) struct TemplateTampered {
    settings: Settings,
}

impl TemplateTampered {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> TemplateTampered {
        TemplateTampered { settings }
    }
}

impl Detection for TemplateTampered {
    type State = TemplateState;
    type Part = ();

    const ABOUT: About = About {
        id: "template-tampered",
        title: "Certificate template opened",
        mitre: &[
            ("TA0004", "Privilege Escalation", "T1484", "Domain or Tenant Policy Modification"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Ask the account that changed the template (5136); 4899 and 4900 do not name it",
            "Set the template back, and compare it with others of the same purpose",
            "List the certificates that were issued from it since, and revoke what nobody can explain",
            "Remove the write permission on templates from accounts that do not administer them",
        ],
        benign_if: &["The change of the template was planned, and its administrator confirms it"],
        excepted_by: &[Key::Account, Key::Templates],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(template) = template_of(event) {
            found(Entity::named(&template));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, TemplateState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(template) = template_of(event) else { return };
        slot.keep_until(memory_after(event.effective_time(), REMEMBER));
        let Difference { opens, closes } = judge(event, &mut slot.state);
        let actor =
            if let Activity::DirectoryChanged(change) = &event.activity { Some(&change.actor) } else { None };
        let finding = |title, reasons| Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title,
            fields: vec![("actor", actor.map(ToString::to_string).unwrap_or_default())],
            reasons,
            earlier: Vec::new(),
        };
        if !closes.is_empty() {
            let by = actor.map(|actor| format!(" by {actor}")).unwrap_or_default();
            let text = format!(
                "what was opened was set back{by} at {}, at least a part of it",
                event.effective_time()
            );
            let back = finding(format!("Template {template} was set back"), vec![reason("set_back", text)]);
            back.revise(&mut slot.state.open, cx, |alert| {
                alert.reasons.iter().any(|known| closes.iter().any(|closed| closed.code == known.code))
            });
        }
        let Some(first) = opens.first() else { return };
        let title = format!("Template {template}: {}", first.text);
        finding(title, opens).raise(&mut slot.state.open, cx, |alert| {
            if let Some(actor) = actor {
                set_requester(alert, actor);
            }
            report::list_template(alert, &template)
        });
    }
}

/// What is known of a template is remembered for this long after its last event.
const REMEMBER: Span = Span::days(400);
