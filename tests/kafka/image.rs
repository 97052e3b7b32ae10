//! The image against a real broker, confined as in a restricted cluster. `scripts/check/image` builds it and sets its name.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::Process;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Limits of the container: bytes of memory, and processes.
const MEMORY: &str = "268435456";
const PIDS: &str = "64";

/// The name of the broker in the container's `/etc/hosts`.
const BROKER: &str = "broker.corp.example";

#[test]
#[ignore = "needs an image and podman: scripts/check/image has them"]
fn image_raises_the_alerts_of_the_pure_core_and_drains_on_sigterm() {
    let _guard = broker::exclusive();
    let image = std::env::var("ADCS_WATCH_IMAGE").expect("ADCS_WATCH_IMAGE is the id of an image");
    let env = Environment::new("image", 3);
    let records = records(2000, 3);
    let expected = expected(&env.source(), &records);
    assert!(expected.len() > 50, "{} alerts show too little", expected.len());

    let began = Instant::now();
    let container = Container::run(&image, &config(&env));
    container.process.await_ready();
    let started = began.elapsed();
    container.is_confined();
    env.produce(&records);
    env.await_alerts(&expected, Duration::from_secs(60));

    let began = Instant::now();
    let log = container.process.log();
    let exit = container.stop();
    assert!(exit.success(), "{exit}\n{log}");
    let stopped = began.elapsed();
    eprintln!("{} alerts; ready {started:?} after the call, gone {stopped:?} after SIGTERM", expected.len());
}

/// A config with a host name for the broker: a static program resolves names without the system's NSS modules.
fn config(env: &Environment) -> PathBuf {
    let path = env.config("image", "");
    let text = fs::read_to_string(&path).unwrap();
    let named = text.replace("brokers: ['127.0.0.1:", &format!("brokers: ['{BROKER}:"));
    assert_ne!(named, text);
    fs::write(&path, named).unwrap();
    path
}

/// A container that runs the image's own command; it is removed when it is dropped.
struct Container {
    name: String,
    process: Process,
}

impl Container {
    fn run(image: &str, config: &Path) -> Container {
        let name = format!("adcs-watch-{}", std::process::id());
        let mount = format!("{}:/etc/adcs-watch/adcs-watch.yaml:ro", config.display());
        let mut command = podman();
        command.args(["run", "--rm", "--name", &name, "--network", "host", "--volume", &mount]);
        command.args(["--add-host", &format!("{BROKER}:127.0.0.1")]);
        command.args(["--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges", "--memory", MEMORY, "--pids-limit", PIDS]);
        // The limits that podman sets by default are higher than a nested container may have.
        command.args(["--runtime", "runc", "--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"]);
        command.arg(image);
        Container { name, process: Process::start(command, &config.with_extension("log")) }
    }

    /// Asserts from `/proc` that the process is confined.
    fn is_confined(&self) {
        let inspect = podman().args(["inspect", "--format", "{{.State.Pid}}", &self.name]).output().unwrap();
        let pid = String::from_utf8(inspect.stdout).unwrap().trim().to_owned();
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();

        let status = read("status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
            line.unwrap_or_default().to_owned()
        };
        let user = "65532\t65532\t65532\t65532";
        assert_eq!((field("Uid").as_str(), field("Gid").as_str()), (user, user));
        assert_eq!(field("CapBnd"), "0000000000000000");
        assert_eq!(field("NoNewPrivs"), "1");

        let mounts = read("mountinfo");
        let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
        assert!(root.split(' ').nth(5).is_some_and(|o| o.split(',').any(|o| o == "ro")), "{root}");

        let groups = read("cgroup");
        assert_eq!(limit(&groups, "memory", ["memory.limit_in_bytes", "memory.max"]), MEMORY);
        assert_eq!(limit(&groups, "pids", ["pids.max", "pids.max"]), PIDS);
    }

    /// Sends SIGTERM through podman and waits 30 s, as Kubernetes does.
    fn stop(mut self) -> std::process::ExitStatus {
        self.process.signal("TERM");
        self.process.wait(Duration::from_secs(30))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It exists only if the test failed.
        let _ = podman().args(["rm", "--force", "--ignore", &self.name]).output();
    }
}

fn podman() -> Command {
    Command::new("podman")
}

/// A limit of a control group; `files` names it in versions 1 and 2.
fn limit(groups: &str, controller: &str, files: [&str; 2]) -> String {
    let mounted = Path::new("/sys/fs/cgroup");
    let path = |wanted: &str| {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            controllers.split(',').any(|name| name == wanted).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let file = match path(controller) {
        Some(path) => mounted.join(controller).join(path).join(files[0]),
        None => mounted.join(path("").unwrap()).join(files[1]),
    };
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).trim().to_owned()
}
