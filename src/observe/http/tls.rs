//! TLS, with OpenSSL: librdkafka links it already.

use crate::config::process::HttpTls;
use crate::host::exit::{Exit, Failure};
use openssl::error::ErrorStack;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};

/// Reads the certificate and its key. The files are read for each connection, so that a renewed certificate is used at once.
///
/// # Errors
/// When the files cannot be used.
pub(crate) fn acceptor(tls: &HttpTls) -> Result<SslAcceptor, ErrorStack> {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_certificate_chain_file(&tls.cert_file)?;
    acceptor.set_private_key_file(&tls.key_file, SslFiletype::PEM)?;
    acceptor.check_private_key()?;
    Ok(acceptor.build())
}

/// Checks the certificate at the start.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn check(tls: &HttpTls) -> Result<(), Failure> {
    acceptor(tls).map(drop).map_err(|error| {
        let (certificate, key) = (tls.cert_file.display(), tls.key_file.display());
        let message =
            format!("http.tls: {certificate} and {key} cannot be used: are they PEM, and of one key?");
        Failure::new(Exit::Config, message).because(&error)
    })
}
