//! Signals, with real processes that wait for a broker which accepts connections and never answers.

use crate::cli_world::program;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
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
        let waiting = Waiting::with_log(0, |log| fs::File::create(log).unwrap());
        waiting.await_log("serving address=");
        waiting
    }

    /// With its HTTP port, and where it writes its log.
    fn with_log(port: u16, open: impl FnOnce(&Path) -> fs::File) -> Waiting {
        let folder = TempDir::new().unwrap();
        let (config, log) = (folder.path().join("c.yaml"), folder.path().join("log"));
        let broker = TcpListener::bind("127.0.0.1:0").unwrap();
        let kafka = format!("kafka: {{brokers: ['{}']}}\n", broker.local_addr().unwrap());
        let text = kafka + &format!("http: {{listen: '127.0.0.1:{port}'}}\nshutdown: {{grace: 1h}}\n");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program());
        command.args(["run", "--stage", "detector", "--config"]).arg(&config);
        let child = command.stdout(Stdio::null()).stderr(open(&log)).spawn().unwrap();
        Waiting { child, log, _folder: folder, _broker: broker }
    }

    /// With a config that comes through a pipe, as from `run -c <(…)`.
    fn with_piped_config() -> Waiting {
        let mut waiting = Waiting::start();
        let config = waiting.log.with_file_name("c.yaml");
        let text = fs::read_to_string(&config).unwrap();
        waiting.child.kill().unwrap();
        waiting.child.wait().unwrap();
        fs::remove_file(&config).unwrap();
        assert!(Command::new("mkfifo").arg(&config).status().unwrap().success());
        let mut command = Command::new(program());
        command.args(["run", "--stage", "detector", "--config"]).arg(&config);
        let log = fs::File::create(&waiting.log).unwrap();
        waiting.child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        fs::write(&config, text).unwrap();
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

/// The line of a config whose policy was taken.
const CHANGED: &str = "the policy is changed from the next checkpoints on";

#[test]
fn hangup_reads_the_policy_again_and_refuses_a_config_with_mistakes() {
    let mut process = Waiting::start();
    process.signal("HUP");
    process.await_log("the config was read again: the policy is unchanged");

    let config = process.log.with_file_name("c.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let list = config.with_file_name("tier0.txt");
    fs::write(&config, text.clone() + "policy: {protected: {accounts: {file: tier0.txt}}, stories: 1}\n")
        .unwrap();
    process.signal("HUP");
    process.await_log("the changed config is refused: the policy stays as it is");
    for mistake in
        ["c.yaml:4:32: policy.protected.accounts: ", "tier0.txt: ", "policy.stories: unknown field"]
    {
        process.await_log(mistake);
    }
    assert!(!process.log().contains(CHANGED), "{}", process.log());

    fs::write(&list, "CORP\\adm-anna\n").unwrap();
    let more = "policy: {protected: {accounts: {file: tier0.txt}}}\nworkers: {detector: 2}\n";
    fs::write(&config, text + more).unwrap();
    process.signal("HUP");
    process.await_log(CHANGED);
    process.await_log("need a restart sections=\"workers\"");
    assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log());
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0), "{}", process.log());
}

#[test]
fn config_from_a_pipe_is_read_once() {
    let mut process = Waiting::with_piped_config();
    process.signal("HUP");
    process.await_log("the config is a pipe, which is read once: a change needs a restart");
    assert!(!process.log().contains("is refused"), "{}", process.log());
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0), "{}", process.log());
}

#[test]
fn changed_list_is_read_without_a_signal() {
    let mut process = Waiting::start();
    let config = process.log.with_file_name("c.yaml");
    let text = fs::read_to_string(&config).unwrap();
    // As Kubernetes mounts a ConfigMap: all names lead through one link, which is replaced.
    let folder = config.parent().unwrap();
    for (version, account) in [("v1", "adm-anna"), ("v2", "adm-ben")] {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("tier0.txt"), account).unwrap();
    }
    let point_to = |version: &str| {
        std::os::unix::fs::symlink(version, folder.join("new")).unwrap();
        fs::rename(folder.join("new"), folder.join("data")).unwrap();
    };
    point_to("v1");
    fs::write(&config, text + "policy: {protected: {accounts: {file: data/tier0.txt}}}\n").unwrap();
    process.signal("HUP");
    process.await_log(CHANGED);
    point_to("v2");
    let began = Instant::now();
    while process.log().matches(CHANGED).count() < 2 {
        assert!(began.elapsed() < DEADLINE, "the new list is not read:\n{}", process.log());
        thread::sleep(Duration::from_millis(50));
    }
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

/// The answer of `/livez`; empty while there is none.
fn livez(port: u16) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

#[test]
fn log_that_cannot_be_written_stops_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let full = |_: &Path| fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut process = Waiting::with_log(port, full);
    let began = Instant::now();
    while !livez(port).starts_with("HTTP/1.1 200") {
        assert!(process.child.try_wait().unwrap().is_none(), "the process has ended");
        assert!(began.elapsed() < DEADLINE, "no answer");
        thread::sleep(Duration::from_millis(10));
    }
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
}
