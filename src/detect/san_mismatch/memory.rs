//! What is remembered of the certificates of one requester at one CA: a few bytes each, and what an alert shows of ten.
//!
//! An event costs the same however many certificates its requester has: their number is bounded, all of them are read and
//! written in one piece, and only an alert reads what it shows.

use crate::detect::san_mismatch::settings::Settings;
use crate::event::Event;
use crate::event::time::{Span, Time};
use crate::state::key;
use crate::wire;
use crate::wire::record::{Outcome, SanMismatchState, WindowCertificate};

/// The most certificates of which is remembered what an alert shows.
const MAX_SHOWN: usize = 10;

/// The most requests that are remembered before their certificate is issued.
const MAX_ATTEMPTS: usize = 16;

/// A request is remembered so long: one that is pending may be issued the next day.
pub(crate) const ATTEMPT_MEMORY: Span = Span::hours(24);

/// Formats keep different digits of a second.
const SAME_TIME: Span = Span::seconds(1);

/// A certificate, or a request for one, in [`Entry::SIZE`] bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub time_ms: i64,
    pub request_id: u32,
    /// Hash of the serial number; 0: the CA does not log it.
    serial: u64,
    /// Hash of request id, template and names.
    content: u64,
    /// The record id, plus 1; 0: the format loses it.
    record: u64,
    /// Hash of the template.
    pub template: u32,
    flags: u8,
}

impl Entry {
    const SIZE: usize = 41;
    const MISMATCHED: u8 = 1;
    const SENSITIVE: u8 = 2;
    const LOOKALIKE: u8 = 4;
    const OWN_ONLY: u8 = 8;
    const ISSUED: u8 = 16;
    const SHOWN: u8 = 32;
    const OTHERWISE: u8 = 64;

    /// Of what an alert shows of the certificate.
    pub(crate) fn of(event: &Event, shown: &WindowCertificate) -> Entry {
        let issued = event.activity.issued();
        let serial = issued.and_then(|issued| issued.serial.as_ref());
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let mut content: Vec<&[u8]> = shown.names.iter().map(String::as_bytes).collect();
        let (request_id, outcome) = (shown.request_id.to_be_bytes(), [shown.outcome as u8]);
        content.extend([request_id.as_slice(), &outcome, shown.template.as_bytes()]);
        Entry {
            time_ms: shown.time_ms,
            request_id: shown.request_id,
            serial: serial.map_or(0, |serial| key::hash(&[serial.as_str().as_bytes()]) as u64),
            content: key::hash(&content) as u64,
            record: event.origin.record_id.map_or(0, |id| id.saturating_add(1)),
            template: key::hash(&[shown.template.as_bytes()]) as u32,
            flags: flag(shown.mismatched, Entry::MISMATCHED)
                | flag(shown.sensitive, Entry::SENSITIVE)
                | flag(shown.lookalike, Entry::LOOKALIKE)
                | flag(shown.own_only, Entry::OWN_ONLY)
                | flag(issued.is_some(), Entry::ISSUED)
                | flag(shown.sid_differs || shown.subject_named || shown.mail_only, Entry::OTHERWISE),
        }
    }

