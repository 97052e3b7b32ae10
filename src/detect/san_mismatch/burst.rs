//! Whether a certificate is part of a burst, and whether the burst is one of the requester's own names: a first logon, a new
//! machine.

use crate::detect::san_mismatch::settings::Settings;
use crate::event::time::Time;
use crate::state::window::densest_with;
use crate::wire::record::WindowCertificate;

pub(crate) fn time(certificate: &WindowCertificate) -> Time {
    Time::from_millis(certificate.time_ms)
}

/// Many certificates in a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Burst {
    /// The most certificates that one window has, with the newest finding in it.
    pub count: usize,
    /// All certificates around it bear only the requester's own names, and few are of one template.
    pub own_names_only: bool,
}

impl Burst {
    /// The burst that the certificate at `index` is part of. `certificates` is sorted by time.
    pub(crate) fn with(
        settings: &Settings,
        certificates: &[WindowCertificate],
        index: usize,
    ) -> Option<Burst> {
        let length = settings.burst_window;
        let certificate = &certificates[index];
        let times: Vec<Time> = certificates.iter().map(time).collect();
        let count = densest_with(&times, index, length);
        if count < settings.burst_count.get() as usize {
            return None;
        }
        let is_near = |c: &&WindowCertificate| time(c).distance(time(certificate)) <= length;
        let own_names = certificates.iter().filter(is_near).all(|c| c.own_only);
        let of_template = |c: &&WindowCertificate| c.template == certificate.template;
        let same: Vec<Time> = certificates.iter().filter(of_template).map(time).collect();
        let before = certificates[..index].iter().filter(of_template).count();
        let few = densest_with(&same, before, length) < settings.many_of_one_template();
        Some(Burst { count, own_names_only: own_names && few })
    }
}
