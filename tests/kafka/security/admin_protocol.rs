//! Two requests of Kafka's protocol that rdkafka does not have: `CreateAcls` and `AlterUserScramCredentials`.

use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The type of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Topic,
    Group,
    TransactionalId,
}

/// The pattern type of a resource name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Literally,
    ByPrefix,
}

/// The allowed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Write,
    Create,
    Describe,
    DescribeConfigs,
}

/// One permission of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acl {
    pub(crate) resource: Resource,
    pub(crate) name: String,
    pub(crate) named: Named,
    pub(crate) operation: Operation,
}

/// Grants permissions to principals (`CreateAcls`, version 1).
pub(crate) fn allow(bootstrap: &str, acls: &[(String, Acl)]) {
    let mut body = Vec::new();
    body.extend(i32::try_from(acls.len()).unwrap().to_be_bytes());
    for (principal, acl) in acls {
        body.push(match acl.resource {
            Resource::Topic => 2,
            Resource::Group => 3,
            Resource::TransactionalId => 5,
        });
        string(&mut body, &acl.name);
        body.push(match acl.named {
            Named::Literally => 3,
            Named::ByPrefix => 4,
        });
        string(&mut body, &format!("User:{principal}"));
        string(&mut body, "*");
        body.push(match acl.operation {
            Operation::Read => 3,
            Operation::Write => 4,
            Operation::Create => 5,
            Operation::Describe => 8,
            Operation::DescribeConfigs => 10,
        });
        // Allow.
        body.push(3);
    }
    let answer = ask(bootstrap, 30, 1, false, &body);
    let count = i32::from_be_bytes(answer[4..8].try_into().unwrap());
    assert_eq!(usize::try_from(count).unwrap(), acls.len());
    let mut rest = &answer[8..];
    for (principal, acl) in acls {
        let error = i16::from_be_bytes([rest[0], rest[1]]);
        assert_eq!(error, 0, "{principal}: {acl:?}");
        // No message.
        rest = &rest[4..];
    }
}

/// Sets the SCRAM-SHA-512 password of a user (`AlterUserScramCredentials`, version 0).
pub(crate) fn scram(bootstrap: &str, user: &str, password: &str) {
    let (salt, rounds) = (b"salt of the tests", 4096);
    let mut salted = [0; 64];
    pbkdf2_hmac(password.as_bytes(), salt, rounds, MessageDigest::sha512(), &mut salted).unwrap();
    // No deletions, one insertion.
    let mut body = vec![1, 2];
    compact(&mut body, user.as_bytes());
    body.push(2);
    body.extend(i32::try_from(rounds).unwrap().to_be_bytes());
    compact(&mut body, salt);
    compact(&mut body, &salted);
    body.extend([0, 0]);
    let answer = ask(bootstrap, 51, 0, true, &body);
    // No tags, the throttle time, one result: the user and no error.
    let at = 1 + 4 + 1 + 1 + user.len();
    assert_eq!(answer[at..at + 2], [0, 0], "{answer:?}");
}

fn ask(bootstrap: &str, key: i16, version: i16, is_flexible: bool, body: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    request.extend(key.to_be_bytes());
    request.extend(version.to_be_bytes());
    request.extend(7_i32.to_be_bytes());
    string(&mut request, "tests");
    if is_flexible {
        request.push(0);
    }
    request.extend(body);
    let mut stream = TcpStream::connect(bootstrap).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(&i32::try_from(request.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(&request).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    answer.split_off(4)
}

fn string(into: &mut Vec<u8>, text: &str) {
    into.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    into.extend(text.as_bytes());
}

/// A compact string of fewer than 127 bytes, whose length is one byte.
fn compact(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u8::try_from(bytes.len() + 1).unwrap();
    assert!(length < 128);
    into.push(length);
    into.extend(bytes);
}
