//! What goes wrong: each fault begins, lasts and ends in [`Stage::inflict`].

use super::{Cluster, Environment, Network, Process, SOURCE_PARTITIONS};
use crate::broker::Disk;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const BROKERS: u32 = 3;
const PROCESSES: [&str; 3] = ["stage-0", "stage-1", "stage-2"];
/// The broker whose disk can be filled.
const SMALL_DISK: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    ProcessKilled,
    ProcessFrozen,
    BrokerKilled,
    BrokerFrozen,
    BrokersRestartedInTurn,
    AllFrozen,
    NetworkSlow,
    NetworkCut,
    DiskFull,
    SourceRetention,
    PartitionAdded,
}

impl Fault {
    /// How often each is drawn; a partition is added once, at the end.
    const WEIGHTS: [(Fault, u64); 10] = [
        (Fault::ProcessKilled, 30),
        (Fault::ProcessFrozen, 20),
        (Fault::BrokerKilled, 6),
        (Fault::BrokerFrozen, 6),
        (Fault::BrokersRestartedInTurn, 1),
        (Fault::AllFrozen, 4),
        (Fault::NetworkSlow, 8),
        (Fault::NetworkCut, 6),
        (Fault::DiskFull, 2),
        (Fault::SourceRetention, 4),
    ];

    pub(super) fn text(self) -> &'static str {
        match self {
            Fault::ProcessKilled => "process killed (kill -9)",
            Fault::ProcessFrozen => "process frozen (SIGSTOP, up to 20 s)",
            Fault::BrokerKilled => "broker killed (kill -9)",
            Fault::BrokerFrozen => "broker frozen (SIGSTOP, up to 10 s)",
            Fault::BrokersRestartedInTurn => "rolling restart of all brokers",
            Fault::AllFrozen => "machine standing still: all brokers and processes (SIGSTOP, up to 20 s)",
            Fault::NetworkSlow => "slow network (20 to 300 ms each way, up to 8 s)",
            Fault::NetworkCut => "network to one broker cut (up to 10 s)",
            Fault::DiskFull => "disk of one broker full",
            Fault::SourceRetention => "retention deletes source records that were read",
            Fault::PartitionAdded => "source partition added",
        }
    }
}

/// Three brokers behind proxies, and three processes that run both stages.
pub(super) struct Stage {
    cluster: Cluster,
    network: Network,
    disk: Option<Disk>,
    pub(super) env: Arc<Environment>,
    pub(super) processes: Vec<Process>,
    /// The bootstrap list past the proxies.
    pub(super) direct: String,
    random: u64,
}

