//! The text that Windows renders of an event, in English: all fields are in it, each behind its label.
//!
//! Shippers keep the lines or replace line ends and tabs by spaces, so a label is found wherever white space stands
//! before it. The client writes the attributes and the subject of a request, and may write labels there. So the labels
//! before the attributes are searched forwards and those behind them backwards: what is between belongs to the client.

use crate::decode::escapes;
use crate::decode::fields::named::Named;
use crate::decode::wanted::KDC_IDS;

/// A label and the field behind it; none for titles of sections.
type Label = (&'static str, Option<&'static str>);

const REQUEST: &[Label] = &[
    ("Request ID", Some("RequestId")),
    ("Requester", Some("Requester")),
    ("Attributes", Some("Attributes")),
    ("Disposition", Some("Disposition")),
    ("SKI", Some("SubjectKeyIdentifier")),
    ("Subject from CSR", Some("Subject")),
    ("Subject", Some("Subject")),
    ("Subject Alternative Name from CSR", Some("SubjectAlternativeName")),
    ("Subject Alternative Name", Some("SubjectAlternativeName")),
    ("Requested Template", Some("CertificateTemplate")),
    ("Certificate Template", Some("CertificateTemplate")),
    ("RequestOSVersion", Some("RequestOSVersion")),
    ("RequestCSPProvider", Some("RequestCSPProvider")),
    ("RequestClientInfo", Some("RequestClientInfo")),
    ("Serial Number", Some("SerialNumber")),
    ("Authentication Service", Some("AuthenticationService")),
    ("Authentication Level", Some("AuthenticationLevel")),
    ("DCOMorRPC", Some("DCOMorRPC")),
];
/// How many labels of [`REQUEST`] are searched forwards: to the attributes.
const BEFORE_THE_CLIENTS: usize = 3;

/// Labels of a CA that writes all of [`REQUEST`].
const BEHIND_THE_SUBJECT: [&str; 7] = [
    "Subject from CSR",
    "Subject Alternative Name from CSR",
    "Subject Alternative Name",
    "Requested Template",
    "Certificate Template",
    "Serial Number",
    "Authentication Service",
];

const TICKET: &[Label] = &[
    ("Account Information", None),
    ("Account Name", Some("TargetUserName")),
    ("Supplied Realm Name", Some("TargetDomainName")),
    ("User ID", Some("TargetSid")),
    ("MSDS-SupportedEncryptionTypes", None),
    ("Available Keys", None),
    ("Service Information", None),
    ("Service Name", Some("ServiceName")),
    ("Service ID", Some("ServiceSid")),
    ("MSDS-SupportedEncryptionTypes", None),
    ("Available Keys", None),
    ("Domain Controller Information", None),
    ("MSDS-SupportedEncryptionTypes", None),
    ("Available Keys", None),
    ("Network Information", None),
    ("Client Address", Some("IpAddress")),
    ("Client Port", Some("IpPort")),
    ("Advertized Etypes", None),
    ("Additional Information", None),
    ("Ticket Options", Some("TicketOptions")),
    ("Result Code", Some("Status")),
    ("Ticket Encryption Type", Some("TicketEncryptionType")),
    ("Session Encryption Type", None),
    ("Pre-Authentication Type", Some("PreAuthType")),
    ("Pre-Authentication EncryptionType", None),
    ("Certificate Information", None),
    ("Certificate Issuer Name", Some("CertIssuerName")),
    ("Certificate Serial Number", Some("CertSerialNumber")),
    ("Certificate Thumbprint", Some("CertThumbprint")),
    ("Ticket information", None),
];

const SHARE: &[Label] = &[
    ("Subject", None),
    ("Security ID", Some("SubjectUserSid")),
    ("Account Name", Some("SubjectUserName")),
    ("Account Domain", Some("SubjectDomainName")),
    ("Logon ID", Some("SubjectLogonId")),
    ("Network Information", None),
    ("Object Type", Some("ObjectType")),
    ("Source Address", Some("IpAddress")),
    ("Source Port", Some("IpPort")),
    ("Share Information", None),
    ("Share Name", Some("ShareName")),
    ("Share Path", Some("ShareLocalPath")),
    ("Relative Target Name", Some("RelativeTargetName")),
    ("Access Request Information", None),
    ("Access Mask", Some("AccessMask")),
    ("Accesses", Some("AccessList")),
    ("Access Check Results", None),
];

