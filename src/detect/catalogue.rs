//! The list of detections. A new one is a file beside this one, its settings in `policy.rs` and a line in [`visit`].

use crate::detect::account_remapped::AccountRemapped;
use crate::detect::application_policy_injection::ApplicationPolicyInjection;
use crate::detect::ca_key_exported::CaKeyExported;
use crate::detect::ca_silent::CaSilent;
use crate::detect::ca_tampered::CaTampered;
use crate::detect::certificate_used_by_other::CertificateUsedByOther;
use crate::detect::certlog_remote_write::CertlogRemoteWrite;
use crate::detect::changed_then_issued::ChangedThenIssued;
use crate::detect::chase_enrollment::ChaseEnrollment;
use crate::detect::decoy_template::DecoyTemplate;
use crate::detect::denied_enrollment_probing::DeniedEnrollmentProbing;
use crate::detect::enrollment_on_behalf::EnrollmentOnBehalf;
use crate::detect::issuance_policy_linked::IssuancePolicyLinked;
use crate::detect::machine_account_enrollment::MachineAccountEnrollment;
use crate::detect::pending_request_altered::PendingRequestAltered;
use crate::detect::pki_container_changed::PkiContainerChanged;
use crate::detect::pkinit_client::PkinitClients;
use crate::detect::policy::Policy;
use crate::detect::protected_host_certificate::ProtectedHostCertificate;
use crate::detect::relayed_enrollment::RelayedEnrollment;
use crate::detect::san_mismatch::SanMismatch;
use crate::detect::schannel_logon::SchannelLogon;
use crate::detect::shadow_credential::ShadowCredential;
use crate::detect::sid_mismatch::SidMismatch;
use crate::detect::story::Story;
use crate::detect::template_tampered::TemplateTampered;
use crate::detect::unknown_certificate::UnknownCertificate;
use crate::detect::unpac_the_hash::UnpacTheHash;
use crate::detect::unusual_source::UnusualSource;
use crate::detect::unusual_template::UnusualTemplate;
use crate::detect::unusual_volume::UnusualVolume;
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
    let settings = &policy.application_policy_injection;
    visitor.detection(ApplicationPolicyInjection::new(settings.clone()), settings.is_enabled());
    let settings = &policy.chase_enrollment;
    visitor.detection(ChaseEnrollment::new(settings.clone()), settings.is_enabled());
    let settings = &policy.protected_host_certificate;
    visitor.detection(ProtectedHostCertificate::new(settings.clone()), settings.is_enabled());
    let settings = &policy.relayed_enrollment;
    visitor.detection(RelayedEnrollment::new(settings.clone()), settings.is_enabled());
    let settings = &policy.denied_enrollment_probing;
    visitor.detection(DeniedEnrollmentProbing::new(settings.clone()), settings.is_enabled());
    let settings = &policy.pending_request_altered;
    visitor.detection(PendingRequestAltered::new(settings.clone()), settings.is_enabled());
    let settings = &policy.enrollment_on_behalf;
    visitor.detection(EnrollmentOnBehalf::new(settings.clone()), settings.is_enabled());
    let settings = &policy.template_tampered;
    visitor.detection(TemplateTampered::new(settings.clone()), settings.is_enabled());
    let settings = &policy.shadow_credential;
    visitor.detection(ShadowCredential::new(settings.clone()), settings.is_enabled());
    let settings = &policy.unpac_the_hash;
    visitor.detection(UnpacTheHash::new(settings.clone()), settings.is_enabled());
    let settings = &policy.account_remapped;
    visitor.detection(AccountRemapped::new(settings.clone()), settings.is_enabled());
    let settings = &policy.changed_then_issued;
    visitor.detection(ChangedThenIssued::new(settings.clone()), settings.is_enabled());
    let settings = &policy.machine_account_enrollment;
    visitor.detection(MachineAccountEnrollment::new(settings.clone()), settings.is_enabled());
    let settings = &policy.pki_container_changed;
    visitor.detection(PkiContainerChanged::new(settings.clone()), settings.is_enabled());
    let settings = &policy.issuance_policy_linked;
    visitor.detection(IssuancePolicyLinked::new(settings.clone()), settings.is_enabled());
    let settings = &policy.ca_key_exported;
    visitor.detection(CaKeyExported::new(settings.clone()), settings.is_enabled());
    let settings = &policy.schannel_logon;
    visitor.detection(SchannelLogon::new(settings.clone()), settings.is_enabled());
    let settings = &policy.pkinit_client;
    visitor.detection(PkinitClients::new(settings.clone()), settings.is_enabled());
    let settings = &policy.unusual_template;
    visitor.detection(UnusualTemplate::new(settings.clone()), settings.is_enabled());
    let settings = &policy.unusual_source;
    visitor.detection(UnusualSource::new(settings.clone()), settings.is_enabled());
    let settings = &policy.unusual_volume;
    visitor.detection(UnusualVolume::new(settings.clone()), settings.is_enabled());
    let settings = &policy.ca_silent;
    visitor.detection(CaSilent::new(settings.clone()), settings.is_enabled());
    let settings = &policy.story;
    visitor.detection(Story, settings.is_enabled());
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
