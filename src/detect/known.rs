//! What the facts of the estate say about a name of a certificate.

use crate::event::account::{Sid, same_text};
use crate::event::fold::ANY_AT;
use crate::event::host::Host;
use crate::event::san::San;
use crate::wire::record::{AccountFacts, TemplateFacts};

/// What facts say about a name. It never excuses a protected identity: an attacker who may change an account may give it
/// the name of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The directory has this name for the requester, or the template takes its names from the directory.
    Own,
    /// The SID of another account than the requester's.
    OtherSid,
    /// Nothing is known that would settle it.
    Unknown,
}

/// Compares a name with what is known of the requester and the template. `is_asked_for`: it stands in the attributes of
/// the request, so no template has put it there.
pub(crate) fn compare(
    account: Option<&AccountFacts>,
    template: Option<&TemplateFacts>,
    name: &San,
    is_asked_for: bool,
) -> Known {
    if let (San::Sid(sid), Some(known)) = (name, account.and_then(|account| account.sid.as_deref())) {
        return match Sid::parse(known) {
            Some(known) if known == *sid => Known::Own,
            Some(_) => Known::OtherSid,
            None => Known::Unknown,
        };
    }
    // Without a suffix it matches account names: who may change the account gave it another's (ESC9).
    if matches!(name, San::Upn(upn) if !upn.contains(ANY_AT)) {
        return Known::Unknown;
    }
    if account.is_some_and(|account| has(account, name))
        || (!is_asked_for && is_from_directory(template, name))
    {
        return Known::Own;
    }
    Known::Unknown
}

fn has(account: &AccountFacts, name: &San) -> bool {
    let is =
        |known: &Option<String>, text: &str| known.as_deref().is_some_and(|known| same_text(known, text));
    match name {
        San::Upn(upn) => is(&account.upn, upn),
        San::Email(mail) => is(&account.mail, mail),
        San::Dns(dns) => {
            let host = Host::new(dns);
            let of_service = |name: &String| {
                name.split('/').nth(1).map(|rest| Host::new(rest.split(':').next().unwrap_or(rest)))
            };
            account.dns_host_name.as_deref().is_some_and(|known| same_text(known, host.as_str()))
                || account.service_principal_names.iter().filter_map(of_service).any(|known| known == host)
        }
        San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => false,
    }
}

/// A template that takes names from the directory takes only these kinds.
fn is_from_directory(template: Option<&TemplateFacts>, name: &San) -> bool {
    let is_of_a_kind = match name {
        San::Upn(_) | San::Email(_) | San::Dns(_) => true,
        San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => false,
    };
    is_of_a_kind && template.and_then(TemplateFacts::enrollee_supplies_names) == Some(false)
}

#[cfg(test)]
mod tests {
    use crate::detect::known::{Known, compare};
    use crate::event::account::Sid;
    use crate::event::san::San;
    use crate::wire::record::{AccountFacts, TemplateFacts, TemplateFlags};

    #[test]
    fn names_of_the_directory_are_own_and_another_sid_is_not() {
        let account = AccountFacts {
            sid: Some("S-1-5-21-1-2-3-1105".to_owned()),
            upn: Some("ann.lee@corp.example".to_owned()),
            dns_host_name: Some("web1.corp.example".to_owned()),
            service_principal_names: vec!["MSSQLSvc/sqlclu.corp.example:1433".to_owned()],
            ..AccountFacts::default()
        };
        let sid = |text| San::Sid(Sid::parse(text).unwrap());
        for (name, expected) in [
            (San::Upn("Ann.Lee@corp.example".to_owned()), Known::Own),
            (San::Upn("bob@corp.example".to_owned()), Known::Unknown),
            (San::Dns("WEB1.corp.example".to_owned()), Known::Own),
            (San::Dns("sqlclu.corp.example".to_owned()), Known::Own),
            (San::Dns("web2.corp.example".to_owned()), Known::Unknown),
            (sid("S-1-5-21-1-2-3-1105"), Known::Own),
            (sid("S-1-5-21-1-2-3-1106"), Known::OtherSid),
        ] {
            assert_eq!(compare(Some(&account), None, &name, false), expected, "{name:?}");
            assert_eq!(compare(None, None, &name, false), Known::Unknown, "nothing is known of {name:?}");
        }
    }

    #[test]
    fn name_without_a_suffix_is_explained_by_nothing() {
        let account = AccountFacts { upn: Some("carol.white".to_owned()), ..AccountFacts::default() };
        let flags = TemplateFlags { name_flag: Some(0x0200_0000), ..TemplateFlags::default() };
        let template = TemplateFacts { flags: Some(flags), ..TemplateFacts::default() };
        let name = San::Upn("carol.white".to_owned());
        assert_eq!(compare(Some(&account), Some(&template), &name, false), Known::Unknown);
    }

    #[test]
    fn template_explains_names_that_nobody_asked_for() {
        let template = |name_flag| TemplateFacts {
            flags: Some(TemplateFlags { name_flag: Some(name_flag), ..TemplateFlags::default() }),
            ..TemplateFacts::default()
        };
        let (directory, open) = (template(0x0200_0000), template(1));
        let name = San::Upn("alice.smith@corp.example".to_owned());
        assert_eq!(compare(None, Some(&directory), &name, false), Known::Own);
        assert_eq!(
            compare(None, Some(&directory), &name, true),
            Known::Unknown,
            "it stands in the attributes"
        );
        assert_eq!(compare(None, Some(&open), &name, false), Known::Unknown);
    }
}
