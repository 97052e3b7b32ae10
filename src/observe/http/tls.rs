//! TLS, with OpenSSL: librdkafka links it already.

use crate::config::pem::{self, Wanted};
use crate::config::process::HttpTls;
use crate::host::exit::{Exit, Failure};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod};

/// Reads the certificate and its key. The files are read for each connection, so that a renewed certificate is used at once.
///
/// # Errors
/// When the files cannot be used.
pub(crate) fn acceptor(tls: &HttpTls) -> Result<SslAcceptor, ErrorStack> {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_certificate_chain_file(&tls.cert_file)?;
    // OpenSSL asks the terminal for the password of a key that has one, unless the answer is here: none.
    let key = std::fs::read(&tls.key_file).unwrap_or_default();
    acceptor.set_private_key(PKey::private_key_from_pem_callback(&key, |_| Ok(0))?.as_ref())?;
    acceptor.check_private_key()?;
    Ok(acceptor.build())
}

/// What is wrong with the files, each with its path in the config.
pub(crate) fn mistakes(tls: &HttpTls) -> Vec<String> {
    let wrong = [
        ("cert_file", pem::mistake(&tls.cert_file, Wanted::Certificate)),
        ("key_file", pem::mistake(&tls.key_file, Wanted::Key { password: None })),
    ];
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter_map(|(field, why)| why.map(|why| format!("http.tls.{field}: {why}")))
        .collect();
    if !wrong.is_empty() || acceptor(tls).is_ok() {
        return wrong;
    }
    let (certificate, key) = (tls.cert_file.display(), tls.key_file.display());
    vec![format!("http.tls: {certificate} and {key} cannot be used: are they of one key, and undamaged?")]
}

/// Checks the certificate at the start.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn check(tls: &HttpTls) -> Result<(), Failure> {
    let wrong = mistakes(tls);
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(Exit::Config, wrong.join("; "))) }
}
