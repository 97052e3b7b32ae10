//! The world of one run: the log, the processes, and what befalls them. One number decides all of it.

use crate::simulation::checks;
use crate::simulation::faulty::{DIED, Faulty};
use crate::simulation::random::Random;
use crate::simulation::rules::{Rule, Where};
use crate::simulation::story;
use adcs_watch::detect::policy::Policy;
use adcs_watch::memory_log::client::CommitRequest;
use adcs_watch::memory_log::detector_port::{ALERTS, CHECKPOINT, DEAD_LETTER, MemoryDetector, ROUTED};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::memory_log::{MemoryLog, Stored, detector_port, router_port};
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
/// Ticks within which all must come to rest when nothing bad happens any more.
const TICKS_OF_REST: u64 = 3000;
/// What a reader says of an offset that retention has taken.
const NOT_THERE: &str = "does not have offset";

/// How often something bad happens at a point where it can, in 1000.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Danger {
    pub(crate) death: usize,
    pub(crate) pause: usize,
    pub(crate) abort: usize,
    pub(crate) doubt: usize,
}

/// What happened in a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) alerts: u64,
    pub(crate) deaths: u64,
    pub(crate) pauses: u64,
    pub(crate) zombies: u64,
    pub(crate) fenced: u64,
    pub(crate) stale: u64,
    pub(crate) aborted: u64,
    pub(crate) doubtful: u64,
    pub(crate) repeated: u64,
    pub(crate) restored: u64,
    pub(crate) silenced: u64,
    pub(crate) checkpoints: u64,
    pub(crate) compactions: u64,
}

impl Summary {
    fn fields(&self) -> [u64; 13] {
        let Summary { alerts, deaths, pauses, zombies, fenced, stale, aborted, .. } = *self;
        let Summary { doubtful, repeated, restored, silenced, checkpoints, compactions, .. } = *self;
        [
            alerts,
            deaths,
            pauses,
            zombies,
            fenced,
            stale,
            aborted,
            doubtful,
            repeated,
            restored,
            silenced,
            checkpoints,
            compactions,
        ]
    }

    pub(crate) fn add(&mut self, other: &Summary) {
        self.alerts += other.alerts;
        self.deaths += other.deaths;
        self.pauses += other.pauses;
        self.zombies += other.zombies;
        self.fenced += other.fenced;
        self.stale += other.stale;
        self.aborted += other.aborted;
        self.doubtful += other.doubtful;
        self.repeated += other.repeated;
        self.restored += other.restored;
        self.silenced += other.silenced;
        self.checkpoints += other.checkpoints;
        self.compactions += other.compactions;
    }

    /// Whether everything happened often.
    pub(crate) fn is_rich(&self) -> bool {
        self.fields().into_iter().all(|count| count >= 100)
    }
}

pub(crate) enum Worker {
    Router(Box<RouterWorker<Faulty<MemoryRouter>>>),
    Detector(Box<DetectorWorker<Faulty<MemoryDetector>>>),
}

/// A process, alive until its worker is gone.
struct Process {
    name: String,
    worker: RefCell<Option<Worker>>,
}

pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) random: RefCell<Random>,
    pub(crate) danger: Danger,
    pub(crate) broken: Option<(Rule, Where)>,
    pub(crate) now: Cell<u64>,
    /// Commit requests that are on their way.
    pub(crate) requests: RefCell<Vec<CommitRequest>>,
    /// Every record of the routed topic, also what retention took.
    pub(crate) history: RefCell<Vec<BTreeMap<u64, Stored>>>,
    pub(crate) summary: RefCell<Summary>,
    /// What must never happen, and did.
    complaints: RefCell<Vec<String>>,
    calm: Cell<bool>,
    depth: Cell<u32>,
    fed: Cell<u64>,
    wanted: Cell<(usize, usize)>,
    processes: RefCell<Vec<Rc<Process>>>,
    /// Members of processes that are gone, whose sessions are not over.
    ghosts: RefCell<Vec<(String, String)>>,
}

