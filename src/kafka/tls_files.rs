//! Whether the files of `kafka.tls` hold what librdkafka reads from them. It would say so for each client, and without the
//! name of the setting.

use crate::config::kafka::Tls;
use crate::config::pem::{self, Wanted};
use crate::config::secret::{Secret, readable};
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
    let ca_is_unusable = |path: &Path| {
        let refused = context.set_ca_file(path).is_err();
        pem::mistake(path, Wanted::Certificate)
            .or_else(|| refused.then(|| format!("{} has no certificate in PEM", path.display())))
    };
    if let Some(why) = ca.and_then(ca_is_unusable) {
        note("ca_file", why);
    }
    let (certificate, key) = (usable(tls.cert_file.as_deref()), usable(tls.key_file.as_deref()));
    let certificate_why = certificate.and_then(|path| pem::mistake(path, Wanted::Certificate));
    let password = Some(("kafka.tls.key_password", tls.key_password.is_some()));
    let key_why = key.and_then(|path| pem::mistake(path, Wanted::Key { password }));
    if certificate_why.is_some() || key_why.is_some() {
        certificate_why.into_iter().for_each(|why| note("cert_file", why));
        key_why.into_iter().for_each(|why| note("key_file", why));
        return wrong;
    }
    let (Some(certificate), Some(key)) = (certificate, key) else { return wrong };
    if context.set_certificate_chain_file(certificate).is_err() {
        note("cert_file", format!("{} has a certificate that cannot be read", certificate.display()));
        return wrong;
    }
    // A password that cannot be read is a mistake of its own.
    let Ok(password) = tls.key_password.as_ref().map(Secret::reveal).transpose() else { return wrong };
    match private_key(key, password.as_deref()) {
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

/// The key, or why it cannot be used. A key with a password is none without it: nothing asks for it.
fn private_key(path: &Path, password: Option<&str>) -> Result<PKey<Private>, &'static str> {
    let pem = std::fs::read(path).map_err(|_| "cannot be read")?;
    match password {
        Some(password) => PKey::private_key_from_pem_passphrase(&pem, password.as_bytes())
            .map_err(|_| "no key in PEM that kafka.tls.key_password opens"),
        None => PKey::private_key_from_pem_callback(&pem, |_| Ok(0))
            .map_err(|_| "no key in PEM without a password"),
    }
}
