//! The keys of the `Attributes` of a request, and what stands behind them.

use crate::event::san::NameKind;

/// The meaning of the value behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Template,
    Client,
    Controller,
    Machine,
    UserAgent,
    Proxy,
    Policies,
    /// A list of names, each of its own kind.
    Names,
    /// One name of this kind; further ones of other kinds may follow behind `&`.
    Name(NameKind),
    /// Any other attribute. Its value is skipped.
    Other,
}

/// Keys of attributes, which a `:` ends. They count also where nothing separates them from the value before.
pub(crate) const ATTRIBUTES: &[(&str, Key)] = &[
    ("certificatetemplate", Key::Template),
    ("ccm", Key::Client),
    ("san", Key::Names),
    ("subjectaltname", Key::Names),
    ("subjectalternativename", Key::Names),
    ("cdc", Key::Controller),
    ("rmd", Key::Machine),
    ("useragent", Key::UserAgent),
    ("proxyuri", Key::Proxy),
    ("applicationpolicies", Key::Policies),
    ("requestername", Key::Other),
    ("requestcspprovider", Key::Other),
    ("requestosversion", Key::Other),
    ("requestclientinfo", Key::Other),
    ("certificateusage", Key::Other),
    ("validityperiod", Key::Other),
    ("validityperiodunits", Key::Other),
    ("expirationdate", Key::Other),
    ("challenge", Key::Other),
];

/// Keys of names, which a `=` ends. They count also where nothing separates them from the value before.
pub(crate) const NAMES: &[(&str, Key)] = &[
    ("upn", Key::Name(NameKind::Upn)),
    ("dns", Key::Name(NameKind::Dns)),
    ("san", Key::Names),
    ("subjectaltname", Key::Names),
    ("subjectalternativename", Key::Names),
    ("principalname", Key::Name(NameKind::Upn)),
];

/// Keys that count as whole words only, before `=` or `:`.
pub(crate) const WORDS: &[(&str, Key)] = &[
    ("upn", Key::Name(NameKind::Upn)),
    ("dns", Key::Name(NameKind::Dns)),
    ("dnsname", Key::Name(NameKind::Dns)),
    ("email", Key::Name(NameKind::Email)),
    ("rfc822", Key::Name(NameKind::Email)),
    ("rfc822name", Key::Name(NameKind::Email)),
    ("url", Key::Name(NameKind::Url)),
    ("uri", Key::Name(NameKind::Url)),
    ("guid", Key::Name(NameKind::Guid)),
    ("ipaddress", Key::Name(NameKind::Ip)),
    ("ip", Key::Name(NameKind::Ip)),
];
