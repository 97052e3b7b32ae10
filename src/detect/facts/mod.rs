//! FACTS OF THE ESTATE: state that explains what detections find, and never alerts.
//!
//! Facts come from events of the stream (4738, 4741, 4742, 4781, 4898 to 4900) and from imports, and travel through the
//! routed log like all events, so a replay sees what the live stage saw. What is not known is none: never harmless.
//!
//! Facts of an account live in the partition of its name, beside the state of the detections that are keyed by it. Facts
//! that all need, and that are few, live in every partition: templates, renames, protected accounts and suffixes of domains.

mod account;
mod domain;
mod protected;
mod rename;
mod template;

use crate::detect::asked;
use crate::detect::domain::DomainPolicy;
use crate::detect::entity::{Entity, Place};
use crate::detect::identity::{self, Verdict, suffix_of_the_ca};
use crate::detect::imported::Imported;
use crate::detect::words::InWords;
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::time::{Span, Time};
use crate::event::{Activity, Event};
use crate::state::key::EntityKey;
use crate::state::store::{Hour, KeyedStore};
use crate::wire::record::{AccountFacts, DomainFacts, RenameFacts, TemplateFacts};
use crate::wire::{self, Record};

/// The id under which checkpoints hold facts.
pub(crate) const ID: &str = "facts";

/// How long a fact is kept after the newest event or import that stated it.
pub(crate) const MEMORY: Span = Span::days(400);

/// What one partition knows of the estate.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    store: KeyedStore,
}

impl Facts {
    /// Gives `found` each entity of which the event states something.
    pub(crate) fn entities(event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(account) = account::of(event) {
            found(policy.account(account));
            protected::of(event).into_iter().for_each(|_| found(protected::entity()));
        } else if let Some((name, _)) = template::of(event) {
            found(template::entity(name));
        } else if let Activity::AccountRenamed(rename) = &event.activity {
            found(policy.account(&Account::new(&rename.domain, &rename.new_name)));
            found(rename::entity());
        } else if domain::of(event, policy).is_some() {
            found(domain::entity());
        }
    }

    /// Remembers what the event states of the entities that live here. Of how many.
    pub(crate) fn learn(
        &mut self,
        event: &Event,
        policy: &DomainPolicy,
        lives_here: &dyn Fn(Place) -> bool,
    ) -> u32 {
        let mut here = Vec::new();
        Facts::entities(event, policy, &mut |entity| {
            let place = entity.place(ID);
            if lives_here(place) {
                here.push((entity.key_at(ID, place), entity));
            }
        });
        for (key, entity) in &here {
            if *entity == rename::entity() {
                self.update(*key, event, rename::learn);
            } else if *entity == protected::entity() {
                self.update(*key, event, protected::learn);
            } else if let Some((requester, suffix)) = domain::of(event, policy) {
                self.update(*key, event, |facts, _| domain::learn(facts, requester, suffix));
            } else if template::of(event).is_some() {
                self.update(*key, event, template::learn);
            } else {
                self.learn_account(*key, event);
            }
        }
        here.len() as u32
    }

    /// Logons are many, and state the same again and again: only what they add is written.
    fn learn_account(&mut self, key: EntityKey, event: &Event) {
        let known: AccountFacts = self.read(key).unwrap_or_default();
        if account::adds(&known, event) {
            self.update(key, event, account::learn);
        }
    }

    fn update<R: Record>(&mut self, key: EntityKey, event: &Event, learn: impl FnOnce(&mut R, &Event)) {
        let mut facts: R = self.read(key).unwrap_or_default();
        learn(&mut facts, event);
        let expires = Hour::not_before(event.effective_time().plus(MEMORY));
        self.store.put(key, &wire::encode(&facts), expires);
    }

    fn read<R: Record>(&self, key: EntityKey) -> Option<R> {
        self.store.get(key).and_then(|bytes| wire::decode(bytes).ok())
    }

    /// What is known of an account; none: nothing, or it lives in another partition.
    pub(crate) fn account(&self, policy: &DomainPolicy, account: &Account) -> Option<AccountFacts> {
        self.read(policy.account(account).key(ID))
    }

    /// What is known of a template, by its common name; none: nothing.
    pub(crate) fn template(&self, name: &str) -> Option<TemplateFacts> {
        self.read(template::entity(name).key(ID))
    }

    /// The protected accounts that imports state.
    pub(crate) fn protected(&self) -> Imported {
        self.read(protected::entity().key(ID)).map(|facts| protected::imported(&facts)).unwrap_or_default()
    }

    /// Whether the event may change [`Facts::protected`].
    pub(crate) fn may_protect(event: &Event) -> bool {
        protected::of(event).is_some()
    }

