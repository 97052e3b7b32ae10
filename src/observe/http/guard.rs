//! Who may come in: TLS, and the name and password of whoever reads what is counted.

use crate::config::process::{BasicAuth, Http, HttpTls};
use crate::host::exit::{Exit, Failure};
use crate::observe::http::request::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::memcmp;
use openssl::sha::sha256;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};

/// What the config asks of whoever comes.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    tls: Option<HttpTls>,
    auth: Option<BasicAuth>,
}

impl Guard {
    /// Takes what the config says.
    ///
    /// # Errors
    /// When the certificate cannot be used.
    pub fn new(http: &Http) -> Result<Guard, Failure> {
        let guard = Guard { tls: http.tls.clone(), auth: http.basic_auth.clone() };
        guard.acceptor().map_err(|error| {
            let names = http
                .tls
                .as_ref()
                .map(|tls| format!("{} and {}", tls.cert_file.display(), tls.key_file.display()));
            let names = names.unwrap_or_default();
            Failure::new(
                Exit::Config,
                format!("http.tls: {names} cannot be used: are they PEM, and of one key?"),
            )
            .because(&error)
        })?;
        Ok(guard)
    }

    /// Speaks TLS with the certificate that there is now; none: without TLS.
    ///
    /// # Errors
    /// When the certificate cannot be used.
    pub fn acceptor(&self) -> Result<Option<SslAcceptor>, ErrorStack> {
        let Some(tls) = &self.tls else { return Ok(None) };
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_certificate_chain_file(&tls.cert_file)?;
        acceptor.set_private_key_file(&tls.key_file, SslFiletype::PEM)?;
        acceptor.check_private_key()?;
        Ok(Some(acceptor.build()))
    }

    /// Whether whoever asks may read what is counted.
    pub fn may_read(&self, request: &Request) -> bool {
        let Some(auth) = &self.auth else { return true };
        match auth.password.reveal() {
            Ok(password) => knows(request, &auth.username, &password),
            Err(why) => {
                tracing::warn!(why, "http.basic_auth.password: nobody can read the metrics");
                false
            }
        }
    }
}

/// How long it takes tells nothing of the password.
fn knows(request: &Request, username: &str, password: &str) -> bool {
    let said = request.authorization.as_deref().and_then(|said| said.split_once(' '));
    let Some((scheme, credentials)) = said else { return false };
    let Ok(credentials) = STANDARD.decode(credentials.trim()) else { return false };
    let wanted = sha256(format!("{username}:{password}").as_bytes());
    scheme.eq_ignore_ascii_case("basic") && memcmp::eq(&sha256(&credentials), &wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_name_and_password_together_open() {
        let knows = |authorization: Option<&str>| {
            let authorization = authorization.map(str::to_owned);
            let request = Request { reads: true, wants_body: true, path: String::new(), authorization };
            knows(&request, "prometheus", "s3cret:ü")
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(knows(Some(&basic("prometheus:s3cret:ü"))));
        assert!(knows(Some(&basic("prometheus:s3cret:ü").replace("Basic", "basic"))));
        for wrong in ["prometheus:", "prometheus:s3cret", "x:s3cret:ü", "", ":", "prometheus:s3cret:ü "] {
            assert!(!knows(Some(&basic(wrong))), "{wrong}");
        }
        for wrong in [None, Some(""), Some("Basic"), Some("Basic !"), Some("Bearer cHJvbWV0aGV1cw==")] {
            assert!(!knows(wrong), "{wrong:?}");
        }
    }
}
