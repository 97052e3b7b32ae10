//! Why the certificates of a requester are suspicious: reasons as codes, severities and sentences.

use crate::alert::{Alert, Severity};
use crate::detect::identity::is_name_of_machine;
use crate::detect::report::{self, reason};
use crate::detect::san_mismatch::burst::Burst;
use crate::detect::san_mismatch::memory::is_issued;
use crate::detect::san_mismatch::settings::{Settings, Severities};
use crate::event::CertificateRequest;
use crate::event::host::Host;
use crate::wire::record::{Outcome, WindowCertificate};

/// A reason that one certificate is enough for.
struct Kind {
    code: &'static str,
    applies: fn(&WindowCertificate) -> bool,
    severity: fn(&Severities) -> Severity,
}

const KINDS: [Kind; 7] = [
    Kind { code: "sensitive_san", applies: |c| c.sensitive, severity: |s| s.sensitive_san },
    Kind { code: "sid_mismatch", applies: |c| c.sid_differs, severity: |s| s.sensitive_san },
    Kind { code: "san_mismatch", applies: |c| c.mismatched, severity: |s| s.san_mismatch },
    Kind { code: "agent_outside_profile", applies: |c| c.outside_profile, severity: |s| s.san_mismatch },
    Kind { code: "subject_name", applies: |c| c.subject_named, severity: |s| s.san_mismatch },
    Kind { code: "lookalike_name", applies: |c| c.lookalike, severity: |s| s.san_mismatch },
    Kind { code: "mail_name_only", applies: |c| c.mail_only, severity: |_| Severity::Low },
];

/// All codes, the worst first; the last ones qualify the others.
const CODES: [&str; 16] = [
    "sensitive_san",
    "sid_mismatch",
    "san_mismatch",
    "subject_name",
    "agent_outside_profile",
    "lookalike_name",
    "mail_name_only",
    ATTEMPTED,
    DENIED,
    PENDING,
    BURST,
    OWN_NAMES_ONLY,
    REPEATED,
    "names_not_read",
    "suffix_not_checked",
    "settled_by",
];

const ATTEMPTED: &str = "attempted";
const DENIED: &str = "request_denied";
const PENDING: &str = "request_pending";
pub(crate) const BURST: &str = "burst_enrollment";
const OWN_NAMES_ONLY: &str = "own_names_only";
const REPEATED: &str = "repeated";

/// The codes that one certificate or request brings, each with its severity. What was only asked for is one step less
/// severe than what was issued.
pub(crate) fn of(certificate: &WindowCertificate, settings: &Settings) -> Vec<(Severity, &'static str)> {
    let kinds = KINDS.iter().filter(|kind| (kind.applies)(certificate));
    let kinds: Vec<_> = kinds.map(|kind| ((kind.severity)(&settings.severity), kind.code)).collect();
    if is_issued(certificate) {
        return kinds;
    }
    let worst = kinds.iter().map(|(severity, _)| severity.milder()).max();
    let mut codes: Vec<_> = worst.map(|severity| (severity, ATTEMPTED)).into_iter().collect();
    codes.extend(decision(certificate).map(|code| (Severity::Informational, code)));
    codes
}

/// What the CA decided on a request that it did not grant.
fn decision(certificate: &WindowCertificate) -> Option<&'static str> {
    match certificate.outcome() {
        Outcome::Denied => Some(DENIED),
        Outcome::Pending => Some(PENDING),
        Outcome::Issued | Outcome::Requested => None,
    }
}

/// The severity and the code of a burst.
pub(crate) fn of_burst(burst: Burst, settings: &Settings) -> (Severity, &'static str) {
    let severity = &settings.severity;
    (if burst.own_names_only { severity.burst_own_names } else { severity.burst_enrollment }, BURST)
}

/// Adds the reasons that hold for these certificates, worst first, and the title of the worst. Whether one of them is new.
pub(crate) fn add(
    alert: &mut Alert,
    certificates: &[WindowCertificate],
    burst: Option<Burst>,
    request: &CertificateRequest,
    settings: &Settings,
) -> bool {
    let before: Vec<String> = alert.reasons.iter().map(|reason| reason.code.clone()).collect();
    // A request that was granted is no attempt any more, unless another one is.
    alert.reasons.retain(|reason| reason.code != ATTEMPTED);
    for (severity, code) in certificates.iter().flat_map(|certificate| of(certificate, settings)) {
        alert.severity = alert.severity.max(severity);
        report::add_reason(alert, reason(code, sentence(code, certificates, request)));
    }
    if let Some(burst) = burst {
        add_burst(alert, burst, request, settings);
    }
    let adds = alert.reasons.iter().any(|reason| !before.contains(&reason.code));
    add_qualifiers(alert, certificates, request);
    alert.reasons.sort_by_key(|reason| CODES.iter().position(|code| *code == reason.code));
    if let Some(worst) = alert.reasons.first() {
        alert.title.clone_from(&worst.text);
    }
    adds
}

