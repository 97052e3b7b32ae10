//! The cluster of one run: the log, the processes and their faults. The seed decides all of it.

use crate::simulation::checks;
use crate::simulation::faulty::{DIED, Faulty};
use crate::simulation::random::Random;
use crate::simulation::rules::{Rule, Where};
use crate::simulation::source;
use crate::simulation::summary::Summary;
use adcs_watch::detect::policy::Policy;
use adcs_watch::memory_log::client::CommitRequest;
use adcs_watch::memory_log::detector_port::{ALERTS, CHECKPOINT, DEAD_LETTER, MemoryDetector, ROUTED};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::memory_log::{MemoryLog, StoredRecord, detector_port, router_port};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{Fault, Millis, SourcePartition};
use adcs_watch::stage::router::task::RouterTask;
use adcs_watch::stage::router::worker::RouterWorker;
use adcs_watch::wire;
use adcs_watch::wire::record::Marker;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) const SOURCE: &str = "windows";
pub(crate) const SOURCE_PARTITIONS: u32 = 2;
pub(crate) const PARTITIONS: u32 = 4;
const RECORDS: u64 = 70;
const TICKS: u64 = 900;
/// Ticks within which the cluster must become idle once no more faults occur.
const TICKS_OF_REST: u64 = 3000;
/// Ticks in which an idle cluster commits its positions.
const TICKS_OF_SILENCE: u64 = 20;
/// Calls of ports in one run, far above what any run needs: a worker in an endless loop fails the run instead of hanging it.
const MOST_CALLS: u64 = 2_000_000;
/// The error of a reader whose offset was deleted by retention.
const NOT_THERE: &str = "has no offset";

/// The probabilities of faults, in 1000, at every point where they can occur.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Danger {
    pub(crate) death: usize,
    pub(crate) pause: usize,
    pub(crate) abort: usize,
    pub(crate) doubt: usize,
}

pub(crate) enum Worker {
    Router(Box<RouterWorker<Faulty<MemoryRouter>>>),
    Detector(Box<DetectorWorker<Faulty<MemoryDetector>>>),
}

/// A process. It is dead once its worker is gone.
struct Process {
    name: String,
    worker: RefCell<Option<Worker>>,
}

pub(crate) struct Cluster {
    pub(crate) log: MemoryLog,
    pub(crate) random: RefCell<Random>,
    pub(crate) danger: Danger,
    pub(crate) broken: Option<(Rule, Where)>,
    pub(crate) now: Cell<u64>,
    /// Commit requests in flight.
    pub(crate) requests: RefCell<Vec<CommitRequest>>,
    /// Every record of the routed topic, also those that retention deleted.
    pub(crate) history: RefCell<Vec<BTreeMap<u64, StoredRecord>>>,
    pub(crate) summary: RefCell<Summary>,
    /// Violations of a guarantee.
    complaints: RefCell<Vec<String>>,
    calm: Cell<bool>,
    depth: Cell<u32>,
    calls: Cell<u64>,
    fed: Cell<u64>,
    /// Where in the recordings a run begins that is fed with them.
    recorded: Option<usize>,
    wanted: Cell<(usize, usize)>,
    /// How often the policy was changed, in a run in which it changes at all.
    pub(crate) changes: Cell<Option<u32>>,
    processes: RefCell<Vec<Rc<Process>>>,
    /// Members of dead processes whose sessions have not expired.
    expiring: RefCell<Vec<(String, String)>>,
}

