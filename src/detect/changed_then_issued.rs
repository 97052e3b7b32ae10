//! `changed-then-issued`: a name of an account was changed, then it was issued a certificate, and perhaps the name was changed back.
//!
//! **What.** 4738, 4742, 4781 or 5136 that changes userPrincipalName, mail, dNSHostName or sAMAccountName; 4887 for the account
//! within a day; the name is odd (see `detect/odd_name.rs`), or it is changed again within a day after the certificate.
//! **Why.** The chain of ESC9, ESC10 and ESC14: the CA puts the name of the moment into the certificate. Sources: the published
//! descriptions of these techniques; no single event of them is suspicious by itself.
//! **What looks alike and is harmless.** An account that is renamed and enrolls again under its new name: the name is not odd, and
//! stays. Identity management: `allow.changers`. A company that is renamed: only the suffix changes, and perhaps back.

use crate::alert::Severity;
use crate::detect::chain;
use crate::detect::changes::{Attribute, Change, by_name, changes};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_client, set_requester};
use crate::detect::identity::{domain_of_suffix, same_account};
use crate::detect::lifecycle::Lifetime;
use crate::detect::odd_name::oddness;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::Event;
use crate::event::account::{Account, same_text};
use crate::event::fold::ANY_AT;
use crate::event::san::San;
use crate::event::time::Span;
use crate::wire::record::{ChainEvent, ChainState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of an odd name and a certificate. Default high.
    pub severity: Severity,
    /// Of a name that is changed back afterwards, or of a protected one. Default critical.
    pub severity_reversed: Severity,
    /// How long after the change a certificate counts, and after it the reversal. Default 1d.
    pub within: Span,
    /// The same account alerts once in this time. Default 2d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            severity_reversed: Severity::Critical,
            within: Span::hours(24),
            suppression: Span::hours(48),
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
pub(crate) struct ChangedThenIssued {
    settings: Settings,
}

impl ChangedThenIssued {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> ChangedThenIssued {
        ChangedThenIssued { settings }
    }
}

impl Detection for ChangedThenIssued {
    type State = ChainState;
    type Part = ();

    const ABOUT: About = About {
        id: "changed-then-issued",
        title: "Certificate issued to an account whose name was changed",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0003", "Persistence", "T1098", "Account Manipulation"),
        ],
        investigative_actions: &[
            "Revoke the certificate and publish a new CRL",
            "Treat the account that changed the name as compromised, and the one whose name the certificate has",
            "Look for logons with the certificate (4768 with its serial number, 4624 Schannel)",
            "Remove the write permission on the account from those who do not administer it",
        ],
        benign_if: &[
            "The name was changed and changed back by identity management: name it under `allow.changers`",
            "The name was moved to another suffix of the same domain and back, as when a company is renamed: add the suffix to `domains`",
        ],
        excepted_by: &[Key::Account, Key::Names],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(issued) = event.activity.issued() {
            let requester = &issued.request.requester;
            if !requester.name.is_empty() {
                found(by_name(requester));
            }
            return;
        }
        let mut names: Vec<Entity> = Vec::new();
        for link in links_of(event, policy) {
            // A new account name is the one under which a certificate is asked for next.
            let renamed =
                (link.attribute == Attribute::AccountName.as_str()).then(|| Account::new("", &link.new));
            for account in [Some(Account::parse(&link.account)), renamed].into_iter().flatten() {
                let entity = by_name(&account);
                if !account.name.is_empty() && !names.contains(&entity) {
                    names.push(entity);
                }
            }
        }
        names.into_iter().for_each(found);
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        let memory = Span::millis(settings.within.as_millis().saturating_mul(2));
        for link in links_of(event, cx.policy) {
            chain::remember(&mut slot.state.events, link, memory);
        }
        slot.keep_until(memory_after(event.effective_time(), memory.max(settings.suppression)));
        if !slot.state.events.iter().any(|known| known.kind == CHANGED) {
            return;
        }
        let events = slot.state.events.clone();
        let issued = events.iter().filter(|known| known.kind == ISSUED);
        let chains = issued.flat_map(|issued| {
            chain::before(&events, CHANGED, issued, settings.within).map(move |change| (change, issued))
        });
        for (change, issued) in chains {
            let reversal = events.iter().find(|known| is_reversal(change, issued, known, settings.within));
            let former = reversal.and_then(|back| former(&events, change, back));
            let parts = Parts { change, issued, reversal, former };
            if parts.concerns(event) && parts.is_one_account(cx.policy) {
                self.judge(event, entity, parts, slot, cx);
            }
        }
    }
}

