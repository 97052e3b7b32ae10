//! The broker that all tests of this binary share, and brokers that a test has to itself. They stop when the binary ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

/// The bootstrap list of the shared broker. The first call starts it.
pub(crate) fn bootstrap() -> &'static str {
    static BROKER: OnceLock<String> = OnceLock::new();
    BROKER.get_or_init(start)
}

/// The right to use a broker that others use too, until it is dropped: for tests with topics and groups of their own.
pub(crate) fn shared() -> RwLockReadGuard<'static, ()> {
    BROKER_USE.read().unwrap_or_else(PoisonError::into_inner)
}

/// The right to freeze the shared broker ([`while_frozen`]), or to measure: no other test uses it meanwhile.
pub(crate) fn exclusive() -> RwLockWriteGuard<'static, ()> {
    BROKER_USE.write().unwrap_or_else(PoisonError::into_inner)
}

/// For tests that start brokers of their own, three at most: one such test at a time, beside all others.
pub(crate) fn own_brokers() -> MutexGuard<'static, ()> {
    static OWN_BROKERS: Mutex<()> = Mutex::new(());
    OWN_BROKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

static BROKER_USE: RwLock<()> = RwLock::new(());

/// The folder of this test run: logs, configs and the data of brokers.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{}", std::process::id()))
}

fn start() -> String {
    prepare();
    let me = std::process::id().to_string();
    let said = script_in(&folder().join("broker"), "start", &["-w", &me]);
    said.lines().last().unwrap_or_default().trim().to_owned()
}

/// Checks that Java and Maven are installed, and removes the folders of earlier runs.
fn prepare() {
    for tool in ["java", "mvn"] {
        let found = Command::new(tool).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            found.is_ok_and(|status| status.success()),
            "these tests need {tool}: install openjdk-17-jre-headless and maven (scripts/test does), \
             or run the others with `cargo test --test it`"
        );
    }
    remove_earlier_runs();
}

/// Starts another broker with these listeners, settings, and files from which it reads token keys. It stops with this process.
/// Returns the bootstrap list of its listener without authentication.
pub(crate) fn start_secured(
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

/// Blocks until a future is ready. The futures of librdkafka are completed by threads of its own.
pub(crate) fn block_on<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = answer.as_mut().poll(&mut context) {
            return done;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Brokers that a test has to itself and may kill. They stop when this is dropped.
pub(crate) struct Cluster {
    folder: PathBuf,
    pub(crate) bootstrap: String,
    pub(crate) nodes: u32,
}

impl Cluster {
    pub(crate) fn start(name: &str, nodes: u32) -> Cluster {
        Cluster::start_with(name, nodes, &[])
    }

    /// As [`Cluster::start`], with further arguments of `broker.sh start`.
    pub(crate) fn start_with(name: &str, nodes: u32, more: &[&str]) -> Cluster {
        // The shared broker starts first: its start checks the prerequisites.
        bootstrap();
        let folder = Cluster::folder(name);
        let (me, nodes_text) = (std::process::id().to_string(), nodes.to_string());
        let said = script_in(&folder, "start", &[&["-n", &nodes_text, "-w", &me], more].concat());
        Cluster { folder, bootstrap: said.lines().last().unwrap_or_default().trim().to_owned(), nodes }
    }

    fn folder(name: &str) -> PathBuf {
        folder().join(format!("{name}-brokers"))
    }

    /// Gives one broker of a cluster that is not started yet a disk of its own, which can be filled. None: this machine does
    /// not allow it (only root may mount).
    pub(crate) fn small_disk(name: &str, node: u32) -> Option<Disk> {
        Disk::mount(Cluster::folder(name).join(format!("node-{node}/data")))
    }

    /// Adds a setting to one broker; it holds from its next start.
    pub(crate) fn set(&self, node: u32, setting: &str) {
        let path = self.folder.join(format!("node-{node}/server.properties"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}{setting}\n")).unwrap();
    }

    /// Runs `kill9`, `pause`, `cont` or `restart` on one broker; `restart` stops it in order if it runs.
    pub(crate) fn node(&self, command: &str, node: u32) {
        script_in(&self.folder, command, &[&node.to_string()]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script_in(&self.folder, "stop", &[]);
    }
}

/// A file system in memory, mounted as the data folder of one broker. It is unmounted when this is dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf) -> Option<Disk> {
        std::fs::create_dir_all(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1g", "adcs-watch-test"]).arg(&folder);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk(folder))
    }

    /// Writes a file until nothing fits any more.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        let block = vec![0; 1 << 20];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Freezes the shared broker (SIGSTOP) while `action` runs. Only under [`exclusive`].
pub(crate) fn while_frozen<T>(action: impl FnOnce() -> T) -> T {
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

/// The folder of a run is kept for inspection until the next run.
fn remove_earlier_runs() {
    let Ok(entries) = std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("kafka-") else { continue };
        if !Path::new("/proc").join(pid).exists() {
            // A broker that is still stopping writes into it: then the run after this one removes it.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn script_in(folder: &Path, command: &str, arguments: &[&str]) -> String {
    script_with(folder, command, arguments, "")
}

/// As [`script_in`], with options for the JVM.
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
