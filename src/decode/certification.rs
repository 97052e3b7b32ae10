//! 4886 to 4889: requests to the CA and its answers.

use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::decode::values::number;
use crate::event::account::Account;
use crate::event::attributes::Attributes;
use crate::event::fold::cut;
use crate::event::san::Names;
use crate::event::san_display::read_display;
use crate::event::serial::Serial;
use crate::event::subject;
use crate::event::{Activity, CertificateRequest, DeniedRequest, IssuedCertificate};

/// The longest RequestClientInfo that is kept, in bytes.
const MAX_CLIENT_INFO_BYTES: usize = 512;

/// Reads a certificate request, event 4886.
pub(crate) fn requested(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(Activity::CertificateRequested(request(fields)?))
}

/// Reads an issuance, event 4887.
pub(crate) fn issued(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let serial = match fields.text("SerialNumber")? {
        Some(text) => Some(serial("SerialNumber", &text)?),
        None => None,
    };
    let subject = fields.owned("Subject")?.unwrap_or_default();
    let mut request = request(fields)?;
    // `IssuedCertificate::common_names` reads them from the subject.
    request.common_names.clear();
    Ok(Activity::CertificateIssued(IssuedCertificate { request, serial, subject }))
}

/// Reads a denied request, event 4888.
pub(crate) fn denied(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(Activity::CertificateDenied(not_issued(fields)?))
}

/// Reads a pending request, event 4889.
pub(crate) fn pending(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(Activity::CertificatePending(not_issued(fields)?))
}

/// CERTSRV_E_UNSUPPORTED_CERT_TYPE: the CA does not issue the template. The only refusal of 53 that names it.
const UNSUPPORTED_TEMPLATE: u32 = 0x8009_4800;

/// Reads 53 of the CA's service, which stands in the Application log: the CA refused a request. Of interest where it names the
/// account and the template: the name of what the request was for is that of the account only if the request has no subject.
pub(crate) fn refused(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let (request_id, name) = (request_id(fields)?, fields.required("SubjectName")?);
    let is_account = name.contains('\\') && !name.contains('=');
    let is_unsupported = hresult(&fields.required("Reason")?) == Some(UNSUPPORTED_TEMPLATE);
    let information = fields.text("AdditionalInformation")?.unwrap_or_default();
    let template = information.rsplit_once(": ").map(|(_, name)| name.trim().trim_end_matches('.'));
    let Some(template) = template.filter(|name| is_account && is_unsupported && !name.is_empty()) else {
        return Ok(None);
    };
    let request = CertificateRequest {
        request_id,
        requester: Account::parse(&name),
        template: Some(cut(template, MAX_CLIENT_INFO_BYTES).to_owned()),
        ..CertificateRequest::default()
    };
    let disposition = UNSUPPORTED_TEMPLATE.cast_signed().into();
    Ok(Some(Activity::RequestRefused(DeniedRequest { request, disposition })))
}

/// The code in the text of an error: `… is not supported by this CA. 0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)`.
fn hresult(text: &str) -> Option<u32> {
    let codes = text.split("0x").skip(1).filter_map(|code| code.get(..8));
    codes.filter_map(|code| u32::from_str_radix(code, 16).ok()).last()
}

fn not_issued(fields: &Fields<'_>) -> Result<DeniedRequest, Rejection> {
    let text = fields.required("Disposition")?;
    let disposition = disposition(&text)
        .ok_or_else(|| Rejection::bad_field("Disposition", &text, "a number of 32 bits"))?;
    Ok(DeniedRequest { request: request(fields)?, disposition })
}

/// A serial number in a field.
pub(crate) fn serial(field: &str, text: &str) -> Result<Serial, Rejection> {
    Serial::parse(text).ok_or_else(|| Rejection::bad_field(field, text, "a serial number in hex"))
}

/// The RequestId, which every event about a request must have.
pub(crate) fn request_id(fields: &Fields<'_>) -> Result<u32, Rejection> {
    let id = fields.required("RequestId")?;
    number(&id).ok_or_else(|| Rejection::bad_field("RequestId", &id, "a number of 32 bits"))
}

