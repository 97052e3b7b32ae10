//! What a detection remembers of an entity, in words: one sentence for each kind of state.

use crate::event::time::Time;
use crate::wire::record::{
    AccountFacts, AgentCertificate, CaSettingsState, CaSilentState, CertLogCaState, ChainState, ChaseState,
    DayBits, HandsState, KnownHand, LastSeenState, NoveltyState, OpenAlert, PendingState, PkinitClientState,
    ProbingState, RelayState, RequestIdState, SanMismatchState, SingleAlert, StoryState, TemplateState,
    UnknownCertificateState, VolumeState, WeakMappingState,
};

/// State for a reader who does not know its fields.
pub trait InWords {
    /// What it contains, as the end of "it remembered …".
    fn in_words(&self) -> String;
}

/// The most things of one kind that are named; the others are counted.
const MAX_NAMED: usize = 5;

fn time(millis: i64) -> String {
    Time::from_millis(millis).to_string()
}

/// `1 thing`, `3 things`; what follows the noun stands behind a `|`.
fn counted(number: usize, thing: &str) -> String {
    let (noun, rest) = thing.split_once('|').unwrap_or((thing, ""));
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}{rest}")
}

fn days(days: Option<&DayBits>) -> String {
    counted(days.map_or(0, |days| days.bits.count_ones() as usize), "day")
}

/// The parts that are there; without any, that there is nothing.
fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing of note".to_owned() } else { parts.join("; ") }
}

/// Names at most [`MAX_NAMED`] things; none when there are none.
fn listed(label: &str, things: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let all = things.len();
    let named: Vec<String> = things.take(MAX_NAMED).collect();
    let rest = if all > named.len() { format!(", and {} more", all - named.len()) } else { String::new() };
    (all > 0).then(|| format!("{label} {}{rest}", named.join(", ")))
}

fn some(number: usize, thing: &str) -> Option<String> {
    (number > 0).then(|| counted(number, thing))
}

fn alert(open: Option<&OpenAlert>) -> Option<String> {
    let open = open?;
    let title = open.alert.as_ref().map_or("", |alert| alert.title.as_str());
    let more = if open.suppressed > 0 {
        format!(", and {} since added nothing to it", counted(open.suppressed as usize, "finding"))
    } else {
        String::new()
    };
    let which = if open.withheld { "alert, which an exception withholds," } else { "open alert" };
    Some(format!("the {which} \"{title}\" up to {}{more}", time(open.last_trigger_ms)))
}

fn hands(hands: &[KnownHand]) -> Option<String> {
    let one =
        |hand: &KnownHand| format!("{} from {} to {}", hand.account, time(hand.first_ms), time(hand.last_ms));
    listed("who does this:", hands.iter().map(one))
}

impl InWords for SingleAlert {
    fn in_words(&self) -> String {
        joined([alert(self.open.as_ref())])
    }
}

impl InWords for ChainState {
    fn in_words(&self) -> String {
        let events = self.events.iter().map(|event| {
            let by = if event.actor.is_empty() { String::new() } else { format!(" by {}", event.actor) };
            format!("{} of {}{by} at {}", event.kind.replace('_', " "), event.account, time(event.time_ms))
        });
        joined([listed("events that others may complete:", events), alert(self.open.as_ref())])
    }
}

impl InWords for SanMismatchState {
    fn in_words(&self) -> String {
        let open = self.summary.as_ref().map(|open| {
            let (from, to) = (time(open.opened_ms), time(open.last_trigger_ms));
            format!("an alert that is open since {from}, with findings up to {to}")
        });
        joined([
            (!self.window.is_empty()).then(|| "its recent certificates and requests".to_owned()),
            some(self.others.len(), "name| of others within a day"),
            self.agent_reported_ms.map(|at| format!("that it looks like an agent, reported at {}", time(at))),
            open,
        ])
    }
}

impl InWords for CertLogCaState {
    fn in_words(&self) -> String {
        let known = counted(self.days_of_data as usize, "day");
        format!("a baseline of {known} of data since {}", time(self.trained_since_ms))
    }
}

impl InWords for NoveltyState {
    fn in_words(&self) -> String {
        format!("{} of data on this CA", counted(self.days_of_data as usize, "day"))
    }
}