    pub(crate) fn time(&self) -> Time {
        Time::from_millis(self.time_ms)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn is_mismatched(&self) -> bool {
        self.has(Entry::MISMATCHED)
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.has(Entry::SENSITIVE)
    }

    pub(crate) fn is_own_only(&self) -> bool {
        self.has(Entry::OWN_ONLY)
    }

    /// Whether a certificate was issued, rather than asked for.
    pub(crate) fn is_issued(&self) -> bool {
        self.has(Entry::ISSUED)
    }

    fn is_suspicious(&self) -> bool {
        self.has(Entry::MISMATCHED | Entry::SENSITIVE | Entry::LOOKALIKE | Entry::OTHERWISE)
            || !self.is_issued()
    }

    /// Whether two records are of one certificate: by its serial number, else by record id, time and content. The request
    /// id alone is not enough: a rebuilt CA counts from 1 again, and two CAs may share a name.
    fn is_copy(&self, other: &Entry) -> bool {
        if self.serial != 0 && other.serial != 0 {
            return self.serial == other.serial;
        }
        let same_record = self.record == other.record || self.record == 0 || other.record == 0;
        same_record && self.time().distance(other.time()) < SAME_TIME && self.content == other.content
    }

    fn write(&self, is_shown: bool, bytes: &mut Vec<u8>) {
        let flags = if is_shown { self.flags | Entry::SHOWN } else { self.flags };
        bytes.extend(self.time_ms.to_be_bytes());
        bytes.extend(self.request_id.to_be_bytes());
        bytes.extend(self.serial.to_be_bytes());
        bytes.extend(self.content.to_be_bytes());
        bytes.extend(self.record.to_be_bytes());
        bytes.extend(self.template.to_be_bytes());
        bytes.push(flags);
    }

    /// The entry, and whether it is shown.
    fn read(bytes: &[u8]) -> Option<(Entry, bool)> {
        let (time, rest) = bytes.split_first_chunk()?;
        let (request_id, rest) = rest.split_first_chunk()?;
        let (serial, rest) = rest.split_first_chunk()?;
        let (content, rest) = rest.split_first_chunk()?;
        let (record, rest) = rest.split_first_chunk()?;
        let (template, rest) = rest.split_first_chunk()?;
        let flags = *rest.first()?;
        let entry = Entry {
            time_ms: i64::from_be_bytes(*time),
            request_id: u32::from_be_bytes(*request_id),
            serial: u64::from_be_bytes(*serial),
            content: u64::from_be_bytes(*content),
            record: u64::from_be_bytes(*record),
            template: u32::from_be_bytes(*template),
            flags: flags & !Entry::SHOWN,
        };
        Some((entry, flags & Entry::SHOWN != 0))
    }
}

/// The certificates and requests of one requester, by time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Each with what an alert shows of it, encoded, if that is remembered.
    kept: Vec<(Entry, Option<Vec<u8>>)>,
}

impl Memory {
    /// Takes the window out of the state.
    pub(crate) fn take(state: &mut SanMismatchState) -> Memory {
        let mut shown = std::mem::take(&mut state.shown).into_iter();
        let entries = state.window.chunks_exact(Entry::SIZE).filter_map(Entry::read);
        let kept = entries.map(|(entry, is_shown)| (entry, if is_shown { shown.next() } else { None }));
        Memory { kept: kept.collect() }
    }

    /// Puts the window back into the state.
    pub(crate) fn put(self, state: &mut SanMismatchState) {
        state.window.clear();
        state.window.reserve(self.kept.len() * Entry::SIZE);
        for (entry, shown) in self.kept {
            entry.write(shown.is_some(), &mut state.window);
            state.shown.extend(shown);
        }
    }

    /// The certificates that were issued, by time.
    pub(crate) fn issued(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.kept.iter().map(|(entry, _)| entry).filter(|entry| entry.is_issued())
    }

    /// Whether a certificate or request is remembered already.
    pub(crate) fn has_copy_of(&self, entry: &Entry) -> bool {
        let is_copy = |known: &Entry| known.is_issued() == entry.is_issued() && known.is_copy(entry);
        self.kept.iter().any(|(known, _)| is_copy(known))
    }

    /// The number of attempts and of certificates with this request id.
    pub(crate) fn of_request(&self, request_id: u32) -> (usize, usize) {
        let same = || self.kept.iter().filter(|(entry, _)| entry.request_id == request_id);
        let issued = same().filter(|(entry, _)| entry.is_issued()).count();
        (same().count() - issued, issued)
    }

    /// The time of the newest certificate or request, or `at` if that is later.
    pub(crate) fn newest(&self, at: Time) -> Time {
        self.kept.last().map_or(at, |(entry, _)| entry.time().max(at))
    }