const CHANGED: &str = "changed";
const ISSUED: &str = "issued";

/// A change, a certificate, and what sets the change back.
#[derive(Clone, Copy)]
struct Parts<'a> {
    change: &'a ChainEvent,
    issued: &'a ChainEvent,
    reversal: Option<&'a ChainEvent>,
    /// The name before the change, as far as an event shows it.
    former: Option<&'a str>,
}

impl Parts<'_> {
    /// Whether the event is one of them: each chain is reported when it grows, not again with each other event.
    fn concerns(&self, event: &Event) -> bool {
        let at = event.effective_time().as_millis();
        [Some(self.change), Some(self.issued), self.reversal]
            .into_iter()
            .flatten()
            .any(|part| part.time_ms == at)
    }

    /// The key of the state is the name alone: events of an object name its domain, those of the CA its NetBIOS name.
    fn is_one_account(&self, policy: &DomainPolicy) -> bool {
        let domain = |part: &ChainEvent| Account::new(&Account::parse(&part.account).domain, "x");
        same_account(policy, &domain(self.issued), &domain(self.change))
    }
}

impl ChangedThenIssued {
    fn judge(
        &self,
        event: &Event,
        entity: &Entity,
        parts: Parts<'_>,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Parts { change, issued, reversal, former } = parts;
        let odd = change_of(change).and_then(|change| oddness(cx.policy, &change));
        let ownership = match (&odd, reversal) {
            (Some(_), _) => Ownership::Another,
            (None, Some(_)) => ownership(cx.policy, change, former),
            (None, None) => Ownership::Own,
        };
        if ownership == Ownership::Own {
            return;
        }
        let is_moved = ownership == Ownership::UnknownSuffix;
        let Some(anchor) = chain::evidence(issued) else { return };
        let actor = Account::parse(&change.actor);
        let (account, what, new) = (&change.account, &change.attribute, &change.new);
        let mut reasons = Vec::new();
        if is_moved {
            let text = format!(
                "only the suffix of {what} was another one while a certificate was issued: nobody else is known to have this \
                 suffix. If it is {account}'s own, add it to `domains:`"
            );
            reasons.push(reason("suffix_changed_back", text));
        } else if reversal.is_some() {
            let text = format!("{what} of {account} was {new} only while a certificate was issued");
            reasons.push(reason("changed_back", text));
        }
        if let Some(odd) = &odd {
            let text =
                format!("{actor} changed {what} to {new} ({}), and a certificate was issued", odd.text());
            reasons.push(reason("odd_name_then_issued", text));
        }
        let grave = reversal.is_some() || odd.is_some_and(|odd| odd.is_protected());
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: match (is_moved, grave) {
                (true, _) => Severity::Low,
                (false, true) => self.settings.severity_reversed,
                (false, false) => self.settings.severity,
            },
            title: format!("{} was issued a certificate while its {what} was {new}", issued.account),
            reasons,
            fields: Vec::new(),
            earlier: [Some(change), Some(issued), reversal]
                .into_iter()
                .flatten()
                .filter_map(chain::evidence)
                .collect(),
        };
        finding.raise_as(&anchor, &mut slot.state.open, cx, |alert| {
            set_requester(alert, &actor);
            if let Some(request) = report::request_of(event) {
                set_client(alert, request);
            }
            alert.certificate_serial = Some(issued.new.clone()).filter(|serial| !serial.is_empty());
            report::list_name(alert, new)
        });
    }
}

/// The event as parts of the chain. Of an issuance `new` is the serial number.
fn links_of(event: &Event, policy: &DomainPolicy) -> Vec<ChainEvent> {
    if let Some(issued) = event.activity.issued() {
        let serial = issued.serial.as_ref().map(ToString::to_string).unwrap_or_default();
        let template = issued.request.templates_in_one();
        let names: Vec<&str> = issued.request.names.iter().map(San::value).collect();
        let fields = [("serial", serial.as_str()), ("template", &template), ("names", &names.join(", "))];
        let link = chain::link(event, ISSUED, &issued.request.requester, &fields);
        return vec![ChainEvent { new: serial.clone(), ..link }];
    }
    changes(event)
        .into_iter()
        .filter(|change| !policy.lists(&policy.allow.changers, &change.actor))
        .filter(|change| change.attribute != Attribute::Mapping)
        .map(|change| changed(event, &change))
        .collect()
}