fn sentence(code: &str, certificates: &[WindowCertificate], request: &CertificateRequest) -> String {
    let who = &request.requester;
    let named = |of: fn(&WindowCertificate) -> bool| {
        let names = certificates.iter().filter(|c| of(c)).flat_map(suspicious_names);
        first_few(&names.map(String::as_str).collect::<Vec<_>>())
    };
    match code {
        "sensitive_san" => {
            let names = named(|c| is_issued(c) && c.sensitive);
            format!("{who} was issued a certificate that names the protected {names}")
        }
        "san_mismatch" => {
            let names = named(|c| is_issued(c) && c.mismatched);
            let names = if names.is_empty() { "more identities than are compared".to_owned() } else { names };
            format!("{who} was issued a certificate that names {names}")
        }
        "sid_mismatch" => format!(
            "{who} was issued a certificate with the SID of another account: {}",
            named(|c| is_issued(c) && c.sid_differs)
        ),
        "subject_name" => format!(
            "{who} was issued a certificate whose subject names a protected identity: {}",
            named(|c| is_issued(c) && c.subject_named)
        ),
        "mail_name_only" => format!(
            "{who} was issued a certificate whose only names are mail addresses that are not known to be its own. It can \
             log on only if its template allows that and an account is mapped to the address: an import of templates and \
             accounts settles it"
        ),
        "lookalike_name" => format!(
            "{who} was issued a certificate with a name that looks like that of a protected identity: {}",
            named(|c| is_issued(c) && c.lookalike)
        ),
        "agent_outside_profile" => outside_profile(request),
        ATTEMPTED => format!("{who} asked for a certificate that names {}", named(|c| !is_issued(c))),
        DENIED => format!("the CA denied request {}", ids(certificates, Outcome::Denied)),
        _ => format!("request {} waits for a CA manager", ids(certificates, Outcome::Pending)),
    }
}

fn ids(certificates: &[WindowCertificate], outcome: Outcome) -> String {
    let ids = certificates.iter().filter(|c| c.outcome() == outcome).map(|c| c.request_id.to_string());
    let ids: Vec<String> = ids.collect();
    first_few(&ids.iter().map(String::as_str).collect::<Vec<_>>())
}

fn outside_profile(request: &CertificateRequest) -> String {
    let template = request.template.as_deref().unwrap_or("an unknown template");
    let client = request.client.as_ref().map_or("an unknown host", Host::as_str);
    format!(
        "`agents:` names {} as an enrollment agent, but its profile does not cover this certificate: {template}, requested \
         from {client}. Compare the template, the host and the names with the profile",
        request.requester
    )
}

/// The burst, and what qualifies one that the account's own names explain, as long as nothing else makes it one.
fn add_burst(alert: &mut Alert, burst: Burst, request: &CertificateRequest, settings: &Settings) {
    let was_burst = has(alert, BURST);
    let (severity, code) = of_burst(burst, settings);
    let (who, count) = (&request.requester, burst.count);
    let text = format!("{who} was issued {count} certificates within {}", settings.burst_window);
    alert.severity = alert.severity.max(severity);
    report::add_reason(alert, reason(code, text));
    if burst.own_names_only && (!was_burst || has(alert, OWN_NAMES_ONLY)) {
        let text = format!(
            "all certificates of the burst bear only the requester's own names, or a mail address alone, and no template \
             was issued {} times or more: a first logon or a new machine looks like this. If it is none, read who was \
             logged on where the requests came from",
            settings.many_of_one_template()
        );
        report::add_reason(alert, reason(OWN_NAMES_ONLY, text));
    } else {
        alert.reasons.retain(|reason| reason.code != OWN_NAMES_ONLY);
    }
}

fn add_qualifiers(alert: &mut Alert, certificates: &[WindowCertificate], request: &CertificateRequest) {
    if certificates.iter().any(|c| c.names_cut > 0) {
        let text = "the certificate has more names than are compared: no account has that many".to_owned();
        report::add_reason(alert, reason("names_not_read", text));
    }
    if certificates.iter().any(|c| c.suffix_assumed) {
        report::add_reason(alert, reason("suffix_not_checked", suffix_not_checked(certificates, request)));
    }
    if let Some(text) = settled_by(certificates, request) {
        report::add_reason(alert, reason("settled_by", text));
    }
}

