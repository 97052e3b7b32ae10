//! A port between a worker and the log that crashes, pauses while others continue, loses answers and delivers twice. In a run
//! without a rule of the protocol this port breaks the rule.

use crate::simulation::cluster::{Cluster, PARTITIONS};
use crate::simulation::rules::{Rule, Where};
use adcs_watch::decode::prefilter::Candidate;
use adcs_watch::memory_log::client::Client;
use adcs_watch::memory_log::detector_port::{self, CHECKPOINT, MemoryDetector};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::memory_log::{NewRecord, Refused};
use adcs_watch::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome, RoutedRecord,
    RouterCommit, RouterInput, RouterPort, SourcePartition, SourceRecord, TopicNames, TopicPrefilter,
    Transaction,
};
use adcs_watch::wire;
use adcs_watch::wire::record::Marker;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// The fault of a process that was killed.
pub(crate) const DIED: &str = "the process died";

pub(crate) struct Faulty<P> {
    pub(crate) port: P,
    cluster: Weak<Cluster>,
    stage: Where,
    dead: bool,
    /// Committed offsets when they were last requested, for broken rules.
    committed: BTreeMap<u32, Option<u64>>,
    /// Checkpoint ends when the process started, for broken rules.
    ends: BTreeMap<u32, u64>,
}

impl<P> Faulty<P> {
    pub(crate) fn new(cluster: &Rc<Cluster>, stage: Where, port: P) -> Faulty<P> {
        let end = |partition| (partition, cluster.log.end(&detector_port::checkpoint(partition)));
        let ends = (0..PARTITIONS).map(end).collect();
        Faulty { port, cluster: Rc::downgrade(cluster), stage, dead: false, committed: BTreeMap::new(), ends }
    }

    fn cluster(&self) -> Rc<Cluster> {
        self.cluster.upgrade().unwrap()
    }

    fn breaks(&self, rule: Rule) -> bool {
        self.cluster().broken == Some((rule, self.stage))
    }

    /// A point between two steps at which a process may be killed, or pause for as long as others need to take its place.
    fn point(&mut self, client: impl Fn(&P) -> &Client) -> Result<(), Fault> {
        let cluster = self.cluster();
        cluster.count_call()?;
        if cluster.strikes(cluster.danger.death) {
            cluster.count(|summary| summary.deaths += 1);
            self.dead = true;
        }
        if self.dead {
            return Err(Fault::Broken(DIED.to_owned()));
        }
        if cluster.strikes(cluster.danger.pause) {
            let client = client(&self.port);
            cluster.meanwhile(client.group(), client.member());
        }
        Ok(())
    }

    fn commit(
        &mut self,
        client: fn(&mut P) -> &mut Client,
        shared: fn(&P) -> &Client,
        mut records: Vec<NewRecord>,
        offsets: &[(SourcePartition, u64)],
    ) -> Result<Outcome, Fault> {
        let cluster = self.cluster();
        self.point(shared)?;
        if self.breaks(Rule::CheckpointInTransaction) {
            let (checkpoint, rest) = records.into_iter().partition(|record| record.to.topic == CHECKPOINT);
            records = rest;
            for record in checkpoint {
                let client = client(&mut self.port);
                let written = client.produce(vec![record]).and_then(|()| client.end(true));
                written.map_err(|_| client.fenced())?;
                self.point(shared)?;
            }
        }
        let checkpoint_only = records.iter().all(|record| record.to.topic == CHECKPOINT);
        let produced = client(&mut self.port).produce(records);
        produced.map_err(|_| client(&mut self.port).fenced())?;
        self.point(shared)?;
        if cluster.strikes(cluster.danger.abort) {
            return self.end(client, Outcome::Aborted);
        }
        if self.breaks(Rule::OffsetsInTransaction) {
            self.end(client, Outcome::Committed)?;
            self.point(shared)?;
            let client = client(&mut self.port);
            client.log.set_offsets(client.group(), offsets);
            return Ok(Outcome::Committed);
        }
        let breaks = checkpoint_only && self.breaks(Rule::CheckpointWithOffset);
        let sent = match breaks && self.are_committed(client, offsets) {
            true => Ok(()),
            false => client(&mut self.port).send_offsets(offsets),
        };
        match sent {
            Ok(()) => {}
            Err(Refused::Fenced) => return Err(client(&mut self.port).fenced()),
            Err(Refused::StaleGeneration) if self.breaks(Rule::GenerationFence) => {
                self.end(client, Outcome::Committed)?;
                let client = client(&mut self.port);
                client.log.set_offsets(client.group(), offsets);
                return Ok(Outcome::Committed);
            }
            Err(Refused::StaleGeneration) => {
                cluster.count(|summary| summary.stale += 1);
                return self.end(client, Outcome::Aborted);
            }
        }
        self.point(shared)?;
        if cluster.strikes(cluster.danger.doubt) {
            return Ok(self.lose_answer(client));
        }
        let ended = self.end(client, Outcome::Committed)?;
        self.point(shared)?;
        Ok(ended)
    }

