//! The list of detections. A new one is a file beside this one, its settings in `policy.rs` and a line in [`visit`].

use crate::detect::ca_tampered::CaTampered;
use crate::detect::certificate_used_by_other::CertificateUsedByOther;
use crate::detect::certlog_remote_write::CertlogRemoteWrite;
use crate::detect::decoy_template::DecoyTemplate;
use crate::detect::policy::Policy;
use crate::detect::san_mismatch::SanMismatch;
use crate::detect::sid_mismatch::SidMismatch;
use crate::detect::unknown_certificate::UnknownCertificate;
use crate::detect::weak_mapping::WeakMapping;
use crate::detect::{About, Detection, DetectionSettings};

/// Receives every detection: what a list of values of different types would be.
pub trait Visitor {
    /// Called once for each detection; `enabled` comes from the policy.
    fn detection<D: Detection + std::fmt::Debug + Send + 'static>(&mut self, detection: D, enabled: bool);
}

/// Shows every detection to the visitor, always in the same order.
pub fn visit(policy: &Policy, visitor: &mut impl Visitor) {
    let settings = &policy.san_mismatch;
    visitor.detection(SanMismatch::new(settings.clone()), settings.is_enabled());
    let settings = &policy.certlog_remote_write;
    visitor.detection(CertlogRemoteWrite::new(settings.clone()), settings.is_enabled());
    let settings = &policy.certificate_used_by_other;
    visitor.detection(CertificateUsedByOther::new(settings.clone()), settings.is_enabled());
    let settings = &policy.unknown_certificate;
    visitor.detection(UnknownCertificate::new(settings.clone()), settings.is_enabled());
    let settings = &policy.decoy_template;
    visitor.detection(DecoyTemplate::new(settings.clone()), settings.is_enabled());
    let settings = &policy.weak_mapping;
    visitor.detection(WeakMapping::new(settings.clone()), settings.is_enabled());
    let settings = &policy.sid_mismatch;
    visitor.detection(SidMismatch::new(settings.clone()), settings.is_enabled());
    let settings = &policy.ca_tampered;
    visitor.detection(CaTampered::new(settings.clone()), settings.is_enabled());
}

/// What the detections are, in the same order.
pub fn all() -> Vec<About> {
    struct Abouts(Vec<About>);
    impl Visitor for Abouts {
        fn detection<D: Detection + std::fmt::Debug + Send + 'static>(&mut self, _: D, _: bool) {
            self.0.push(D::ABOUT);
        }
    }
    let mut abouts = Abouts(Vec::new());
    visit(&Policy::default(), &mut abouts);
    abouts.0
}
