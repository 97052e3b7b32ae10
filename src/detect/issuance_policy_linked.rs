//! `issuance-policy-linked`: an issuance policy was linked to a group, so that a certificate makes its owner a member.
//!
//! **What.** 5136 that adds a value to msDS-OIDToGroupLink of an issuance policy.
//! **Why.** ESC13: who gets a certificate with the policy has the rights of the group, without being in it. Sources: [MS-ADTS] on
//! authentication mechanism assurance, the published description of ESC13.
//! **What looks alike and is harmless.** Authentication mechanism assurance is a feature; a project that introduces it alerts once.

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::time::Span;
use crate::event::{Activity, DirectoryChange, DirectoryOperation, Event};
use crate::wire::record::SingleAlert;
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
    /// The same policy alerts once in this time. Default 1d.
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
pub(crate) struct IssuancePolicyLinked {
    settings: Settings,
}

impl IssuancePolicyLinked {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> IssuancePolicyLinked {
        IssuancePolicyLinked { settings }
    }
}

impl Detection for IssuancePolicyLinked {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "issuance-policy-linked",
        title: "Issuance policy linked to a group",
        mitre: &[
            ("TA0004", "Privilege Escalation", "T1484", "Domain or Tenant Policy Modification"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Ask the account that made the link, over another channel",
            "Look at what the group may do, and at the templates with this policy (msPKI-Certificate-Policy) and who may enroll in them",
            "Remove the link from msDS-OIDToGroupLink if nobody needs it",
            "List the certificates that were issued with the policy since",
        ],
        benign_if: &[
            "The link of the policy to the group was planned, and the members of the group are meant to be reached by certificate",
        ],
        excepted_by: &[Key::Account, Key::Names],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((change, _)) = link(event) {
            found(Entity::named(&report::cut(&change.object_dn)));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some((change, group)) = link(event) else { return };
        let (actor, policy) = (&change.actor, report::cut(&change.object_dn));
        let group = report::cut(group);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!("{actor} linked an issuance policy to {group}"),
            reasons: vec![reason(
                "linked_to_group",
                format!("certificates with {policy} give the rights of {group}"),
            )],
            fields: vec![("actor", actor.to_string()), ("policy", policy.clone()), ("group", group.clone())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, actor);
            report::list_name(alert, &group)
        });
        slot.keep_until(memory_after(event.effective_time(), self.settings.suppression));
    }
}

/// A link to a group that was added, and the group.
fn link(event: &Event) -> Option<(&DirectoryChange, &str)> {
    let Activity::DirectoryChanged(change) = &event.activity else { return None };
    let is_link = change.attribute.as_deref().is_some_and(|name| same_text(name, "msDS-OIDToGroupLink"));
    let group = change.value.as_deref().unwrap_or_default();
    (is_link && change.operation == DirectoryOperation::ValueAdded).then_some((change, group))
}
