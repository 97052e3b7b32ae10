//! Which accounts were renamed: a certificate bears the name that its account had when it was issued.

use crate::detect::domain::DomainPolicy;
use crate::detect::entity::Entity;
use crate::detect::identity::same_account;
use crate::event::account::{Account, Sid};
use crate::event::time::Time;
use crate::event::{Activity, Event};
use crate::wire::record::{Rename, RenameFacts};

/// The most renames that are kept; the oldest go first.
const MAX_RENAMES: usize = 4096;

/// The list of renames, which every partition has.
pub(crate) fn entity() -> Entity {
    Entity::everywhere("renames")
}

/// Adds the rename that the event reports, each once.
pub(crate) fn learn(facts: &mut RenameFacts, event: &Event) {
    let Activity::AccountRenamed(renamed) = &event.activity else { return };
    let rename = Rename {
        domain: renamed.domain.clone(),
        old_name: renamed.old_name.clone(),
        new_name: renamed.new_name.clone(),
        sid: renamed.sid.as_ref().map(Sid::to_string),
        time_ms: event.effective_time().as_millis(),
    };
    if facts.renames.contains(&rename) {
        return;
    }
    let at = facts.renames.partition_point(|known| known.time_ms <= rename.time_ms);
    facts.renames.insert(at, rename);
    let surplus = facts.renames.len().saturating_sub(MAX_RENAMES);
    facts.renames.drain(..surplus);
}

/// Whether one account was renamed to the other until then, in one step.
pub(crate) fn links(
    facts: &RenameFacts,
    policy: &DomainPolicy,
    one: &Account,
    other: &Account,
    until: Time,
) -> bool {
    facts.renames.iter().take_while(|rename| rename.time_ms <= until.as_millis()).any(|rename| {
        let old = Account::new(&rename.domain, &rename.old_name);
        let new = Account::new(&rename.domain, &rename.new_name);
        let is = |a: &Account, b: &Account| same_account(policy, &old, a) && same_account(policy, &new, b);
        is(one, other) || is(other, one)
    })
}