    /// The suffix of a machine's own host name that is the domain of the CA, if nothing shows that it is the machine's domain
    /// too. None: the name has no such suffix, or enough machines of the domain have it.
    pub(crate) fn suffix_of_another<'n>(
        &self,
        policy: &DomainPolicy,
        requester: &Account,
        name: &'n San,
        ca: &Host,
    ) -> Option<&'n str> {
        let San::Dns(dns) = name else { return None };
        let suffix = suffix_of_the_ca(policy, requester, dns, ca)?;
        let facts: DomainFacts = self.read(domain::entity().key(ID)).unwrap_or_default();
        (!domain::has(&facts, requester, suffix)).then_some(suffix)
    }

    /// What a name is to the requester, with what is known of its domain. A name under the CA's domain is that of another
    /// machine, unless the requester is known to be of that domain.
    pub(crate) fn of_domain(
        &self,
        policy: &DomainPolicy,
        requester: &Account,
        name: &San,
        verdict: Verdict,
        ca: &Host,
    ) -> Verdict {
        match verdict {
            Verdict::Own { suffix_assumed: true }
                if self.suffix_of_another(policy, requester, name, ca).is_some() =>
            {
                Verdict::Other
            }
            Verdict::Other if self.is_name_of_the_domain(policy, requester, name) => Verdict::Unknown,
            Verdict::Own { .. } | Verdict::Other | Verdict::Unknown => verdict,
        }
    }

    /// Whether a name is that of the machine's domain itself, which domain controllers carry beside their own: where the policy
    /// does not know its suffix, enough machines of the domain have it.
    pub(crate) fn is_name_of_the_domain(
        &self,
        policy: &DomainPolicy,
        requester: &Account,
        name: &San,
    ) -> bool {
        let San::Dns(dns) = name else { return false };
        let may_be = requester.is_machine() && policy.suffixes(&requester.domain).is_none();
        may_be && {
            let facts: DomainFacts = self.read(domain::entity().key(ID)).unwrap_or_default();
            domain::has(&facts, requester, dns)
        }
    }

    /// Whether two accounts are one: by their names, or because one was renamed to the other before `until`.
    pub(crate) fn same_account(
        &self,
        policy: &DomainPolicy,
        one: &Account,
        other: &Account,
        until: Time,
    ) -> bool {
        identity::same_account(policy, one, other) || {
            let renames: RenameFacts = self.read(rename::entity().key(ID)).unwrap_or_default();
            rename::links(&renames, policy, one, other, until)
        }
    }

    /// What is known of the accounts among these entities, in words, each with its entity.
    pub(crate) fn recall(&self, entities: &[Entity]) -> Vec<(String, String)> {
        let accounts: Vec<Entity> =
            entities.iter().filter(|entity| entity.account_name().is_some()).cloned().collect();
        let known = asked::keys(&accounts, ID, &self.store).into_iter();
        let in_words = |key| self.read::<AccountFacts>(key).map(|facts| facts.in_words());
        known.filter_map(|(key, entity)| Some((entity, in_words(key)?))).collect()
    }

    /// The records of all facts.
    pub(crate) fn store(&self) -> &KeyedStore {
        &self.store
    }

    /// The records of all facts, to restore, sweep and checkpoint.
    pub(crate) fn store_mut(&mut self) -> &mut KeyedStore {
        &mut self.store
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::facts::Facts;
    use crate::event::account::Account;
    use crate::event::facts::{AccountKnown, TemplateKnown};
    use crate::event::host::Host;
    use crate::event::template::TemplateFlags;
    use crate::event::time::{Span, Time};
    use crate::event::{AccountRename, Activity, Event, Origin};

    fn event(day: i64, activity: Activity) -> Event {
        let time = Time::from_millis(Span::days(day).as_millis());
        Event { time, computer: Host::new("dc01.corp.example"), origin: Origin::default(), activity }
    }

    fn known(events: &[Event]) -> Facts {
        let mut facts = Facts::default();
        events.iter().for_each(|event| {
            facts.learn(event, &DomainPolicy::default(), &|_| true);
        });
        facts
    }

    fn import(upn: &str) -> Activity {
        let account = Account::parse("CORP\\ann");
        Activity::AccountKnown(AccountKnown { account, upn: Some(upn.to_owned()), ..AccountKnown::default() })
    }

    fn upn_of(facts: &Facts, name: &str) -> Option<String> {
        facts.account(&DomainPolicy::default(), &Account::parse(name)).and_then(|account| account.upn)
    }

    #[test]
    fn newest_fact_counts_in_whatever_order_they_arrive() {
        for order in [[1, 2], [2, 1]] {
            let facts = known(&order.map(|day| event(day, import(&format!("ann.{day}@corp.example")))));
            assert_eq!(upn_of(&facts, "corp\\ANN").as_deref(), Some("ann.2@corp.example"));
        }
        assert_eq!(upn_of(&known(&[]), "CORP\\ann"), None, "unknown");
        assert_eq!(
            upn_of(&known(&[event(1, import("ann@corp.example"))]), "DEV\\ann"),
            None,
            "another domain"
        );
    }

    #[test]
    fn renamed_account_is_the_same_from_then_on() {
        let rename = AccountRename {
            domain: "CORP".to_owned(),
            old_name: "ann".to_owned(),
            new_name: "ann.lee".to_owned(),
            ..AccountRename::default()
        };
        let facts = known(&[event(5, Activity::AccountRenamed(rename))]);
        let same = |one: &str, other: &str, day| {
            let (one, other) = (Account::parse(one), Account::parse(other));
            let until = Time::from_millis(Span::days(day).as_millis());
            facts.same_account(&DomainPolicy::default(), &one, &other, until)
        };
        assert!(same("CORP\\ann", "corp.example\\Ann.Lee", 6) && same("CORP\\ann.lee", "CORP\\ann", 6));
        assert!(!same("CORP\\ann", "CORP\\ann.lee", 4), "not yet");
        assert!(!same("CORP\\ann", "CORP\\bob", 6));
        let names = facts.account(&DomainPolicy::default(), &Account::parse("CORP\\ann.lee"));
        assert_eq!(names.unwrap().former_names, ["ann"]);
    }

    #[test]
    fn template_that_was_never_stated_is_unknown() {
        let flags = TemplateFlags { name_flag: Some(1), ..TemplateFlags::default() };
        let template = TemplateKnown { name: "WebServer".to_owned(), flags, ..TemplateKnown::default() };
        let facts = known(&[event(1, Activity::TemplateKnown(template))]);
        let supplies = |name| facts.template(name).and_then(|template| template.enrollee_supplies_names());
        assert_eq!((supplies("webserver"), supplies("User")), (Some(true), None));
    }
}
