//! The field's English: words and phrases that no sentence, log line or name uses, and the width of Markdown.

use crate::architecture::tree::Tree;
use crate::architecture::{assert_none, assert_one};
use std::collections::BTreeMap;

/// A banned word or phrase, and what to write instead. Matching ignores case, punctuation and line ends, compares whole
/// words, and reads `snake_case` and `CamelCase` as the words they consist of.
const BANNED: [(&str, &str); 46] = [
    ("anew", "again, restart, re-create"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("stray", "unexpected"),
    ("strays", "unexpected"),
    ("doubtful", "in doubt, outcome unknown"),
    ("patience", "timeout"),
    ("sieve", "prefilter"),
    ("pulse", "heartbeat"),
    ("door", "the name of the part"),
    ("shape", "format"),
    ("shapes", "formats"),
    ("silenced", "suppressed"),
    ("kept silent", "suppressed"),
    ("keeps silent", "suppresses"),
    ("held back", "suppressed, delayed"),
    ("given up", "fenced, abandoned"),
    ("thrown out", "fenced"),
    ("throws out", "fences"),
    ("throw each other out", "fence each other"),
    ("throws the other out", "fences the other"),
    ("tells", "reports, logs, states"),
    ("told", "reported, logged, stated"),
    ("says", "reports, states, contains"),
    ("is said", "is set, is stated"),
    ("are said", "are set, are stated"),
    ("was said", "was set, was stated"),
    ("be said", "be set, be stated"),
    ("whoever", "a client that, anyone who"),
    ("who cannot", "a worker that cannot"),
    ("cannot go on", "cannot continue"),
    ("one sees", "the table shows"),
    ("one reads", "the page states"),
    ("is away", "is unreachable"),
    ("are away", "are unreachable"),
    ("be away", "be unreachable"),
    ("not heeded", "ignored"),
    ("grace is over", "grace period expired"),
    ("over its session", "beyond its session timeout"),
    ("as yet", "yet"),
    ("house", "context, environment"),
    ("ground", "backend"),
    ("grounds", "backends"),
    ("plant", "environment, backend"),
    ("theatre", "environment, backend"),
];

/// Where a banned phrase stands for a reason: path, phrase, reason.
const ALLOWED: [Allowance; 9] = [
    ("CHANGELOG.md", "shape", "the former name of a config key"),
    ("docs/configuration.md", "shape", "the former name of a config key"),
    ("docs/run.md", "doubtful", "the value of a metric label and of a span attribute"),
    ("docs/runbooks/AdcsWatchTransactionsFailing.md", "doubtful", "the value of a metric label"),
    ("src/config/topics.rs", "shape", "the former name of the key `format`, which is still read"),
    ("src/decode/rejection.rs", "shape", "the reason code `unknown_shape`, a value of a metric label"),
    ("src/observe/metrics/values.rs", "doubtful", "the value of a metric label"),
    ("src/observe/metrics/handles.rs", "stray", "the value of a metric label"),
    ("src/observe/traces/mod.rs", "doubtful", "the value of a span attribute"),
];

/// What is read. Texts of other projects, pictures and generated tables of other tools are not.
const READ: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/",
    "src/",
    "proto/",
    "helm/README.md",
    "helm/adcs-watch/",
];
const KINDS: [&str; 8] = [".md", ".gotmpl", ".rs", ".proto", ".yaml", ".tpl", ".txt", ".json"];

/// The width of Markdown in columns. Tables, blocks of code and the targets of links do not count.
const MAX_COLUMNS: usize = 120;
const MARKDOWN: [&str; 7] =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md", "docs/", "helm/", "benches/"];

#[test]
fn no_text_uses_a_banned_word() {
    assert_none(banned_words(&Tree::of_this_repository(), &ALLOWED));
}

#[test]
fn every_allowance_is_needed() {
    assert_none(needless_allowances(&Tree::of_this_repository(), &ALLOWED));
}

#[test]
fn markdown_fits_its_width() {
    assert_none(wide_lines(&Tree::of_this_repository()));
}

type Allowance = (&'static str, &'static str, &'static str);

fn banned_words(tree: &Tree, allowed: &[Allowance]) -> Vec<String> {
    let is_allowed = |path: &str, phrase: &str| allowed.iter().any(|(p, w, _)| path == *p && phrase == *w);
    let findings = texts(tree, &READ).flat_map(|(path, text)| {
        found(text).into_iter().map(move |(line, phrase, instead)| (path, line, phrase, instead))
    });
    findings
        .filter(|(path, _, phrase, _)| !is_allowed(path, phrase))
        .map(|(path, line, phrase, instead)| format!("{path}:{line}: \"{phrase}\": write {instead}"))
        .collect()
}

fn needless_allowances(tree: &Tree, allowed: &[Allowance]) -> Vec<String> {
    let is_needed = |path: &str, phrase: &str| {
        tree.text(path).is_some_and(|text| found(text).iter().any(|(_, used, _)| *used == phrase))
    };
    allowed
        .iter()
        .filter(|(path, phrase, _)| !is_needed(path, phrase))
        .map(|(path, phrase, _)| format!("{path} is allowed \"{phrase}\" and does not use it"))
        .collect()
}

/// Whether the list holds for a file by now.
/// The files to read below some prefixes.
fn texts<'a>(tree: &'a Tree, prefixes: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    prefixes
        .iter()
        .flat_map(|prefix| tree.under(prefix))
        .filter(|(path, _)| KINDS.iter().any(|kind| path.ends_with(kind)))
}

