//! One broker for all tests of this binary; it stops when the binary ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

/// The bootstrap list of the broker, started with the first call.
pub(crate) fn bootstrap() -> &'static str {
    static BROKER: OnceLock<String> = OnceLock::new();
    BROKER.get_or_init(start)
}

/// One test at a time: they kill, stop and measure.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    TURN.write().unwrap_or_else(PoisonError::into_inner)
}

/// The same for tests that have brokers of their own: beside the others, and not beside each other.
pub(crate) fn apart() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Together with others who ask for the same: they wait more than they work, and disturb nobody.
pub(crate) fn together() -> RwLockReadGuard<'static, ()> {
    TURN.read().unwrap_or_else(PoisonError::into_inner)
}

static TURN: RwLock<()> = RwLock::new(());

/// A folder for this run of the tests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{}", std::process::id()))
}

fn start() -> String {
    prepare();
    let me = std::process::id().to_string();
    let said = script_in(&folder().join("broker"), "start", &["-w", &me]);
    said.lines().last().unwrap_or_default().trim().to_owned()
}

/// Looks whether there is what a broker needs, and removes what earlier runs left.
fn prepare() {
    for tool in ["java", "mvn"] {
        let found = Command::new(tool).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            found.is_ok_and(|status| status.success()),
            "these tests need {tool}: install openjdk-17-jre-headless and maven (scripts/test does), \
             or run the others with `cargo test --test it`"
        );
    }
    forget_earlier_runs();
}

/// Starts a broker of its own with further listeners, settings, and files that it may read keys from. It stops with this
/// process. The bootstrap list of its open listener.
pub(crate) fn start_guarded(
    folder: &Path,
    listeners: &[(&str, &str)],
    settings: &[String],
    keys: &[&Path],
) -> String {
    prepare();
    let me = std::process::id().to_string();
    let mut arguments = vec!["-w".to_owned(), me];
    for (name, protocol) in listeners {
        arguments.extend(["-l".to_owned(), format!("{name}:{protocol}")]);
    }
    for setting in settings {
        arguments.extend(["-c".to_owned(), setting.clone()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let keys: Vec<String> = keys.iter().map(|path| format!("file://{}", path.display())).collect();
    let options = format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", keys.join(","));
    let said = script_with(folder, "start", &arguments, &options);
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
    script_with(folder, command, arguments, "")
}

/// The same with further options for Java.
fn script_with(folder: &Path, command: &str, arguments: &[&str], options: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka/broker.sh");
    let mut script = Command::new(script);
    if !options.is_empty() {
        script.env("KAFKA_JVM_OPTS", options);
    }
    let output = script.arg(command).arg(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "no broker: {}{said}", String::from_utf8_lossy(&output.stderr));
    said.into_owned()
}
