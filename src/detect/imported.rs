//! Protected accounts that an import stated, beside those that the policy lists.

use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::host::Host;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Protected accounts by their folded names, and their SIDs. Each detection has a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported(Arc<Lists>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Lists {
    by_name: BTreeMap<String, Vec<Account>>,
    sids: BTreeSet<String>,
}

impl Imported {
    /// These accounts and SIDs.
    pub(crate) fn of(
        accounts: impl Iterator<Item = Account>,
        sids: impl Iterator<Item = String>,
    ) -> Imported {
        let mut by_name: BTreeMap<String, Vec<Account>> = BTreeMap::new();
        for account in accounts {
            by_name.entry(fold(&account.name).into_owned()).or_default().push(account);
        }
        Imported(Arc::new(Lists { by_name, sids: sids.collect() }))
    }

    /// The accounts of this name, of whatever domain.
    pub(crate) fn named(&self, name: &str) -> &[Account] {
        if self.0.by_name.is_empty() {
            return &[];
        }
        self.0.by_name.get(&*fold(name)).map_or(&[], Vec::as_slice)
    }

    /// Whether one of them is the machine account of this host.
    pub(crate) fn has_machine(&self, host: &Host) -> bool {
        !self.0.by_name.is_empty() && !self.named(&format!("{}$", host.label())).is_empty()
    }

    /// Whether one of them is the account of a machine.
    pub(crate) fn has_machines(&self) -> bool {
        self.0.by_name.keys().any(|name| name.ends_with('$'))
    }

    /// Whether one of them has this SID.
    pub(crate) fn has_sid(&self, sid: &str) -> bool {
        self.0.sids.contains(sid)
    }
}
