//! A process of the program under test, and the texts of its log that several tests look for.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The log line of a worker that ended with a fault and restarts after a backoff.
pub(crate) const WORKER_RESTARTS: &str = "restarting a worker";
/// The log line of a partition that is unusable while the others continue.
pub(crate) const PARTITION_STOPPED: &str = "a partition is stopped, the others continue";
/// The words before the advice in an error.
pub(crate) const ADVICE: &str = "to fix: ";

/// A running process. It is killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    log: PathBuf,
}

/// A command of the program that runs to its end.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_adcs-watch"))
}

impl Process {
    /// Starts `adcs-watch run` with this config and these further arguments.
    pub(crate) fn run(config: &Path, arguments: &[&str], log: &Path) -> Process {
        Process::run_with(config, arguments, log, &[])
    }

    /// As [`Process::run`], with these environment variables.
    pub(crate) fn run_with(
        config: &Path,
        arguments: &[&str],
        log: &Path,
        environment: &[(&str, &str)],
    ) -> Process {
        let mut command = program();
        command.arg("run").arg("-c").arg(config).args(arguments).envs(environment.iter().copied());
        Process::start(command, log)
    }

    /// Starts a command that runs the program, with its standard error in `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Process {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Process { child, log: log.to_owned() }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Sends SIGTERM and waits: the exit status.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait(Duration::from_secs(30))
    }

    pub(crate) fn wait(&mut self, timeout: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < timeout, "the process does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The address of its HTTP port, from its log.
    pub(crate) fn address(&self) -> Option<String> {
        let log = self.log();
        let said = log.rsplit_once("serving address=").or_else(|| log.rsplit_once("\"address\":\""))?.1;
        Some(said.split([' ', '"']).next()?.to_owned())
    }

    /// Requests a page: its status and text.
    pub(crate) fn page(&self, path: &str) -> Option<(u16, String)> {
        let address = self.address()?;
        let mut stream = TcpStream::connect(address).ok()?;
        // With HTTP/1.0 a long page is not chunked.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// Waits until the log contains this text, and returns the log.
    #[track_caller]
    pub(crate) fn await_log(&self, part: &str) -> String {
        let said = || self.log().contains(part);
        until(Duration::from_secs(120), said, || format!("the log does not contain {part}:\n{}", self.log()));
        self.log()
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) fn await_ready(&self) {
        let began = Instant::now();
        while self.page("/readyz").is_none_or(|(status, _)| status != 200) {
            let said = self.page("/readyz");
            assert!(began.elapsed() < Duration::from_secs(150), "not ready: {said:?}\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The sum of all series of a metric whose labels contain this text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.page("/metrics").map(|(_, text)| text).unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let matching = lines.filter(|line| line.contains(labels));
        matching.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }
}

/// Polls until the condition holds; panics with `complaint` after the timeout.
#[track_caller]
pub(crate) fn until(timeout: Duration, is_so: impl Fn() -> bool, complaint: impl Fn() -> String) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < timeout, "{}", complaint());
        thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
