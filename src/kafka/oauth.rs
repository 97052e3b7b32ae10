//! The OAUTHBEARER token: a JWT that another process issues and renews. It is read each time that a client requests one.

use crate::config::secret::Secret;
use crate::event::time::Time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use serde::Deserialize;
use std::error::Error;

/// A token with its claims. The brokers verify the signature; this client only reads the claims.
pub(crate) struct Token {
    value: String,
    expires: Time,
    subject: String,
}

#[derive(Deserialize)]
struct Claims {
    /// Expiry, seconds since 1970; may have a fraction.
    exp: Option<f64>,
    sub: Option<String>,
}

impl Token {
    /// Reads the current token.
    ///
    /// # Errors
    /// It cannot be read, is no JWT, or has no expiry. The error contains nothing of the token.
    pub(crate) fn read(place: &Secret) -> Result<Token, String> {
        Token::parse(place.reveal()?).map_err(|why| format!("{} {why}", place.place()))
    }

    fn parse(value: String) -> Result<Token, &'static str> {
        const NO_JWT: &str = "contains no JWT: three parts in base64url, separated by dots";
        let parts: Vec<&str> = value.split('.').collect();
        let [_, claims, _] = parts[..] else { return Err(NO_JWT) };
        // `Bearer ` before it, for example.
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_=".contains(&byte)) {
            return Err(NO_JWT);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).map_err(|_| NO_JWT)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| NO_JWT)?;
        let expires =
            claims.exp.ok_or("contains a token without `exp`, so it is unknown when to renew it")?;
        // The conversion saturates: a time beyond the range becomes the last one.
        let expires = Time::from_millis((expires * 1000.0) as i64);
        let subject = claims.sub.filter(|name| !name.is_empty()).unwrap_or_else(|| "adcs-watch".to_owned());
        Ok(Token { value, expires, subject })
    }

    /// The current token for librdkafka, which requests the next one after four fifths of the remaining time.
    ///
    /// # Errors
    /// As [`Token::read`], or the token expired before `now`.
    pub(crate) fn for_client(place: &Secret, now: Time) -> Result<OAuthToken, Box<dyn Error>> {
        let token = Token::read(place)?;
        if token.expires <= now {
            let (place, expires) = (place.place(), token.expires);
            return Err(format!(
                "kafka.sasl.token: {place} contains a token that expired at {expires} and was not renewed"
            )
            .into());
        }
        Ok(OAuthToken {
            token: token.value,
            principal_name: token.subject,
            lifetime_ms: token.expires.as_millis(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
    }

    #[test]
    fn subject_and_expiry_are_read() {
        let token = Token::parse(jwt(r#"{"exp":1772442000,"sub":"system:serviceaccount:siem:adcs-watch"}"#));
        let token = token.ok().unwrap();
        assert_eq!(token.expires, Time::from_millis(1_772_442_000_000));
        assert_eq!(token.subject, "system:serviceaccount:siem:adcs-watch");
        assert_eq!(Token::parse(jwt(r#"{"exp":1.5}"#)).ok().unwrap().expires, Time::from_millis(1500));
    }

    #[test]
    fn text_that_is_no_token_is_refused_and_not_quoted() {
        for wrong in [
            "hunter2",
            "hunter2.hunter2.hunter2",
            "..",
            &jwt("hunter2"),
            &jwt(r#"{"exp":"hunter2"}"#),
            &format!("Bearer {}", jwt(r#"{"exp":1}"#)),
            &format!("{} hunter2", jwt(r#"{"exp":1}"#)),
        ] {
            let why = Token::parse(wrong.to_owned()).err().unwrap();
            assert!(why.starts_with("contains no JWT") && !why.contains("hunter2"), "{why}");
        }
        assert!(Token::parse(jwt("{}")).err().unwrap().contains("without `exp`"));
    }

    #[test]
    fn expired_token_is_reported_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, jwt(r#"{"exp":1772442000,"sub":"a"}"#) + "\n").unwrap();
        let place = Secret::File(path.clone());
        let at = |seconds: i64| Token::for_client(&place, Time::from_millis(seconds * 1000));
        assert_eq!(at(1_772_441_999).unwrap().lifetime_ms, 1_772_442_000_000);
        let why = at(1_772_442_000).err().unwrap().to_string();
        assert!(why.contains("expired at 2026-03-02T09:00:00") && why.contains("/token"), "{why}");
    }
}
