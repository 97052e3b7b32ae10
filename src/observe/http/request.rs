//! The head of a request: all that is read of one. It has a bound, and so has the time until it is there.

use crate::observe::http::Page;
use std::io::{ErrorKind, Read};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// It changes nothing: GET or HEAD.
    pub reads: bool,
    /// It wants more than the head of the answer.
    pub wants_body: bool,
    /// The path, without what stands behind a `?`.
    pub path: String,
    /// What the header `authorization` says.
    pub authorization: Option<String>,
}

/// The longest head.
pub const MAX_HEAD: usize = 8 * 1024;
/// The most headers.
pub const MAX_HEADERS: usize = 64;

/// Why there is no request.
#[derive(Debug)]
pub enum Unread {
    /// Whoever asks is to be told.
    Refused(Page),
    /// Nobody is there any more, or was too slow.
    Gone,
}

impl Request {
    /// Reads the head of a request, and nothing behind it.
    ///
    /// # Errors
    /// When it is none, is too long, or does not come.
    pub fn read(from: &mut impl Read) -> Result<Request, Unread> {
        let mut head = Vec::with_capacity(1024);
        let mut part = [0; 1024];
        loop {
            let room = part.len().min(MAX_HEAD - head.len());
            if room == 0 {
                return Err(too_long());
            }
            match from.read(&mut part[..room]) {
                Ok(0) => return Err(Unread::Gone),
                Ok(count) => head.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Err(Unread::Gone),
            }
            if let Some(request) = Request::parse(&head)? {
                return Ok(request);
            }
        }
    }

    /// None: there is more to come.
    fn parse(head: &[u8]) -> Result<Option<Request>, Unread> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(head) {
            Ok(httparse::Status::Partial) => return Ok(None),
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(too_long()),
            Err(error) => return Err(Unread::Refused(Page::text(400, &error.to_string()))),
        }
        let method = parsed.method.unwrap_or_default();
        let path = parsed.path.unwrap_or_default().split('?').next().unwrap_or_default();
        let authorization =
            parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("authorization"));
        Ok(Some(Request {
            reads: ["GET", "HEAD"].contains(&method),
            wants_body: method != "HEAD",
            path: path.to_owned(),
            authorization: authorization.map(|header| String::from_utf8_lossy(header.value).into_owned()),
        }))
    }
}

fn too_long() -> Unread {
    let limits = format!("more than {MAX_HEAD} bytes, or more than {MAX_HEADERS} headers");
    Unread::Refused(Page::text(431, &limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Request, u16> {
        Request::read(&mut &text[..]).map_err(|unread| match unread {
            Unread::Refused(page) => page.status,
            Unread::Gone => 0,
        })
    }

    #[test]
    fn a_head_is_read_and_no_more() {
        let request =
            read(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: Basic eA==\r\n\r\nrest").unwrap();
        assert_eq!((request.path.as_str(), request.reads, request.wants_body), ("/metrics", true, true));
        assert_eq!(request.authorization.as_deref(), Some("Basic eA=="));
        assert!(!read(b"HEAD / HTTP/1.0\r\n\r\n").unwrap().wants_body);
        assert!(!read(b"POST /livez HTTP/1.1\r\ncontent-length: 9\r\n\r\n").unwrap().reads);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(read(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Err(400), "TLS");
        assert_eq!(read(b"GET / HTTP/9.9\r\n\r\n"), Err(400));
        assert_eq!(read(b""), Err(0));
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: a\r\n"), Err(0), "half a head");
        let long = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &[b'a'; MAX_HEAD]].concat();
        assert_eq!(read(&long), Err(431));
        let line = [b"GET /".as_slice(), &[b'a'; MAX_HEAD]].concat();
        assert_eq!(read(&line), Err(431));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
        assert_eq!(read(many.as_bytes()), Err(431));
    }
}
