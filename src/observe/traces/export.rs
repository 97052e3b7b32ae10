//! Sends spans to the collector, about every second while there are any. Spans that the collector rejects are dropped and
//! counted: nothing waits for it.
//!
//! The request is made here, with hyper: one POST on a connection of its own, without redirects, proxies or retries.

use crate::observe::metrics::Metrics;
use crate::observe::traces::otlp::body;
use crate::observe::traces::settings::Settings;
use crate::observe::traces::span::Span;
use crate::observe::traces::{QUEUE_SPANS, Traces};
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{Request, StatusCode};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long spans are gathered, from the first one on.
const GATHER: Duration = Duration::from_secs(1);
/// The limit of a request, from the connection to the status.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The exporter, if there is one.
pub(crate) struct Export {
    traces: Traces,
    end: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Export {
    /// Starts the exporter if the environment names a collector. A mistake there is logged; then traces are off, and alerts
    /// are not affected.
    pub(crate) fn start(metrics: &Metrics) -> Export {
        match Settings::from_environment() {
            Ok(Some(settings)) => Export::to(settings, metrics),
            Ok(None) => Export::off(),
            Err(why) => {
                tracing::warn!(why, "traces are off");
                Export::off()
            }
        }
    }

    fn off() -> Export {
        Export { traces: Traces::default(), end: CancellationToken::new(), task: None }
    }

    fn to(settings: Settings, metrics: &Metrics) -> Export {
        let (traces, queue) = Traces::on(metrics.clone());
        let collector = settings.collector.authority().map(ToString::to_string);
        tracing::info!(collector, service = settings.service, "traces are exported");
        let end = CancellationToken::new();
        let exporter = Exporter { settings, metrics: metrics.clone(), is_failing: false };
        let task = tokio::spawn(exporter.serve(queue, end.clone()));
        Export { traces, end, task: Some(task) }
    }

    /// Takes spans from the workers.
    pub(crate) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Sends the spans that are left, and ends: after two requests at the latest.
    pub(crate) async fn end(self) {
        self.end.cancel();
        if let Some(task) = self.task {
            // A panic there was printed, and concerns no alert.
            let _ = task.await;
        }
    }
}

struct Exporter {
    settings: Settings,
    metrics: Metrics,
    /// Whether the last request failed: only a change is logged.
    is_failing: bool,
}

impl Exporter {
    async fn serve(mut self, mut queue: Receiver<Span>, end: CancellationToken) {
        let (mut spans, mut send_at) = (Vec::new(), Instant::now());
        loop {
            let room = QUEUE_SPANS - spans.len();
            tokio::select! {
                received = queue.recv_many(&mut spans, room), if room > 0 => match received {
                    0 => break,
                    // All of them are new: the first of this request.
                    _ if received == spans.len() => send_at = Instant::now() + GATHER,
                    _ => {}
                },
                () = sleep_until(send_at), if room < QUEUE_SPANS => self.send(&mut spans).await,
                () = end.cancelled(), if !queue.is_closed() => queue.close(),
            }
        }
        self.send(&mut spans).await;
    }

    async fn send(&mut self, spans: &mut Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let sent = timeout(REQUEST_TIMEOUT, self.post(body(&self.settings.service, spans))).await;
        match sent.unwrap_or_else(|_| Err(format!("no answer within {REQUEST_TIMEOUT:?}"))) {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector accepts spans again");
                }
            }
            Err(why) => {
                self.metrics.spans_dropped(spans.len() as u64);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(
                        why,
                        "the collector does not accept spans: they are dropped until it does"
                    );
                }
            }
        }
        spans.clear();
    }

    async fn post(&self, body: String) -> Result<(), String> {
        let collector = &self.settings.collector;
        let authority = collector.authority().ok_or("the collector has no address")?;
        let path = collector.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(HOST, authority.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("adcs-watch/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|error| error.to_string())?;
        let address = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        match exchange(&address, request).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(format!("status {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

async fn exchange(
    address: &str,
    request: Request<String>,
) -> Result<StatusCode, Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let status = async move { sender.send_request(request).await.map(|response| response.status()) };
    // The connection transfers data while it is polled, and ends once the sender and the response are dropped.
    let (status, _) = tokio::join!(status, connection);
    Ok(status?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::traces::Sent;
    use crate::stage::port::Outcome;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    /// The address of a collector that gives this answer to one request; `None`: nothing listens there.
    fn collector(answer: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        if let Some(answer) = answer {
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut seen, mut more) = (Vec::new(), [0; 4096]);
                while !seen.ends_with(b"]}") {
                    let read = stream.read(&mut more).unwrap();
                    seen.extend_from_slice(&more[..read]);
                }
                write!(stream, "HTTP/1.1 {answer}\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n").unwrap();
            });
        }
        url
    }

    /// How many of two spans are dropped.
    async fn dropped(answer: Option<&'static str>) -> String {
        let metrics = Metrics::new().unwrap();
        let collector = collector(answer).parse().unwrap();
        let export =
            Export::to(Settings { collector, service: "s".to_owned(), headers: Vec::new() }, &metrics);
        let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome: Outcome::Committed };
        let traces = export.traces().clone();
        for _ in 0..2 {
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
        }
        export.end().await;
        let text = metrics.text();
        let line = text.lines().find(|line| line.starts_with("adcs_watch_traces_dropped_total")).unwrap();
        line.rsplit_once(' ').unwrap().1.to_owned()
    }

    #[tokio::test]
    async fn end_sends_waiting_spans_and_rejected_ones_are_counted() {
        for (answer, expected) in [
            (Some("200 OK"), "0"),
            (Some("307 Temporary Redirect"), "2"),
            (Some("503 Service Unavailable"), "2"),
            (None, "2"),
        ] {
            assert_eq!(dropped(answer).await, expected, "{answer:?}");
        }
    }
}