/// RequestClientInfo, without the name of the field, which Windows repeats in it. The client writes it.
fn client_info(fields: &Fields<'_>) -> Result<Option<String>, Rejection> {
    let text = fields.text("RequestClientInfo")?;
    let info = text.map(|text| {
        let text = text.trim();
        let info = text.strip_prefix("RequestClientInfo:").unwrap_or(text);
        cut(info.trim(), MAX_CLIENT_INFO_BYTES).to_owned()
    });
    Ok(info.filter(|info| !info.is_empty()))
}

fn first_and_others<T>(values: Vec<T>) -> (Option<T>, Vec<T>) {
    let mut values = values.into_iter();
    (values.next(), values.collect())
}

fn request(fields: &Fields<'_>) -> Result<CertificateRequest, Rejection> {
    let request_id = request_id(fields)?;
    let attributes =
        fields.text("Attributes")?.map_or_else(Attributes::default, |text| Attributes::parse(&text));
    let mut names =
        fields.text("SubjectAlternativeName")?.map_or_else(Names::default, |text| read_display(&text));
    let attribute_names = attributes.names.names.clone();
    names.append(attributes.names);
    // Before version 1 the template stands only in the attributes.
    let (template, templates_beyond) = match fields.owned("CertificateTemplate")? {
        Some(template) => (Some(template), Vec::new()),
        None => first_and_others(attributes.templates),
    };
    let (client, clients_beyond) = first_and_others(attributes.clients);
    let (cdc, cdcs_beyond) = first_and_others(attributes.cdcs);
    let (rmd, rmds_beyond) = first_and_others(attributes.rmds);
    let mut request = CertificateRequest {
        request_id,
        requester: Account::parse(&fields.required("Requester")?),
        template,
        templates_beyond,
        attribute_names,
        common_names: fields.text("Subject")?.map_or_else(Vec::new, |text| subject::common_names(&text)),
        client,
        clients_beyond,
        authentication_service: fields.owned("AuthenticationService")?,
        authentication_level: fields.owned("AuthenticationLevel")?,
        transport: fields.owned("DCOMorRPC")?,
        cdc,
        cdcs_beyond,
        rmd,
        rmds_beyond,
        user_agent: attributes.user_agent,
        proxy_uri: attributes.proxy_uri,
        application_policies: attributes.application_policies,
        client_info: client_info(fields)?,
        ..CertificateRequest::default()
    };
    request.set_names(names);
    Ok(request)
}

/// 2, or an HRESULT: negative, which some exports write unsigned or in hex.
fn disposition(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    let number: i64 = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?.into(),
        None => text.parse().ok()?,
    };
    i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed)).ok().map(i64::from)
}

