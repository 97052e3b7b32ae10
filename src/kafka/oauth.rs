//! Who we are, by a token: a JWT that somebody else issues and renews, read anew whenever a client wants one.

use crate::config::secret::Secret;
use crate::event::time::Time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::bindings::rd_kafka_oauthbearer_set_token;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::error::RDKafkaErrorCode;
use serde::Deserialize;
use std::error::Error;
use std::ffi::{CString, NulError};

/// A token, and what it says of itself. The brokers verify it; we only look.
pub struct Token {
    value: String,
    expires: Time,
    subject: String,
}

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970, in whole or in parts.
    exp: Option<f64>,
    sub: Option<String>,
}

impl Token {
    /// Reads the token that there is now.
    ///
    /// # Errors
    /// When there is none, or it does not say until when it holds; nothing of it is told.
    pub fn read(place: &Secret) -> Result<Token, String> {
        Token::parse(place.reveal()?).map_err(|why| format!("{} {why}", place.place()))
    }

    fn parse(value: String) -> Result<Token, &'static str> {
        const NO_JWT: &str = "holds no JWT: three parts in base64url, with dots between them";
        let parts: Vec<&str> = value.split('.').collect();
        let [_, claims, _] = parts[..] else { return Err(NO_JWT) };
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).map_err(|_| NO_JWT)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| NO_JWT)?;
        let expires = claims.exp.ok_or("holds a token without `exp`: nobody knows when to renew it")?;
        // A time that no clock reaches is as good as the last one that fits.
        let expires = Time::from_millis((expires * 1000.0) as i64);
        let subject = claims.sub.filter(|name| !name.is_empty()).unwrap_or_else(|| "adcs-watch".to_owned());
        Ok(Token { value, expires, subject })
    }

    /// What librdkafka takes; it asks again when four fifths of the time that is left are over.
    ///
    /// # Errors
    /// When the token does not hold any more.
    pub fn for_client(place: &Secret, now: Time) -> Result<OAuthToken, Box<dyn Error>> {
        let token = Token::read(place)?;
        if token.expires <= now {
            let (place, expires) = (place.place(), token.expires);
            return Err(format!(
                "kafka.sasl.token: {place} holds a token that expired at {expires}: whoever renews it has not"
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

/// Hands a token to a client that asks nobody for one: rdkafka's `AdminClient` never looks for the event that wants it
/// (its issue 757).
///
/// # Errors
/// When the token cannot be taken.
#[expect(unsafe_code, reason = "rdkafka has no other way; this is the only place, and a test holds that")]
pub fn hand_over<C: ClientContext>(client: &Client<C>, token: OAuthToken) -> Result<(), String> {
    let no_text = |error: NulError| format!("a token with a zero byte: {error}");
    let value = CString::new(token.token).map_err(no_text)?;
    let principal = CString::new(token.principal_name).map_err(no_text)?;
    let mut said = [0; 256];
    // SAFETY: the client lives as long as its reference, both texts and the buffer outlive the call, which copies them; the
    // buffer is as long as is said, and there are no extensions.
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    let code = RDKafkaErrorCode::from(code);
    if code == RDKafkaErrorCode::NoError { Ok(()) } else { Err(format!("the token is not taken: {code}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
    }

    #[test]
    fn a_token_says_who_and_until_when() {
        let token = Token::parse(jwt(r#"{"exp":1772442000,"sub":"system:serviceaccount:siem:adcs-watch"}"#));
        let token = token.ok().unwrap();
        assert_eq!(token.expires, Time::from_millis(1_772_442_000_000));
        assert_eq!(token.subject, "system:serviceaccount:siem:adcs-watch");
        assert_eq!(Token::parse(jwt(r#"{"exp":1.5}"#)).ok().unwrap().expires, Time::from_millis(1500));
    }

    #[test]
    fn what_is_no_token_is_refused_without_a_word_of_it() {
        for wrong in
            ["hunter2", "hunter2.hunter2.hunter2", "..", &jwt("hunter2"), &jwt(r#"{"exp":"hunter2"}"#)]
        {
            let why = Token::parse(wrong.to_owned()).err().unwrap();
            assert!(why.starts_with("holds no JWT") && !why.contains("hunter2"), "{why}");
        }
        assert!(Token::parse(jwt("{}")).err().unwrap().contains("without `exp`"));
    }

    #[test]
    fn a_token_that_is_over_is_told_with_its_place() {
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
