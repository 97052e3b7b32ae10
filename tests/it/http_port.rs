//! The HTTP port with real sockets: slow, silent, oversized and hostile clients are refused; TLS and the password are enforced.

use crate::certificates::{Authority, VALID};
use adcs_watch::config::process::{BasicAuth, Http, HttpTls};
use adcs_watch::config::secret::Secret;
use adcs_watch::host::runtime;
use adcs_watch::observe::health::Health;
use adcs_watch::observe::http::{MAX_CONNECTIONS, Pages, listen};
use adcs_watch::observe::metrics::Metrics;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Much longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a server beside a client.
fn with_server(http: &Http, client: impl FnOnce(SocketAddr)) {
    let listening = listen(http).unwrap();
    let address = listening.address;
    let pages = Pages { health: Arc::new(Health::default()), metrics: Metrics::new().unwrap() };
    let (runtime, end) = (runtime::start().unwrap(), CancellationToken::new());
    let server = runtime.spawn(listening.serve(pages, end.clone()));
    client(address);
    end.cancel();
    runtime.block_on(server).unwrap();
}

fn plain() -> Http {
    Http { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Http::default() }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Sends a request and returns the answer until the connection ends.
fn exchange(mut stream: impl Read + Write, request: &[u8]) -> String {
    // The server may have closed the connection already.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// As `nc -N` does: the client closes its side before it reads.
fn get_half_closed(address: SocketAddr, path: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn client_that_closes_its_side_is_answered() {
    with_server(&plain(), |address| {
        for path in ["/livez", "/metrics"] {
            for _ in 0..10 {
                let answer = get_half_closed(address, path);
                assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            }
        }
    });
}

fn get(address: SocketAddr, path: &str) -> String {
    exchange(connect(address), format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn probe_is_answered_while_other_clients_are_silent_or_slow() {
    with_server(&plain(), |address| {
        let mut idle: Vec<TcpStream> = Vec::new();
        for n in 0..MAX_CONNECTIONS * 4 {
            let mut stream = connect(address);
            if n % 2 == 0 {
                stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
            }
            idle.push(stream);
            if n % MAX_CONNECTIONS == MAX_CONNECTIONS - 1 {
                assert_eq!(status(&get(address, "/livez")), "200", "{n} idle connections");
            }
        }
        // The oldest ones were closed to make room.
        assert_eq!(idle[0].read(&mut [0; 1]).unwrap_or(0), 0);
    });
}

#[test]
fn request_sent_byte_by_byte_is_cut_off() {
    with_server(&plain(), |address| {
        let mut stream = connect(address);
        let began = Instant::now();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        loop {
            assert!(began.elapsed() < DEADLINE, "a slow request is never cut off");
            if stream.write_all(b"a").is_err() {
                break;
            }
            match stream.read(&mut [0; 1]) {
                Ok(0) => break,
                Ok(_) => panic!("an incomplete request is answered"),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        assert_eq!(status(&get(address, "/livez")), "200");
    });
}

#[test]
fn oversized_and_malformed_requests_are_refused_and_the_next_is_answered() {
    with_server(&plain(), |address| {
        let ask = |request: &[u8]| exchange(connect(address), request);
        let header = [b"GET /livez HTTP/1.1\r\nx: ".as_slice(), &[b'a'; 20_000], b"\r\n\r\n"].concat();
        assert_eq!(status(&ask(&header)), "431");
        let line = [b"GET /".as_slice(), &[b'a'; 20_000], b" HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(status(&ask(&line)), "431");
        let many = format!("GET /livez HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500));
        assert_eq!(status(&ask(many.as_bytes())), "431");
        assert_eq!(status(&ask(b"\x16\x03\x01 hello\r\n\r\n")), "400");
        assert_eq!(
            status(&ask(b"POST /metrics HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello")),
            "405"
        );
        assert_eq!(status(&ask(b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n")), "404");
        let endless = [b"GET /".as_slice(), &vec![b'a'; 10_000_000]].concat();
        // The connection may be closed before the client has read the answer.
        assert!(["431", ""].contains(&status(&ask(&endless))));
        let two = ask(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(two.matches("HTTP/1.1 200").count(), 1, "one request for each connection: {two}");
        let head = ask(b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
        assert_eq!(status(&get(address, "/livez")), "200");
    });
}

#[test]
fn concurrent_requests_are_all_answered() {
    with_server(&plain(), |address| {
        thread::scope(|scope| {
            let asked: Vec<_> = (0..40).map(|_| scope.spawn(|| get(address, "/metrics"))).collect();
            for answer in asked {
                let answer = answer.join().unwrap();
                assert_eq!(status(&answer), "200");
                let length: usize = answer
                    .split("content-length: ")
                    .nth(1)
                    .unwrap()
                    .split('\r')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), length);
            }
        });
    });
}

#[test]
fn metrics_require_the_password_and_probes_do_not() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "first\n").unwrap();
    let auth = BasicAuth { username: "prometheus".to_owned(), password: Secret::File(file.clone()) };
    with_server(&Http { basic_auth: Some(auth), ..plain() }, |address| {
        let with = |password: &str| {
            let credentials = STANDARD.encode(format!("prometheus:{password}"));
            let request =
                format!("GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {credentials}\r\n\r\n");
            exchange(connect(address), request.as_bytes())
        };
        let answer = get(address, "/metrics");
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Basic"), "{answer}");
        assert!(!answer.contains("adcs_watch_"), "{answer}");
        assert_eq!(status(&with("wrong")), "401");
        assert!(with("first").contains("adcs_watch_build_info"));
        assert_eq!((status(&get(address, "/livez")), status(&get(address, "/readyz"))), ("200", "503"));
        std::fs::write(&file, "second\n").unwrap();
        assert_eq!((status(&with("first")), status(&with("second"))), ("401", "200"), "the file changed");
        std::fs::remove_file(&file).unwrap();
        assert_eq!((status(&with("second")), status(&with(""))), ("401", "401"), "no password is accepted");
    });
}

/// Writes a certificate of this CA and its key.
fn certificate(authority: &Authority, folder: &Path) -> (HttpTls, X509) {
    let identity = authority.issue("metrics", &["127.0.0.1"], VALID);
    let (cert_file, key_file) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&cert_file, identity.pem()).unwrap();
    std::fs::write(&key_file, identity.key_pem()).unwrap();
    (HttpTls { cert_file, key_file }, identity.certificate)
}

#[test]
fn tls_uses_the_current_certificate_files() {
    let (authority, folder) = (Authority::new("tests"), TempDir::new().unwrap());
    let (tls, first) = certificate(&authority, folder.path());
    with_server(&Http { tls: Some(tls), ..plain() }, |address| {
        let secured = || {
            let mut connector = SslConnector::builder(SslMethod::tls()).unwrap();
            connector.cert_store_mut().add_cert(X509::from_pem(&authority.pem()).unwrap()).unwrap();
            connector.build().connect("127.0.0.1", connect(address)).unwrap()
        };
        let stream = secured();
        assert!(stream.ssl().peer_certificate().unwrap() == first);
        assert_eq!(status(&exchange(stream, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")), "200");
        assert_eq!(get(address, "/livez"), "", "no answer without TLS");
        let (_, second) = certificate(&authority, folder.path());
        assert!(secured().ssl().peer_certificate().unwrap() == second, "the certificate was renewed");
        // Clients that connect and send no handshake delay no others.
        let silent: Vec<TcpStream> = (0..8).map(|_| connect(address)).collect();
        assert_eq!(status(&exchange(secured(), b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")), "200");
        drop(silent);
    });
}

#[test]
fn unusable_certificate_is_reported_at_the_start() {
    let (authority, folder) = (Authority::new("tests"), TempDir::new().unwrap());
    let (tls, _) = certificate(&authority, folder.path());
    std::fs::write(&tls.key_file, authority.issue("other", &[], VALID).key_pem()).unwrap();
    let failure = listen(&Http { tls: Some(tls.clone()), ..plain() }).err().unwrap().to_string();
    assert!(failure.starts_with("http.tls: ") && failure.contains("of one key"), "{failure}");
    std::fs::write(&tls.cert_file, "hello").unwrap();
    assert!(listen(&Http { tls: Some(tls), ..plain() }).is_err());
}
