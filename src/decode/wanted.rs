//! Which Windows events are wanted, and whose they are.

/// Who writes an event: ids are unique only within a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The audit events of the channel Security.
    Security,
    /// The Key Distribution Center, in the channel System.
    Kdc,
    /// The service of a CA, in the channel Application.
    CertificationAuthority,
    /// The life cycle of the machine's certificates, in a channel of its own.
    CertificateLifecycle,
}

/// Wanted ids of the Security log, ascending.
pub(crate) const SECURITY_IDS: [u32; 37] = [
    4624, 4657, 4738, 4741, 4742, 4768, 4769, 4771, 4781, 4868, 4869, 4873, 4874, 4876, 4880, 4881, 4882,
    4884, 4885, 4886, 4887, 4888, 4889, 4890, 4891, 4892, 4895, 4896, 4898, 4899, 4900, 5058, 5059, 5136,
    5137, 5141, 5145,
];

/// Wanted ids of the Key Distribution Center, ascending. 48 and 49 are what Windows Server 2008 calls 40 and 41.
pub(crate) const KDC_IDS: [u32; 7] = [21, 39, 40, 41, 45, 48, 49];

/// The one wanted id of the certificates' life cycle: a certificate was exported.
pub(crate) const CERTIFICATE_EXPORTED: u32 = 1007;

/// The one wanted id of the service of a CA: a request was refused.
pub(crate) const REQUEST_REFUSED: u32 = 53;

/// Who writes the wanted event of this id; none where it is not wanted.
pub(crate) fn source(id: u32) -> Option<Source> {
    if SECURITY_IDS.binary_search(&id).is_ok() {
        Some(Source::Security)
    } else if id == REQUEST_REFUSED {
        Some(Source::CertificationAuthority)
    } else if id == CERTIFICATE_EXPORTED {
        Some(Source::CertificateLifecycle)
    } else {
        KDC_IDS.contains(&id).then_some(Source::Kdc)
    }
}

/// Whether events of this id can be wanted: a format need not read the data of others.
pub(crate) fn is_wanted(id: u32) -> bool {
    source(id).is_some()
}

/// Whether an id is none of the Security log: so small that other providers have it too, and that it counts only with the name
/// of its own.
pub(crate) fn is_small(id: u32) -> bool {
    SECURITY_IDS.binary_search(&id).is_err()
}