impl InWords for RequestIdState {
    fn in_words(&self) -> String {
        let issued = self
            .issued
            .iter()
            .map(|issued| format!("to {}\\{} at {}", issued.domain, issued.account, time(issued.issued_ms)));
        let waiting = self
            .pending
            .iter()
            .map(|logon| format!("of {}\\{} at {}", logon.domain, logon.account, time(logon.time_ms)));
        let open = self.open.iter().chain(self.used.iter().filter_map(|used| used.open.as_ref()));
        let open: Vec<String> = open.map(|open| alert(Some(open)).unwrap_or_default()).collect();
        joined([
            listed("certificates issued", issued),
            listed("logons that wait for their certificate:", waiting),
            some(self.seen.len(), "certificate| in use"),
            listed("", open.into_iter()).map(|text| text.trim_start().to_owned()),
        ])
    }
}

impl InWords for UnknownCertificateState {
    fn in_words(&self) -> String {
        let waiting = self
            .pending
            .iter()
            .map(|logon| format!("of {}\\{} at {}", logon.domain, logon.account, time(logon.time_ms)));
        joined([listed("logons whose certificate no CA issued so far:", waiting)])
    }
}

impl InWords for RelayState {
    fn in_words(&self) -> String {
        let addresses = self.addresses.iter().map(|known| {
            format!("{} from {} to {}", known.address, time(known.first_ms), time(known.last_ms))
        });
        joined([
            listed("usual addresses:", addresses),
            some(self.logons.len(), "recent logon"),
            some(self.requests.len(), "recent certificate request"),
            some(self.coercions.len(), "recent use| of a pipe that makes a machine log on elsewhere"),
            alert(self.open.as_ref()),
        ])
    }
}

impl InWords for ProbingState {
    fn in_words(&self) -> String {
        let refused = self.templates.iter().map(|one| format!("{} at {}", one.template, time(one.time_ms)));
        joined([listed("templates that were refused:", refused), alert(self.open.as_ref())])
    }
}

impl InWords for PendingState {
    fn in_words(&self) -> String {
        let chains = self.chains.iter().map(|chain| {
            let what = if chain.denied { "denied" } else { "waiting" };
            let steps = counted(chain.steps.len(), "later step");
            let at = time(chain.asked_ms);
            format!("{what}, of {}\\{} on {} at {at}, with {steps}", chain.domain, chain.account, chain.ca)
        });
        let open = self.chains.iter().find_map(|chain| alert(chain.open.as_ref()));
        joined([listed("requests:", chains), open])
    }
}

impl InWords for AgentCertificate {
    fn in_words(&self) -> String {
        let issued = format!("an enrollment agent's certificate of {}", time(self.issued_ms));
        joined([(self.issued_ms != 0).then_some(issued), alert(self.open.as_ref())])
    }
}

impl InWords for ChaseState {
    fn in_words(&self) -> String {
        let created = format!("a machine account that {} created at {}", self.creator, time(self.created_ms));
        joined([(self.created_ms != 0).then_some(created), alert(self.open.as_ref())])
    }
}

impl InWords for HandsState {
    fn in_words(&self) -> String {
        joined([hands(&self.hands), alert(self.open.as_ref())])
    }
}

impl InWords for CaSettingsState {
    fn in_words(&self) -> String {
        let values = self.values.iter().map(|known| format!("{} = {}", known.name, known.value));
        joined([listed("settings:", values), hands(&self.hands), alert(self.open.as_ref())])
    }
}

impl InWords for TemplateState {
    fn in_words(&self) -> String {
        let values = self.values.iter().map(|known| known.name.clone());
        joined([
            listed("the last values of", values),
            some(self.deleted.len(), "value| deleted last"),
            alert(self.open.as_ref()),
        ])
    }
}

impl InWords for LastSeenState {
    fn in_words(&self) -> String {
        let last = format!("the last time, {}", time(self.last_ms));
        let sources = self.sources.iter().map(|seen| format!("{} at {}", seen.address, time(seen.time_ms)));
        joined([
            (self.last_ms != 0).then_some(last),
            self.controller_ms.map(|_| "that it is a domain controller".to_owned()),
            listed("logons from", sources),
            alert(self.open.as_ref()),
        ])
    }
}

