//! TRACES, where a collector is named: a span for each transaction and each alert, never one for a record. Off, nothing is
//! done at all.

pub mod export;
mod otlp;
pub mod settings;
mod span;

use crate::alert::Alert;
use crate::host::clock::{Stopwatch, wall};
use crate::observe::metrics::Metrics;
use crate::observe::traces::span::{Context, Kind, Span, Value};
use crate::stage::port::Outcome;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Where spans go. Off by default.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Way>>);

/// The way to the exporter.
#[derive(Debug)]
struct Way {
    spans: SyncSender<Message>,
    ids: Ids,
    metrics: Metrics,
}

/// What the exporter is sent.
#[derive(Debug)]
enum Message {
    Span(Span),
    /// There is no further one.
    End,
}

/// How many spans may wait for the exporter; further ones are dropped, and counted.
const WAITING: usize = 1024;

/// When a transaction began. Taken only while traces are on.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// Nanoseconds since 1970.
    at: u64,
    watch: Stopwatch,
}

/// What a transaction sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// To this topic.
    pub topic: &'a str,
    /// So many records.
    pub records: usize,
    /// And so many of a checkpoint.
    pub checkpoint: usize,
    /// How it ended.
    pub outcome: Outcome,
}

/// A transaction that was told, with the alerts that it may have committed still to tell.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    context: Context,
    began: u64,
    ended: u64,
}

impl Traces {
    /// On, with what the exporter reads.
    fn on(metrics: Metrics) -> (Traces, Receiver<Message>) {
        let (spans, queue) = sync_channel(WAITING);
        (Traces(Some(Arc::new(Way { spans, ids: Ids::default(), metrics }))), queue)
    }

    /// A transaction begins now; nothing when traces are off.
    pub fn begin(&self) -> Option<Begun> {
        self.0.as_ref().map(|_| Begun { at: nanoseconds(wall().as_millis()), watch: Stopwatch::start() })
    }

    /// The transaction ended now: a span, the root of a trace of its own.
    pub fn transaction(&self, begun: Begun, sent: &Sent<'_>) -> Option<Told> {
        let way = self.0.as_ref()?;
        let took = u64::try_from(begun.watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let context = Context { trace: way.ids.trace(), span: way.ids.span() };
        let told = Told { context, began: begun.at, ended: begun.at.saturating_add(took) };
        way.send(transaction(&told, sent));
        Some(told)
    }

    /// An alert that the transaction has committed: a span below that of the transaction, linked to the traces of the source
    /// records it speaks of.
    pub fn alert(&self, told: &Told, alert: &Alert) {
        if let Some(way) = &self.0 {
            way.send(committed(told, way.ids.span(), alert));
        }
    }

    /// There is no further span: the exporter sends what there is, and ends.
    fn end(&self) {
        if let Some(way) = &self.0 {
            // It has ended already where it panicked.
            let _ = way.spans.send(Message::End);
        }
    }
}

impl Way {
    fn send(&self, span: Span) {
        if self.spans.try_send(Message::Span(span)).is_err() {
            self.metrics.spans_dropped(1);
        }
    }
}

fn transaction(told: &Told, sent: &Sent<'_>) -> Span {
    let outcome = match sent.outcome {
        Outcome::Committed => "committed",
        Outcome::Aborted => "aborted",
        Outcome::Doubtful => "doubtful",
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
        context: told.context,
        parent: None,
        name: format!("send {}", sent.topic),
        kind: Kind::Producer,
        began: told.began,
        ended: told.ended,
        attributes,
        links: Vec::new(),
        error: (sent.outcome != Outcome::Committed).then_some(outcome),
    }
}

/// It names no account, and nothing else that an event says.
fn committed(told: &Told, span: u64, alert: &Alert) -> Span {
    let mut links = Vec::new();
    for trace in alert.evidence.iter().filter_map(|evidence| evidence.fields.get("traceparent")) {
        links.extend(Context::parse(trace).filter(|context| !links.contains(context)));
    }
    Span {
        context: Context { span, ..told.context },
        parent: Some(told.context.span),
        name: format!("alert {}", alert.detection),
        kind: Kind::Internal,
        began: told.began,
        ended: told.ended,
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

/// Ids that no other process and no other span has: counted, and hashed with keys that the system rolled.
#[derive(Debug)]
struct Ids {
    keys: RandomState,
    next: AtomicU64,
}

impl Default for Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "ids of spans are to differ between two runs; nothing is decided by them"
    )]
    fn default() -> Self {
        Ids { keys: RandomState::new(), next: AtomicU64::new(0) }
    }
}

impl Ids {
    /// Never 0, which is no id.
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
    fn off_nothing_begins() {
        assert!(Traces::default().begin().is_none());
    }

    #[test]
    fn what_nobody_takes_is_dropped_and_counted() {
        let metrics = Metrics::new().unwrap();
        let (traces, queue) = Traces::on(metrics.clone());
        let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome: Outcome::Committed };
        for _ in 0..WAITING + 3 {
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
        }
        let text = String::from_utf8(metrics.text()).unwrap();
        assert!(text.contains("adcs_watch_traces_dropped_total 3\n"), "{text}");
        assert_eq!(queue.try_iter().count(), WAITING);
    }

    #[test]
    fn a_transaction_that_was_not_committed_is_an_error() {
        let (traces, queue) = Traces::on(Metrics::new().unwrap());
        let errors = [Outcome::Committed, Outcome::Aborted, Outcome::Doubtful].map(|outcome| {
            let sent = Sent { topic: "a", records: 1, checkpoint: 0, outcome };
            assert!(traces.transaction(traces.begin().unwrap(), &sent).is_some());
            match queue.try_recv() {
                Ok(Message::Span(span)) => span.error,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(errors, [None, Some("aborted"), Some("doubtful")]);
    }

    #[test]
    fn ids_differ() {
        let (one, other) = (Ids::default(), Ids::default());
        let all: BTreeSet<u128> = (0..1000).flat_map(|_| [one.trace(), other.trace()]).collect();
        assert_eq!(all.len(), 2000);
    }
}
