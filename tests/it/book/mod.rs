//! The code blocks of the documents work: commands parse, configs are valid, JSON parses, records are read.

mod blocks;
mod commands;

use crate::cli_world::World;
use crate::common::project;
use crate::schema::{faults, tree};
use adcs_watch::cli::Cli;
use adcs_watch::config::tree::Node;
use adcs_watch::config::{Config, schema};
use adcs_watch::decode::{Decoded, Place};
use blocks::{Block, blocks};
use clap::Parser;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What a block may be. One without a kind is checked by nobody.
const KINDS: [&str; 11] =
    ["sh", "yaml", "json", "ndjson", "text", "ini", "conf", "powershell", "xml", "toml", "promql"];

#[test]
fn code_blocks_of_documents_work() {
    let complaints: Vec<String> =
        documents().iter().flat_map(|(path, text)| broken_blocks(path, text)).collect();
    assert!(complaints.is_empty(), "{} complaints:\n  {}", complaints.len(), complaints.join("\n  "));
}

/// `UPDATE=1` adds what is missing at the end, by its title.
#[test]
fn summary_lists_every_page() {
    let mut summary = fs::read_to_string(project("docs/SUMMARY.md")).unwrap();
    for (path, text) in documents() {
        let Some(page) = path.strip_prefix("docs/").filter(|page| *page != "SUMMARY.md") else { continue };
        let listed = summary.matches(&format!("]({page})")).count();
        if listed == 0 && std::env::var_os("UPDATE").is_some() {
            let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(page);
            summary.push_str(&format!("- [{title}]({page})\n"));
            fs::write(project("docs/SUMMARY.md"), &summary).unwrap();
        } else {
            assert_eq!(listed, 1, "docs/SUMMARY.md does not list {page} once");
        }
    }
}

/// The site has the pages of the book and nothing else, so they link to each other only.
#[test]
fn pages_link_within_the_book() {
    for (path, text) in documents().iter().filter(|(path, _)| path.starts_with("docs/")) {
        let depth = path.matches('/').count() - 1;
        let outside = format!("]({}", "../".repeat(depth + 1));
        assert!(!text.contains(&outside), "{path} links out of the book: {outside}…");
    }
}

/// Each page on a shipper shows one of its records and the source that reads it.
#[test]
fn record_on_each_wiring_page_raises_an_alert() {
    let pages = documents().into_iter().filter(|(path, _)| path.starts_with("docs/wiring/"));
    let overviews = ["docs/wiring/index.md", "docs/wiring/formats.md", "docs/wiring/activities.md"];
    for (path, text) in pages.filter(|(path, _)| !overviews.contains(&path.as_str())) {
        let found = blocks(&text);
        let of = |kind: &str| {
            let first = found.iter().find(|block| block.info == kind);
            first.map_or_else(|| panic!("{path} has no block of {kind}"), |block| block.text.clone())
        };
        let (record, config) = (of("ndjson"), Config::parse(&path, &of("yaml")).unwrap());
        let source = config.sources.first().unwrap();
        assert!(source.format.is_some(), "{path}: the source names no format");
        let mut events = 0;
        source.decoder().decode(record.trim().as_bytes(), &Place::default(), &mut |decoded| match decoded {
            Ok(Decoded::Event(_)) => events += 1,
            Ok(Decoded::Ignored(_)) => panic!("{path}: its record is ignored"),
            Err(rejection) => panic!("{path}: {rejection}"),
        });
        assert_eq!(events, 1, "{path}");
        let world = World::new();
        world.write("record.ndjson", record);
        let line =
            commands_of(&found).into_iter().find(|line| line.starts_with("adcs-watch replay record.ndjson"));
        let line = line.unwrap_or_else(|| panic!("{path} does not say how to try it"));
        let run = world.run(&format!("{} --format json", line.trim_start_matches("adcs-watch ")));
        let alerts = run.alerts();
        assert!(alerts.len() == 1 && alerts[0].1 == "critical", "{path}: {}{}", run.stderr, run.stdout);
    }
}

