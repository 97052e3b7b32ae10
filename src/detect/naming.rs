//! Compares the names of a certificate with the account that asked for it.
//!
//! Comparison is equality of identities, never of substrings: the scheduled rule's `contains` lets a requester `a` match
//! every name with an `a` in it. What cannot be compared is neither a match nor a mismatch.
//!
//! What the client writes proves nothing. The domain of a requester comes from its account, the policy and the CA, never
//! from another name of the same request, and no allow-list looks at the `ccm:` attribute.

use crate::detect::allowed::{is_allowed_name, is_allowed_requester};
use crate::detect::domain::DomainPolicy;
use crate::detect::facts::Facts;
use crate::detect::identity::{Verdict, compare, is_name_of_machine};
use crate::detect::known::{self, Known};
use crate::detect::protected::{is_lookalike, is_protected_name, is_sensitive, of_controllers};
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::san::{MAX_NAMES, San};
use crate::event::{CertificateRequest, Event, IssuedCertificate};
use crate::wire::record::TemplateFacts;
use std::cell::LazyCell;

/// What comparing all names of a request shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Names of another identity that no allow-list excuses.
    pub mismatched: Vec<String>,
    /// Names of a protected identity, allowed or not.
    pub sensitive: Vec<String>,
    /// Names that only look like that of a protected identity, allowed or not.
    pub lookalike: Vec<String>,
    /// All the others of the first [`MAX_NAMES`].
    pub harmless: Vec<String>,
    /// SIDs of another account than the requester's, which is known.
    pub other_sids: Vec<String>,
    /// Common names of the subject that are those of a protected identity.
    pub subject: Vec<String>,
    /// The only names are mail addresses, and whether the template allows a logon is not known.
    pub mail_only: bool,
    /// The suffix of an own name was not checked.
    pub suffix_assumed: bool,
    /// Names beyond the limit that count as a mismatch: all of them, or for an allowed requester those that were not even
    /// searched for protected identities.
    pub names_cut: u32,
    /// An allow-list or the profile of an agent covers the request: it makes no burst either.
    pub allowed: bool,
    /// The requester is an agent, and names of `mismatched` are outside its profile.
    pub outside_profile: bool,
    /// The certificate has names, and all of them are the requester's own.
    pub own_only: bool,
}

impl Judgement {
    /// Whether another identity is named.
    pub(crate) fn is_mismatch(&self) -> bool {
        !self.mismatched.is_empty() || self.names_cut > 0
    }

    /// The names that are reported, the worst first.
    pub(crate) fn suspicious_names(&self) -> impl Iterator<Item = &String> {
        [&self.sensitive, &self.other_sids, &self.subject, &self.lookalike, &self.mismatched]
            .into_iter()
            .flatten()
    }

    /// Whether a protected identity is named.
    pub(crate) fn is_sensitive(&self) -> bool {
        !self.sensitive.is_empty()
    }

    /// Whether a name only looks like that of a protected identity.
    pub(crate) fn is_lookalike(&self) -> bool {
        !self.lookalike.is_empty()
    }

    /// Whether any name is reported.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.names_cut > 0 || self.suspicious_names().next().is_some()
    }
}

