//! Who alters pending requests often: few accounts, which every partition knows.

use crate::detect::Entity;
use crate::detect::domain::DomainPolicy;
use crate::detect::report;
use crate::event::account::Account;
use crate::event::time::Time;
use crate::state::days::REMEMBERED_DAYS;
use crate::wire::record::{CaManager, CaManagers};

/// The name of the record, and of the entity whose events teach it.
pub(super) const NAME: &str = "managers of pending requests";

/// Managers that are remembered, those who were active last.
const MAX_MANAGERS: usize = 64;

/// Gets every alteration, in every partition.
pub(super) fn entity() -> Entity {
    Entity::everywhere(NAME)
}

/// Marks the day for the manager.
pub(super) fn learn(managers: &mut CaManagers, policy: &DomainPolicy, actor: &Account, at: Time) {
    let account = key(policy, actor);
    let manager = match managers.managers.iter().position(|known| known.account == account) {
        Some(place) => &mut managers.managers[place],
        None => {
            if managers.managers.len() >= MAX_MANAGERS {
                let newest = |known: &CaManager| known.days.as_ref().map_or(i32::MIN, |days| days.newest_day);
                let keys = managers.managers.iter().map(newest).enumerate();
                if let Some((place, _)) = keys.min_by_key(|(_, day)| *day) {
                    managers.managers.remove(place);
                }
            }
            managers.managers.push(CaManager { account, days: None });
            let last = managers.managers.len() - 1;
            &mut managers.managers[last]
        }
    };
    manager.days.get_or_insert_default().mark(at.day());
}

/// On how many days before this one the account altered requests.
pub(super) fn days_before(managers: &CaManagers, policy: &DomainPolicy, actor: &Account, at: Time) -> u32 {
    let account = key(policy, actor);
    let known = managers.managers.iter().find(|known| known.account == account);
    let Some(days) = known.and_then(|known| known.days.as_ref()) else { return 0 };
    let today = days.count(at.day(), 1);
    days.count(at.day(), REMEMBERED_DAYS).saturating_sub(today)
}

fn key(policy: &DomainPolicy, actor: &Account) -> String {
    report::cut(&policy.in_one_spelling(actor).canonical())
}
