//! A process of the program, which a test may kill, stop and ask.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A process; it is killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    log: PathBuf,
}

/// The program, to run to its end.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_adcs-watch"))
}

impl Process {
    /// Starts `adcs-watch run` with this config and these further arguments.
    pub(crate) fn run(config: &Path, arguments: &[&str], log: &Path) -> Process {
        Process::run_with(config, arguments, log, &[])
    }

    /// The same, with more in its environment.
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

    /// Starts what runs the program and hands on what it says.
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

    /// Stops in order, and says how it ended.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait(Duration::from_secs(30))
    }

    pub(crate) fn wait(&mut self, patience: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < patience, "the process does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// All that it said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where it serves its pages.
    pub(crate) fn address(&self) -> Option<String> {
        let log = self.log();
        let said = log.rsplit_once("serving address=").or_else(|| log.rsplit_once("\"address\":\""))?.1;
        Some(said.split([' ', '"']).next()?.to_owned())
    }

    /// Asks for a page: its status and text.
    pub(crate) fn page(&self, path: &str) -> Option<(u16, String)> {
        let address = self.address()?;
        let mut stream = TcpStream::connect(address).ok()?;
        // HTTP/1.0: a long page comes whole, not in chunks.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// Waits until it has said this, and returns all that it said.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> String {
        let said = || self.log().contains(part);
        until(Duration::from_secs(60), said, || format!("nobody says {part}:\n{}", self.log()));
        self.log()
    }

    /// Waits until the process is ready.
    pub(crate) fn ready(&self) {
        let began = Instant::now();
        while self.page("/readyz").is_none_or(|(status, _)| status != 200) {
            let said = self.page("/readyz");
            assert!(began.elapsed() < Duration::from_secs(150), "not ready: {said:?}\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The sum of all series of a metric whose labels hold this text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.page("/metrics").map(|(_, text)| text).unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let matching = lines.filter(|line| line.contains(labels));
        matching.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }
}

/// Waits until this is so.
#[track_caller]
pub(crate) fn until(patience: Duration, is_so: impl Fn() -> bool, complaint: impl Fn() -> String) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < patience, "{}", complaint());
        thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
