//! Every panel of the dashboards shows data: a real Prometheus scrapes a running process and answers every query.
//!
//! It needs Prometheus and Python, so it runs only in `scripts/check/panels`.

use crate::broker;
use crate::environment::{Environment, PARTITIONS};
use crate::fixtures::{Record, records};
use crate::process::Process;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long records flow before the restart of the process, and after it.
const FLOW: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs Prometheus and Python: scripts/check/panels"]
fn every_panel_shows_data() {
    let _guard = broker::exclusive();
    let env = Environment::with_source("panels", 3, &[("message.timestamp.type", "LogAppendTime")]);
    let prometheus = Prometheus::start(&env);
    let began = Instant::now();
    let mut load = load();
    for round in 0..2 {
        let process = env.start_with("all", POLICY, &[]);
        process.await_ready();
        prometheus.scrapes(&process);
        flow(&env, &mut load, FLOW);
        if round > 0 {
            // A second process takes its share of the partitions and gives it back.
            let other = env.start("other", "detector", false);
            await_positions(&process, |count| count < PARTITIONS as usize);
            flow(&env, &mut load, FLOW / 4);
            assert!(other.stop().success());
            await_positions(&process, |count| count == PARTITIONS as usize);
            flow(&env, &mut load, FLOW / 4);
        }
        prometheus.checks(&process);
        if round > 0 {
            prometheus.answers(began.elapsed());
        }
        assert!(process.stop().success());
    }
}

/// Writes records, some of them broken, for this long.
fn flow(env: &Environment, load: &mut impl Iterator<Item = Record>, time: Duration) {
    let since = Instant::now();
    while since.elapsed() < time {
        env.produce(&load.by_ref().take(40).collect::<Vec<_>>());
        env.produce_bytes(&[(1, b"{\"EventID\": 4887, \"broken\"")]);
        thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until the number of routed partitions with a lag series is right.
fn await_positions(process: &Process, are_right: impl Fn(usize) -> bool) {
    let since = Instant::now();
    loop {
        let page = process.page("/metrics").unwrap().1;
        let lines = page.lines().filter(|line| line.starts_with("adcs_watch_consumer_lag_records{"));
        let count = lines.filter(|line| line.contains("stage=\"detector\"")).count();
        if are_right(count) {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{count} partitions have a lag");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Two CAs, one of which sends no event.
const POLICY: &str = "policy: {cas: {ca01.corp.example: CORP-CA01, ca02.corp.example: CORP-CA02}}\n";

/// Four weeks of events that train a baseline, then many records.
fn load() -> impl Iterator<Item = Record> {
    let sample = project("samples/corp-example/ca01-security.ndjson");
    let lines = fs::read_to_string(sample).unwrap();
    let trained = lines.lines().filter(|line| !line.contains("\"2026-03-02T"));
    let trained: Vec<Record> = trained.map(|line| Record { partition: 0, text: line.to_owned() }).collect();
    trained.into_iter().chain(records(100_000, 3))
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A Prometheus on loopback. It is killed when it is dropped.
struct Prometheus {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Prometheus {
    fn start(env: &Environment) -> Prometheus {
        let folder = env.folder().join("prometheus");
        fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 5s}}\nrule_files: ['{}']\n\
             scrape_configs: [{{job_name: soc/adcs-watch, file_sd_configs: [{{files: [targets.json], refresh_interval: 1s}}]}}]\n",
            project("helm/adcs-watch/rules/adcs-watch.yaml").display()
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        fs::write(folder.join("targets.json"), "[]").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let log = fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("prometheus")
            .current_dir(&folder)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus cannot be started");
        Prometheus { child, folder, address }
    }

    /// Makes this process the only scrape target.
    fn scrapes(&self, process: &Process) {
        let labels = "{\"namespace\": \"soc\", \"pod\": \"adcs-watch-0\", \"instance\": \"adcs-watch-0\"}";
        let target = format!("[{{\"targets\": [\"{}\"], \"labels\": {labels}}}]", process.address().unwrap());
        // A rename is atomic: Prometheus never reads half of the file.
        fs::write(self.folder.join("targets.new"), target).unwrap();
        fs::rename(self.folder.join("targets.new"), self.folder.join("targets.json")).unwrap();
    }

    /// Asserts that `promtool check metrics` accepts names, units and types.
    fn checks(&self, process: &Process) {
        let page = self.folder.join("metrics");
        fs::write(&page, process.page("/metrics").unwrap().1).unwrap();
        let linted = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(fs::File::open(page).unwrap())
            .output()
            .unwrap();
        assert!(linted.status.success(), "{}", String::from_utf8_lossy(&linted.stderr));
    }

    /// Asserts that every query of every panel has an answer.
    fn answers(&self, of: Duration) {
        let asked = Command::new("python3")
            .arg("-B")
            .arg(project("scripts/dashboards/panels.py"))
            .arg(format!("http://{}", self.address))
            .arg(of.as_secs().to_string())
            .arg(self.folder.join("answers.json"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asked.stdout);
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        eprintln!("{said}{}", self.folder.join("answers.json").display());
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