/// Judges every name of a request that an event of its CA reports. Facts and allow-lists excuse a mismatch, never a
/// protected identity.
pub(crate) fn judge(
    policy: &DomainPolicy,
    facts: &Facts,
    request: &CertificateRequest,
    event: &Event,
) -> Judgement {
    let (requester, ca) = (&request.requester, &event.computer);
    // Most names are the requester's own, and need no facts.
    let account = LazyCell::new(|| facts.account(policy, requester));
    let template = LazyCell::new(|| request.sole_template().and_then(|template| facts.template(template)));
    let is_asked_for = |name: &San| request.attribute_names.iter().any(|asked| asked.is_same(name));
    let known = |name: &San| known::compare(account.as_ref(), template.as_ref(), name, is_asked_for(name));
    let requester_allowed = is_allowed_requester(policy, requester);
    let template_allowed = request.sole_template().is_some_and(|template| policy.allow.template(template));
    let agent = policy.agent(requester);
    let at_work = agent.filter(|agent| agent.is_at_work(request));
    let compared: Vec<_> = request.names.iter().map(|name| compare(policy, requester, name, ca)).collect();
    let in_domain = |(name, verdict): (&San, &Verdict)| {
        of_controllers(policy, request, name, facts.of_domain(policy, requester, name, *verdict, ca))
    };
    let verdicts: Vec<Verdict> = request.names.iter().zip(&compared).map(in_domain).collect();
    let has_own = verdicts.iter().any(|v| matches!(v, Verdict::Own { .. }));
    let names_cut =
        if requester_allowed || at_work.is_some() { request.names_unread() } else { request.names_cut };
    let own_only = has_own
        && names_cut == 0
        && request.names.iter().zip(&verdicts).all(|(name, verdict)| is_harmless_beside_own(name, *verdict));
    let is_excused = |name: &San| {
        requester_allowed
            // A SID has no form that `subjects` could limit: it goes with the names beside it.
            || at_work.is_some_and(|agent| matches!(name, San::Sid(_)) || agent.has_name(name.value()))
            || is_allowed_name(policy, request, name)
            // People's mail addresses often differ from their account names, and no logon goes by them.
            || (has_own && matches!(name, San::Email(_)))
    };
    let may_be_mail_only = || {
        names_cut == 0
            && request.names.iter().all(|name| matches!(name, San::Email(_)))
            && template.as_ref().and_then(TemplateFacts::allows_logon) != Some(true)
    };
    let subject = protected_subject(policy, request, event);
    let mut judgement = Judgement { names_cut, own_only, subject, ..Judgement::default() };
    let mut all_owned = names_cut == 0 && !request.names.is_empty();
    for ((name, verdict), compared) in request.names.iter().zip(verdicts).zip(compared) {
        let value = name.value();
        // Its own host name makes a machine no protected one, whatever its domain is.
        judgement.suffix_assumed |= compared == Verdict::Own { suffix_assumed: true };
        let protected = judgement.add_protected(policy, requester, name, compared);
        let (is_sid, excused) = (matches!(name, San::Sid(_)), is_excused(name));
        // The CA writes the SID of the requester into an extension. One among the names was asked for.
        let is_foreign = (verdict == Verdict::Other || (is_sid && !protected)) && !excused;
        let known = if is_foreign || is_sid { known(name) } else { Known::Unknown };
        let is_foreign = is_foreign && known != Known::Own;
        all_owned &= known == Known::Own || matches!(verdict, Verdict::Own { .. });
        if known == Known::OtherSid && !excused {
            judgement.other_sids.push(value.to_owned());
        } else if is_foreign && !protected && may_be_mail_only() {
            judgement.mail_only = true;
            judgement.harmless.push(value.to_owned());
        } else if is_foreign {
            judgement.mismatched.push(value.to_owned());
        } else if !protected {
            judgement.harmless.push(value.to_owned());
        }
    }
    for name in &request.names_beyond {
        let verdict = compare(policy, requester, name, ca);
        let protected = judgement.add_protected(policy, requester, name, verdict);
        // A profile with subjects limits all of them.
        let is_outside = verdict == Verdict::Other && !protected && at_work.is_some() && !is_excused(name);
        if is_outside && judgement.mismatched.len() < MAX_NAMES && known(name) != Known::Own {
            judgement.mismatched.push(name.value().to_owned());
        }
    }
    // Names that only the directory shows to be its own count too.
    judgement.own_only = (judgement.own_only || all_owned) && !judgement.is_mismatch();
    judgement.outside_profile = agent.is_some() && judgement.is_mismatch();
    judgement.allowed =
        requester_allowed || ((template_allowed || at_work.is_some()) && !judgement.is_mismatch());
    judgement
}