impl InWords for PkinitClientState {
    fn in_words(&self) -> String {
        let clients = self.clients.iter().map(|client| {
            format!(
                "with options {:#010x} from {} at {}",
                client.options,
                client.address,
                time(client.last_ms)
            )
        });
        let requests = self
            .requests
            .iter()
            .map(|event| format!("{} at {}", event.kind.replace('_', " "), time(event.time_ms)));
        joined([
            listed("kinds of clients:", clients),
            listed("of tools:", requests),
            alert(self.open.as_ref()),
        ])
    }
}

impl InWords for VolumeState {
    fn in_words(&self) -> String {
        let counters = self.counters.iter().map(|counter| {
            let of = if counter.template.is_empty() { "names of others" } else { counter.template.as_str() };
            let most = counter.peaks.iter().map(|peak| peak.count).max().unwrap_or_default();
            let hour = time(counter.hour.saturating_mul(3_600_000));
            format!("{} of {of} in the hour from {hour}, at most {most} in an hour so far", counter.count)
        });
        joined([listed("how much it got:", counters), alert(self.open.as_ref())])
    }
}

impl InWords for CaSilentState {
    fn in_words(&self) -> String {
        let groups = self.groups.iter().map(|group| {
            let seen = days(group.days.as_ref());
            format!("bit {} of the audit filter on {seen}, last at {}", group.bit, time(group.last_ms))
        });
        joined([listed("events:", groups), alert(self.open.as_ref())])
    }
}

impl InWords for WeakMappingState {
    fn in_words(&self) -> String {
        let accounts = some(self.accounts.len(), "account| that certificates of others were used for");
        joined([accounts, alert(self.open.as_ref())])
    }
}

impl InWords for StoryState {
    fn in_words(&self) -> String {
        let links = self.links.iter().filter_map(|link| link.alert.as_ref());
        let links: Vec<String> = links.map(|alert| format!("\"{}\"", alert.title)).collect();
        let open = self.open.iter().map(|open| alert(Some(open)).unwrap_or_default());
        let stories: Vec<Option<String>> = open.map(Some).collect();
        joined([listed("alerts:", links.into_iter())].into_iter().chain(stories))
    }
}

impl InWords for AccountFacts {
    fn in_words(&self) -> String {
        let text = |label: &str, text: &Option<String>| Some(format!("{label} {}", text.as_ref()?));
        let created = self.created_ms.map(|at| {
            let by = self.created_by.as_ref().map(|by| format!(" by {}\\{}", by.domain, by.name));
            format!("created at {}{}", time(at), by.unwrap_or_default())
        });
        joined([
            text("SID", &self.sid),
            text("UPN", &self.upn),
            text("mail", &self.mail),
            text("host", &self.dns_host_name),
            listed("service names", self.service_principal_names.iter().cloned()),
            listed("former names", self.former_names.iter().cloned()),
            created,
            self.protected.then(|| "an import protects it".to_owned()),
            (self.as_of_ms > 0).then(|| format!("as of {}", time(self.as_of_ms))),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::record::{Alert, ChainEvent};

    #[test]
    fn state_is_a_sentence_without_the_names_of_its_fields() {
        let open = OpenAlert {
            alert: Some(Box::new(Alert { title: "Somebody did it".to_owned(), ..Alert::default() })),
            last_trigger_ms: 1000,
            suppressed: 2,
            withheld: false,
        };
        let event = ChainEvent {
            kind: "machine_created".to_owned(),
            account: "CORP\\pc$".to_owned(),
            ..ChainEvent::default()
        };
        let chain = ChainState { events: vec![event; 7], open: Some(open) };
        let said = chain.in_words();
        let end = "the open alert \"Somebody did it\" up to 1970-01-01T00:00:01Z, and 2 findings since added nothing to it";
        assert!(
            said.starts_with("events that others may complete: machine created of CORP\\pc$ at "),
            "{said}"
        );
        assert!(said.contains(", and 2 more; ") && said.ends_with(end), "{said}");
        assert!(!said.contains('_') && !said.contains('{'), "{said}");
    }

    #[test]
    fn empty_state_is_nothing_of_note() {
        assert_eq!(SingleAlert::default().in_words(), "nothing of note");
        assert_eq!(ChainState::default().in_words(), "nothing of note");
    }
}