/// The labels of the KDC's events 39, 40, 41 and 45 (KB5014754). What stands between the subject and the thumbprint may be
/// words of the certificate's owner.
const MAPPING: &[Label] = &[
    ("User", Some("AccountName")),
    ("User SID", Some("AccountSid")),
    ("Account SID", Some("AccountSid")),
    (CERTIFICATE_SUBJECT, Some("Subject")),
    ("Certificate Issuer", Some("Issuer")),
    ("Certificate Serial Number", Some("SerialNumber")),
    (CERTIFICATE_THUMBPRINT, Some("Thumbprint")),
    (CERTIFICATE_SID, Some("CertificateSid")),
];
const CERTIFICATE_SUBJECT: &str = "Certificate Subject";
const CERTIFICATE_THUMBPRINT: &str = "Certificate Thumbprint";
const CERTIFICATE_SID: &str = "Certificate SID";
/// How many labels of [`MAPPING`] stand before the subject, and how many before the thumbprint.
const BEFORE_THE_SUBJECT: usize = 3;
const BEFORE_THE_THUMBPRINT: usize = 6;
/// Words in the text of the event that has the SID of a certificate.
const SID_DIFFERS: &str = "a different SID";

/// Fields of one line, beside the requester, with backslashes of their own.
const WITH_BACKSLASHES: [&str; 8] = [
    "RequestClientInfo",
    "TargetUserName",
    "TargetDomainName",
    "SubjectUserName",
    "SubjectDomainName",
    "ShareName",
    "ShareLocalPath",
    "RelativeTargetName",
];

/// The fields in the rendered text of an event; none when it has not the labels of that event.
pub(crate) fn read(id: u32, text: &str) -> Option<Named> {
    if KDC_IDS.contains(&id) {
        return Rendered::of(id, text).map(|text| text.mapping());
    }
    let (labels, forwards) = match id {
        4886..=4889 => (REQUEST, BEFORE_THE_CLIENTS),
        4768 => (TICKET, TICKET.len()),
        5145 => (SHARE, SHARE.len()),
        _ => return None,
    };
    let text = Rendered::of(id, text)?;
    let end = text.text.len();
    let mut places: Vec<(usize, usize, Option<&str>)> = Vec::new();
    let mut from = 0;
    for (label, field) in &labels[..forwards] {
        if let Some(at) = text.find(label, from, end) {
            from = at + label.len() + 1;
            places.push((at, from, *field));
        }
    }
    let (middle, mut to) = (places.len(), end);
    for (label, field) in labels[forwards..].iter().rev() {
        if let Some(at) = text.find_last(label, from, to) {
            places.insert(middle, (at, at + label.len() + 1, *field));
            to = at;
        }
    }
    let ends: Vec<usize> = places.iter().skip(1).map(|place| place.0).chain([end]).collect();
    let mut named = Named::default();
    for ((_, from, field), end) in places.iter().zip(ends) {
        if let Some(field) = field {
            named.push(field, text.value(field, *from, end));
        }
    }
    Some(named)
}

/// Whether a rendered text ends before its last label: a relay or an agent cut it off. Windows writes every label of an
/// event, also those without a value.
pub(crate) fn is_cut_off(id: u32, text: &str) -> bool {
    let Some(text) = Rendered::of(id, text) else { return false };
    let has = |label: &str| text.find(label, 0, text.text.len()).is_some();
    match id {
        // An old CA writes none of the labels behind the subject.
        4886 => !has("Attributes") || BEHIND_THE_SUBJECT.iter().any(|label| has(label)) && !has("DCOMorRPC"),
        4887..=4889 => {
            !["Attributes", "Disposition", "SKI", "Subject"].iter().all(|label| has(label))
                || BEHIND_THE_SUBJECT.iter().any(|label| has(label)) && !has("DCOMorRPC")
        }
        4768 => !has("Certificate Thumbprint"),
        5145 => !has("Access Mask"),
        id if KDC_IDS.contains(&id) => {
            let names_sid = text.text.contains(SID_DIFFERS);
            !has(CERTIFICATE_THUMBPRINT) || names_sid && !has(CERTIFICATE_SID)
        }
        _ => false,
    }
}

/// Whether a text looks like a rendered event of any language: several labels with a colon.
pub(crate) fn is_rendered(text: &str) -> bool {
    let is_markup = text.trim_ascii_start().starts_with(['<', '{']);
    !is_markup && text.matches([':', '：']).filter(|_| text.len() > 40).count() >= 3
}