fn suffix_not_checked(certificates: &[WindowCertificate], request: &CertificateRequest) -> String {
    let domain = &request.requester.domain;
    let mismatched = certificates.iter().rfind(|c| c.suffix_assumed && c.mismatched);
    let suffix = mismatched.and_then(|c| own_host(c, request)).and_then(|name| name.split_once('.'));
    match suffix {
        Some((_, suffix)) => format!(
            "{suffix} is the domain of the CA, and nothing shows that it is {domain}'s too: if it is, `domains: {{{domain}: \
             [{suffix}]}}`"
        ),
        None => {
            format!("the policy has no `domains:` entry for {domain}: any suffix was taken for its own")
        }
    }
}

/// The reported name that has the machine's own label.
fn own_host<'c>(certificate: &'c WindowCertificate, request: &CertificateRequest) -> Option<&'c String> {
    suspicious_names(certificate)
        .iter()
        .find(|name| !name.contains('@') && is_name_of_machine(&request.requester, Host::new(name).label()))
}

/// What would settle the alert: the policy lines, if the estate explains a mismatch; for a protected identity its owner.
fn settled_by(certificates: &[WindowCertificate], request: &CertificateRequest) -> Option<String> {
    let who = &request.requester;
    let Some(certificate) = certificates.iter().rfind(|c| c.mismatched && !c.sensitive) else {
        let text = "no policy line excuses a protected identity: only its owner can confirm the request";
        return certificates.iter().any(|c| c.sensitive).then(|| text.to_owned());
    };
    let name = suspicious_names(certificate).last()?;
    let own = if name.starts_with("S-1-") {
        "if the SID is its own: an import of accounts, `adcs-watch inventory import --accounts`".to_owned()
    } else if who.is_machine() && !name.contains('@') {
        format!("if the host is its own: `hosts: {{'{who}': [{name}]}}`")
    } else if let Some((_, suffix)) = name.rsplit_once('@') {
        format!("if the name is its own, `domains:` with {suffix}, or the userPrincipalName of the account")
    } else {
        format!("if the name is its own: `hosts: {{'{who}': [{name}]}}`")
    };
    let template = if certificate.template.is_empty() { "'*'" } else { &certificate.template };
    Some(format!(
        "{own}; if requests for others are its job: `agents: {{'{who}': {{templates: [{template}]}}}}`, which still reports \
         protected identities"
    ))
}

/// Counts the certificates that an alert has reported since it opened.
pub(crate) fn add_count(alert: &mut Alert, count: u32) {
    let text = format!("{count} suspicious certificates since {}", alert.first_seen);
    report::add_reason(alert, reason(REPEATED, text));
    alert.reasons.sort_by_key(|reason| CODES.iter().position(|code| *code == reason.code));
}

pub(crate) fn suspicious_names(certificate: &WindowCertificate) -> &[String] {
    &certificate.names[..certificate.names.len().min(certificate.suspicious as usize)]
}

pub(crate) fn harmless_names(certificate: &WindowCertificate) -> &[String] {
    &certificate.names[certificate.names.len().min(certificate.suspicious as usize)..]
}

fn first_few(names: &[&str]) -> String {
    let mut few: Vec<&str> = Vec::new();
    for name in names {
        if few.len() < 3 && !few.contains(name) {
            few.push(name);
        }
    }
    few.join(", ")
}

fn has(alert: &Alert, code: &str) -> bool {
    alert.reasons.iter().any(|reason| reason.code == code)
}

/// The reasons in the words of the scheduled rule.
pub(crate) fn why_suspicious(alert: &Alert, settings: &Settings) -> String {
    let burst = format!("BurstEnrollment_>={}_certs", settings.burst_count);
    let words = [
        ("sensitive_san", "SensitiveSAN_DA_or_DC"),
        ("san_mismatch", "SAN_Mismatch_ESC1_Pattern"),
        ("sid_mismatch", "SID_Mismatch"),
        ("subject_name", "Subject_Names_Protected_Identity"),
        ("mail_name_only", "Mail_Name_Only"),
        (ATTEMPTED, "SAN_Attempted"),
        (BURST, &burst),
    ];
    let mut why: Vec<String> =
        words.iter().filter(|(code, _)| has(alert, code)).map(|(_, word)| (*word).to_owned()).collect();
    if !alert.templates.is_empty() {
        why.push(format!("Templates: {}", alert.templates.join(", ")));
    }
    why.join("; ")
}
