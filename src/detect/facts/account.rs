//! What is known of an account.

use crate::event::account::{Account, Sid};
use crate::event::directory::{AccountChange, AccountChangeKind};
use crate::event::facts::AccountKnown;
use crate::event::host::Host;
use crate::event::{AccountRename, Activity, CertificateLogon, Event};
use crate::wire::record::{self, AccountFacts};

/// The most service principal names that are kept of one account.
const MAX_SPNS: usize = 32;

/// The most former names that are kept of one account.
const MAX_FORMER_NAMES: usize = 8;

/// The account of which the event states something.
pub(crate) fn of(event: &Event) -> Option<&Account> {
    if let Activity::AccountChanged(change) = &event.activity {
        Some(&change.account)
    } else if let Activity::AccountKnown(known) = &event.activity {
        Some(&known.account)
    } else {
        logon(event).map(|logon| &logon.account)
    }
}

/// A logon that shows which SID the account has.
fn logon(event: &Event) -> Option<&CertificateLogon> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        Some(logon).filter(|logon| logon.accepted() && logon.sid.is_some())
    } else {
        None
    }
}

/// Whether the event may state more than is known. Of a logon only its SID counts.
pub(crate) fn adds(known: &AccountFacts, event: &Event) -> bool {
    logon(event).is_none_or(|logon| logon.sid.as_ref().map(Sid::to_string) != known.sid)
}

/// Takes over what the event states, unless something newer is known.
pub(crate) fn learn(facts: &mut AccountFacts, event: &Event) {
    let at = event.effective_time().as_millis();
    if let Activity::AccountRenamed(rename) = &event.activity {
        renamed(facts, rename);
    }
    if let Some(logon) = logon(event) {
        // An import that is dated before the logon still states the rest.
        if at >= facts.as_of_ms {
            facts.account = Some(record_of(&logon.account));
            set(&mut facts.sid, logon.sid.as_ref().map(Sid::to_string));
        }
    } else if at >= facts.as_of_ms {
        facts.as_of_ms = at;
        if let Activity::AccountChanged(change) = &event.activity {
            changed(facts, change);
        } else if let Activity::AccountKnown(known) = &event.activity {
            imported(facts, known);
        }
    }
    if let Activity::AccountChanged(change) = &event.activity
        && change.kind == AccountChangeKind::Created
    {
        facts.created_ms = Some(at);
        facts.created_by = Some(record_of(&change.actor));
    }
}

fn changed(facts: &mut AccountFacts, change: &AccountChange) {
    facts.account = Some(record_of(&change.account));
    set(&mut facts.sid, change.sid.as_ref().map(Sid::to_string));
    set(&mut facts.upn, change.upn.clone());
    set(&mut facts.dns_host_name, change.dns_host_name.as_ref().map(Host::to_string));
    if let Some(names) = &change.service_principal_names {
        facts.service_principal_names = names.iter().take(MAX_SPNS).cloned().collect();
    }
}

/// An import states the whole account: what it leaves out is not set.
fn imported(facts: &mut AccountFacts, known: &AccountKnown) {
    facts.account = Some(record_of(&known.account));
    set(&mut facts.sid, known.sid.as_ref().map(Sid::to_string));
    facts.upn.clone_from(&known.upn);
    facts.mail.clone_from(&known.mail);
    facts.dns_host_name = known.dns_host_name.as_ref().map(Host::to_string);
    facts.service_principal_names = known.service_principal_names.iter().take(MAX_SPNS).cloned().collect();
    facts.protected = known.protected;
}

fn renamed(facts: &mut AccountFacts, rename: &AccountRename) {
    facts.account = Some(record_of(&Account::new(&rename.domain, &rename.new_name)));
    set(&mut facts.sid, rename.sid.as_ref().map(Sid::to_string));
    if !facts.former_names.contains(&rename.old_name) {
        facts.former_names.push(rename.old_name.clone());
        let surplus = facts.former_names.len().saturating_sub(MAX_FORMER_NAMES);
        facts.former_names.drain(..surplus);
    }
}

fn set(known: &mut Option<String>, value: Option<String>) {
    if value.is_some() {
        *known = value;
    }
}

fn record_of(account: &Account) -> record::Account {
    record::Account { domain: account.domain.clone(), name: account.name.clone() }
}