/// The common name of the certificate's subject, or of the request, if it is that of a protected identity of which the
/// requester is none. Certificates can be mapped by their subject, and a CA that logs no alternative names shows no other.
fn protected_subject(policy: &DomainPolicy, request: &CertificateRequest, event: &Event) -> Vec<String> {
    let issued = event.activity.issued().map(IssuedCertificate::common_names);
    // The containers of the account follow its own name.
    let name = issued.unwrap_or_else(|| request.common_names.clone()).into_iter().next();
    let is_foreign = |name: &String| {
        let named = Account::parse(name);
        !request.requester.has_name(&named.name)
            && !is_name_of_machine(&request.requester, Host::new(name).label())
            && is_protected_name(policy, name)
    };
    name.into_iter().filter(is_foreign).collect()
}

impl Judgement {
    /// Adds the name to those of protected identities, or of their lookalikes, if it is one. Whether it is.
    fn add_protected(
        &mut self,
        policy: &DomainPolicy,
        requester: &Account,
        name: &San,
        verdict: Verdict,
    ) -> bool {
        let list = if is_sensitive(policy, requester, name, verdict) {
            &mut self.sensitive
        } else if is_lookalike(policy, requester, name, verdict) {
            &mut self.lookalike
        } else {
            return false;
        };
        list.push(name.value().to_owned());
        true
    }
}

