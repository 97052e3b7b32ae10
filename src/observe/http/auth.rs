//! The user name and password for `/metrics`.

use crate::config::process::BasicAuth;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::memcmp;
use openssl::sha::sha256;

/// Whether a request with these headers may read the metrics. The password is read each time, because its file may change.
pub(crate) fn may_read(auth: Option<&BasicAuth>, headers: &HeaderMap) -> bool {
    let Some(auth) = auth else { return true };
    match auth.password.reveal() {
        Ok(password) => matches(headers, &auth.username, &password),
        Err(why) => {
            tracing::warn!(why, "http.basic_auth.password: cannot be read, so /metrics is refused");
            false
        }
    }
}

/// Compares in constant time, so that the duration reveals nothing about the password.
fn matches(headers: &HeaderMap, username: &str, password: &str) -> bool {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let Some((scheme, credentials)) = header.and_then(|header| header.split_once(' ')) else { return false };
    let Ok(credentials) = STANDARD.decode(credentials.trim()) else { return false };
    let expected = sha256(format!("{username}:{password}").as_bytes());
    scheme.eq_ignore_ascii_case("basic") && memcmp::eq(&sha256(&credentials), &expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_user_name_and_password_together_are_accepted() {
        let accepted = |authorization: Option<&str>| {
            let headers = authorization.map(|text| (AUTHORIZATION, text.parse().unwrap()));
            matches(&headers.into_iter().collect(), "prometheus", "s3cret:ü")
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(accepted(Some(&basic("prometheus:s3cret:ü"))));
        assert!(accepted(Some(&basic("prometheus:s3cret:ü").replace("Basic", "basic"))));
        for wrong in ["prometheus:", "prometheus:s3cret", "x:s3cret:ü", "", ":", "prometheus:s3cret:ü "] {
            assert!(!accepted(Some(&basic(wrong))), "{wrong}");
        }
        for wrong in [None, Some(""), Some("Basic"), Some("Basic !"), Some("Bearer cHJvbWV0aGV1cw==")] {
            assert!(!accepted(wrong), "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_other_header_is_refused(bytes in proptest::collection::vec(1_u8.., 0..64), encoded in ".{0,32}") {
            for value in [bytes, format!("Basic {}", STANDARD.encode(encoded)).into_bytes()] {
                let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
                let headers = [(AUTHORIZATION, value)].into_iter().collect();
                assert!(!matches(&headers, "prometheus", "s3cret:ü"), "{headers:?}");
            }
        }
    }
}