#[test]
fn planted_faults_in_blocks_are_found() {
    let said = |text: &str| broken_blocks("a.md", text);
    let one = |text: &str, part: &str| {
        let said = said(text);
        assert!(said.len() == 1 && said[0].contains(part), "{part}: {said:?}");
    };
    assert_eq!(said("```sh\ncat x | adcs-watch replay - --format ndjson > y  # all\n```\n"), [""; 0]);
    assert_eq!(said("```yaml\npolicy:\n  san_mismatch: {burst_window: 15m}\n```\n"), [""; 0]);
    one("```sh\nadcs-watch replay a \\\n  --fromat json\n```\n", "a.md:2: adcs-watch replay a --fromat json");
    one("```sh\nadcs-watch check && adcs-watch run -c a\n```\n", "adcs-watch check");
    one("```sh\nscripts/gone start\n```\n", "scripts/gone");
    one("```yaml\npolicy: {san_mismatch: {burst_cuont: 3}}\n```\n", "burst_cuont");
    one("```yaml,helm\na: [1\n```\n", "not YAML");
    one("```sh\ncat > a.yaml <<'END'\nkafak: {}\nEND\nadcs-watch check -c a.yaml\n```\n", "kafak");
    one("```json\n{'a': 1}\n```\n", "no JSON");
    one("```ndjson\n{\"a\": 1}\n{\n```\n", "a.md:3: no JSON");
    one("```\nx\n```\n", "a block of no kind");
}

fn broken_blocks(path: &str, text: &str) -> Vec<String> {
    let blocks = blocks(text);
    let files = blocks.iter().filter(|block| block.info == "sh").flat_map(Block::files);
    blocks
        .iter()
        .flat_map(|block| broken(path, block))
        .chain(files.flat_map(|file| broken(path, &file)))
        .collect()
}

fn broken(path: &str, block: &Block) -> Vec<String> {
    let at = |line: usize, what: String| format!("{path}:{}: {what}", block.line + line);
    let (kind, foreign) = block.info.split_once(',').map_or((block.info.as_str(), ""), |(a, b)| (a, b));
    match kind {
        "sh" => block
            .commands()
            .into_iter()
            .flat_map(|(n, line)| command(&line).map(|what| at(n, what)))
            .collect(),
        "yaml" if foreign.is_empty() => config(&block.text).map(|what| at(0, what)).into_iter().collect(),
        "yaml" => {
            let mut mistakes = Vec::new();
            Node::parse(&block.text, &mut mistakes);
            mistakes.into_iter().map(|mistake| at(0, mistake.message)).collect()
        }
        "json" => not_json(&block.text).map(|what| at(0, what)).into_iter().collect(),
        "ndjson" => {
            let lines = block.text.lines().enumerate();
            lines.filter_map(|(n, line)| not_json(line).map(|what| at(n, what))).collect()
        }
        known if KINDS.contains(&known) => Vec::new(),
        unknown => vec![at(0, format!("a block of no kind that is checked: `{unknown}`"))],
    }
}

fn commands_of(blocks: &[Block]) -> Vec<String> {
    let shells = blocks.iter().filter(|block| block.info == "sh");
    shells.flat_map(|block| block.commands().into_iter().map(|(_, line)| line)).collect()
}

/// What is wrong with one line of a shell.
fn command(line: &str) -> Option<String> {
    for words in commands::commands(line) {
        let name = words.first().map_or("", String::as_str);
        if name.starts_with("scripts/") && !project(name).exists() {
            return Some(format!("{name} is not there"));
        }
        if Path::new(name).file_name().is_some_and(|file| file == "adcs-watch")
            && let Err(error) = Cli::try_parse_from(&words)
            && error.use_stderr()
        {
            return Some(format!(
                "{}: {}",
                words.join(" "),
                error.to_string().lines().next().unwrap_or_default()
            ));
        }
    }
    None
}

/// What is wrong with a config of ours: to the reader, or to the schema.
fn config(text: &str) -> Option<String> {
    if let Err(mistakes) = Config::parse("block", text) {
        return Some(mistakes.to_string());
    }
    faults(&schema::config(), &tree(text)).pop()
}

fn not_json(text: &str) -> Option<String> {
    serde_json::from_str::<Value>(text).err().map(|error| format!("no JSON: {error}"))
}

/// The documents: those at the root, and those of the folders that hold some.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["", "docs", "benches", "samples", "helm", "fuzz"] {
        collect(Path::new(folder), folder.is_empty(), &mut found);
    }
    found.sort();
    assert!(found.len() > 10);
    found
}

fn collect(folder: &Path, only_here: bool, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(project("").join(folder)).into_iter().flatten() {
        let name = entry.unwrap().file_name();
        let path = folder.join(&name);
        if project("").join(&path).is_dir() {
            if !only_here {
                collect(&path, false, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(project("").join(&path)).unwrap();
            found.push((path.to_string_lossy().into_owned(), text));
        }
    }
}