/// The rendered text of an event.
struct Rendered<'t> {
    text: &'t str,
    /// Line ends or tabs are written as escapes.
    is_escaped: bool,
}

impl<'t> Rendered<'t> {
    /// None if the text has not the label that such an event cannot lack.
    fn of(id: u32, text: &'t str) -> Option<Rendered<'t>> {
        let (labels, needed) = match id {
            4886..=4889 => (REQUEST, "Request ID"),
            4768 => (TICKET, "Account Name"),
            5145 => (SHARE, "Share Name"),
            id if KDC_IDS.contains(&id) => (MAPPING, CERTIFICATE_SUBJECT),
            _ => return None,
        };
        let rendered = Rendered { text, is_escaped: true };
        rendered.find(needed, 0, rendered.text.len())?;
        let is_escaped = KDC_IDS.contains(&id) && rendered.is_behind_indented_escape()
            || labels.iter().any(|(label, _)| rendered.is_beside_escape(label));
        Some(Rendered { is_escaped, ..rendered })
    }

    /// The fields of an event about a mapping. Labels in the subject do not count: what is before it is searched up to it,
    /// and the rest from the last thumbprint, behind which the KDC writes nothing of the client's.
    fn mapping(&self) -> Named {
        let end = self.text.len();
        let subject = self.find(CERTIFICATE_SUBJECT, 0, end).unwrap_or(end);
        let thumbprint = self.find_last(CERTIFICATE_THUMBPRINT, subject, end).unwrap_or(end);
        let (before, rest) = MAPPING.split_at(BEFORE_THE_SUBJECT);
        let (subjects, behind) = rest.split_at(BEFORE_THE_THUMBPRINT - BEFORE_THE_SUBJECT);
        let mut places: Vec<(usize, Label)> = vec![(subject, MAPPING[BEFORE_THE_SUBJECT])];
        let place = |at: Option<usize>, label: &Label| at.map(|at| (at, *label));
        places.extend(before.iter().filter_map(|label| place(self.find(label.0, 0, subject), label)));
        let mut to = thumbprint;
        for label in subjects[1..].iter().rev() {
            if let Some(at) = self.find_last(label.0, subject, to) {
                places.push((at, *label));
                to = at;
            }
        }
        places.extend(behind.iter().filter_map(|label| place(self.find(label.0, thumbprint, end), label)));
        places.sort_by_key(|(at, _)| *at);
        let ends: Vec<usize> = places.iter().skip(1).map(|place| place.0).chain([end]).collect();
        let mut named = Named::default();
        for ((at, (label, field)), end) in places.into_iter().zip(ends) {
            if let Some(field) = field {
                named.push(field, self.value(field, at + label.len() + 1, end));
            }
        }
        named
    }

    /// Whether white space before or behind a label is written as an escape.
    fn is_beside_escape(&self, label: &str) -> bool {
        let Some(at) = self.find(label, 0, self.text.len()) else { return false };
        let behind = self.text.get(at + label.len() + 1..).unwrap_or_default();
        escapes::is_behind(&self.text[..at]) || escapes::is_before(behind)
    }

    /// The same of the labels of the KDC, which are indented: before this one stands a serial number.
    fn is_behind_indented_escape(&self) -> bool {
        let at = self.find_last(CERTIFICATE_THUMBPRINT, 0, self.text.len());
        at.is_some_and(|at| escapes::is_behind(self.text[..at].trim_end_matches(' ')))
    }

    /// Where a label stands first, with a colon behind it and nothing or white space before it.
    fn find(&self, label: &str, from: usize, to: usize) -> Option<usize> {
        let found = self.text.get(from..to)?.match_indices(label).map(|(at, _)| from + at);
        found.into_iter().find(|at| self.is_label(*at, label))
    }

    fn find_last(&self, label: &str, from: usize, to: usize) -> Option<usize> {
        let found = self.text.get(from..to)?.rmatch_indices(label).map(|(at, _)| from + at);
        found.into_iter().find(|at| self.is_label(*at, label))
    }

    fn is_label(&self, at: usize, label: &str) -> bool {
        let before = &self.text[..at];
        let last = before.chars().next_back();
        self.text[at + label.len()..].starts_with(':')
            && (last.is_none_or(|c| c.is_whitespace() || c == '"')
                || self.is_escaped && escapes::is_behind(before))
    }

    /// What stands behind a label.
    fn value(&self, field: &str, from: usize, to: usize) -> String {
        let text = self.text.get(from..to).unwrap_or_default();
        match field {
            // A relay may write something behind the last one.
            "AccountSid" | "CertificateSid" => {
                let text = if self.is_escaped { escapes::with_lines(text) } else { text.to_owned() };
                text.split_whitespace().next().unwrap_or_default().to_owned()
            }
            _ if !self.is_escaped => text.trim().to_owned(),
            "Requester" | "AccountName" => escapes::trimmed_account(text).to_owned(),
            _ if WITH_BACKSLASHES.contains(&field) => escapes::trimmed(text).to_owned(),
            _ => escapes::with_lines(text).trim().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::labels::{is_cut_off, is_rendered, read};

    const ISSUED: &str = "Certificate Services approved a certificate request and issued a certificate.\r\n\t\r\nRequest ID:\t201\r\n\
        Requester:\tCORP\\mallory\r\nAttributes:\t\r\nCertificateTemplate:ESC1\r\nSAN:upn=administrator@corp.example\r\n\
        Disposition:\t3\r\nSKI:\t\te3 ee\r\nSubject:\tCN=Mallory\r\nSubject Alternative Name:\r\nOther Name:\r\n     \
        Principal Name=administrator@corp.example\r\n\r\nCertificate Template:\tESC1\r\nSerial Number:\t\t5c00\r\n\
        Authentication Service:\tNTLM\r\nAuthentication Level:\tPrivacy\r\nDCOMorRPC:\t\tRPC";

    #[test]
    fn fields_stand_behind_their_labels_with_and_without_lines() {
        for text in [
            ISSUED.to_owned(),
            ISSUED.replace("\r\n", "  ").replace('\t', " "),
            ISSUED.replace("\r\n", "#015#012"),
        ] {
            let named = read(4887, &text).unwrap();
            let names = [
                "RequestId",
                "Requester",
                "Disposition",
                "Subject",
                "CertificateTemplate",
                "SerialNumber",
                "DCOMorRPC",
            ];
            let values: Vec<_> = names.iter().map(|name| named.find(name).unwrap()).collect();
            assert_eq!(values, ["201", "CORP\\mallory", "3", "CN=Mallory", "ESC1", "5c00", "RPC"], "{text}");
            assert!(named.find("Attributes").unwrap().ends_with("SAN:upn=administrator@corp.example"));
            assert!(
                named.find("SubjectAlternativeName").unwrap().ends_with("Name=administrator@corp.example")
            );
        }
    }

    #[test]
    fn backslash_of_an_account_is_no_escape() {
        for account in ["CORP\\nina", "CORP\\tom", "CORP\\rudi", "CORP\\n"] {
            let text = ISSUED.replace("CORP\\mallory", account);
            let escaped = |text: &str| text.replace('\r', "\\r").replace('\n', "\\n");
            for text in [
                text.clone(),
                text.replace("\r\n", "  ").replace('\t', " "),
                text.replace('\t', "\\t"),
                escaped(&text),
                escaped(&text.replace('\t', "\\t")),
                text.replace("\r\n", "\\n").replace('\t', "\\t"),
                text.replace("\r\n", "#012").replace('\t', "#011"),
            ] {
                let named = read(4887, &text).unwrap();
                assert_eq!(named.find("Requester"), Some(account), "{text}");
                assert_eq!(named.find("RequestId"), Some("201"), "{text}");
                assert!(named.find("Attributes").unwrap().ends_with("SAN:upn=administrator@corp.example"));
                assert!(!is_cut_off(4887, &text), "{text}");
            }
        }
    }

    #[test]
    fn labels_that_the_client_wrote_hide_no_name() {
        let text = ISSUED.replace(
            "SAN:upn",
            "x:y\r\nDisposition:\t3\r\nSubject:\tCN=x\r\nRequester:\tCORP\\other\r\nSAN:upn",
        );
        let named = read(4887, &text).unwrap();
        assert_eq!(named.find("Requester"), Some("CORP\\mallory"));
        assert!(named.find("Attributes").unwrap().ends_with("SAN:upn=administrator@corp.example"));
    }

    #[test]
    fn text_that_ends_before_its_last_label_is_cut_off() {
        let old = &ISSUED[..ISSUED.find("Subject Alternative").unwrap()];
        for whole in [ISSUED, old] {
            assert!(!is_cut_off(4887, whole), "{whole}");
        }
        for label in ["Disposition", "SKI", "Subject:", "Certificate Template", "Serial", "Authentication L"]
        {
            assert!(is_cut_off(4887, &ISSUED[..ISSUED.find(label).unwrap()]), "{label}");
        }
        assert!(!is_cut_off(4886, "Request ID:\t1\nRequester:\tx\nAttributes:\t"));
        assert!(is_cut_off(4886, "Request ID:\t1\nRequester:\tx"));
    }

    /// An event of the KDC as KB5014754 shows it.
    fn mapping(intro: &str, fields: &[(&str, &str)]) -> String {
        let lines = fields.iter().map(|(label, value)| format!("\n  {label}: {value}"));
        format!(
            "The Key Distribution Center (KDC) encountered a user certificate that was valid but {intro}.\n{}\n",
            lines.collect::<String>()
        )
    }

    const OF_SID: [(&str, &str); 7] = [
        ("User", "CORP\\nina"),
        ("User SID", "S-1-5-21-1-2-3-500"),
        ("Certificate Subject", "CN=mallory"),
        ("Certificate Issuer", "CORP-CA02"),
        ("Certificate Serial Number", "61000000D1"),
        ("Certificate Thumbprint", "0D4C3B2A"),
        ("Certificate SID", "S-1-5-21-1-2-3-1733"),
    ];
    const FIELDS: [&str; 7] =
        ["AccountName", "AccountSid", "Subject", "Issuer", "SerialNumber", "Thumbprint", "CertificateSid"];

    #[test]
    fn events_of_the_kdc_are_read_by_their_labels() {
        let text = mapping("contained a different SID than the user to which it mapped", &OF_SID);
        for text in [
            text.clone(),
            text.replace('\n', "  "),
            text.replace('\n', "\r\n"),
            text.replace('\n', "#012"),
            text.replace('\n', "\\n"),
            text.replace("User SID", "Account SID"),
            format!("{text}\t730012"),
        ] {
            let named = read(41, &text).unwrap();
            let values = FIELDS.map(|name| named.find(name).unwrap());
            assert_eq!(values, OF_SID.map(|(_, value)| value), "{text}");
            assert!(!is_cut_off(41, &text), "{text}");
        }
        let without =
            [OF_SID[0], OF_SID[2], OF_SID[3], OF_SID[4], OF_SID[5], ("Account Creation Time", "133")];
        let text = mapping("could not be mapped to a user in a secure way", &without);
        for id in [39, 40, 45] {
            let named = read(id, &text).unwrap();
            assert_eq!(
                (named.find("SerialNumber"), named.find("CertificateSid")),
                (Some("61000000D1"), None)
            );
            assert!(!is_cut_off(id, &text));
        }
    }

    #[test]
    fn labels_in_the_subject_of_a_certificate_hide_nothing() {
        let forged = "CN=x\n  Certificate Issuer: y\n  Certificate Serial Number: 07\n  Certificate Thumbprint: aa\n  \
            Certificate SID: S-1-5-21-9\n  User: other\n  User SID: S-1-5-21-8";
        for with_sid in [true, false] {
            let mut fields = OF_SID.to_vec();
            fields[2].1 = forged;
            if !with_sid {
                fields = [&fields[..1], &fields[2..6]].concat();
            }
            let named = read(41, &mapping("x", &fields)).unwrap();
            assert_eq!(named.find("AccountName"), Some("CORP\\nina"));
            assert_eq!(named.find("SerialNumber"), Some("61000000D1"));
            assert_eq!(named.find("Thumbprint"), Some("0D4C3B2A"));
            assert_eq!(named.find("CertificateSid"), with_sid.then_some("S-1-5-21-1-2-3-1733"));
            assert_eq!(named.find("AccountSid"), with_sid.then_some("S-1-5-21-1-2-3-500"));
        }
    }

    #[test]
    fn cut_off_event_of_the_kdc_is_noticed() {
        let text = mapping("contained a different SID than the user to which it mapped", &OF_SID);
        for label in ["Certificate Issuer", "Certificate Thumbprint", "Certificate SID"] {
            assert!(is_cut_off(41, &text[..text.find(label).unwrap()]), "{label}");
        }
        assert!(read(41, "The system has rebooted without cleanly shutting down first.").is_none());
    }

    #[test]
    fn another_language_is_noticed() {
        let german = "Die Zertifikatdienste haben eine Zertifikatanforderung genehmigt.\n\nAnforderungs-ID:\t201\nAnforderer:\tx\nAttribute:\ty";
        assert!(read(4887, german).is_none() && is_rendered(german));
        assert!(!is_rendered("Special privileges assigned to new logon."));
    }
}
