//! The command line: help, exit codes, generated files, colour.

use crate::cli_world::{World, program, story};
use crate::common::project;
use std::io::Read;
use std::process::{Command, Stdio};

#[test]
fn help_and_version_exit_0() {
    let world = World::new();
    for line in
        ["--help", "-h", "--version", "help replay", "replay --help", "check --help", "generate --help"]
    {
        let run = world.run(line);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}");
        assert!(!run.stdout.is_empty(), "{line}");
    }
    assert!(world.run("replay --help").stdout.contains("Examples:"));
    assert!(world.run("--version").stdout.starts_with("adcs-watch "));
}

#[test]
fn wrong_command_line_exits_64() {
    let world = World::new();
    world.write("a.ndjson", "");
    let lines = [
        "",
        "frobnicate",
        "replay",
        "replay a.ndjson --frobnicate",
        "replay a.ndjson --zone Mars/Olympus",
        "replay a.ndjson --fail-on severe",
        "replay a.ndjson --format xlsx",
        "replay a.ndjson --since yesterday",
        "replay a.ndjson --detection mimikatz",
        "replay a.ndjson --dead-letter a.ndjson",
        "check",
        "generate completions tcl",
        "generate dashboards",
        "generate dashboards operations --out x",
    ];
    for line in lines {
        let run = world.run(line);
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{line}");
        assert!(!run.stderr.is_empty(), "{line}");
    }
    assert!(world.run("replay").stderr.contains("name files or directories, or `-`"));
}

#[test]
fn completions_and_manual_have_every_option() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = world.run(&format!("generate completions {shell}"));
        assert!(run.code == 0 && run.stdout.contains("assume-trained"), "{shell}");
    }
    let manual = world.run("generate man").stdout;
    assert!(
        manual.contains(".TH") && manual.contains(".SH NOTES\n.nf\n") && manual.contains("assume\\-trained"),
        "{manual}"
    );
}

#[test]
fn generated_dashboards_and_rules_equal_those_of_the_chart() {
    let world = World::new();
    let chart = |path: &str| std::fs::read_to_string(project("helm/adcs-watch").join(path)).unwrap();
    assert_eq!(world.run("generate alerts").stdout, chart("rules/adcs-watch.yaml"));
    assert_eq!(world.run("generate dashboards --out new/folder").code, 0);
    for name in ["operations", "detection"] {
        let file = format!("dashboards/{name}.json");
        assert_eq!(world.run(&format!("generate dashboards {name}")).stdout, chart(&file));
        assert_eq!(world.read(&format!("new/folder/{name}.json")), chart(&file));
    }
    for what in ["alerts", "dashboards operations", "dashboards detection"] {
        let linked = world.run(&format!("generate {what} --runbooks https://wiki.corp.example/r/")).stdout;
        assert!(linked.contains("https://wiki.corp.example/r/AdcsWatchLagSecondsHigh.md"), "{what}");
        assert!(!linked.contains("docs.corp.example"), "{what}");
    }
    world.write("file", "");
    assert_eq!(world.run("generate dashboards --out file").code, 74);
}

#[test]
fn generated_config_passes_check() {
    let world = World::new();
    let config = world.run("generate config");
    assert_eq!((config.code, config.stderr.as_str()), (0, ""));
    world.write("adcs-watch.yaml", config.stdout.as_bytes());
    let check = world.run("check -c adcs-watch.yaml --for replay");
    assert_eq!(check.code, 0, "{}", check.stdout);
    assert!(world.run("generate schema").json()["properties"]["kafka"].is_object());
    assert!(world.run("generate schema alert").json()["properties"]["alert_id"].is_object());
}

#[test]
fn colour_follows_terminal_and_option() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson --format table");
    assert!(!run.stdout.contains('\u{1b}'), "a pipe is no terminal");
    let run = world.run("replay story.ndjson --format table --color always");
    assert!(run.stdout.contains("\u{1b}["));
    assert!(world.run("--color=always frobnicate").stderr.contains("\u{1b}["), "clap's own messages, too");
    assert!(!world.run("--color never frobnicate").stderr.contains('\u{1b}'));
}

#[test]
fn closed_pipe_is_no_error() {
    let world = World::new();
    world.write("story.ndjson", story().repeat(2000));
    for (options, code) in [("", 0), ("--fail-on high", 1)] {
        let mut command = Command::new(program());
        command.current_dir(world.path("")).args(["replay", "story.ndjson", "--format", "table"]);
        command.args(options.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
        assert_eq!(child.wait().unwrap().code(), Some(code), "with --fail-on the verdict is still given");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn unwritable_output_exits_74() {
    let world = World::new();
    world.write("story.ndjson", story());
    for format in ["table", "ndjson", "json"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(program());
        command.current_dir(world.path("")).args(["replay", "story.ndjson", "--format", format]);
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(74), "{format}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("error: cannot write the results\n  caused by: "), "{said}");
    }
    let run = world.run("replay story.ndjson --dead-letter /dev/full/no");
    assert_eq!(run.code, 74);
    assert!(run.stderr.contains("cannot write dead letters to /dev/full/no"), "{}", run.stderr);
}