impl Cluster {
    /// One run. The error names the guarantee that was violated.
    pub(crate) fn run(seed: u64, broken: Option<(Rule, Where)>) -> Result<Summary, String> {
        let mut random = Random::new(seed);
        let recorded = (seed % 4 == 1).then(|| random.below(source::recordings().len()));
        let mut often = |most: usize| random.below(most + 1);
        let danger = Danger { death: often(12), pause: often(12), abort: often(150), doubt: often(200) };
        let cluster = Rc::new(Cluster {
            log: MemoryLog::new(),
            random: RefCell::new(random),
            danger,
            broken,
            now: Cell::new(0),
            requests: RefCell::default(),
            history: RefCell::new(vec![BTreeMap::new(); PARTITIONS as usize]),
            summary: RefCell::default(),
            complaints: RefCell::default(),
            calm: Cell::new(false),
            depth: Cell::new(0),
            calls: Cell::new(0),
            fed: Cell::new(0),
            recorded,
            wanted: Cell::new((1, 1)),
            changes: Cell::new((seed % 4 == 3).then_some(0)),
            processes: RefCell::default(),
            expiring: RefCell::default(),
        });
        cluster.log.create(SOURCE, SOURCE_PARTITIONS);
        cluster.log.create(ROUTED, PARTITIONS);
        cluster.log.create(CHECKPOINT, PARTITIONS);
        cluster.log.create(ALERTS, 1);
        cluster.log.create(DEAD_LETTER, 1);
        for _ in 0..TICKS {
            cluster.tick();
        }
        cluster.calm.set(true);
        cluster.become_idle()?;
        let core = checks::check(&cluster)?;
        cluster.survive_retention()?;
        checks::check_again(&cluster, &core)?;
        Ok(cluster.summary.take())
    }

    /// A long silence: retention deletes everything that was read, transaction markers included. A new detector must restore.
    fn survive_retention(self: &Rc<Self>) -> Result<(), String> {
        (0..TICKS_OF_SILENCE).for_each(|_| self.idle_tick());
        for partition in 0..PARTITIONS {
            let routed = detector_port::routed(partition);
            let Some(checkpoint) = self.checkpoint(partition) else { continue };
            if self.log.first_record(&routed, checkpoint).is_none() {
                self.count(|summary| summary.emptied += 1);
                self.retain(partition, self.log.stable_end(&routed));
            }
        }
        for process in self.processes.borrow().iter().filter(|process| process.name.starts_with("detector")) {
            if let Some(mut worker) = process.worker.borrow_mut().take() {
                self.gone(&mut worker);
            }
        }
        self.become_idle()
    }

    /// Counts a call of a port.
    ///
    /// # Errors
    /// When a run has too many of them.
    pub(crate) fn count_call(&self) -> Result<(), Fault> {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get() <= MOST_CALLS {
            return Ok(());
        }
        Err(Fault::Broken("a worker loops without end".to_owned()))
    }

    pub(crate) fn strikes(&self, per_mille: usize) -> bool {
        !self.calm.get() && self.random.borrow_mut().happens(per_mille)
    }

    pub(crate) fn count(&self, what: impl FnOnce(&mut Summary)) {
        what(&mut self.summary.borrow_mut());
    }

    fn below(&self, n: usize) -> usize {
        self.random.borrow_mut().below(n)
    }

    /// The other processes continue while one pauses, often until its session expires and they own its partitions.
    pub(crate) fn meanwhile(self: &Rc<Self>, group: &str, member: &str) {
        if self.depth.get() >= 2 {
            return;
        }
        self.depth.set(self.depth.get() + 1);
        self.count(|summary| summary.pauses += 1);
        if self.below(2) == 0 {
            self.count(|summary| summary.zombies += 1);
            self.log.expire_member(group, member);
        }
        for _ in 0..self.below(60) {
            self.tick();
        }
        self.depth.set(self.depth.get() - 1);
    }

    fn tick(self: &Rc<Self>) {
        self.now.set(self.now.get() + 7);
        match self.below(40) {
            0 => self.scale(),
            1 | 2 => self.expire_session(),
            3 | 4 => self.housekeeping(),
            5 => self.expire_transaction(),
            6 | 7 => self.deliver_request(),
            8..=11 => self.log.write_marker(self.below(self.log.markers_left())),
            12..=15 => self.feed(),
            16 => self.change_policy(),
            _ => self.step(),
        }
    }

