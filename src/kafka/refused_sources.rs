//! Sources that cannot be read: which, and why. The others are read on.
//!
//! An error of a poll names no topic (rdkafka drops the name), so after one the topics are looked at one by one.

use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::{Resources, fault, needs_permission};
use crate::kafka::log_bounds::watermarks;
use crate::kafka::metadata::invalid_config;
use crate::kafka::partitions::{at, list};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{
    CHECKPOINT_POLL_MS, EVENTS_MS, METADATA_SECONDS, REFUSED_SOURCES_SECONDS, REQUEST_MS, TRIAL_READ_SECONDS,
};
use crate::observe::metrics::Metrics;
use crate::stage::port::{Answer, Fault, SourcePartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::{BTreeMap, BTreeSet};

/// The sources of a router that cannot be read.
pub(crate) struct RefusedSources {
    clients: Clients,
    /// The topics that the config names. Those that a pattern matches are known once they are assigned.
    named: BTreeSet<String>,
    /// The topics that cannot be read, each with the reason.
    reasons: BTreeMap<String, String>,
    /// Topics that were assigned, each tried once before it is read.
    tried: BTreeSet<String>,
    /// A poll has failed since the last look.
    is_suspect: bool,
    looked: Option<Stopwatch>,
    /// Tries topics before they are read, and when it did last. A client for each would take longer than the trial.
    reader: Option<(Reader, Stopwatch)>,
    metrics: Metrics,
}

type Reader = BaseConsumer<BasicContext>;

impl RefusedSources {
    /// The named sources are looked at with the first poll.
    pub(crate) fn new(clients: &Clients, named: BTreeSet<String>, metrics: Metrics) -> RefusedSources {
        let (clients, reasons, tried) = (clients.clone(), BTreeMap::new(), BTreeSet::new());
        RefusedSources {
            clients,
            named,
            reasons,
            tried,
            is_suspect: false,
            looked: None,
            reader: None,
            metrics,
        }
    }

    /// Looks at the named and the assigned topics if a poll has failed (`has_failed`), and again every
    /// [`REFUSED_SOURCES_SECONDS`] while one of them cannot be read.
    ///
    /// # Errors
    /// The clients cannot be created.
    pub(crate) fn look(&mut self, has_failed: bool, consumer: &GroupConsumer) -> Result<(), Fault> {
        self.is_suspect |= has_failed;
        self.reader.take_if(|(_, used)| used.elapsed() >= REFUSED_SOURCES_SECONDS);
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= REFUSED_SOURCES_SECONDS);
        let has_cause = self.is_suspect || !self.reasons.is_empty() || self.looked.is_none();
        if !(is_due && has_cause) {
            return Ok(());
        }
        self.looked = Some(Stopwatch::start());
        let reader = reader(&self.clients)?;
        let mut reasons = BTreeMap::new();
        let had_failed = std::mem::take(&mut self.is_suspect);
        let assigned = consumer.topics();
        for topic in self.named.union(&assigned) {
            let is_tried = had_failed || self.reasons.contains_key(topic);
            match why_refused(&reader, topic, is_tried)? {
                Answer::Ready(why) => reasons.extend(why.map(|why| (topic.clone(), why))),
                Answer::Wait => self.is_suspect = true,
            }
        }
        self.replace(reasons);
        Ok(())
    }

    /// Tries to read a topic before its first partition is started: its offsets could not be committed, and with them no others.
    ///
    /// # Errors
    /// [`Fault::Partition`] when it cannot be read; otherwise the client cannot be created.
    pub(crate) fn try_topic(&mut self, topic: &str) -> Result<(), Fault> {
        if !self.tried.contains(topic) {
            let reader =
                self.reader.take().map_or_else(|| reader(&self.clients), |(reader, _)| Ok(reader))?;
            if let Answer::Ready(why) = why_refused(&reader, topic, true)? {
                self.tried.insert(topic.to_owned());
                let mut reasons = self.reasons.clone();
                reasons.extend(why.map(|why| (topic.to_owned(), why)));
                self.replace(reasons);
            }
            self.reader = Some((reader, Stopwatch::start()));
        }
        self.reasons.get(topic).map_or(Ok(()), |why| Err(Fault::Partition(why.clone())))
    }

    fn replace(&mut self, reasons: BTreeMap<String, String>) {
        for (topic, why) in &reasons {
            if self.reasons.get(topic) != Some(why) {
                tracing::error!(topic, why, "a source cannot be read, the others continue");
                self.metrics.source_refused(topic, true);
            }
        }
        for topic in self.reasons.keys().filter(|topic| !reasons.contains_key(*topic)) {
            tracing::info!(topic, "a source can be read again");
            self.metrics.source_refused(topic, false);
        }
        self.reasons = reasons;
    }

    /// The sources that cannot be read, each with the reason. `None`: all can.
    pub(crate) fn text(&self) -> Option<String> {
        let each = self.reasons.iter().map(|(topic, why)| format!("{topic}: {why}"));
        (!self.reasons.is_empty()).then(|| each.collect::<Vec<_>>().join("; "))
    }
}