/// The banned phrases of a text: line, phrase, what to write instead.
fn found(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let words = words(text);
    let by_first_word = by_first_word();
    let follows = |start: usize, phrase: &str| {
        let mut rest = words[start..].iter();
        phrase.split(' ').all(|word| rest.next().is_some_and(|(_, used)| used == word))
    };
    let starts =
        words.iter().enumerate().filter_map(|(n, (_, word))| Some((n, by_first_word.get(word.as_str())?)));
    let candidates = starts.flat_map(|(n, bans)| bans.iter().map(move |ban| (n, *ban)));
    candidates
        .filter(|(n, (phrase, _))| follows(*n, phrase))
        .map(|(n, (phrase, instead))| (words[n].0, phrase, instead))
        .collect()
}

fn by_first_word() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    let mut bans: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ban in BANNED {
        bans.entry(ban.0.split(' ').next().unwrap_or_default()).or_default().push(ban);
    }
    bans
}

/// The words of a text in lower case, each with its line. Names of metrics are fixed and are no words.
fn words(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let names = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for name in names.filter(|name| !name.starts_with("adcs_watch_")) {
            words.extend(parts(name).map(|word| (n + 1, word)));
        }
    }
    words
}

/// `snake_case` and `CamelCase` as words.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit())) {
            spaced.push(' ');
        }
        if c != '_' {
            spaced.extend(c.to_lowercase());
        }
        before = c;
    }
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn wide_lines(tree: &Tree) -> Vec<String> {
    let documents =
        texts(tree, &MARKDOWN).filter(|(path, _)| path.ends_with(".md") || path.ends_with(".gotmpl"));
    documents
        .flat_map(|(path, text)| {
            wide(text).map(move |(line, width)| {
                format!("{path}:{line} has {width} columns, more than {MAX_COLUMNS}")
            })
        })
        .collect()
}

/// The lines of prose that are too wide, with their width.
fn wide(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut in_block = false;
    let prose = text.lines().enumerate().filter(move |(_, line)| {
        let line = line.trim_start();
        in_block ^= line.starts_with("```");
        !in_block && !line.starts_with("```") && !line.starts_with('|')
    });
    prose.map(|(n, line)| (n + 1, columns(line))).filter(|(_, width)| *width > MAX_COLUMNS)
}

/// The width of a line without the targets of its links.
fn columns(line: &str) -> usize {
    let mut pieces = line.split("](");
    let first = pieces.next().map_or(0, |text| text.chars().count());
    pieces
        .fold(first, |sum, piece| sum + piece.split_once(')').map_or(piece, |(_, rest)| rest).chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        banned_words(&Tree::of(&[(path, text)]), &[])
    }

    #[test]
    fn banned_word_is_found_in_prose_comments_strings_and_names() {
        assert_eq!(complaints("docs/a.md", "The worker restarts. We recommend a planted fault."), [""; 0]);
        assert_one(&complaints("docs/a.md", "One line.\n\nThe topic is made ANEW."), "docs/a.md:3: \"anew\"");
        assert_one(&complaints("src/a.rs", "/// Waits with patience."), "write timeout");
        assert_one(&complaints("src/a.rs", "let text = \"how to mend it\";"), "\"mend\": write fix");
        assert_one(&complaints("src/a.rs", "const SHORT_PATIENCE: u64 = 1;"), "patience");
        assert_one(&complaints("src/a.rs", "struct FrozenHouse;"), "house");
        assert_one(&complaints("helm/adcs-watch/values.yaml", "# -- Whoever scrapes"), "whoever");
        assert_one(&complaints("helm/adcs-watch/README.md.gotmpl", "It tells why."), "tells");
    }

    #[test]
    fn banned_phrase_is_found_across_lines_and_comment_marks() {
        assert_one(
            &complaints("src/a.rs", "/// The alert is kept\n/// silent."),
            "src/a.rs:1: \"kept silent\"",
        );
        assert_eq!(complaints("src/a.rs", "/// The topic is kept. Silence follows."), [""; 0]);
    }

    #[test]
    fn metric_names_and_other_folders_are_not_read() {
        assert_eq!(complaints("docs/a.md", "`adcs_watch_silenced_alerts_total`"), [""; 0]);
        assert_eq!(complaints("tests/it/a.rs", "// made anew"), [""; 0]);
        assert_eq!(complaints("docs/img/a.svg", "made anew"), [""; 0]);
    }

    #[test]
    fn allowance_covers_one_phrase_of_one_file_and_must_be_needed() {
        let tree = Tree::of(&[("docs/a.md", "`shape`"), ("docs/b.md", "`shape`")]);
        let allowed = [("docs/a.md", "shape", "the former name of a key")];
        assert_one(&banned_words(&tree, &allowed), "docs/b.md:1");
        assert_eq!(needless_allowances(&tree, &allowed), [""; 0]);
        let needless = [("docs/a.md", "anew", "?"), ("docs/gone.md", "shape", "?")];
        assert_eq!(needless_allowances(&tree, &needless).len(), 2);
    }

    #[test]
    fn wide_line_is_found_unless_it_is_a_table_a_block_or_a_link() {
        let wide = |text: &str| wide_lines(&Tree::of(&[("docs/a.md", text)]));
        let long = "word ".repeat(25);
        assert_one(&wide(&format!("# A\n{long}")), "docs/a.md:2 has 125 columns");
        assert_eq!(wide(&format!("| {long} |\n```text\n{long}\n```\n[a]({})", "x".repeat(200))), [""; 0]);
        assert_one(&wide(&format!("```text\nx\n```\n{long}")), "docs/a.md:4");
        assert_one(&wide(&format!("[a](b) {long}")), "has 128 columns");
    }
}
