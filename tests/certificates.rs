//! Certificates of our own, for tests that speak TLS.
#![allow(dead_code, reason = "each binary of tests uses a part")]

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A CA.
pub(crate) struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

/// A certificate, and its key.
pub(crate) struct Identity {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// From when to when a certificate holds, in days from now.
#[derive(Clone, Copy)]
pub(crate) struct Days(pub(crate) i64, pub(crate) i64);

/// It holds now.
pub(crate) const VALID: Days = Days(-1, 2);
/// It held until yesterday.
pub(crate) const EXPIRED: Days = Days(-9, -1);

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let key = new_key();
        let mut builder = begin(name, &key, VALID);
        let issuer = builder_name(name);
        builder.set_issuer_name(&issuer).unwrap();
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder
            .append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap())
            .unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Authority { certificate: builder.build(), key }
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    /// Issues a certificate for these hosts: names or addresses.
    pub(crate) fn issue(&self, name: &str, hosts: &[&str], days: Days) -> Identity {
        let key = new_key();
        let mut builder = begin(name, &key, days);
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        let mut names = SubjectAlternativeName::new();
        for host in hosts {
            if host.parse::<IpAddr>().is_ok() {
                names.ip(host)
            } else {
                names.dns(host)
            };
        }
        if !hosts.is_empty() {
            let names = names.build(&builder.x509v3_context(Some(&self.certificate), None)).unwrap();
            builder.append_extension(names).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Identity { certificate: builder.build(), key }
    }
}

impl Identity {
    pub(crate) fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    pub(crate) fn key_pem(&self) -> Vec<u8> {
        self.key.private_key_to_pem_pkcs8().unwrap()
    }

    pub(crate) fn key_pem_with(&self, password: &str) -> Vec<u8> {
        let cipher = Cipher::aes_256_cbc();
        self.key.private_key_to_pem_pkcs8_passphrase(cipher, password.as_bytes()).unwrap()
    }
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn builder_name(name: &str) -> openssl::x509::X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    builder.build()
}

fn begin(name: &str, key: &PKey<Private>, Days(from, to): Days) -> X509Builder {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let at = |days: i64| Asn1Time::from_unix(now + days * 86_400).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, openssl::bn::MsbOption::ONE, false).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&builder_name(name)).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&at(from)).unwrap();
    builder.set_not_after(&at(to)).unwrap();
    builder
}
