//! TLS, with OpenSSL: librdkafka links it already.

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

/// Why the files cannot be used; `None` if they can.
pub(crate) fn mistake(tls: &HttpTls) -> Option<String> {
    acceptor(tls).err()?;
    let (certificate, key) = (tls.cert_file.display(), tls.key_file.display());
    Some(format!("{certificate} and {key} cannot be used: are they PEM, of one key, and without a password?"))
}

/// Checks the certificate at the start.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn check(tls: &HttpTls) -> Result<(), Failure> {
    mistake(tls).map_or(Ok(()), |why| Err(Failure::new(Exit::Config, format!("http.tls: {why}"))))
}
