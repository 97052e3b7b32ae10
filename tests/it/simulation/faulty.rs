//! A port between the worker and the log: it dies, waits while others go on, and delivers twice; in runs that leave a rule out it
//! is also where that is done.

use crate::simulation::rules::{Rule, Where};
use crate::simulation::world::{PARTITIONS, World};
use adcs_watch::memory_log::client::Client;
use adcs_watch::memory_log::detector_port::{self, CHECKPOINT, MemoryDetector};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::memory_log::{Message, Refused};
use adcs_watch::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Names, Outcome,
    RoutedRecord, RouterCommit, RouterInput, RouterPort, Sieve, SourcePartition, SourceRecord, Transaction,
};
use adcs_watch::wire;
use adcs_watch::wire::record::Marker;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// What a process dies of.
pub(crate) const DIED: &str = "the process died";

pub(crate) struct Faulty<P> {
    pub(crate) port: P,
    world: Weak<World>,
    stage: Where,
    dead: bool,
    /// Committed offsets when they were last asked for, for broken rules.
    committed: BTreeMap<u32, Option<u64>>,
    /// Checkpoint ends when the process began, likewise.
    ends: BTreeMap<u32, u64>,
}

impl<P> Faulty<P> {
    pub(crate) fn new(world: &Rc<World>, stage: Where, port: P) -> Faulty<P> {
        let end = |partition| (partition, world.log.end(&detector_port::checkpoint(partition)));
        let ends = (0..PARTITIONS).map(end).collect();
        Faulty { port, world: Rc::downgrade(world), stage, dead: false, committed: BTreeMap::new(), ends }
    }

    fn world(&self) -> Rc<World> {
        self.world.upgrade().unwrap()
    }

    fn breaks(&self, rule: Rule) -> bool {
        self.world().broken == Some((rule, self.stage))
    }

    /// A point between two steps: here a process may die, or wait for as long as others need to take its place.
    fn point(&mut self, client: impl Fn(&P) -> &Client) -> Result<(), Fault> {
        let world = self.world();
        if world.strikes(world.danger.death) {
            world.count(|summary| summary.deaths += 1);
            self.dead = true;
        }
        if self.dead {
            return Err(Fault::Broken(DIED.to_owned()));
        }
        if world.strikes(world.danger.pause) {
            let client = client(&self.port);
            world.meanwhile(client.group(), client.member());
        }
        Ok(())
    }

    fn commit(
        &mut self,
        client: fn(&mut P) -> &mut Client,
        shared: fn(&P) -> &Client,
        mut messages: Vec<Message>,
        offsets: &[(SourcePartition, u64)],
    ) -> Result<Outcome, Fault> {
        let world = self.world();
        self.point(shared)?;
        if self.breaks(Rule::CheckpointInTransaction) {
            let (checkpoint, rest) = messages.into_iter().partition(|message| message.to.topic == CHECKPOINT);
            messages = rest;
            for record in checkpoint {
                let client = client(&mut self.port);
                let written = client.produce(vec![record]).and_then(|()| client.end(true));
                written.map_err(|_| client.fenced())?;
                self.point(shared)?;
            }
        }
        let checkpoint_only = messages.iter().all(|message| message.to.topic == CHECKPOINT);
        let produced = client(&mut self.port).produce(messages);
        produced.map_err(|_| client(&mut self.port).fenced())?;
        self.point(shared)?;
        if world.strikes(world.danger.abort) {
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
                world.count(|summary| summary.stale += 1);
                return self.end(client, Outcome::Aborted);
            }
        }
        self.point(shared)?;
        if world.strikes(world.danger.doubt) {
            return Ok(self.doubt(client));
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

    /// Ends the transaction. What is decided may still want its markers.
    fn end(&mut self, client: fn(&mut P) -> &mut Client, outcome: Outcome) -> Result<Outcome, Fault> {
        let world = self.world();
        let client = client(&mut self.port);
        if outcome == Outcome::Aborted {
            world.count(|summary| summary.aborted += 1);
        }
        if outcome == Outcome::Committed && world.strikes(500) {
            let arrived = client.commit_request().arrive();
            return arrived.map(|()| outcome).map_err(|_| client.fenced());
        }
        let ended = client.end(outcome == Outcome::Committed);
        ended.map(|()| outcome).map_err(|_| client.fenced())
    }

    /// Asks for the commit and does not hear the answer: the request arrived, or arrives later, or never.
    fn doubt(&mut self, client: fn(&mut P) -> &mut Client) -> Outcome {
        let world = self.world();
        world.count(|summary| summary.doubtful += 1);
        let client = client(&mut self.port);
        let request = client.commit_request();
        match world.random.borrow_mut().below(3) {
            0 => drop(request.arrive()),
            1 => world.requests.borrow_mut().push(request),
            _ => {}
        }
        client.replace_producer();
        if self.breaks(Rule::DoubtIsNoAbort) {
            Outcome::Aborted
        } else if self.breaks(Rule::DoubtIsNoCommit) {
            Outcome::Committed
        } else {
            Outcome::Doubtful
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
        let world = self.world();
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
                record.value = reread(&record.value, world.now.get());
            }
        }
        if self.breaks(Rule::LossIsTold) {
            inputs.retain(|input| !matches!(input, DetectorInput::Lost(_)));
        }
        // What was delivered before is delivered again, before or behind the rest.
        let first = inputs.iter().find_map(|input| match input {
            DetectorInput::Record(record) => Some(record.clone()),
            DetectorInput::Assign(_) | DetectorInput::Revoke(_) | DetectorInput::Lost(_) => None,
        });
        if let Some(record) = first.filter(|_| world.strikes(100)) {
            let again = DetectorInput::Record(record);
            let lost = inputs.iter().filter(|input| matches!(input, DetectorInput::Lost(_))).count();
            inputs.insert(lost, again.clone());
            inputs.insert(inputs.len() - changes(&inputs), again);
            world.count(|summary| summary.repeated += 2);
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
            Answer::Ready(_) if self.breaks(Rule::SilentReplay) => Ok(Answer::Ready(None)),
            Answer::Ready(_) | Answer::Wait => Ok(answer),
        }
    }

