//! `/livez`, `/readyz`, `/metrics`.

use crate::service::exit::{Exit, Failure};
use crate::service::health::Health;
use crate::service::metrics::Metrics;
use crate::service::shutdown::Shutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tiny_http::{Header, Method, Response, Server};

/// What is served.
pub struct Pages {
    /// Whether we are ready.
    pub health: Arc<Health>,
    /// What we count.
    pub metrics: Metrics,
}

/// How often a request that does not come lets us look whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// A server that listens.
pub struct Listening {
    server: Server,
    /// Where.
    pub address: SocketAddr,
}

/// Begins to listen.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr) -> Result<Listening, Failure> {
    let failed = || Failure::new(Exit::Config, format!("cannot listen on {address} (http.listen)"));
    let server = Server::http(address).map_err(|error| failed().because(&*error))?;
    let address = server.server_addr().to_ip().ok_or_else(failed)?;
    Ok(Listening { server, address })
}

impl Listening {
    /// Serves until the end is asked for.
    pub fn serve(&self, pages: &Pages, shutdown: &Shutdown) {
        while !shutdown.is_requested() {
            let Ok(Some(request)) = self.server.recv_timeout(LOOK) else { continue };
            let reads = [Method::Get, Method::Head].contains(request.method());
            let page = if reads { pages.page(request.url()) } else { Page::text(405, "GET or HEAD") };
            // Who asked may be gone.
            drop(request.respond(page.response()));
        }
    }
}

struct Page {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
}

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Page {
    fn text(status: u16, line: &str) -> Page {
        Page { status, kind: TEXT, body: format!("{line}\n").into_bytes() }
    }

    fn response(self) -> Response<std::io::Cursor<Vec<u8>>> {
        let response = Response::from_data(self.body).with_status_code(self.status);
        match Header::from_bytes("content-type", self.kind) {
            Ok(header) => response.with_header(header),
            Err(()) => response,
        }
    }
}

impl Pages {
    fn page(&self, url: &str) -> Page {
        let path = url.split('?').next().unwrap_or_default();
        match path {
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
            "/metrics" => Page { status: 200, kind: METRICS, body: self.metrics.text() },
            _ => Page::text(404, "/livez, /readyz, /metrics"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::clock::pass;
    use crate::service::health::Condition;
    use crate::service::stage::Stage;
    use crate::task::port::Millis;
    use std::sync::mpsc;

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
            let page = pages.page("/livez");
            (page.status == 503).then(|| String::from_utf8(page.body).unwrap())
        });
        let page = page.expect("nobody notices");
        assert!(page.starts_with("detector 3 hangs"), "{page}");
        release.send(()).unwrap();
        worker.join().unwrap();
        assert_eq!(pages.page("/livez").status, 200);
    }

    #[test]
    fn pages_say_how_it_is() {
        let pages = Pages { health: Arc::default(), metrics: Metrics::new().unwrap() };
        assert_eq!(pages.page("/livez").status, 200);
        assert_eq!(pages.page("/readyz").status, 503);
        pages.health.note(Stage::Router, 0, Condition::Working);
        assert_eq!(pages.page("/readyz?verbose").status, 200);
        assert_eq!(pages.page("/").status, 404);
        pages.metrics.records(Stage::Router, "sent", 3);
        let text = String::from_utf8(pages.page("/metrics").body).unwrap();
        assert!(text.contains("adcs_watch_records_total{outcome=\"sent\",stage=\"router\"} 3"), "{text}");
    }
}
