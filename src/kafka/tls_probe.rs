//! Why the certificate of a broker was rejected. librdkafka has one text for every reason, so a handshake of our own finds it.

use crate::config::kafka::Tls;
use crate::kafka::timeouts::TLS_PROBE_SECONDS;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use openssl::x509::{X509Ref, X509VerifyResult};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

/// Results of OpenSSL's verification (`X509_V_ERR_…`).
const NOT_YET_VALID: i32 = 9;
const EXPIRED: i32 = 10;
const OTHER_HOST: i32 = 62;
const OTHER_ADDRESS: i32 = 64;

/// The fault of the certificate and its fix. `None` if the handshake does not show it. `reason` is librdkafka's text, which
/// names the broker.
pub(crate) fn explain(reason: &str, tls: &Tls) -> Option<String> {
    let address = reason.split_once("ssl://")?.1.split('/').next()?;
    let (host, _) = address.rsplit_once(':')?;
    let found = Arc::new(Mutex::new(None));
    let mut connector = SslConnector::builder(SslMethod::tls_client()).ok()?;
    if let Some(ca) = &tls.ca_file {
        connector.set_ca_file(ca).ok()?;
    }
    let (noted, broker) = (Arc::clone(&found), (host.to_owned(), address.to_owned()));
    connector.set_verify_callback(SslVerifyMode::PEER, move |good, context| {
        if !good && let Some(certificate) = context.current_cert() {
            let text = describe(&broker.1, &broker.0, context.error(), certificate);
            noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        }
        good
    });
    let at = address.to_socket_addrs().ok()?.next()?;
    let stream = TcpStream::connect_timeout(&at, TLS_PROBE_SECONDS).ok()?;
    stream.set_read_timeout(Some(TLS_PROBE_SECONDS)).ok()?;
    stream.set_write_timeout(Some(TLS_PROBE_SECONDS)).ok()?;
    // The handshake fails; the callback has noted why.
    drop(connector.build().connect(host.trim_matches(['[', ']']), stream));
    found.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn describe(address: &str, host: &str, error: X509VerifyResult, certificate: &X509Ref) -> String {
    match error.as_raw() {
        EXPIRED => format!(
            "the certificate of {address} expired at {}; to fix: renew it on the broker",
            certificate.not_after()
        ),
        NOT_YET_VALID => format!(
            "the certificate of {address} is valid from {} on; to fix: set the clock of this machine or of the broker",
            certificate.not_before()
        ),
        OTHER_HOST | OTHER_ADDRESS => format!(
            "the certificate of {address} is for {}, not for {host}; to fix: use the name in the certificate in \
             kafka.brokers",
            hosts(certificate)
        ),
        _ => format!(
            "the certificate of {address} was issued by {}: {}; to fix: kafka.tls.ca_file must hold the CA that issued it",
            name(certificate.issuer_name()),
            error.error_string()
        ),
    }
}

fn hosts(certificate: &X509Ref) -> String {
    let names: Vec<String> = certificate
        .subject_alt_names()
        .into_iter()
        .flatten()
        .filter_map(|name| {
            let address = || match name.ipaddress()? {
                [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
                bytes => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
            };
            name.dnsname().map(str::to_owned).or_else(address)
        })
        .collect();
    if names.is_empty() { "no host".to_owned() } else { names.join(", ") }
}

fn name(of: &openssl::x509::X509NameRef) -> String {
    let parts = of.entries().filter_map(|entry| entry.data().to_string().ok());
    parts.collect::<Vec<_>>().join(", ")
}