fn changed(event: &Event, change: &Change) -> ChainEvent {
    let [old, new] =
        [&change.old, &change.new].map(|value| report::cut(value.as_deref().unwrap_or_default()));
    let actor = change.actor.to_string();
    let attribute = change.attribute.as_str();
    let fields = [("actor", actor.as_str()), ("attribute", attribute), ("old", &old), ("new", &new)];
    let link = chain::link(event, CHANGED, &change.account, &fields);
    ChainEvent {
        actor: actor.clone(),
        attribute: attribute.to_owned(),
        old: old.clone(),
        new: new.clone(),
        ..link
    }
}

/// The change that was remembered.
fn change_of(link: &ChainEvent) -> Option<Change> {
    let attributes = [Attribute::Upn, Attribute::DnsHostName, Attribute::AccountName, Attribute::Mail];
    Some(Change {
        account: Account::parse(&link.account),
        attribute: attributes.into_iter().find(|attribute| attribute.as_str() == link.attribute)?,
        old: None,
        new: Some(link.new.clone()).filter(|new| !new.is_empty()),
        actor: Account::parse(&link.actor),
    })
}

/// Whose name the account had in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ownership {
    /// Its own: a certificate in it is that of the account.
    Own,
    /// Its own but for the suffix, which `domains:` gives to nobody.
    UnknownSuffix,
    /// The name of somebody else, as far as is known.
    Another,
}

/// The name before the change: the value that it took the place of, else the one that came back. 5136 reports a replaced value as
/// two events, of which the first one only shows what went.
fn former<'e>(events: &'e [ChainEvent], change: &'e ChainEvent, back: &'e ChainEvent) -> Option<&'e str> {
    let is_before = |known: &&ChainEvent| {
        known.kind == CHANGED
            && known.attribute == change.attribute
            && known.new.is_empty()
            && known.time_ms <= change.time_ms
    };
    let went = events.iter().rev().find(is_before).map(|known| known.old.as_str());
    [Some(change.old.as_str()), went, Some(back.new.as_str())]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty() && !same_text(name, &change.new))
}

/// Whose name the account had between the change and what sets it back. A name is the account's own if it is that of the account,
/// as after a rename, or if only its suffix was another one, as when a company is renamed.
fn ownership(policy: &DomainPolicy, change: &ChainEvent, former: Option<&str>) -> Ownership {
    let has_suffix = [Attribute::Upn, Attribute::Mail].map(Attribute::as_str);
    let Some((name, suffix)) = change.new.rsplit_once(ANY_AT) else { return Ownership::Another };
    let former = former.and_then(|former| former.rsplit_once(ANY_AT));
    let account = Account::parse(&change.account);
    let account = policy.in_one_spelling(&account);
    let is_own = account.has_name(name) || former.is_some_and(|(former, _)| same_text(name, former));
    if !is_own || !has_suffix.contains(&change.attribute.as_str()) {
        return Ownership::Another;
    }
    match domain_of_suffix(policy, suffix) {
        Some(domain) if same_text(domain, &account.domain) => Ownership::Own,
        Some(_) => Ownership::Another,
        None if same_text(suffix, &account.domain) => Ownership::Own,
        None => Ownership::UnknownSuffix,
    }
}

/// Whether a later change sets another value, of the same name of the account, within the time after the certificate. Where
/// the former value is known, it must come back.
fn is_reversal(change: &ChainEvent, issued: &ChainEvent, later: &ChainEvent, within: Span) -> bool {
    let is_later =
        later.time_ms > issued.time_ms && chain::time(issued).distance(chain::time(later)) <= within;
    let is_change = later.kind == CHANGED && later.attribute == change.attribute && !change.new.is_empty();
    let value = if later.new.is_empty() { &later.old } else { &later.new };
    let sets_back = if later.new.is_empty() {
        same_text(value, &change.new)
    } else {
        !same_text(value, &change.new) && (change.old.is_empty() || same_text(value, &change.old))
    };
    is_later && is_change && sets_back
}