impl World {
    /// One run. The error says which promise was broken.
    pub(crate) fn run(seed: u64, broken: Option<(Rule, Where)>) -> Result<Summary, String> {
        let mut random = Random::new(seed);
        let mut often = |most: usize| random.below(most + 1);
        let danger = Danger { death: often(12), pause: often(12), abort: often(150), doubt: often(200) };
        let world = Rc::new(World {
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
            fed: Cell::new(0),
            wanted: Cell::new((1, 1)),
            processes: RefCell::default(),
            ghosts: RefCell::default(),
        });
        world.log.create(SOURCE, SOURCE_PARTITIONS);
        world.log.create(ROUTED, PARTITIONS);
        world.log.create(CHECKPOINT, PARTITIONS);
        world.log.create(ALERTS, 1);
        world.log.create(DEAD_LETTER, 1);
        for _ in 0..TICKS {
            world.tick();
        }
        world.come_to_rest()?;
        let complaints = world.complaints.take();
        complaints.first().map_or(Ok(()), |complaint| Err(complaint.clone()))?;
        checks::check(&world)?;
        Ok(world.summary.take())
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

    /// Others go on while a process waits; often until it is given up and its partitions are theirs.
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
            1 | 2 => self.bury(),
            3 | 4 => self.housekeeping(),
            5 => self.expire_transaction(),
            6 | 7 => self.deliver_request(),
            8..=11 => self.log.write_marker(self.below(self.log.markers_left())),
            12..=15 => self.feed(),
            _ => self.step(),
        }
    }

    /// One, two, three and fewer processes; a process that is too many stops as one does that is told to, or just dies.
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
                    summary.silenced += counts.silenced;
                    summary.checkpoints += counts.checkpoints;
                });
                &worker.port_mut().port.client
            }
        };
        let ghost = (client.group().to_owned(), client.member().to_owned());
        self.ghosts.borrow_mut().push(ghost.clone());
        ghost
    }

    /// Sessions of processes that are gone are over.
    fn bury(&self) {
        let ghost = self.ghosts.borrow_mut().pop();
        if let Some((group, member)) = ghost {
            self.log.expire_member(&group, &member);
        }
    }

    /// Compaction and retention; retention takes all that no checkpoint needs.
    fn housekeeping(&self) {
        let partition = self.below(PARTITIONS as usize) as u32;
        let (routed, checkpoint) = (detector_port::routed(partition), detector_port::checkpoint(partition));
        self.log.compact(&checkpoint);
        self.count(|summary| summary.compactions += 1);
        let (records, _) = self.log.read_committed(&checkpoint, 0, usize::MAX);
        let marker = records.iter().rfind(|record| record.key.as_deref() == Some(b"marker"));
        let marker = marker.and_then(|record| wire::decode::<Marker>(record.value.as_deref()?).ok());
        if let Some(marker) = marker {
            self.remember(partition);
            self.log.truncate(&routed, marker.input_offset);
        }
    }

    pub(crate) fn remember(&self, partition: u32) {
        let history = &mut self.history.borrow_mut()[partition as usize];
        let known = history.last_key_value().map_or(0, |(offset, _)| offset + 1);
        let (records, _) = self.log.read_committed(&detector_port::routed(partition), known, usize::MAX);
        history.extend(records.into_iter().map(|record| (record.offset, record)));
    }

    /// A transaction that stays open is aborted by the coordinator at some time.
    fn expire_transaction(&self) {
        let open = self.log.open_transactions();
        if !open.is_empty() {
            self.log.expire_transaction(&open[self.below(open.len())]);
        }
    }

    fn deliver_request(&self) {
        let request = self.requests.borrow_mut().pop();
        let _ = request.map(|request| request.arrive());
    }

    fn feed(&self) {
        if self.fed.get() < RECORDS {
            let value = story::record(&mut self.random.borrow_mut(), self.fed.get());
            let partition = self.below(SOURCE_PARTITIONS as usize) as u32;
            self.log.append(&SourcePartition { topic: SOURCE.to_owned(), partition }, value, None);
            self.fed.set(self.fed.get() + 1);
        }
    }

    /// Some process takes a step, or is started.
    fn step(self: &Rc<Self>) {
        let (routers, detectors) = self.wanted.get();
        let choice = self.below(routers + detectors * 2);
        let name = match choice.checked_sub(routers) {
            None => format!("router-{choice}"),
            Some(n) => format!("detector-{}", n % detectors),
        };
        let process = self.process(&name);
        match process {
            // One that waits may be given up for another one of its name.
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
        if let Err(fault) = result {
            let mut broken = None;
            match fault {
                Fault::Fenced(_) => self.count(|summary| summary.fenced += 1),
                Fault::Broken(what) if what == DIED => {}
                Fault::Broken(what) | Fault::Forbidden(what) => broken = Some(what),
            }
            let Some(mut worker) = worker.take() else { return };
            let (group, member) = self.gone(&mut worker);
            // Who waited and was given up meanwhile may find that retention has taken what others have behind them.
            let given_up = || self.log.owners(&group).values().all(|owner| *owner != member);
            if let Some(what) = broken.filter(|what| !(what.contains(NOT_THERE) && given_up())) {
                self.complaints.borrow_mut().push(what);
            }
        }
    }

    fn start(self: &Rc<Self>, name: String) {
        let pace = Pace {
            linger: Millis(20),
            quiet: Millis(100),
            retry: Millis(10),
            longest_replay: Millis(2000),
            replay_records_per_second: 1,
            oldest_checkpoint: Millis(300),
            outbox: 2,
            batch: Millis(30),
            ..Pace::default()
        };
        let (log, policy) = (self.log.clone(), Policy::default());
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

    /// Nothing bad happens any more, one router and one detector go on until all is done.
    fn come_to_rest(self: &Rc<Self>) -> Result<(), String> {
        self.calm.set(true);
        self.wanted.set((1, 1));
        for tick in 0..TICKS_OF_REST {
            self.tick_of_rest();
            if !self.complaints.borrow().is_empty() || (tick % 10 == 0 && self.is_at_rest()) {
                return Ok(());
            }
        }
        Err("it does not come to rest".to_owned())
    }

    fn tick_of_rest(self: &Rc<Self>) {
        self.now.set(self.now.get() + 50);
        self.feed();
        self.bury();
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

    fn is_at_rest(&self) -> bool {
        let done = |group: &str, partition: &SourcePartition| {
            let (records, _) = self.log.read_committed(partition, 0, usize::MAX);
            let needed = records.last().map_or(0, |record| record.offset + 1);
            self.log.committed(group, partition).unwrap_or_default() >= needed
        };
        self.fed.get() >= RECORDS
            && self.ghosts.borrow().is_empty()
            && self.requests.borrow().is_empty()
            && self.log.open_transactions().is_empty()
            && self.log.markers_left() == 0
            && self.log.partitions(SOURCE).iter().all(|partition| done(router_port::GROUP, partition))
            && self.log.partitions(ROUTED).iter().all(|partition| done(detector_port::GROUP, partition))
            && self.detector(|worker| worker.is_ready() && worker.status().count() == PARTITIONS as usize)
                == Some(true)
    }

    /// Asks the detector that is left.
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
