//! Whether a certificate is part of a burst, and whether the burst is one of the requester's own names: a first logon, a new
//! machine.

use crate::detect::san_mismatch::memory::{Entry, Memory};
use crate::detect::san_mismatch::settings::Settings;
use crate::event::time::Time;
use crate::state::window::densest_with;

/// Many certificates in a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Burst {
    /// The most certificates that one window has, with the newest finding in it.
    pub count: usize,
    /// All certificates around it bear only the requester's own names, and few are of one template.
    pub own_names_only: bool,
}

impl Burst {
    /// The burst that this certificate, which is remembered already, is part of.
    pub(crate) fn with(settings: &Settings, memory: &Memory, certificate: &Entry) -> Option<Burst> {
        let count = densest(settings, memory.issued(), certificate);
        if count < settings.burst_count.get() as usize {
            return None;
        }
        let is_near = |e: &&Entry| e.time().distance(certificate.time()) <= settings.burst_window;
        let own_names = memory.issued().filter(is_near).all(Entry::is_own_only);
        let of_template = memory.issued().filter(|e| e.template == certificate.template);
        let few = densest(settings, of_template, certificate) < settings.many_of_one_template();
        Some(Burst { count, own_names_only: own_names && few })
    }
}

/// The most of these certificates that lie in one window with this one, which is one of them.
fn densest<'a>(settings: &Settings, entries: impl Iterator<Item = &'a Entry>, certificate: &Entry) -> usize {
    let times: Vec<Time> = entries.map(Entry::time).collect();
    let after = times.partition_point(|time| *time <= certificate.time());
    densest_with(&times, after.saturating_sub(1), settings.burst_window)
}