impl Drop for RefusedSources {
    fn drop(&mut self) {
        self.reasons.keys().for_each(|topic| self.metrics.source_refused(topic, false));
    }
}

fn reader(clients: &Clients) -> Result<Reader, Fault> {
    let reader = clients.source_reader()?.create_with_context(clients.context());
    reader.map_err(|error| fault("creating a reader of sources", &error))
}

/// Tries to read sources, without a group.
pub(crate) struct SourceTrial(Reader);

impl SourceTrial {
    /// Creates the client.
    ///
    /// # Errors
    /// librdkafka rejects the settings.
    pub(crate) fn new(clients: &Clients) -> Result<SourceTrial, Failure> {
        reader(clients).map(SourceTrial).map_err(invalid_config)
    }

    /// Why a topic cannot be read, tried for [`METADATA_SECONDS`].
    ///
    /// # Errors
    /// No broker answers.
    pub(crate) fn why_unreadable(&self, topic: &str) -> Result<Option<String>, Failure> {
        let failed = || Failure::new(Exit::Broker, format!("cannot read {topic}"));
        let watch = Stopwatch::start();
        while watch.elapsed() < METADATA_SECONDS {
            // librdkafka requests tokens by events.
            drop(self.0.poll(EVENTS_MS));
            let answer = why_refused(&self.0, topic, true).map_err(|fault| failed().because(&fault))?;
            if let Answer::Ready(why) = answer {
                return Ok(why);
            }
        }
        Err(failed().with_cause("no broker answers"))
    }
}

/// Why a topic cannot be read; `Wait` if the brokers do not say. `is_tried`: a record of it is requested, too.
fn why_refused(reader: &Reader, topic: &str, is_tried: bool) -> Result<Answer<Option<String>>, Fault> {
    let Ok(metadata) = reader.fetch_metadata(Some(topic), REQUEST_MS) else { return Ok(Answer::Wait) };
    let known = metadata.topics().iter().find(|known| known.name() == topic);
    match known.map(|known| known.error().map(Code::from)) {
        None | Some(Some(Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {
            Ok(Answer::Ready(Some("the topic does not exist".to_owned())))
        }
        Some(Some(Code::TopicAuthorizationFailed)) => Ok(Answer::Ready(Some(needs_read(topic)))),
        Some(Some(_)) => Ok(Answer::Wait),
        Some(None) if is_tried => try_to_read(reader, topic),
        Some(None) => Ok(Answer::Ready(None)),
    }
}

fn needs_read(topic: &str) -> String {
    needs_permission(&format!("READ on topic {topic}"))
}

/// Reads at the end of a partition: DESCRIBE suffices for metadata, and READ is missing only then.
fn try_to_read(reader: &Reader, topic: &str) -> Result<Answer<Option<String>>, Fault> {
    let partition = SourcePartition { topic: topic.to_owned(), partition: 0 };
    let Ok(Answer::Ready((_, end))) = watermarks(reader, &partition) else { return Ok(Answer::Wait) };
    let at_end = list(&[partition], at(end))?;
    reader.assign(&at_end).map_err(|error| fault("reading a source", &error))?;
    let resources = Resources { read: vec![topic.to_owned()], ..Resources::default() };
    let watch = Stopwatch::start();
    let missing = loop {
        match reader.poll(CHECKPOINT_POLL_MS) {
            None if watch.elapsed() < TRIAL_READ_SECONDS => {}
            // No group is joined here. librdkafka looks up its coordinator all the same.
            Some(Err(error)) if error.rdkafka_error_code() == Some(Code::GroupAuthorizationFailed) => {}
            Some(Err(error)) => break resources.missing_permission(&error),
            // A record, or no answer: nothing is refused.
            None | Some(Ok(_)) => break None,
        }
    };
    reader.unassign().map_err(|error| fault("reading a source", &error))?;
    Ok(Answer::Ready(missing))
}
