//! The secured broker: one listener for each of TLS, client certificates, passwords and tokens, with ACLs.

use crate::broker;
use crate::certificates::{Authority, EXPIRED, Identity, VALID};
use crate::security::admin_protocol;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The broker and the folder with its certificates, keys and passwords.
pub(crate) struct SecuredBroker {
    pub(crate) folder: PathBuf,
    /// The bootstrap list of the listener without authentication, whose clients may do everything.
    pub(crate) open: String,
    signer: PKey<Private>,
}

/// The secured listeners and their protocols.
const LISTENERS: [(&str, &str); 5] =
    [("TLS", "SSL"), ("MTLS", "SSL"), ("EXPIRED", "SSL"), ("SASL", "SASL_SSL"), ("OAUTH", "SASL_SSL")];
/// The user that has a password on every SASL listener.
pub(crate) const USER: &str = "adcs-watch";
/// Its password.
pub(crate) const PASSWORD: &str = "s3cret-of-the-user";
/// The password of our key.
pub(crate) const KEY_PASSWORD: &str = "s3cret-of-the-key";

const OAUTH: &str = "org.apache.kafka.common.security.oauthbearer";

/// The broker. The first call starts it.
pub(crate) fn secured_broker() -> &'static SecuredBroker {
    static BROKER: OnceLock<SecuredBroker> = OnceLock::new();
    BROKER.get_or_init(start)
}

impl SecuredBroker {
    /// The bootstrap list of a listener.
    pub(crate) fn listener(&self, name: &str) -> String {
        let list = fs::read_to_string(self.folder.join("broker").join(format!("bootstrap.{name}")));
        list.unwrap().trim().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Writes a file with a secret, and returns its path.
    pub(crate) fn secret(&self, name: &str, secret: &str) -> String {
        fs::write(self.folder.join(name), secret).unwrap();
        self.path(name)
    }

    /// A token of this subject that expires in so many seconds, signed with the key that the broker trusts.
    pub(crate) fn token(&self, subject: &str, seconds: i64) -> String {
        signed(&self.signer, subject, seconds)
    }
}

/// A token signed with this key.
pub(crate) fn signed(key: &PKey<Private>, subject: &str, seconds: i64) -> String {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let head = part("{\"alg\":\"RS256\",\"kid\":\"tests\",\"typ\":\"JWT\"}".to_owned());
    let claims = part(format!(
        "{{\"iss\":\"https://issuer.corp.example\",\"aud\":\"kafka\",\"sub\":\"{subject}\",\"iat\":{},\"exp\":{}}}",
        now.min(now + seconds) - 5,
        now + seconds
    ));
    let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
    signer.update(format!("{head}.{claims}").as_bytes()).unwrap();
    format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(signer.sign_to_vec().unwrap()))
}

pub(crate) fn new_signer() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn start() -> SecuredBroker {
    let folder = broker::folder().join("guarded");
    fs::create_dir_all(&folder).unwrap();
    let (authority, signer) = (Authority::new("corp.example tests"), new_signer());
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("other-ca.pem"), Authority::new("somebody else").pem()).unwrap();
    let store = |name: &str, identity: &Identity| {
        fs::write(folder.join(name), [identity.key_pem(), identity.pem(), authority.pem()].concat()).unwrap();
    };
    store("server.pem", &authority.issue("server", &["127.0.0.1"], VALID));
    store("expired.pem", &authority.issue("server", &["127.0.0.1"], EXPIRED));
    let client = authority.issue("adcs-watch", &[], VALID);
    fs::write(folder.join("client.crt"), client.pem()).unwrap();
    fs::write(folder.join("client.key"), client.key_pem_with(KEY_PASSWORD)).unwrap();
    fs::write(folder.join("key-password"), format!("{KEY_PASSWORD}\n")).unwrap();
    fs::write(folder.join("password"), format!("{PASSWORD}\n")).unwrap();
    let jwks = folder.join("jwks.json");
    fs::write(&jwks, public(&signer)).unwrap();
    let open = broker::start_secured(&folder.join("broker"), &LISTENERS, &settings(&folder, &jwks), &[&jwks]);
    admin_protocol::scram(&open, USER, PASSWORD);
    SecuredBroker { folder, open, signer }
}

/// The public key as a JWKS.
fn public(key: &PKey<Private>) -> String {
    let rsa = key.rsa().unwrap();
    let part = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
    format!(
        "{{\"keys\":[{{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"tests\",\"n\":\"{}\",\"e\":\"{}\"}}]}}",
        part(rsa.n()),
        part(rsa.e())
    )
}

fn settings(folder: &Path, jwks: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (server, expired, ca) = (path("server.pem"), path("expired.pem"), path("ca.pem"));
    let mut settings = vec![
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        format!("super.users=User:ANONYMOUS;User:{USER};User:CN={USER}"),
        "listener.name.mtls.ssl.client.auth=required".to_owned(),
    ];
    for (name, _) in LISTENERS {
        let prefix = format!("listener.name.{}", name.to_lowercase());
        let store = if name == "EXPIRED" { &expired } else { &server };
        settings.push(format!("{prefix}.ssl.keystore.type=PEM"));
        settings.push(format!("{prefix}.ssl.keystore.location={store}"));
        settings.push(format!("{prefix}.ssl.truststore.type=PEM"));
        settings.push(format!("{prefix}.ssl.truststore.location={ca}"));
    }
    let users: String = super::USERS.iter().map(|user| format!(" user_{user}=\"{PASSWORD}\"")).collect();
    let users = format!("{users} user_{USER}=\"{PASSWORD}\"");
    settings.extend([
        "listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512".to_owned(),
        format!(
            "listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{users};"
        ),
        "listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
            .to_owned(),
        "listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER".to_owned(),
        format!("listener.name.oauth.oauthbearer.sasl.jaas.config={OAUTH}.OAuthBearerLoginModule required;"),
        format!(
            "listener.name.oauth.oauthbearer.sasl.server.callback.handler.class={OAUTH}.OAuthBearerValidatorCallbackHandler"
        ),
        format!("listener.name.oauth.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://{}", jwks.display()),
        "listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.audience=kafka".to_owned(),
        "listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.issuer=https://issuer.corp.example".to_owned(),
        // A connection lives as long as its token.
        "listener.name.oauth.oauthbearer.connections.max.reauth.ms=3600000".to_owned(),
    ]);
    settings
}