    /// Remembers one more, within the bounds.
    pub(crate) fn add(&mut self, settings: &Settings, entry: Entry, shown: &WindowCertificate) {
        let at = self.kept.partition_point(|(known, _)| known.time_ms <= entry.time_ms);
        self.kept.insert(at, (entry, Some(wire::encode(shown))));
        if self.kept.iter().filter(|(_, shown)| shown.is_some()).count() > MAX_SHOWN {
            let shown = |(_, shown): &(Entry, Option<Vec<u8>>)| shown.is_some();
            let harmless = self.kept.iter().position(|kept| shown(kept) && !kept.0.is_suspicious());
            let other = (0..self.kept.len()).find(|&index| index != at && shown(&self.kept[index]));
            if let Some(index) = harmless.or(other) {
                self.kept[index].1 = None;
            }
        }
        self.bound(true, settings.capacity());
        self.bound(false, MAX_ATTEMPTS);
    }

    /// Drops the oldest of the certificates, or of the requests, beyond so many.
    fn bound(&mut self, issued: bool, most: usize) {
        if self.kept.iter().filter(|(entry, _)| entry.is_issued() == issued).count() > most
            && let Some(oldest) = self.kept.iter().position(|(entry, _)| entry.is_issued() == issued)
        {
            self.kept.remove(oldest);
        }
    }

    /// Drops certificates that neither an event of this time nor a later one within the allowed lateness can reach, and
    /// requests after a day. A request whose certificate was issued is shown no longer.
    pub(crate) fn forget(&mut self, settings: &Settings, at: Time) {
        let newest = self.newest(at);
        let oldest_issued = newest.minus(settings.reach()).as_millis();
        let oldest_attempt = newest.minus(ATTEMPT_MEMORY).as_millis();
        let oldest = |entry: &Entry| if entry.is_issued() { oldest_issued } else { oldest_attempt };
        self.kept.retain(|(entry, _)| entry.time_ms >= oldest(entry));
    }

    /// A request that was granted is an attempt no longer.
    pub(crate) fn hide_attempts(&mut self, request_id: u32) {
        let attempts = self.kept.iter_mut().filter(|(e, _)| e.request_id == request_id && !e.is_issued());
        attempts.for_each(|(_, shown)| *shown = None);
    }

    /// Counts and shows the certificates of the look-back that ends with the newest one that is still within a look-back
    /// after `at`.
    pub(crate) fn look_back(&self, settings: &Settings, at: Time) -> LookBack {
        let end = self.kept.partition_point(|(entry, _)| entry.time() <= at.plus(settings.look_back));
        let newest = self.kept[..end].last().map_or(at, |(entry, _)| entry.time());
        let oldest = newest.minus(settings.look_back);
        let start = self.kept.partition_point(|(entry, _)| entry.time() < oldest);
        let mut seen = LookBack::default();
        for (entry, shown) in &self.kept[start..end] {
            seen.add(entry);
            seen.shown.extend(shown.as_ref().and_then(|bytes| wire::decode(bytes).ok()));
        }
        seen
    }
}

/// What an alert counts, and what it shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct LookBack {
    pub total: u32,
    pub mismatched: u32,
    pub sensitive: u32,
    /// The earliest and the latest certificate.
    pub earliest: Option<Time>,
    pub latest: Option<Time>,
    /// The earliest and the latest certificate or request.
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// What is shown, by time.
    pub shown: Vec<WindowCertificate>,
}

impl LookBack {
    fn add(&mut self, entry: &Entry) {
        if entry.is_issued() {
            self.total += 1;
            self.mismatched += u32::from(entry.is_mismatched());
            self.sensitive += u32::from(entry.is_sensitive());
            self.earliest.get_or_insert_with(|| entry.time());
            self.latest = Some(entry.time());
        }
        self.first.get_or_insert_with(|| entry.time());
        self.last = Some(entry.time());
    }
}

/// Whether a certificate was issued; the others only tried.
pub(crate) fn is_issued(shown: &WindowCertificate) -> bool {
    shown.outcome() == Outcome::Issued
}
