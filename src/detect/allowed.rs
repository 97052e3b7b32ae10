//! Whom and what the allow-lists excuse of names that are another's.

use crate::detect::domain::DomainPolicy;
use crate::detect::identity::{domain_of_suffix, is_name_of_machine};
use crate::event::CertificateRequest;
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::san::San;

/// Whether the account may request for others: `allow.requesters` names it, or it is the machine account of one of
/// `allow.source_hosts`. The account has authenticated to the CA; the client machine of the attributes has not.
pub(crate) fn is_allowed_requester(policy: &DomainPolicy, requester: &Account) -> bool {
    let is_its_host = |host: &String| {
        let host = Host::new(host);
        is_name_of_machine(requester, host.label())
            && host.domain().is_none_or(|suffix| match policy.suffixes(&requester.domain) {
                Some(own) => own.iter().any(|own| same_text(own, suffix)),
                None => domain_of_suffix(policy, suffix).is_none(),
            })
    };
    policy.allows_requester(requester) || policy.allow.source_hosts.iter().any(is_its_host)
}

/// Whether `allow.templates` or `allow.san_suffixes` excuses this name of a request.
pub(crate) fn is_allowed_name(policy: &DomainPolicy, request: &CertificateRequest, name: &San) -> bool {
    let has_template = || request.sole_template().is_some_and(|template| policy.allow.template(template));
    is_host_name(name) && (policy.allow.name(name.value()) || has_template())
}

/// Names that `allow.templates` and `allow.san_suffixes` excuse: nobody logs on by them.
fn is_host_name(name: &San) -> bool {
    match name {
        San::Dns(_) | San::Ip(_) => true,
        San::Upn(_) | San::Email(_) | San::Sid(_) | San::Guid(_) | San::Url(_) | San::Other(_) => false,
    }
}