    fn are_committed(
        &mut self,
        client: fn(&mut P) -> &mut Client,
        offsets: &[(SourcePartition, u64)],
    ) -> bool {
        let client = client(&mut self.port);
        let committed = |partition| client.log.committed(client.group(), partition).unwrap_or_default();
        offsets.iter().all(|(partition, offset)| *offset <= committed(partition))
    }

    /// Ends the transaction. The markers of a decided one may be written later.
    fn end(&mut self, client: fn(&mut P) -> &mut Client, outcome: Outcome) -> Result<Outcome, Fault> {
        let cluster = self.cluster();
        let client = client(&mut self.port);
        if outcome == Outcome::Aborted {
            cluster.count(|summary| summary.aborted += 1);
        }
        if outcome == Outcome::Committed && cluster.strikes(500) {
            let arrived = client.commit_request().deliver();
            return arrived.map(|()| outcome).map_err(|_| client.fenced());
        }
        let ended = client.end(outcome == Outcome::Committed);
        ended.map(|()| outcome).map_err(|_| client.fenced())
    }

    /// Requests the commit and loses the answer: the request arrived, or arrives later, or never.
    fn lose_answer(&mut self, client: fn(&mut P) -> &mut Client) -> Outcome {
        let cluster = self.cluster();
        cluster.count(|summary| summary.unknown += 1);
        let client = client(&mut self.port);
        let request = client.commit_request();
        match cluster.random.borrow_mut().below(3) {
            0 => drop(request.deliver()),
            1 => cluster.requests.borrow_mut().push(request),
            _ => {}
        }
        client.replace_producer();
        if self.breaks(Rule::UnknownIsNotAborted) {
            Outcome::Aborted
        } else if self.breaks(Rule::UnknownIsNotCommitted) {
            Outcome::Committed
        } else {
            Outcome::Unknown
        }
    }
}

fn detector_client(port: &mut MemoryDetector) -> &mut Client {
    &mut port.client
}

fn router_client(port: &mut MemoryRouter) -> &mut Client {
    &mut port.client
}

impl DetectorPort for Faulty<MemoryDetector> {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.point(|port| &port.client)?;
        let mut inputs = self.port.poll(wait, intake)?;
        let cluster = self.cluster();
        if self.breaks(Rule::ReadCommitted) {
            let records = self.port.client.read_uncommitted();
            let records = records.into_iter().map(|(from, record)| {
                let (partition, value) = (from.partition, record.value.unwrap_or_default());
                DetectorInput::Record(RoutedRecord {
                    partition,
                    offset: record.offset,
                    append_time: record.append_time,
                    value,
                })
            });
            let end = inputs.len() - changes(&inputs);
            inputs.splice(end..end, records);
        }
        for input in &mut inputs {
            if let DetectorInput::Record(record) = input
                && self.breaks(Rule::Determinism)
            {
                record.value = reread(&record.value, cluster.now.get());
            }
        }
        if self.breaks(Rule::LossIsReported) {
            inputs.retain(|input| !matches!(input, DetectorInput::Lost(_)));
        }
        if self.breaks(Rule::PassedMarkers) {
            inputs.retain(|input| !matches!(input, DetectorInput::Passed { .. }));
        }
        // The first record is delivered twice more, before and behind the others.
        let first = inputs.iter().find_map(|input| match input {
            DetectorInput::Record(record) => Some(record.clone()),
            DetectorInput::Assign(_)
            | DetectorInput::Revoke(_)
            | DetectorInput::Lost(_)
            | DetectorInput::Passed { .. } => None,
        });
        if let Some(record) = first.filter(|_| cluster.strikes(100)) {
            let again = DetectorInput::Record(record);
            let lost = inputs.iter().filter(|input| matches!(input, DetectorInput::Lost(_))).count();
            inputs.insert(lost, again.clone());
            inputs.insert(inputs.len() - changes(&inputs), again);
            cluster.count(|summary| summary.repeated += 2);
        }
        self.point(|port| &port.client)?;
        Ok(inputs)
    }

    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.point(|port| &port.client)?;
        self.port.accept(partitions)?;
        self.point(|port| &port.client)
    }

    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.point(|port| &port.client)?;
        self.port.release(partitions)?;
        self.point(|port| &port.client)
    }

    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        self.point(|port| &port.client)?;
        let client = &self.port.client;
        let honest = client.log.committed(client.group(), &detector_port::routed(partition));
        self.committed.insert(partition, honest);
        if self.breaks(Rule::WaitForUndecided) {
            return Ok(Answer::Ready(honest));
        }
        let answer = self.port.committed(partition)?;
        self.point(|port| &port.client)?;
        match answer {
            Answer::Ready(_) if self.breaks(Rule::ReplayWithoutOutput) => Ok(Answer::Ready(None)),
            Answer::Ready(_) | Answer::Wait => Ok(answer),
        }
    }

    fn log_start(&mut self, partition: u32, committed: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.port.log_start(partition, committed)
    }

    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        self.point(|port| &port.client)?;
        let log = &self.port.client.log;
        if self.breaks(Rule::EndAfterCommitted) {
            return Ok(Answer::Ready(self.ends[&partition]));
        }
        if self.breaks(Rule::EndIsHighWatermark) {
            return Ok(Answer::Ready(log.stable_end(&detector_port::checkpoint(partition))));
        }
        self.port.checkpoint_end(partition)
    }

    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        self.point(|port| &port.client)?;
        let committed = self.committed.get(&partition).copied().flatten();
        let from_committed = committed.filter(|_| self.breaks(Rule::ReplayFromMarker));
        self.port.read_checkpoint(partition, end, &mut |offset, mut record| {
            if let (Some(committed), b"marker", Some(value)) =
                (from_committed, &*record.key, &mut record.value)
            {
                let marker = wire::decode::<Marker>(value).unwrap();
                *value = wire::encode(&Marker { input_offset: committed, ..marker });
            }
            sink(offset, record);
        })
    }

    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault> {
        self.port.rewind_checkpoint(partition)
    }

    fn topics(&self) -> TopicNames {
        self.port.topics()
    }

    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        self.point(|port| &port.client)?;
        let routed = detector_port::routed(partition);
        let latest = self.breaks(Rule::NoResetToLatest) && self.committed.get(&partition) == Some(&None);
        let offset = if latest { self.port.client.log.end(&routed) } else { offset };
        self.port.start_at(partition, offset)?;
        self.point(|port| &port.client)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault> {
        let mut records = MemoryDetector::records(transaction);
        if self.breaks(Rule::Marker) {
            records.retain(|record| record.key.as_deref() != Some(b"marker"));
        }
        let offsets = MemoryDetector::offsets(transaction);
        self.commit(detector_client, |port| &port.client, records, &offsets)
    }
}

