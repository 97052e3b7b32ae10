//! Signals, with real processes that wait for a broker which accepts connections and never answers.

use crate::cli_world::program;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};
use tempfile::TempDir;

/// Much longer than any reaction takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// A process of `run`, and its log.
struct Waiting {
    child: Child,
    log: PathBuf,
    _folder: TempDir,
    _broker: TcpListener,
}

impl Waiting {
    fn start() -> Waiting {
        let folder = TempDir::new().unwrap();
        let (config, log) = (folder.path().join("c.yaml"), folder.path().join("log"));
        let broker = TcpListener::bind("127.0.0.1:0").unwrap();
        let kafka = format!("kafka: {{brokers: ['{}']}}\n", broker.local_addr().unwrap());
        let text = kafka + "http: {listen: '127.0.0.1:0'}\nshutdown: {grace: 1h}\n";
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program());
        command.args(["run", "--stage", "detector", "--config"]).arg(&config);
        let child = command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        let waiting = Waiting { child, log, _folder: folder, _broker: broker };
        waiting.await_log("serving address=");
        waiting
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn await_log(&self, part: &str) {
        let began = Instant::now();
        while !self.log().contains(part) {
            assert!(began.elapsed() < DEADLINE, "the log does not contain {part}:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "the process does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn hangup_is_logged_and_the_process_continues() {
    let mut process = Waiting::start();
    process.signal("HUP");
    process.await_log("SIGHUP ignored: the policy cannot be reloaded yet");
    process.signal("HUP");
    let began = Instant::now();
    while process.log().matches("SIGHUP ignored").count() < 2 {
        assert!(began.elapsed() < DEADLINE, "the second one is not logged:\n{}", process.log());
        thread::sleep(Duration::from_millis(10));
    }
    assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log());
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0), "{}", process.log());
}

#[test]
fn first_signal_stops_in_order() {
    for name in ["TERM", "INT"] {
        let mut process = Waiting::start();
        process.signal(name);
        process.await_log("stopping in order");
        assert_eq!(process.wait().code(), Some(0), "{name}:\n{}", process.log());
    }
}

#[test]
fn second_signal_ends_the_process_at_once() {
    let mut process = Waiting::start();
    process.signal("TERM");
    process.await_log("stopping in order");
    process.signal("INT");
    // An orderly stop would wait for the request to the broker.
    assert_eq!(process.wait().signal(), Some(2), "{}", process.log());
}