impl Stage {
    pub(super) fn start(seed: u64) -> Stage {
        let port = free_ports(BROKERS * 3);
        let disk = Cluster::small_disk("chaos", SMALL_DISK);
        let mut cluster =
            Cluster::start_with("chaos", BROKERS, &["-p", &port.to_string(), "-l", "CLIENTS:PLAINTEXT"]);
        let direct = cluster.bootstrap.clone();
        let nodes = 0..u16::try_from(BROKERS).unwrap();
        let targets: Vec<u16> = nodes.map(|node| port + 2 * u16::try_from(BROKERS).unwrap() + node).collect();
        let network = Network::to(&targets);
        for (node, proxy) in (1..).zip(network.ports()) {
            let own = port + u16::try_from(node).unwrap() - 1;
            cluster.set(
                node,
                &format!("advertised.listeners=BROKER://127.0.0.1:{own},CLIENTS://127.0.0.1:{proxy}"),
            );
            cluster.node("restart", node);
        }
        let proxies: Vec<String> = network.ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        cluster.bootstrap = proxies.join(",");
        let env = Arc::new(Environment::on(&cluster, "chaos", SOURCE_PARTITIONS));
        let processes: Vec<Process> = PROCESSES.iter().map(|name| env.start(name, "all", true)).collect();
        processes.iter().for_each(Process::await_ready);
        Stage { cluster, network, disk, env, processes, direct, random: seed }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn wait(&mut self, least_millis: u64, most_millis: u64) {
        let millis = least_millis + self.below(most_millis - least_millis);
        thread::sleep(Duration::from_millis(millis));
    }

    pub(super) fn draw(&mut self) -> Fault {
        let sum = Fault::WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(sum);
        for (fault, weight) in Fault::WEIGHTS {
            if left < weight {
                return fault;
            }
            left -= weight;
        }
        Fault::ProcessKilled
    }

    /// Faults that this machine cannot produce.
    pub(super) fn left_out(&self) -> Vec<Fault> {
        if self.disk.is_some() { Vec::new() } else { vec![Fault::DiskFull] }
    }

    /// Begins the fault, lets it last and ends it. False: this machine cannot produce it.
    pub(super) fn inflict(&mut self, fault: Fault) -> bool {
        self.wait(300, 2_000);
        let process = usize::try_from(self.below(PROCESSES.len() as u64)).unwrap();
        let node = 1 + u32::try_from(self.below(u64::from(BROKERS))).unwrap();
        match fault {
            Fault::ProcessKilled => {
                self.processes[process].kill();
                self.wait(0, 500);
                self.processes[process] = self.env.start(PROCESSES[process], "all", true);
            }
            Fault::ProcessFrozen => {
                self.processes[process].signal("STOP");
                let longest = if self.below(4) == 0 { 20_000 } else { 4_000 };
                self.wait(200, longest);
                self.processes[process].signal("CONT");
            }
            Fault::BrokerKilled => {
                self.cluster.node("kill9", node);
                self.wait(200, 4_000);
                self.restart(node);
            }
            Fault::BrokerFrozen => {
                self.cluster.node("pause", node);
                self.wait(200, 10_000);
                self.cluster.node("cont", node);
            }
            Fault::BrokersRestartedInTurn => {
                for node in 1..=BROKERS {
                    self.restart(node);
                }
            }
            Fault::AllFrozen => {
                self.signal_all("pause", "STOP");
                self.wait(2_000, 20_000);
                self.signal_all("cont", "CONT");
            }
            Fault::NetworkSlow => {
                let delay = 20 + self.below(280);
                self.network.delay(Duration::from_millis(delay));
                self.wait(1_000, 8_000);
                self.network.heal();
            }
            Fault::NetworkCut => {
                let broker = usize::try_from(node - 1).unwrap();
                self.network.cut(broker, true);
                self.wait(500, 10_000);
                self.network.heal();
            }
            Fault::DiskFull => {
                let Some(disk) = &self.disk else { return false };
                disk.fill();
                self.wait(3_000, 8_000);
                self.disk.as_ref().expect("looked up above").free();
                self.restart(SMALL_DISK);
            }
            Fault::SourceRetention => self.env.delete_committed("router", "source"),
            Fault::PartitionAdded => self.env.add_partitions("source", SOURCE_PARTITIONS + 1),
        }
        true
    }

    fn signal_all(&self, command: &str, signal: &str) {
        (1..=BROKERS).for_each(|node| self.cluster.node(command, node));
        self.processes.iter().for_each(|process| process.signal(signal));
    }

    /// A broker counts as back when every partition has all its copies: the next fault may take the next broker.
    fn restart(&self, node: u32) {
        self.cluster.node("restart", node);
        self.env.await_replicas(usize::try_from(BROKERS).unwrap());
    }

    pub(super) fn heal(&self) {
        self.network.heal();
    }

    pub(super) fn stop(self) {
        self.processes.into_iter().for_each(|process| assert!(process.stop().success()));
    }
}

/// The first of `count` consecutive ports of 127.0.0.1 that nothing listens on.
fn free_ports(count: u32) -> u16 {
    let count = u16::try_from(count).unwrap();
    let start = 20_000 + u16::try_from(std::process::id() % 900).unwrap() * 10;
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (start..32_000).step_by(10).find(|first| (*first..first + count).all(is_free)).unwrap()
}
