//! Whether the files of `kafka.tls` hold what librdkafka reads from them. It would say so for each client, and without the
//! name of the setting.

use crate::config::kafka::Tls;
use crate::config::secret::{Secret, readable};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod};
use std::path::Path;

/// What is wrong with files that can be read, each with its path in the config.
pub(crate) fn mistakes(tls: &Tls) -> Vec<String> {
    let Ok(mut context) = SslContext::builder(SslMethod::tls_client()) else { return Vec::new() };
    let mut wrong = Vec::new();
    let mut note = |field: &str, why: String| wrong.push(format!("kafka.tls.{field}: {why}"));
    // A folder with a file for each CA is allowed, too.
    let ca = tls.ca_file.as_deref().filter(|path| readable(path).is_ok() && !path.is_dir());
    if let Some(path) = ca
        && context.set_ca_file(path).is_err()
    {
        note("ca_file", format!("{} has no certificate in PEM", path.display()));
    }
    let (certificate, key) = (tls.cert_file.as_deref(), tls.key_file.as_deref());
    let (Some(certificate), Some(key)) = (usable(certificate), usable(key)) else { return wrong };
    if context.set_certificate_chain_file(certificate).is_err() {
        note("cert_file", format!("{} has no certificate in PEM", certificate.display()));
        return wrong;
    }
    match private_key(key, tls.key_password.as_ref()) {
        Ok(private) if fits(&mut context, &private) => {}
        Ok(_) => note("key_file", format!("{} is not the key of {}", key.display(), certificate.display())),
        Err(why) => note("key_file", format!("{}: {why}", key.display())),
    }
    wrong
}

fn usable(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| readable(path).is_ok())
}

fn fits(context: &mut SslContextBuilder, key: &PKey<Private>) -> bool {
    context.set_private_key(key).and_then(|()| context.check_private_key()).is_ok()
}

/// The key, or why it cannot be used.
fn private_key(path: &Path, password: Option<&Secret>) -> Result<PKey<Private>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    match password {
        Some(secret) => {
            let read = PKey::private_key_from_pem_passphrase(&pem, secret.reveal()?.as_bytes());
            read.map_err(|_| "no key in PEM that kafka.tls.key_password opens".to_owned())
        }
        None => without_password(&pem).map_err(|_| "no key in PEM without a password".to_owned()),
    }
}

/// A key with a password is none here: nothing asks for it.
fn without_password(pem: &[u8]) -> Result<PKey<Private>, ErrorStack> {
    PKey::private_key_from_pem_callback(pem, |_| Ok(0))
}