    /// The policies of a run decide alike, and each has its own fingerprint.
    fn policy(&self) -> Policy {
        let changes = self.changes.get().into_iter().filter(|changes| *changes > 0);
        Policy { foreign_issuers: changes.map(|n| format!("Issuer {n}")).collect(), ..Policy::default() }
    }

    /// Every process reads a changed config, except those that pause.
    fn change_policy(&self) {
        let Some(changes) = self.changes.get() else { return self.feed() };
        self.changes.set(Some(changes + 1));
        self.count(|summary| summary.policies += 1);
        for process in self.processes.borrow().iter() {
            match process.worker.try_borrow_mut().as_deref_mut() {
                Ok(Some(Worker::Router(worker))) => worker.change_policy(&self.policy()),
                Ok(Some(Worker::Detector(worker))) => worker.change_policy(self.policy()),
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// Changes the number of processes. A process too many stops in order, or is killed.
    fn scale(self: &Rc<Self>) {
        self.wanted.set((1 + self.below(2), 1 + self.below(3)));
        let (routers, detectors) = self.wanted.get();
        let is_wanted = |name: &str| {
            (0..routers).any(|n| name == format!("router-{n}"))
                || (0..detectors).any(|n| name == format!("detector-{n}"))
        };
        let processes = self.processes.borrow().clone();
        for process in processes.iter().filter(|process| !is_wanted(&process.name)) {
            let Ok(mut worker) = process.worker.try_borrow_mut() else { continue };
            let Some(mut leaving) = worker.take() else { continue };
            if self.below(3) > 0 {
                let _ = match &mut leaving {
                    Worker::Router(worker) => worker.commit(),
                    Worker::Detector(worker) => worker.finish(Millis(self.now.get())).map(drop),
                };
            }
            self.gone(&mut leaving);
        }
    }

    fn gone(&self, worker: &mut Worker) -> (String, String) {
        let client = match worker {
            Worker::Router(worker) => &worker.port_mut().port.client,
            Worker::Detector(worker) => {
                let counts = worker.counts();
                self.count(|summary| {
                    summary.restored += counts.restored;
                    summary.replayed_alerts += counts.replayed_alerts;
                    summary.checkpoints += counts.checkpoints;
                });
                &worker.port_mut().port.client
            }
        };
        let member_of_group = (client.group().to_owned(), client.member().to_owned());
        self.expiring.borrow_mut().push(member_of_group.clone());
        member_of_group
    }

    /// A session of a dead process expires.
    fn expire_session(&self) {
        let member_of_group = self.expiring.borrow_mut().pop();
        if let Some((group, member)) = member_of_group {
            self.log.expire_member(&group, &member);
        }
    }

    /// Compaction, and retention of the records that no restore needs.
    fn housekeeping(&self) {
        let partition = self.below(PARTITIONS as usize) as u32;
        self.log.compact(&detector_port::checkpoint(partition));
        self.count(|summary| summary.compactions += 1);
        if let Some(checkpoint) = self.checkpoint(partition) {
            self.retain(partition, checkpoint);
        }
    }

    /// The offset of the newest committed checkpoint.
    fn checkpoint(&self, partition: u32) -> Option<u64> {
        let (records, _) = self.log.read_committed(&detector_port::checkpoint(partition), 0, usize::MAX);
        let marker = records.iter().rfind(|record| record.key.as_deref() == Some(b"marker"))?;
        Some(wire::decode::<Marker>(marker.value.as_deref()?).ok()?.input_offset)
    }

    /// Retention deletes everything below an offset.
    fn retain(&self, partition: u32, from: u64) {
        self.remember(partition);
        self.log.truncate(&detector_port::routed(partition), from);
    }

    pub(crate) fn remember(&self, partition: u32) {
        let history = &mut self.history.borrow_mut()[partition as usize];
        let known = history.last_key_value().map_or(0, |(offset, _)| offset + 1);
        let (records, _) = self.log.read_committed(&detector_port::routed(partition), known, usize::MAX);
        history.extend(records.into_iter().map(|record| (record.offset, record)));
    }

    /// The coordinator aborts a transaction that exceeds its timeout.
    fn expire_transaction(&self) {
        let open = self.log.open_transactions();
        if !open.is_empty() {
            self.log.expire_transaction(&open[self.below(open.len())]);
        }
    }

    fn deliver_request(&self) {
        let request = self.requests.borrow_mut().pop();
        let _ = request.map(|request| request.deliver());
    }

    fn feed(&self) {
        if self.fed.get() < RECORDS {
            let value = match self.recorded {
                Some(start) => {
                    let lines = source::recordings();
                    Some(lines[(start + self.fed.get() as usize) % lines.len()].clone())
                }
                None => source::record(&mut self.random.borrow_mut(), self.fed.get()),
            };
            let partition = self.below(SOURCE_PARTITIONS as usize) as u32;
            self.log.append(&SourcePartition { topic: SOURCE.to_owned(), partition }, value, None);
            self.fed.set(self.fed.get() + 1);
        }
    }

    /// One process takes a step, or starts.
    fn step(self: &Rc<Self>) {
        let (routers, detectors) = self.wanted.get();
        let choice = self.below(routers + detectors * 2);
        let name = match choice.checked_sub(routers) {
            None => format!("router-{choice}"),
            Some(n) => format!("detector-{}", n % detectors),
        };
        let process = self.process(&name);
        match process {
            // A process that pauses may be replaced by another one of its name.
            Some(process) => match process.worker.try_borrow_mut() {
                Ok(mut worker) if worker.is_some() => self.step_of(&mut worker),
                Ok(_) => self.start(name),
                Err(_) if self.below(20) == 0 => self.start(name),
                Err(_) => {}
            },
            None => self.start(name),
        }
    }

    /// The newest process of a name, or sometimes an older one that was given up and lives.
    fn process(&self, name: &str) -> Option<Rc<Process>> {
        let lives =
            |process: &Rc<Process>| process.worker.try_borrow().map_or(true, |worker| worker.is_some());
        let mut processes = self.processes.borrow_mut();
        processes.retain(lives);
        let named: Vec<&Rc<Process>> = processes.iter().filter(|process| process.name == name).collect();
        let oldest = named.len() > 1 && self.strikes(200);
        if oldest { named.first() } else { named.last() }.map(|process| Rc::clone(process))
    }

    fn step_of(&self, worker: &mut Option<Worker>) {
        let now = Millis(self.now.get());
        let result = match worker {
            Some(Worker::Router(worker)) => worker.step(now),
            Some(Worker::Detector(worker)) => worker.step(now),
            None => return,
        };
        if result.is_ok() {
            return self.note_stopped(worker);
        }
        if let Err(fault) = result {
            let mut broken = None;
            match fault {
                Fault::Fenced(_) => self.count(|summary| summary.fenced += 1),
                Fault::Broken(what) if what == DIED => {}
                Fault::Broken(what) | Fault::Forbidden(what) | Fault::Partition(what) => broken = Some(what),
            }
            let Some(mut worker) = worker.take() else { return };
            let (group, member) = self.gone(&mut worker);
            // A process that paused and lost its partitions may find that retention deleted what their new owner has read.
            let lost = || self.log.owners(&group).values().all(|owner| *owner != member);
            if let Some(what) = broken.filter(|what| !(what.contains(NOT_THERE) && lost())) {
                self.complaints.borrow_mut().push(what);
            }
        }
    }

    /// A partition may stop only at a process that does not own it any more.
    fn note_stopped(&self, worker: &mut Option<Worker>) {
        let Some(Worker::Detector(worker)) = worker else { return };
        let stopped: Vec<(u32, String)> =
            worker.stopped().map(|(partition, why)| (partition, why.to_owned())).collect();
        let client = &worker.port_mut().port.client;
        let owners = self.log.owners(client.group());
        let is_own = |(partition, _): &(u32, String)| {
            owners.get(&detector_port::routed(*partition)).is_some_and(|owner| owner == client.member())
        };
        self.complaints.borrow_mut().extend(stopped.into_iter().filter(is_own).map(|(_, why)| why));
    }

    fn start(self: &Rc<Self>, name: String) {
        let pace = Pace {
            linger: Millis(20),
            quiet: Millis(100),
            retry: Millis(10),
            retry_partition: Millis(50),
            longest_replay: Millis(2000),
            replay_records_per_second: 1,
            oldest_checkpoint: Millis(300),
            outbox: 2,
            longest_wait: Millis(40),
            behind: 3,
            ..Pace::default()
        };
        let (log, policy) = (self.log.clone(), self.policy());
        let worker = if name.starts_with("router") {
            let port = Faulty::new(self, Where::Router, MemoryRouter::new(log, &name, &[SOURCE]));
            let task = RouterTask::new(&policy, PARTITIONS, BTreeMap::new());
            Worker::Router(Box::new(RouterWorker::new(port, task, pace)))
        } else {
            let port = Faulty::new(self, Where::Detector, MemoryDetector::new(log, &name));
            Worker::Detector(Box::new(DetectorWorker::new(port, policy, PARTITIONS, pace)))
        };
        let process = Rc::new(Process { name, worker: RefCell::new(Some(worker)) });
        self.processes.borrow_mut().push(process);
    }

    /// Runs one router and one detector without faults until everything is done.
    fn become_idle(self: &Rc<Self>) -> Result<(), String> {
        self.wanted.set((1, 1));
        for tick in 0..TICKS_OF_REST {
            self.idle_tick();
            let complaint = self.complaints.borrow().first().cloned();
            complaint.map_or(Ok(()), Err)?;
            if tick % 10 == 0 && self.is_idle() {
                return Ok(());
            }
        }
        Err("the cluster does not become idle".to_owned())
    }

    fn idle_tick(self: &Rc<Self>) {
        self.now.set(self.now.get() + 50);
        self.feed();
        self.expire_session();
        self.deliver_request();
        self.expire_transaction();
        self.log.write_marker(0);
        let processes = self.processes.borrow().clone();
        for (at, process) in processes.iter().enumerate() {
            let is_older = processes[at + 1..].iter().any(|other| other.name == process.name);
            if (is_older || !process.name.ends_with("-0"))
                && let Some(mut worker) = process.worker.borrow_mut().take()
            {
                self.gone(&mut worker);
            }
        }
        self.step();
    }

    fn is_idle(&self) -> bool {
        let done = |group: &str, partition: &SourcePartition| {
            let (records, _) = self.log.read_committed(partition, 0, usize::MAX);
            let needed = records.last().map_or(0, |record| record.offset + 1);
            self.log.committed(group, partition).unwrap_or_default() >= needed
        };
        self.fed.get() >= RECORDS
            && self.expiring.borrow().is_empty()
            && self.requests.borrow().is_empty()
            && self.log.open_transactions().is_empty()
            && self.log.markers_left() == 0
            && self.log.partitions(SOURCE).iter().all(|partition| done(router_port::GROUP, partition))
            && self.log.partitions(ROUTED).iter().all(|partition| done(detector_port::GROUP, partition))
            && self.detector(|worker| worker.is_ready() && worker.status().count() == PARTITIONS as usize)
                == Some(true)
    }

    /// Reads from the only detector that is left.
    pub(crate) fn detector<T>(
        &self,
        ask: impl Fn(&DetectorWorker<Faulty<MemoryDetector>>) -> T,
    ) -> Option<T> {
        let processes = self.processes.borrow();
        let worker = |process: &Rc<Process>| match process.worker.borrow().as_ref() {
            Some(Worker::Detector(worker)) => Some(ask(worker)),
            Some(Worker::Router(_)) | None => None,
        };
        processes.iter().rev().find_map(worker)
    }
}
