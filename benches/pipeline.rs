//! The whole exactly-once stage against a real Kafka: CPU seconds of `adcs-watch run` for a million source records, and the time
//! from a source record to its committed alert.
//!
//! `cargo bench --bench pipeline` starts a broker of its own (Java 17, Maven) on loopback. `RECORDS` is the number of records
//! (default: a million), `PARTITIONS` that of the routed topic (default: 8, as new topics have). `-- throughput`, `-- scale`,
//! `-- latency` or `-- restart` runs one part alone. Linux only, because it reads /proc. The figures stand in benches/README.md.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints, with helpers that tests share"
)]

#[path = "../tests/kafka/broker.rs"]
mod broker;
#[path = "../tests/kafka/process.rs"]
mod process;
mod records;

use process::{Process, program};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use records::{Workload, record_at};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SOURCE_PARTITIONS: i32 = 4;
/// Records a second at which the latency is measured.
const RATES: [u32; 4] = [100, 1000, 10_000, 50_000];
const SECONDS: u32 = 20;
/// How often the process is asked how far it is: to write the page of metrics costs it a millisecond or two.
const LOOK: Duration = Duration::from_millis(500);

fn main() {
    let records: u32 = std::env::var("RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let skewed = |mismatches| Workload { skewed: true, mismatches };
    if wants("throughput") {
        let one = Scale { partitions: partitions(), processes: 1 };
        throughput("1", records, 1, Workload::UNIFORM, one);
        throughput("20", records, 20, Workload::UNIFORM, one);
        throughput("20-skewed", records, 20, skewed(10), one);
        throughput("20-skewed-alerts", records, 20, skewed(500), one);
    }
    if wants("scale") {
        for (partitions, processes) in [(1, 1), (2, 1), (8, 1), (24, 1), (64, 1), (8, 2), (8, 4)] {
            let name = format!("{partitions}-partitions-{processes}-processes");
            throughput(&name, records, 20, skewed(10), Scale { partitions, processes });
        }
    }
    if wants("latency") {
        RATES.into_iter().for_each(latency);
    }
    if wants("restart") {
        restart(records);
    }
}

/// How long a start takes, with nothing to restore and with a great state: three in two records leave an entity behind.
fn restart(records: u32) {
    let (world, producer) = (World::new("bench-restart"), producer());
    let count = records + records / 2;
    // All within 30 days before now, so that what is kept for a shorter time has expired.
    let begin = wall_millis() - 30 * 24 * 3_600_000;
    let age = |n: u32| begin + i64::from(n) * 30 * 24 * 3_600_000 / i64::from(count);
    let start = |what: &str, n: u32| {
        // It alerts whatever is remembered: an account of its own is issued another's name.
        let (certificate, at) =
            if n == 0 { (1, age(0)) } else { (count * 2 / 3 * 3 + n * 3 + 1, wall_millis()) };
        let record = record_at(certificate, true, &timestamp(at));
        let record = record.replace("\\\\user", "\\\\mallory").replace("user", &format!("own{n}-user"));
        send(&producer, &world.source(), n, &record);
        producer.flush(Duration::from_secs(30)).unwrap();
        // A new one each time: one that nobody polled for minutes is thrown out.
        let mut reader = Reader::new(&world.topic("alerts"));
        reader.drain();
        let watch = Instant::now();
        let process = world.start();
        let (mut ready, mut alerted) = (None, None);
        while ready.is_none() || alerted.is_none() {
            assert!(watch.elapsed() < Duration::from_secs(120), "{what}: {ready:?} {alerted:?}");
            alerted = alerted.or_else(|| reader.alert().then(|| watch.elapsed().as_secs_f64()));
            let is_ready = || process.page("/readyz").is_some_and(|(status, _)| status == 200);
            ready = ready.or_else(|| is_ready().then(|| watch.elapsed().as_secs_f64()));
        }
        println!(
            "{what}: first alert after {:.1} s, ready after {:.1} s, {:.1} CPU seconds, {} MiB",
            alerted.unwrap(),
            ready.unwrap(),
            process.cpu_seconds(),
            process.resident_mib()
        );
        process
    };
    let process = start("nothing remembered", 0);
    for n in 0..count {
        send(&producer, &world.source(), n, &record_at(n, true, &timestamp(age(n))));
    }
    producer.flush(Duration::from_secs(300)).unwrap();
    let watch = Instant::now();
    let done = |stage: &str| process.metric("adcs_watch_records_total", stage);
    while done("stage=\"router\"") < f64::from(count)
        || done("stage=\"detector\"") < process.metric("adcs_watch_routed_records_total", "")
    {
        assert!(watch.elapsed() < Duration::from_secs(600), "it does not keep up");
        std::thread::sleep(Duration::from_millis(500));
    }
    let state = process.metric("adcs_watch_state_records", "");
    println!("{count} records make a state of {state:.0}, {} MiB", process.resident_mib());
    let checkpoints = || process.metric("adcs_watch_checkpoint_duration_seconds_count", "");
    let earlier = checkpoints();
    steady("with that state, all records relevant", &world, &process, 1000, count, |_| true);
    println!("     {:.0} transactions with checkpoints", checkpoints() - earlier);
    let watch = Instant::now();
    assert!(process.stop().success());
    println!(
        "stopped in {:.1} s, checkpoint topic of {} MiB",
        watch.elapsed().as_secs_f64(),
        world.bytes("checkpoint") >> 20
    );
    let mut process = start("restarted after a stop", 1);
    process.kill();
    let process = start("restarted after kill -9", 2);
    assert!(process.stop().success());
    // A static member: its successor does not wait until the session of the killed process ends.
    world.configure("group:", "instance_id: bench\n  group:");
    let mut process = start("restarted after a stop, with kafka.instance_id", 3);
    process.kill();
    start("restarted after kill -9, with kafka.instance_id", 4);
}

/// How many partitions the routed topic has, and how many processes share them.
#[derive(Clone, Copy)]
struct Scale {
    partitions: u32,
    processes: usize,
}

/// A source topic full of records, and then processes that read it.
fn throughput(name: &str, records: u32, percent: u32, workload: Workload, scale: Scale) {
    let world = World::with(&format!("bench-{name}"), scale.partitions);
    let producer = producer();
    for n in 0..records {
        send(&producer, &world.source(), n, &workload.record(n, n % 100 < percent));
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    let raw = raw_consumption(&world.source(), records);
    let broker = broker_cpu_seconds();
    let watch = Instant::now();
    let processes: Vec<Process> = (0..scale.processes).map(|n| world.start_another(n)).collect();
    processes.iter().for_each(Process::await_ready);
    let started = watch.elapsed();
    let metric =
        |name: &str, label: &str| processes.iter().map(|process| process.metric(name, label)).sum::<f64>();
    let done = |stage: &str| metric("adcs_watch_records_total", stage);
    while done("stage=\"router\"") < f64::from(records) {
        std::thread::sleep(LOOK);
    }
    let routed = metric("adcs_watch_routed_records_total", "");
    while done("stage=\"detector\"") < routed {
        assert!(watch.elapsed() < Duration::from_secs(300), "the detector misses some of {routed} records");
        std::thread::sleep(LOOK);
    }
    let cpu: f64 = processes.iter().map(Process::cpu_seconds).sum();
    let wall = watch.elapsed().as_secs_f64();
    let broker = broker_cpu_seconds() - broker;
    let transactions = ["router", "detector"]
        .map(|stage| metric("adcs_watch_transaction_duration_seconds_count", &format!("stage=\"{stage}\"")));
    let state = metric("adcs_watch_state_records", "");
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
    let million = f64::from(records) / 1e6;
    println!(
        "{name}: {percent} % relevant, {:.2} CPU seconds a million source records (the broker beside it {:.2}; raw consumption \
         {:.2}), {:.0} thousand records a second, ready after {:.1} s",
        cpu / million,
        broker / million,
        raw / million,
        f64::from(records) / wall / 1e3,
        started.as_secs_f64()
    );
    let relevant = f64::from(records) * f64::from(percent) / 100.0;
    let bytes = |topic: &str| world.bytes(topic) as f64 / relevant;
    println!(
        "     {routed:.0} routed, in {:.0} transactions, and {:.0} of the detector; bytes written for a relevant record: {:.0} routed, \
         {:.0} checkpoint; state {state:.0} records",
        transactions[0],
        transactions[1],
        bytes("routed"),
        bytes("checkpoint")
    );
    let watch = Instant::now();
    let process = world.start();
    process.await_ready();
    println!(
        "     restarted: ready after {:.1} s, {:.2} CPU seconds",
        watch.elapsed().as_secs_f64(),
        process.cpu_seconds()
    );
}

/// CPU seconds of this process while a plain consumer reads the topic: what no program on Kafka can undercut.
fn raw_consumption(topic: &str, records: u32) -> f64 {
    let before = cpu_seconds(std::process::id());
    let consumer: BaseConsumer = client().set("group.id", "bench-raw").create().unwrap();
    let mut partitions = rdkafka::TopicPartitionList::new();
    for partition in 0..SOURCE_PARTITIONS {
        partitions.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let (mut read, mut bytes) = (0, 0);
    while read < records {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            bytes += message.payload().map_or(0, <[u8]>::len);
            read += 1;
        }
    }
    std::hint::black_box(bytes);
    cpu_seconds(std::process::id()) - before
}

/// CPU seconds of the broker since it started.
fn broker_cpu_seconds() -> f64 {
    let pid = fs::read_to_string(broker::folder().join("broker/node-1/pid")).unwrap();
    cpu_seconds(pid.trim().parse().unwrap())
}

/// User and system time of a process: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The number of routed partitions: the default of a new topic unless `PARTITIONS` is set.
fn partitions() -> u32 {
    std::env::var("PARTITIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(8)
}

/// Records at a steady rate, of which one in a hundred is relevant and raises an alert; and what that costs.
fn latency(rate: u32) {
    let world = World::new(&format!("bench-latency-{rate}"));
    let process = world.start();
    process.await_ready();
    steady("latency", &world, &process, rate, 0, |n| n % 100 == 1);
}

/// The latency of alerts at a steady rate of records from the `first` on, of which one in a hundred alerts.
fn steady(
    what: &str,
    world: &World,
    process: &Process,
    rate: u32,
    first: u32,
    is_relevant: impl Fn(u32) -> bool + Send + 'static,
) {
    let mut reader = Reader::new(&world.topic("alerts"));
    reader.drain();
    let (source, producer) = (world.source(), producer());
    let transactions = || process.metric("adcs_watch_transaction_duration_seconds_count", "");
    let earlier = transactions();
    let cpu_seconds_so_far = || [process.cpu_seconds(), broker_cpu_seconds()];
    let (began, before) = (Instant::now(), cpu_seconds_so_far());
    let sender = std::thread::spawn(move || {
        for n in 0..rate * SECONDS {
            if n.is_multiple_of(rate / 100) {
                let due = Duration::from_millis(u64::from(n / (rate / 100)) * 10);
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
            let record = record_at(first + n, is_relevant(n), &timestamp(wall_millis()));
            let record = match n % 100 {
                1 => record.replace("Principal Name=user", "Principal Name=other"),
                _ => record,
            };
            send(&producer, &source, n, &record);
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    });
    let mut latencies: Vec<i64> = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_secs(5) {
        if let Some(Ok(message)) = reader.0.poll(Duration::from_millis(10)) {
            let alert: adcs_watch::alert::Alert = serde_json::from_slice(message.payload().unwrap()).unwrap();
            latencies.push(wall_millis() - alert.time.as_millis());
            last = Instant::now();
        }
    }
    let elapsed = began.elapsed().as_secs_f64();
    let [cpu, broker] = [0, 1].map(|of| (cpu_seconds_so_far()[of] - before[of]) / elapsed * 100.0);
    sender.join().unwrap();
    // The first second holds the warming up.
    let mut steady = latencies.split_off((latencies.len() / SECONDS as usize).min(latencies.len()));
    steady.sort_unstable();
    let at = |share: f64| steady[((steady.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: at {rate} records a second, {} alerts: p50 {} ms, p90 {} ms, p99 {} ms, most {} ms; {cpu:.1} % of a core (the \
         broker beside it, clients included, {broker:.1} %), {:.1} transactions a second",
        steady.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        (transactions() - earlier) / elapsed
    );
}

/// Reads alerts as they are committed.
struct Reader(BaseConsumer);

impl Reader {
    fn new(topic: &str) -> Reader {
        let reader: BaseConsumer = client()
            .set("group.id", format!("reader-{topic}"))
            .set("auto.offset.reset", "earliest")
            .create()
            .unwrap();
        let mut partition = rdkafka::TopicPartitionList::new();
        partition.add_partition_offset(topic, 0, rdkafka::Offset::Beginning).unwrap();
        reader.assign(&partition).unwrap();
        Reader(reader)
    }

    /// What came before is not waited for.
    fn drain(&mut self) {
        while self.0.poll(Duration::from_secs(2)).is_some() {}
    }

    /// Whether one has come.
    fn alert(&mut self) -> bool {
        self.0.poll(Duration::from_millis(20)).is_some_and(|message| message.is_ok())
    }
}

struct World {
    name: String,
    config: PathBuf,
    log: PathBuf,
}

impl World {
    fn new(name: &str) -> World {
        World::with(name, partitions())
    }

    fn with(name: &str, partitions: u32) -> World {
        let folder = broker::folder();
        let bootstrap = broker::bootstrap();
        let (config, log) = (folder.join(format!("{name}.yaml")), folder.join(format!("{name}.log")));
        let world = World { name: name.to_owned(), config, log };
        let text = format!(
            "kafka:\n  brokers: ['{bootstrap}']\n  group: {name}\nsources:\n  - topic: {}\ntopics:\n  routed: {name}.routed\n  \
             checkpoint: {name}.checkpoint\n  alerts: {name}.alerts\n  dead_letter: {name}.dead\n  partitions: {}\n  \
             replication_factor: 1\nhttp: {{listen: '127.0.0.1:0'}}\n\
             workers: {{router: 1, detector: 1}}\n",
            world.source(),
            partitions
        );
        fs::write(&world.config, text).unwrap();
        let admin: AdminClient<DefaultClientContext> = client().create().unwrap();
        let source = world.source();
        let topic = NewTopic::new(&source, SOURCE_PARTITIONS, TopicReplication::Fixed(1));
        broker::block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap();
        let made = program().args(["topics", "create", "-c"]).arg(&world.config).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        world
    }

    /// Changes the config for the next start.
    fn configure(&self, old: &str, new: &str) {
        let text = fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(&self.config, text.replacen(old, new, 1)).unwrap();
    }

    fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}", self.name)
    }

    fn source(&self) -> String {
        self.topic("source")
    }

    fn start(&self) -> Process {
        Process::run(&self.config, &[], &self.log)
    }

    /// One of several processes: its address stands in a log of its own.
    fn start_another(&self, n: usize) -> Process {
        Process::run(&self.config, &[], &self.log.with_extension(format!("{n}.log")))
    }

    /// The size of a topic's log on the broker's disk.
    fn bytes(&self, kind: &str) -> u64 {
        let data = broker::folder().join("broker/node-1/data");
        let topic = format!("{}-", self.topic(kind));
        let of = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().collect::<Vec<_>>();
        let partitions =
            of(&data).into_iter().filter(|entry| entry.file_name().to_string_lossy().starts_with(&topic));
        let segments = partitions.flat_map(|partition| of(&partition.path()));
        segments
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".log"))
            .filter_map(|entry| entry.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }
}

impl Process {
    fn cpu_seconds(&self) -> f64 {
        cpu_seconds(self.child.id())
    }

    fn resident_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }
}

fn client() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker::bootstrap());
    config
}

fn producer() -> BaseProducer {
    client()
        .set("compression.type", "lz4")
        .set("linger.ms", "5")
        .set("queue.buffering.max.messages", "1000000")
        .create()
        .unwrap()
}

fn send(producer: &BaseProducer, topic: &str, n: u32, record: &str) {
    let partition = i32::try_from(n).unwrap() % SOURCE_PARTITIONS;
    let mut record = BaseRecord::<(), str>::to(topic).partition(partition).payload(record);
    while let Err((_, again)) = producer.send(record) {
        producer.poll(Duration::from_millis(10));
        record = again;
    }
    if n.is_multiple_of(1000) {
        producer.poll(Duration::ZERO);
    }
}

fn timestamp(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).unwrap().to_string()
}

fn wall_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}
