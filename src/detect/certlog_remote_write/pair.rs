//! The baseline of one pair: a remote host and the CA, or an account and the CA.

use crate::detect::certlog_remote_write::settings::{Days, Settings};
use crate::detect::memory_after;
use crate::detect::slot::Slot;
use crate::event::account::Account;
use crate::event::time::{Day, Span, Time};
use crate::wire::record::{BadRequest, CertLogCaState, CertLogPairState};

pub(crate) type CaSlot<'a> = Slot<'a, CertLogCaState, CertLogPairState>;

/// The most mismatched and denied requests that are remembered of one account or host.
const MAX_BAD_REQUESTS: usize = 4;

pub(crate) fn host_part(host: &str) -> String {
    format!("host {host}")
}

pub(crate) fn account_part(account: &Account) -> String {
    format!("account {}", account.canonical())
}

/// One side of the pair: what was known of it before this event, and what is now.
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) was: CertLogPairState,
    pub(crate) now: CertLogPairState,
    pub(crate) days_seen: u32,
}

/// Whether a part is within its memory, also when the watermark has not swept it away yet.
pub(crate) fn is_remembered(part: &CertLogPairState, day: Day, training: Days) -> bool {
    let touched =
        part.bad_requests.iter().map(|bad| bad.time_ms).chain([part.last_seen_ms]).max().unwrap_or(0);
    Time::from_millis(touched).plus(memory(training)) >= day.start()
}

/// How long a host or an account matters after it was last seen.
pub(crate) fn memory(training: Days) -> Span {
    Span::days(i64::from(training.0) + 1)
}

impl Side {
    pub(crate) fn load(name: String, slot: &CaSlot<'_>, day: Day, training: Days) -> Side {
        let was = Some(slot.part(&name)).filter(|was| is_remembered(was, day, training)).unwrap_or_default();
        let days_seen = was.days.as_ref().map_or(0, |days| days.count(day, training.0));
        Side { name, now: was.clone(), was, days_seen }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.days_seen > 0
    }

    /// What is normal trains its baseline; what is not must come back on further days before it does.
    pub(crate) fn learn(&mut self, at: Time, normal: bool, probation_days: Days) {
        let first = self.now.first_seen_ms;
        self.now.first_seen_ms = if first == 0 { at.as_millis() } else { first.min(at.as_millis()) };
        self.now.last_seen_ms = self.now.last_seen_ms.max(at.as_millis());
        if normal {
            self.now.days.get_or_insert_default().mark(at.day());
            self.now.probation = None;
            return;
        }
        let probation = self.now.probation.get_or_insert_default();
        probation.mark(at.day());
        if probation.bits.count_ones() > probation_days.0 {
            let seen = *probation;
            self.now.days.get_or_insert_default().merge(&seen);
            self.now.probation = None;
        }
    }

    pub(crate) fn store(&self, slot: &mut CaSlot<'_>, at: Time, settings: &Settings) {
        slot.put_part(&self.name, &self.now, memory_after(at, memory(settings.training_days)));
    }
}

pub(crate) fn remember_bad_request(known: &mut Vec<BadRequest>, bad: BadRequest) {
    known.retain(|k| k.request_id != bad.request_id);
    let index = known.partition_point(|k| k.time_ms <= bad.time_ms);
    known.insert(index, bad);
    if known.len() > MAX_BAD_REQUESTS {
        known.remove(0);
    }
}
