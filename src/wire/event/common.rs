//! What events share: accounts, SIDs, hosts.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::wire::record;

pub(crate) fn account_to(account: &Account) -> record::Account {
    record::Account { domain: account.domain.clone(), name: account.name.clone() }
}

pub(crate) fn account_from(r: Option<record::Account>) -> Account {
    r.map(|r| Account { domain: r.domain, name: r.name }).unwrap_or_default()
}

/// An account that an event may lack.
pub(crate) fn some_account(r: Option<record::Account>) -> Option<Account> {
    r.map(|account| account_from(Some(account)))
}

/// A SID as text.
pub(crate) fn sid_to(sid: Option<&Sid>) -> Option<String> {
    sid.map(Sid::to_string)
}

/// A SID from text.
pub(crate) fn sid_from(r: Option<String>) -> Result<Option<Sid>, String> {
    r.map(Sid::try_from).transpose()
}

/// A host as text.
pub(crate) fn host_to(host: Option<&Host>) -> Option<String> {
    host.map(Host::to_string)
}
