//! Which accounts an import states to be protected. Their names matter in every partition: another account may request them.

use crate::detect::entity::Entity;
use crate::detect::imported::Imported;
use crate::event::account::{Account, Sid, same_text};
use crate::event::facts::AccountKnown;
use crate::event::time::Span;
use crate::event::{Activity, Event};
use crate::wire::record::{self, ProtectedAccount, ProtectedFacts};

/// The most accounts that are kept; those that were stated longest ago go first.
const MAX_ACCOUNTS: usize = 2048;

/// An account that later imports of its domain leave out for this time is no longer protected.
const LEFT_OUT: Span = Span::days(7);

/// The list of protected accounts, which every partition has.
pub(crate) fn entity() -> Entity {
    Entity::everywhere("protected accounts")
}

/// The protected account that the event states.
pub(crate) fn of(event: &Event) -> Option<&AccountKnown> {
    let Activity::AccountKnown(known) = &event.activity else { return None };
    Some(known).filter(|known| known.protected)
}

/// Adds the account, or states it again. Accounts of its domain that imports have left out since long are dropped.
pub(crate) fn learn(facts: &mut ProtectedFacts, event: &Event) {
    let Some(AccountKnown { account, sid, upn, .. }) = of(event) else { return };
    let at = event.effective_time().as_millis();
    let is = |known: &ProtectedAccount, domain: &str, name: &str| {
        known.account.as_ref().is_some_and(|known| {
            same_text(&known.domain, domain) && (name.is_empty() || same_text(&known.name, name))
        })
    };
    let stated = ProtectedAccount {
        account: Some(record::Account { domain: account.domain.clone(), name: account.name.clone() }),
        sid: sid.as_ref().map(Sid::to_string),
        upn: upn.clone(),
        as_of_ms: at,
    };
    match facts.accounts.iter_mut().find(|known| is(known, &account.domain, &account.name)) {
        Some(known) if known.as_of_ms > at => {}
        Some(known) => *known = stated,
        None => facts.accounts.push(stated),
    }
    let oldest = at.saturating_sub(LEFT_OUT.as_millis());
    facts.accounts.retain(|known| known.as_of_ms >= oldest || !is(known, &account.domain, ""));
    if facts.accounts.len() > MAX_ACCOUNTS
        && let Some(oldest) = (0..facts.accounts.len()).min_by_key(|index| facts.accounts[*index].as_of_ms)
    {
        facts.accounts.remove(oldest);
    }
}

/// The accounts of the list, each by its account name and by its userPrincipalName.
pub(crate) fn imported(facts: &ProtectedFacts) -> Imported {
    let names = facts.accounts.iter().flat_map(|known| {
        let account = known.account.as_ref();
        let account =
            account.map(|account| Account { domain: account.domain.clone(), name: account.name.clone() });
        account.into_iter().chain(known.upn.as_deref().map(Account::parse))
    });
    Imported::of(names, facts.accounts.iter().filter_map(|known| known.sid.clone()))
}
