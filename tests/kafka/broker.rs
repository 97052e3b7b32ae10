//! One broker for all tests of this binary; it stops when the binary ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// The bootstrap list of the broker, started with the first call.
pub(crate) fn bootstrap() -> &'static str {
    static BROKER: OnceLock<String> = OnceLock::new();
    BROKER.get_or_init(start)
}

/// One test at a time: they kill, stop and measure.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for tests that have brokers of their own: beside the others, and not beside each other.
pub(crate) fn apart() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder for this run of the tests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{}", std::process::id()))
}

fn start() -> String {
    for tool in ["java", "mvn"] {
        let found = Command::new(tool).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            found.is_ok_and(|status| status.success()),
            "these tests need {tool}: install openjdk-17-jre-headless and maven (scripts/test does), \
             or run the others with `cargo test --test it`"
        );
    }
    forget_earlier_runs();
    let me = std::process::id().to_string();
    let said = script_in(&folder().join("broker"), "start", &["-w", &me]);
    said.lines().last().unwrap_or_default().trim().to_owned()
}

/// Waits for an answer that another thread brings.
pub(crate) fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = answer.as_mut().poll(&mut context) {
            return done;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Brokers of a test's own, to kill; they stop when this is dropped.
pub(crate) struct Cluster {
    folder: PathBuf,
    pub(crate) bootstrap: String,
    pub(crate) nodes: u32,
}

impl Cluster {
    pub(crate) fn start(name: &str, nodes: u32) -> Cluster {
        // The shared one is asked for first: it looks whether there is what brokers need.
        bootstrap();
        let folder = folder().join(format!("{name}-brokers"));
        let me = std::process::id().to_string();
        let said = script_in(&folder, "start", &["-n", &nodes.to_string(), "-w", &me]);
        Cluster { folder, bootstrap: said.lines().last().unwrap_or_default().trim().to_owned(), nodes }
    }

    /// `kill9`, `pause`, `cont`, or `restart` (in order, if it runs).
    pub(crate) fn node(&self, command: &str, node: u32) {
        script_in(&self.folder, command, &[&node.to_string()]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script_in(&self.folder, "stop", &[]);
    }
}

/// The shared broker answers nobody while this is done.
pub(crate) fn while_it_hangs<T>(action: impl FnOnce() -> T) -> T {
    struct Paused;
    impl Drop for Paused {
        fn drop(&mut self) {
            script_in(&folder().join("broker"), "cont", &["1"]);
        }
    }
    script_in(&folder().join("broker"), "pause", &["1"]);
    let _paused = Paused;
    action()
}

/// Folders of earlier runs are kept until the next one, to look at.
fn forget_earlier_runs() {
    let Ok(entries) = std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("kafka-") else { continue };
        if !Path::new("/proc").join(pid).exists() {
            // A broker that is still stopping writes into it: then the next run removes it.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn script_in(folder: &Path, command: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka/broker.sh");
    let output = Command::new(script).arg(command).arg(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "no broker: {}{said}", String::from_utf8_lossy(&output.stderr));
    said.into_owned()
}
