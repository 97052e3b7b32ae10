//! `/livez`, `/readyz`, `/metrics`, and nothing else.

pub mod request;
pub mod server;
pub mod guard;

use crate::observe::health::Health;
use crate::observe::http::request::Request;
use crate::observe::metrics::Metrics;
use std::sync::Arc;

/// What is served.
pub struct Pages {
    /// Whether we are ready.
    pub health: Arc<Health>,
    /// What we count.
    pub metrics: Metrics,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    /// Of HTTP.
    pub status: u16,
    kind: &'static str,
    body: Vec<u8>,
}

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Page {
    /// A line of text.
    pub fn text(status: u16, line: &str) -> Page {
        Page { status, kind: TEXT, body: format!("{line}\n").into_bytes() }
    }

    /// As it goes over the wire, with its body or without. The connection ends with it.
    pub fn to_bytes(&self, with_body: bool) -> Vec<u8> {
        let Page { status, kind, body } = self;
        let reason = match status {
            200 => "OK",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Bad Request",
        };
        let more = match status {
            401 => "www-authenticate: Basic realm=\"adcs-watch\", charset=\"UTF-8\"\r\n",
            405 => "allow: GET, HEAD\r\n",
            _ => "",
        };
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{more}\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let body = if with_body { body.as_slice() } else { &[] };
        [head.as_bytes(), body].concat()
    }
}

impl Pages {
    /// The answer to a request; `may_read` says whether whoever asks may see what we count.
    pub fn answer(&self, request: &Request, may_read: impl FnOnce(&Request) -> bool) -> Page {
        if !request.reads {
            return Page::text(405, "GET or HEAD");
        }
        match request.path.as_str() {
            "/livez" => {
                let stuck = self.health.stuck();
                if stuck.is_empty() {
                    return Page::text(200, "ok");
                }
                Page::text(503, &stuck.join("\n"))
            }
            "/readyz" => {
                let complaints = self.health.complaints();
                if complaints.is_empty() {
                    return Page::text(200, "ok");
                }
                Page::text(503, &complaints.join("\n"))
            }
            "/metrics" if !may_read(request) => Page::text(401, "name and password (http.basic_auth)"),
            "/metrics" => Page { status: 200, kind: METRICS, body: self.metrics.text() },
            _ => Page::text(404, "/livez, /readyz, /metrics"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::pass;
    use crate::observe::health::Condition;
    use crate::stage::Stage;
    use crate::stage::port::Millis;
    use std::sync::mpsc;
    use std::time::Duration;

    fn get(pages: &Pages, path: &str) -> Page {
        let request = Request { reads: true, wants_body: true, path: path.to_owned(), authorization: None };
        pages.answer(&request, |_| true)
    }

    #[test]
    fn a_worker_that_hangs_shows_until_it_comes_round() {
        let health = Arc::new(Health::new(Millis(20)));
        let pages = Pages { health: Arc::clone(&health), metrics: Metrics::new().unwrap() };
        let (release, blocked) = mpsc::channel::<()>();
        let worker = std::thread::spawn(move || {
            health.note(Stage::Detector, 3, Condition::Working);
            blocked.recv().unwrap();
            health.note(Stage::Detector, 3, Condition::Stopped);
        });
        let page = (0..6000).find_map(|_| {
            pass(Duration::from_millis(5));
            let page = get(&pages, "/livez");
            (page.status == 503).then(|| String::from_utf8(page.body).unwrap())
        });
        let page = page.expect("nobody notices");
        assert!(page.starts_with("detector 3 hangs"), "{page}");
        release.send(()).unwrap();
        worker.join().unwrap();
        assert_eq!(get(&pages, "/livez").status, 200);
    }

    #[test]
    fn pages_say_how_it_is() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        let get = |path: &str| get(&pages, path);
        assert_eq!(get("/livez").status, 200);
        assert_eq!(get("/readyz").status, 503);
        pages.health.note(Stage::Router, 0, Condition::Working);
        assert_eq!(get("/readyz").status, 200);
        assert_eq!(get("/").status, 404);
        pages.metrics.records(Stage::Router, "sent", 3);
        let text = String::from_utf8(get("/metrics").body).unwrap();
        assert!(text.contains("adcs_watch_records_total{outcome=\"sent\",stage=\"router\"} 3"), "{text}");
    }

    #[test]
    fn only_what_is_counted_asks_who_reads_it() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        let status = |reads, path: &str| {
            let request = Request { reads, wants_body: true, path: path.to_owned(), authorization: None };
            pages.answer(&request, |_| false).status
        };
        assert_eq!(
            (status(true, "/metrics"), status(true, "/livez"), status(true, "/readyz")),
            (401, 200, 503)
        );
        assert_eq!((status(false, "/livez"), status(false, "/metrics")), (405, 405));
    }
}
