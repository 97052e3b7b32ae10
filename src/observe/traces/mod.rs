//! TRACES: a span for each transaction and each alert, never one for a record. They are on when the environment names a
//! collector; off, no clock is read and nothing is allocated.

mod span;
mod otlp;
pub(crate) mod settings;
pub(crate) mod export;

use crate::alert::Alert;
use crate::host::clock::{Stopwatch, wall};
use crate::observe::metrics::Metrics;
use crate::observe::traces::span::{Context, Kind, Span, Value};
use crate::stage::port::Outcome;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Takes spans from the workers. Off by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(Option<Arc<Queue>>);

/// The queue to the exporter.
#[derive(Debug)]
struct Queue {
    spans: Sender<Span>,
    ids: Ids,
    metrics: Metrics,
}

/// The most spans that wait for the exporter; further ones are dropped and counted.
const QUEUE_SPANS: usize = 1024;

/// The start of a transaction. Taken only while traces are on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// Wall-clock time in nanoseconds since 1970.
    at: u64,
    watch: Stopwatch,
}

/// The content of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    /// The topic it wrote to.
    pub topic: &'a str,
    /// Records, those of a checkpoint excepted.
    pub records: usize,
    /// Records of a checkpoint.
    pub checkpoint: usize,
    pub outcome: Outcome,
}

/// The span of a transaction, to which the spans of its alerts belong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    context: Context,
    began: u64,
    ended: u64,
}

impl Traces {
    /// Switched on, with the end of the queue that the exporter reads.
    fn on(metrics: Metrics) -> (Traces, Receiver<Span>) {
        let (spans, queue) = channel(QUEUE_SPANS);
        (Traces(Some(Arc::new(Queue { spans, ids: Ids::default(), metrics }))), queue)
    }

    /// Notes that a transaction begins now; `None` while traces are off.
    pub(crate) fn begin(&self) -> Option<Begun> {
        self.0.as_ref().map(|_| Begun { at: nanoseconds(wall().as_millis()), watch: Stopwatch::start() })
    }

    /// Reports a transaction that ended now: a span that is the root of a trace of its own.
    pub(crate) fn transaction(&self, begun: Begun, sent: &Sent<'_>) -> Option<Reported> {
        let queue = self.0.as_ref()?;
        let took = u64::try_from(begun.watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let context = Context { trace: queue.ids.trace(), span: queue.ids.span() };
        let reported = Reported { context, began: begun.at, ended: begun.at.saturating_add(took) };
        queue.send(transaction(&reported, sent));
        Some(reported)
    }

    /// Reports an alert that the transaction committed: a span below that of the transaction, linked to the traces of the
    /// source records in its evidence.
    pub(crate) fn alert(&self, reported: &Reported, alert: &Alert) {
        if let Some(queue) = &self.0 {
            queue.send(committed(reported, queue.ids.span(), alert));
        }
    }
}

impl Queue {
    fn send(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.metrics.spans_dropped(1);
        }
    }
}

fn transaction(reported: &Reported, sent: &Sent<'_>) -> Span {
    let outcome = match sent.outcome {
        Outcome::Committed => "committed",
        Outcome::Aborted => "aborted",
        Outcome::Unknown => "doubtful",
    };
    let mut attributes = vec![
        ("messaging.system", Value::Text("kafka".to_owned())),
        ("messaging.operation.name", Value::Text("send".to_owned())),
        ("messaging.operation.type", Value::Text("send".to_owned())),
        ("messaging.destination.name", Value::Text(sent.topic.to_owned())),
        ("messaging.batch.message_count", Value::Count(sent.records as u64)),
        ("adcs_watch.outcome", Value::Text(outcome.to_owned())),
    ];
    if sent.checkpoint > 0 {
        attributes.push(("adcs_watch.checkpoint.records", Value::Count(sent.checkpoint as u64)));
    }
    Span {
        context: reported.context,
        parent: None,
        name: format!("send {}", sent.topic),
        kind: Kind::Producer,
        began: reported.began,
        ended: reported.ended,
        attributes,
        links: Vec::new(),
        error: (sent.outcome != Outcome::Committed).then_some(outcome),
    }
}

/// The span of an alert. It contains no account, and nothing else from an event.
fn committed(reported: &Reported, span: u64, alert: &Alert) -> Span {
    let mut links = Vec::new();
    for trace in alert.evidence.iter().filter_map(|evidence| evidence.fields.get("traceparent")) {
        links.extend(Context::parse(trace).filter(|context| !links.contains(context)));
    }
    Span {
        context: Context { span, ..reported.context },
        parent: Some(reported.context.span),
        name: format!("alert {}", alert.detection),
        kind: Kind::Internal,
        began: reported.began,
        ended: reported.ended,
        attributes: vec![
            ("adcs_watch.detection", Value::Text(alert.detection.clone())),
            ("adcs_watch.severity", Value::Text(alert.severity.as_str().to_owned())),
            ("adcs_watch.alert.id", Value::Text(alert.alert_id.to_string())),
            ("adcs_watch.alert.revision", Value::Count(u64::from(alert.revision))),
        ],
        links,
        error: None,
    }
}

/// Ids that are unique among spans and processes: counted, and hashed with random keys of the operating system.
#[derive(Debug)]
struct Ids {
    keys: RandomState,
    next: AtomicU64,
}

impl Default for Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "span ids must differ between two runs; no decision depends on them"
    )]
    fn default() -> Self {
        Ids { keys: RandomState::new(), next: AtomicU64::new(0) }
    }
}

impl Ids {
    /// Never 0, which is not a valid id.
    fn span(&self) -> u64 {
        self.keys.hash_one(self.next.fetch_add(1, Ordering::Relaxed)).max(1)
    }

    fn trace(&self) -> u128 {
        u128::from(self.span()) << 64 | u128::from(self.span())
    }
}

fn nanoseconds(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or_default().saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn traces_that_are_off_read_no_clock() {
        assert!(Traces::default().begin().is_none());
    }

    #[test]
    fn spans_beyond_the_queue_are_dropped_and_counted() {
        let metrics = Metrics::new().unwrap();
        let (traces, mut queue) = Traces::on(metrics.clone());
        let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome: Outcome::Committed };
        for _ in 0..QUEUE_SPANS + 3 {
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
        }
        let text = metrics.text();
        assert!(text.contains("adcs_watch_traces_dropped_total 3\n"), "{text}");
        assert_eq!(std::iter::from_fn(|| queue.try_recv().ok()).count(), QUEUE_SPANS);
    }

    #[test]
    fn transaction_that_was_not_committed_is_an_error() {
        let (traces, mut queue) = Traces::on(Metrics::new().unwrap());
        let errors = [Outcome::Committed, Outcome::Aborted, Outcome::Unknown].map(|outcome| {
            let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome };
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
            queue.try_recv().unwrap().error
        });
        assert_eq!(errors, [None, Some("aborted"), Some("doubtful")]);
    }

    #[test]
    fn ids_differ_within_and_between_processes() {
        let (one, other) = (Ids::default(), Ids::default());
        let all: BTreeSet<u128> = (0..1000).flat_map(|_| [one.trace(), other.trace()]).collect();
        assert_eq!(all.len(), 2000);
    }
}