/// Whether a certificate with an own name and this one bears only the requester's names. People's mail addresses often
/// differ from their account names; an address, a URL or other text belongs to no account.
fn is_harmless_beside_own(name: &San, verdict: Verdict) -> bool {
    match (name, verdict) {
        (_, Verdict::Own { .. }) | (San::Email(_), _) => true,
        (San::Guid(_) | San::Sid(_) | San::Dns(_), Verdict::Unknown) => true,
        (
            San::Upn(_) | San::Dns(_) | San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_),
            Verdict::Other | Verdict::Unknown,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::facts::Facts;
    use crate::detect::naming::{Judgement, judge};
    use crate::event::account::{Account, Sid};
    use crate::event::facts::AccountKnown;
    use crate::event::host::Host;
    use crate::event::san::{Names, San};
    use crate::event::time::Time;
    use crate::event::{Activity, CertificateRequest, Event, IssuedCertificate, Origin};

    fn request(requester: &str, names: &[San]) -> CertificateRequest {
        let mut request =
            CertificateRequest { requester: Account::parse(requester), ..CertificateRequest::default() };
        let mut all = Names::default();
        names.iter().for_each(|name| all.add(name.clone()));
        request.set_names(all);
        request
    }

    /// Of an issued certificate, with nothing known of the estate.
    fn judged_request(policy: &DomainPolicy, request: &CertificateRequest) -> Judgement {
        judged_with(&Facts::default(), policy, request, "")
    }

    fn judged_with(
        facts: &Facts,
        policy: &DomainPolicy,
        request: &CertificateRequest,
        subject: &str,
    ) -> Judgement {
        let (request, subject) = (request.clone(), subject.to_owned());
        let activity = Activity::CertificateIssued(IssuedCertificate {
            request,
            subject,
            ..IssuedCertificate::default()
        });
        let computer = Host::new("ca01.corp.example");
        let event = Event { time: Time::from_millis(0), computer, origin: Origin::default(), activity };
        judge(policy, facts, event.activity.request().unwrap(), &event)
    }

    fn judged(policy: &DomainPolicy, requester: &str, names: &[San]) -> Judgement {
        judged_request(policy, &request(requester, names))
    }

    fn corp() -> DomainPolicy {
        let mut policy = DomainPolicy::default();
        policy.domains.insert("CORP".to_owned(), vec!["corp.example".to_owned()]);
        policy
    }

    fn upn(text: &str) -> San {
        San::Upn(text.to_owned())
    }

    fn dns(text: &str) -> San {
        San::Dns(text.to_owned())
    }

    #[test]
    fn substring_is_no_match() {
        let policy = DomainPolicy::default();
        assert!(judged(&policy, "CORP\\ann", &[upn("joanna@corp.example")]).is_mismatch());
        assert!(!judged(&policy, "CORP\\ANN", &[upn("ann@corp.example")]).is_mismatch());
    }

    #[test]
    fn suffixes_are_checked_where_the_policy_has_an_entry() {
        assert!(judged(&DomainPolicy::default(), "CORP\\ann", &[upn("ann@evil.example")]).suffix_assumed);
        assert!(judged(&corp(), "corp\\ann", &[upn("ann@evil.example")]).is_mismatch());
        let own = judged(&corp(), "CORP\\ann", &[upn("ann@CORP.example")]);
        assert!(!own.is_mismatch() && !own.suffix_assumed);
    }

    #[test]
    fn domain_of_a_machine_never_comes_from_another_name() {
        for policy in [DomainPolicy::default(), corp()] {
            let names = [dns("wks-114.files01.corp.example"), dns("files01.corp.example")];
            let judgement = judged(&policy, "CORP\\WKS-114$", &names);
            assert!(judgement.mismatched.contains(&"files01.corp.example".to_owned()), "{judgement:?}");
        }
    }

    #[test]
    fn domain_controller_may_name_itself_and_its_domain_but_nobody_else_may() {
        let names = [dns("dc01.corp.example"), dns("corp.example"), dns("CORP")];
        for policy in [DomainPolicy::default(), corp()] {
            assert_eq!(judged(&policy, "CORP\\DC01$", &names).harmless.len(), 3);
            let other = judged(&policy, "CORP\\WKS-114$", &names);
            assert!(other.is_mismatch() && other.is_sensitive());
        }
    }

    #[test]
    fn terms_are_whole_names_in_own_names_and_whole_labels_in_host_names() {
        let sensitive =
            |requester: &str, name| judged(&DomainPolicy::default(), requester, &[name]).is_sensitive();
        assert!(sensitive("CORP\\administrator", upn("administrator@corp.example")));
        assert!(!sensitive("CORP\\sharepoint-administrator", upn("sharepoint-administrator@corp.example")));
        assert!(sensitive("CORP\\mallory", upn("sharepoint-administrator@corp.example")));
        assert!(sensitive("CORP\\webops", dns("dc01.corp.example")));
        assert!(!sensitive("CORP\\webops", dns("shop.dc01.corp.example")));
    }

    #[test]
    fn names_that_only_look_protected_are_lookalikes() {
        let mut policy = corp();
        policy.protected.accounts.push(Account::parse("CORP\\svc-backup"));
        for name in [
            upn("аdministrator@corp.example"),
            upn("svc-bаckup@corp.example"),
            dns("dс01.corp.example"),
            dns("xn--d01-4ed.corp.example"),
            upn("adm1nistrator"),
        ] {
            let judgement = judged(&policy, "CORP\\mallory", std::slice::from_ref(&name));
            assert!(judgement.is_lookalike() && !judgement.is_sensitive(), "{name:?}");
            assert!(judgement.is_suspicious(), "{name:?}");
        }
        assert!(judged(&policy, "CORP\\аdministrator", &[upn("аdministrator@corp.example")]).is_lookalike());
        for name in ["administrator@corp.example", "alice@corp.example", "administratör@corp.example"] {
            assert!(!judged(&policy, "CORP\\mallory", &[upn(name)]).is_lookalike(), "{name}");
        }
        assert!(
            !judged(&policy, "CORP\\dco1", &[upn("dco1@corp.example")]).is_lookalike(),
            "its own, in ASCII"
        );
    }

    #[test]
    fn allowed_templates_and_suffixes_excuse_host_names_only() {
        let mut policy = corp();
        policy.allow.templates.push("WebServer".to_owned());
        policy.allow.san_suffixes.push("corp.example".to_owned());
        let judged = |name: San| {
            let template = Some("WebServer".to_owned());
            let request = CertificateRequest { template, ..request("CORP\\webops", &[name]) };
            judged_request(&policy, &request)
        };
        assert!(!judged(dns("shop.corp.example")).is_mismatch());
        assert!(judged(upn("bob@corp.example")).is_mismatch());
        assert!(judged(San::Email("bob@corp.example".to_owned())).mail_only);
    }

    #[test]
    fn agent_is_excused_within_its_profile_only() {
        let mut policy = corp();
        let profile = r#"{"templates": ["Smartcard"], "hosts": ["fas01"], "subjects": ["*@corp.example"]}"#;
        policy.agents.insert("CORP\\FAS01$".to_owned(), serde_json::from_str(profile).unwrap());
        let judged = |template: &str, client: Option<&str>, name: &str| {
            let mut request = request("CORP\\FAS01$", &[upn(name)]);
            request.template = Some(template.to_owned());
            request.client = client.map(Host::new);
            judged_request(&policy, &request)
        };
        let own_host = Some("fas01.corp.example");
        let at_work = judged("Smartcard", own_host, "alice@corp.example");
        assert!(at_work.allowed && !at_work.is_suspicious() && !at_work.outside_profile);
        for (template, client, name) in [
            ("User", own_host, "alice@corp.example"),
            ("Smartcard", Some("wks-066.corp.example"), "alice@corp.example"),
            ("Smartcard", None, "alice@corp.example"),
            ("Smartcard", own_host, "alice@dev.example"),
        ] {
            let outside = judged(template, client, name);
            assert!(outside.is_mismatch() && outside.outside_profile, "{template} {client:?} {name}");
        }
        assert!(judged("Smartcard", own_host, "administrator@corp.example").is_sensitive());
        assert!(!judged("User", None, "FAS01$@corp.example").outside_profile, "its own name");
    }

    #[test]
    fn own_names_only_are_those_of_the_account() {
        let policy = corp();
        let own_only = |requester: &str, names: &[San]| judged(&policy, requester, names).own_only;
        let guid = San::Guid("1a2b".to_owned());
        assert!(own_only("CORP\\DC01$", &[dns("dc01.corp.example"), dns("corp.example"), guid.clone()]));
        assert!(own_only(
            "CORP\\ann",
            &[upn("ann@corp.example"), San::Email("a.smith@corp.example".to_owned())]
        ));
        assert!(!own_only("CORP\\ann", &[upn("ann@corp.example"), San::Ip("10.0.0.1".to_owned())]));
        assert!(!own_only("CORP\\ann", &[upn("ann@corp.example"), upn("bob@corp.example")]));
        assert!(!own_only("CORP\\ann", &[guid]), "no name of the account");
        assert!(!own_only("CORP\\ann", &[]), "an older CA may not log the names");
    }

    #[test]
    fn client_attribute_excuses_nothing() {
        let mut policy = corp();
        policy.allow.source_hosts.push("srv-clm.corp.example".to_owned());
        let mut request = request("CORP\\mallory", &[upn("bob@corp.example")]);
        request.client = Some(Host::new("srv-clm.corp.example"));
        assert!(judged_request(&policy, &request).is_mismatch());
        request.requester = Account::parse("CORP\\SRV-CLM$");
        assert!(!judged_request(&policy, &request).is_mismatch(), "the host's own account");
        request.requester = Account::parse("DEV\\SRV-CLM$");
        assert!(judged_request(&policy, &request).is_mismatch(), "the suffix is CORP's");
    }

    #[test]
    fn names_beyond_the_limit_are_searched_for_protected_identities() {
        let mut names: Vec<San> = (0..70).map(|i| San::Ip(format!("10.0.0.{i}"))).collect();
        names.push(upn("administrator@corp.example"));
        let mut policy = corp();
        assert!(judged(&policy, "CORP\\mallory", &names).is_sensitive());
        policy.allow.requesters.push(Account::parse("CORP\\mallory"));
        let allowed = judged(&policy, "CORP\\mallory", &names);
        assert!(allowed.is_sensitive() && !allowed.is_mismatch());
        let mut bomb = request("CORP\\mallory", &names);
        bomb.names_cut += 1;
        assert!(judged_request(&policy, &bomb).is_mismatch(), "a name that nobody read");
    }

    #[test]
    fn mail_address_alone_is_no_mismatch_but_is_noted() {
        let policy = DomainPolicy::default();
        let mail = San::Email("ann.smith@corp.example".to_owned());
        assert!(!judged(&policy, "CORP\\asmith", &[upn("asmith@corp.example"), mail.clone()]).is_mismatch());
        let alone = judged(&policy, "CORP\\asmith", &[mail]);
        assert!(alone.mail_only && !alone.is_suspicious(), "{alone:?}");
    }

    #[test]
    fn address_is_no_mismatch_but_a_sid_of_nobody_known_is() {
        let policy = DomainPolicy::default();
        let sid = |text| San::Sid(Sid::parse(text).unwrap());
        assert!(!judged(&policy, "CORP\\ann", &[San::Ip("10.0.0.1".to_owned())]).is_mismatch());
        let unknown = judged(&policy, "CORP\\ann", &[sid("S-1-5-21-1-2-3-1105")]);
        assert!(unknown.is_mismatch() && !unknown.is_sensitive());
        assert!(judged(&policy, "CORP\\ann", &[sid("S-1-5-21-1-2-3-500")]).is_sensitive());
    }

    #[test]
    fn subject_counts_only_as_the_whole_name_of_a_protected_identity() {
        let subject = |requester: &str, subject: &str| {
            let judgement = judged_with(&Facts::default(), &corp(), &request(requester, &[]), subject);
            assert_eq!(judgement.is_suspicious(), !judgement.subject.is_empty());
            judgement.subject
        };
        let administrator = "CN=Administrator, CN=Users, DC=corp, DC=example";
        assert_eq!(subject("CORP\\mallory", administrator), ["Administrator"]);
        assert_eq!(subject("CORP\\mallory", "CN=dc01.corp.example"), ["dc01.corp.example"]);
        assert_eq!(subject("CORP\\administrator", administrator), [""; 0], "its own");
        assert_eq!(subject("CORP\\DC01$", "CN=dc01.corp.example"), [""; 0], "its own");
        for harmless in [
            "CN=Alice Smith, OU=Administrator, DC=corp",
            "CN=SharePoint Administrator",
            "CN=shop.dc01.example",
            "",
        ] {
            assert_eq!(subject("CORP\\asmith", harmless), [""; 0], "{harmless}");
        }
    }

    #[test]
    fn facts_excuse_names_of_the_account_and_never_protected_ones() {
        let account = Account::parse("CORP\\asmith");
        let import = |upn: &str| AccountKnown {
            account: account.clone(),
            sid: Sid::parse("S-1-5-21-1-2-3-1105"),
            upn: Some(upn.to_owned()),
            ..AccountKnown::default()
        };
        let judged = |imported: AccountKnown, name: San| {
            let mut facts = Facts::default();
            let activity = Activity::AccountKnown(imported);
            let (time, computer) = (Time::from_millis(0), Host::default());
            let event = Event { time, computer, origin: Origin::default(), activity };
            facts.learn(&event, &corp(), &|_| true);
            judged_with(&facts, &corp(), &request("CORP\\asmith", &[name]), "")
        };
        let alice = "alice.smith@corp.example";
        assert!(!judged(import(alice), upn(alice)).is_suspicious());
        assert!(judged(import("other@corp.example"), upn(alice)).is_mismatch());
        let admin = "administrator@corp.example";
        assert!(judged(import(admin), upn(admin)).is_sensitive(), "the account may have been changed for it");
        let sid = |text| San::Sid(Sid::parse(text).unwrap());
        let other = judged(import(alice), sid("S-1-5-21-1-2-3-1111"));
        assert!(other.other_sids.len() == 1 && other.is_suspicious());
        assert!(!judged(import(alice), sid("S-1-5-21-1-2-3-1105")).is_suspicious());
    }
}