/// How many inputs stand behind the last record.
fn changes(inputs: &[DetectorInput]) -> usize {
    inputs.iter().rev().take_while(|input| !matches!(input, DetectorInput::Record(_))).count()
}

/// The events with times that depend on when they are read.
fn reread(value: &[u8], now: u64) -> Vec<u8> {
    let mut events: Vec<_> = wire::routed::decode(value).map(Result::unwrap).collect();
    for event in &mut events {
        event.time = adcs_watch::event::time::Time::from_millis(event.time.as_millis() + now as i64);
    }
    wire::routed::encode(&events)
}

impl RouterPort for Faulty<MemoryRouter> {
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.point(|port| &port.client)?;
        let mut inputs = self.port.poll(wait, prefilter)?;
        let cluster = self.cluster();
        if self.breaks(Rule::LossIsReported) {
            inputs.retain(|input| !matches!(input, RouterInput::Lost(_)));
        }
        let records: Vec<SourceRecord<Candidate>> = inputs
            .iter()
            .filter_map(|input| match input {
                RouterInput::Record(record) => Some(record.clone()),
                RouterInput::Assign(_)
                | RouterInput::Revoke(_)
                | RouterInput::Lost(_)
                | RouterInput::Filtered(_)
                | RouterInput::Passed { .. } => None,
            })
            .collect();
        if let Some(last) = records.last().filter(|_| cluster.strikes(100)) {
            let changes =
                inputs.iter().rev().take_while(|input| !matches!(input, RouterInput::Record(_))).count();
            inputs.insert(inputs.len() - changes, RouterInput::Record(last.clone()));
            cluster.count(|summary| summary.repeated += 1);
        }
        self.point(|port| &port.client)?;
        Ok(inputs)
    }

    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.point(|port| &port.client)?;
        self.port.accept(partitions)
    }

    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.point(|port| &port.client)?;
        self.port.release(partitions)
    }

    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        self.point(|port| &port.client)?;
        let client = &self.port.client;
        if self.breaks(Rule::WaitForUndecided) {
            return Ok(Answer::Ready(client.log.committed(client.group(), partition)));
        }
        self.port.committed(partition)
    }

    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.point(|port| &port.client)?;
        let offset = match offset {
            None if self.breaks(Rule::NoResetToLatest) => Some(self.port.client.log.end(partition)),
            offset => offset,
        };
        self.port.start_at(partition, offset)
    }

    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        self.commit(router_client, |port| &port.client, MemoryRouter::records(batch), &batch.offsets)
    }
}