#[cfg(test)]
mod tests {
    use crate::decode::certification::{denied, disposition, issued, pending, requested};
    use crate::decode::envelope::Fields;
    use crate::decode::rejection::Rejection;
    use crate::event::san::San;
    use crate::event::{Activity, IssuedCertificate};

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect())
    }

    fn certificate(list: &[(&'static str, &'static str)]) -> IssuedCertificate {
        let Ok(Activity::CertificateIssued(issued)) = issued(&fields(list)) else { panic!("{list:?}") };
        issued
    }

    const WHO: [(&str, &str); 2] = [("RequestId", "103"), ("Requester", r"CORP\mallory")];

    #[test]
    fn names_of_field_and_attributes_are_one_list() {
        let attributes =
            "CertificateTemplate:Old\nSAN:upn=ADMINISTRATOR@corp.example&dns=dc01.corp.example\nccm:wks";
        let sans = "Other Name: Principal Name=administrator@corp.example";
        let read =
            certificate(&[WHO[0], WHO[1], ("Attributes", attributes), ("SubjectAlternativeName", sans)]);
        assert_eq!(
            read.request.names,
            [San::Upn("administrator@corp.example".into()), San::Dns("dc01.corp.example".into())]
        );
        assert_eq!(read.request.template.as_deref(), Some("Old"));
        assert_eq!(read.request.client.unwrap().as_str(), "wks");
    }

    #[test]
    fn names_carry_their_origin() {
        let list = [
            WHO[0],
            WHO[1],
            ("Attributes", "SAN:upn=bob@corp.example"),
            ("SubjectAlternativeName", "Other Name: Principal Name=mallory@corp.example"),
            ("Subject", "CN=bob, CN=Users, DC=corp, DC=example"),
            ("Disposition", "2"),
        ];
        let (Ok(Activity::CertificateRequested(asked)), Ok(Activity::CertificateDenied(refused))) =
            (requested(&fields(&list)), denied(&fields(&list)))
        else {
            panic!("4886 and 4888 are read")
        };
        assert_eq!(asked.common_names, ["bob", "Users"]);
        assert_eq!(refused.request.common_names, ["bob", "Users"]);
        assert_eq!(certificate(&list).common_names(), ["bob", "Users"]);
        for request in [asked, refused.request, certificate(&list).request] {
            let bob = || San::Upn("bob@corp.example".into());
            assert_eq!(request.names, [San::Upn("mallory@corp.example".into()), bob()]);
            assert_eq!(request.attribute_names, [bob()]);
        }
    }

    #[test]
    fn names_of_the_attributes_are_spelled_as_in_the_list() {
        let read = certificate(&[
            WHO[0],
            WHO[1],
            ("Attributes", "SAN:upn=BOB@corp.example"),
            ("SubjectAlternativeName", "Other Name: Principal Name=bob@corp.example"),
        ]);
        assert_eq!(read.request.names, [San::Upn("bob@corp.example".into())]);
        assert_eq!(read.request.attribute_names, read.request.names);
    }

    #[test]
    fn the_field_of_the_template_comes_first() {
        let read = certificate(&[
            WHO[0],
            WHO[1],
            ("Attributes", "CertificateTemplate:Old"),
            ("CertificateTemplate", "New"),
        ]);
        assert_eq!(read.request.template.as_deref(), Some("New"));
    }

    #[test]
    fn required_and_readable() {
        let fault = |result: Result<Activity, Rejection>| result.unwrap_err().to_string();
        assert_eq!(fault(issued(&fields(&WHO[..1]))), "missing_field: Requester is missing");
        assert_eq!(fault(requested(&fields(&WHO[1..]))), "missing_field: RequestId is missing");
        assert_eq!(fault(denied(&fields(&WHO))), "missing_field: Disposition is missing");
        assert_eq!(
            fault(issued(&fields(&[("RequestId", "x1"), WHO[1]]))),
            "bad_field: RequestId is \"x1\", not a number of 32 bits"
        );
        assert_eq!(
            fault(issued(&fields(&[WHO[0], WHO[1], ("SerialNumber", "xyz")]))),
            "bad_field: SerialNumber is \"xyz\", not a serial number in hex"
        );
    }

    #[test]
    fn attributes_of_a_relay_are_kept() {
        let attributes = "CertificateTemplate:Machine\ncdc:10.20.30.66\nrmd:dc01.corp.example\n\
            UserAgent:Mozilla/5.0 (Windows NT 10.0)\nProxyURI:https://ces.corp.example\n\
            ApplicationPolicies:1.3.6.1.5.5.7.3.2&1.3.6.1.4.1.311.20.2.1";
        let list = [
            WHO[0],
            WHO[1],
            ("Attributes", attributes),
            ("Disposition", "5"),
            ("RequestClientInfo", "RequestClientInfo:  wks-066.corp.example CORP\\mallory certreq.exe"),
        ];
        let Ok(Activity::CertificatePending(pending)) = pending(&fields(&list)) else { panic!("4889") };
        let request = pending.request;
        assert_eq!(
            (request.cdc.unwrap().as_str(), request.rmd.unwrap().as_str()),
            ("10.20.30.66", "dc01.corp.example")
        );
        assert_eq!(request.user_agent.as_deref(), Some("Mozilla/5.0 (Windows NT 10.0)"));
        assert_eq!(request.proxy_uri.as_deref(), Some("https://ces.corp.example"));
        assert_eq!(request.application_policies, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.1"]);
        assert_eq!(request.client_info.as_deref(), Some("wks-066.corp.example CORP\\mallory certreq.exe"));
        assert_eq!(pending.disposition, 5);
        assert_eq!(certificate(&WHO).request.client_info, None);
    }

    #[test]
    fn dispositions() {
        for text in ["-2146875392", "2148091904", "0x80094800"] {
            assert_eq!(disposition(text), Some(-2_146_875_392), "{text}");
        }
        assert_eq!(disposition(" 2 "), Some(2));
        for text in ["", "x", "4294967296", "-2147483649", "0x1ffffffff"] {
            assert_eq!(disposition(text), None, "{text}");
        }
    }
}