    fn log_start(&mut self, partition: u32, reaches: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.port.log_start(partition, reaches)
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

    fn read_again(&mut self, partition: u32) -> Result<(), Fault> {
        self.port.read_again(partition)
    }

    fn names(&self) -> Names {
        self.port.names()
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
        let mut messages = MemoryDetector::messages(transaction);
        if self.breaks(Rule::Marker) {
            messages.retain(|message| message.key.as_deref() != Some(b"marker"));
        }
        let offsets = MemoryDetector::offsets(transaction);
        self.commit(detector_client, |port| &port.client, messages, &offsets)
    }
}

/// How many inputs at the end are changes of the assignment.
fn changes(inputs: &[DetectorInput]) -> usize {
    inputs.iter().rev().take_while(|input| !matches!(input, DetectorInput::Record(_))).count()
}

/// The event as it would be if its time were that of its reading.
fn reread(value: &[u8], now: u64) -> Vec<u8> {
    let mut events: Vec<_> = wire::routed::decode(value).map(Result::unwrap).collect();
    for event in &mut events {
        event.time = adcs_watch::event::time::Time::from_millis(event.time.as_millis() + now as i64);
    }
    wire::routed::encode(&events)
}

impl RouterPort for Faulty<MemoryRouter> {
    fn poll(&mut self, wait: Millis, may_matter: Sieve<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.point(|port| &port.client)?;
        let mut inputs = self.port.poll(wait, may_matter)?;
        let world = self.world();
        if self.breaks(Rule::LossIsTold) {
            inputs.retain(|input| !matches!(input, RouterInput::Lost(_)));
        }
        let records: Vec<SourceRecord> = inputs
            .iter()
            .filter_map(|input| match input {
                RouterInput::Record(record) => Some(record.clone()),
                RouterInput::Assign(_)
                | RouterInput::Revoke(_)
                | RouterInput::Lost(_)
                | RouterInput::Filtered(_) => None,
            })
            .collect();
        if let Some(last) = records.last().filter(|_| world.strikes(100)) {
            let changes =
                inputs.iter().rev().take_while(|input| !matches!(input, RouterInput::Record(_))).count();
            inputs.insert(inputs.len() - changes, RouterInput::Record(last.clone()));
            world.count(|summary| summary.repeated += 1);
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
        self.commit(router_client, |port| &port.client, MemoryRouter::messages(batch), &batch.offsets)
    }
}
