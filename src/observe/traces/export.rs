//! The thread that sends spans: about every second while there are any. What a collector does not take is dropped, and counted.

use crate::host::clock::Stopwatch;
use crate::observe::metrics::Metrics;
use crate::observe::traces::otlp::body;
use crate::observe::traces::settings::Settings;
use crate::observe::traces::span::Span;
use crate::observe::traces::{Message, Traces, WAITING};
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use ureq::Agent;
use ureq::http::uri::Authority;

/// Of the thread.
const NAME: &str = "traces";
/// How long spans are gathered from the first on.
const GATHER: Duration = Duration::from_secs(1);
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The thread, where there is one.
pub struct Export {
    traces: Traces,
    thread: Option<JoinHandle<()>>,
}

impl Export {
    /// Starts the thread if the environment names a collector. What is wrong there is told; then there are no traces, and alerts
    /// go out as ever.
    pub fn start(metrics: &Metrics) -> Export {
        match Settings::from_environment() {
            Ok(None) => Export { traces: Traces::default(), thread: None },
            Ok(Some(settings)) => Export::to(settings, metrics),
            Err(why) => Export::off(&why),
        }
    }

    fn off(why: &str) -> Export {
        tracing::warn!(why, "there are no traces");
        Export { traces: Traces::default(), thread: None }
    }

    fn to(settings: Settings, metrics: &Metrics) -> Export {
        let (traces, queue) = Traces::on(metrics.clone());
        let collector = settings.collector.authority().map(Authority::to_string);
        tracing::info!(collector, service = settings.service, "traces are exported");
        let exporter = Exporter { agent: agent(), settings, metrics: metrics.clone(), is_failing: false };
        match thread::Builder::new().name(NAME.to_owned()).spawn(move || exporter.serve(&queue)) {
            Ok(thread) => Export { traces, thread: Some(thread) },
            Err(error) => Export::off(&error.to_string()),
        }
    }

    /// Where spans go.
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Sends what there is, and ends: after two requests at the latest.
    pub fn end(self) {
        self.traces.end();
        if let Some(thread) = self.thread {
            // A panic there was printed, and concerns no alert.
            let _ = thread.join();
        }
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .proxy(None)
        .max_idle_connections(0)
        .user_agent(concat!("adcs-watch/", env!("CARGO_PKG_VERSION")));
    Agent::new_with_config(config.build())
}

struct Exporter {
    agent: Agent,
    settings: Settings,
    metrics: Metrics,
    /// That it is was told.
    is_failing: bool,
}

impl Exporter {
    fn serve(mut self, queue: &Receiver<Message>) {
        let mut goes_on = true;
        while goes_on {
            let mut spans = Vec::new();
            goes_on = gather(queue, &mut spans);
            if !spans.is_empty() {
                self.send(&spans);
            }
        }
    }

    fn send(&mut self, spans: &[Span]) {
        match self.post(&body(&self.settings.service, spans)) {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector takes spans again");
                }
            }
            Err(why) => {
                self.metrics.spans_dropped(spans.len() as u64);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(why, "the collector does not take spans: they are dropped until it does");
                }
            }
        }
    }

    fn post(&self, body: &[u8]) -> Result<(), String> {
        let request = self.agent.post(&self.settings.collector).content_type("application/json");
        let request =
            self.settings.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send(body).map_err(|error| error.to_string())?;
        if response.status().is_success() { Ok(()) } else { Err(format!("status {}", response.status())) }
    }
}

/// Waits for a span, and then a while for more. Whether there may be further ones.
fn gather(queue: &Receiver<Message>, spans: &mut Vec<Span>) -> bool {
    match queue.recv() {
        Ok(Message::Span(span)) => spans.push(span),
        Ok(Message::End) | Err(_) => return false,
    }
    let watch = Stopwatch::start();
    while spans.len() < WAITING {
        let Some(left) = GATHER.checked_sub(watch.elapsed()) else { break };
        match queue.recv_timeout(left) {
            Ok(Message::Span(span)) => spans.push(span),
            Ok(Message::End) => return false,
            // Time is up, or nobody is left: the next look tells.
            Err(_) => break,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::traces::Sent;
    use crate::stage::port::Outcome;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers one request so; none: it does not listen any more.
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
    fn dropped(answer: Option<&'static str>) -> String {
        let metrics = Metrics::new().unwrap();
        let collector = collector(answer).parse().unwrap();
        let export =
            Export::to(Settings { collector, service: "s".to_owned(), headers: Vec::new() }, &metrics);
        let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome: Outcome::Committed };
        let traces = export.traces().clone();
        for _ in 0..2 {
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
        }
        export.end();
        let text = String::from_utf8(metrics.text()).unwrap();
        let line = text.lines().find(|line| line.starts_with("adcs_watch_traces_dropped_total")).unwrap();
        line.rsplit_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn the_end_waits_for_what_was_told_and_what_is_not_taken_is_counted() {
        let answers = [Some("200 OK"), Some("307 Temporary Redirect"), Some("503 Service Unavailable"), None];
        assert_eq!(answers.map(dropped), ["0", "2", "2", "2"]);
    }
}
