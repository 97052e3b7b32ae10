//! Every path that a file of source names, from its tokens: arguments of macros hide from a syntax tree, not from here.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One path as it is written, groups of `use` expanded: `use crate::{a, b::c}` names two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedPath {
    /// `["crate", "event", "time"]`; `*` for a glob.
    pub(crate) segments: Vec<String>,
    /// Inside `mod tests { … }`.
    pub(crate) in_tests: bool,
}

impl NamedPath {
    pub(crate) fn starts_with(&self, segments: &[&str]) -> bool {
        self.segments.len() >= segments.len() && self.segments.iter().zip(segments).all(|(a, b)| a == b)
    }

    pub(crate) fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }
}

impl std::fmt::Display for NamedPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.segments.join("::"))
    }
}

/// Every path of a file.
pub(crate) fn named_paths(source: &str) -> Vec<NamedPath> {
    let mut paths = Vec::new();
    walk(tokens(source), false, &mut paths);
    paths
}

/// The modules a file declares without a body, `mod name;`, in order.
pub(crate) fn declared_modules(source: &str) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens(source).into_iter().collect();
    let is_declaration = |w: &&[TokenTree]| w[0].to_string() == "mod" && w[2].to_string() == ";";
    tokens.windows(3).filter(is_declaration).map(|w| w[1].to_string()).collect()
}

fn tokens(source: &str) -> TokenStream {
    source.parse().unwrap_or_else(|error| panic!("no Rust tokens: {error}"))
}

fn walk(stream: TokenStream, in_tests: bool, paths: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(ident) if ident == "mod" && is_brace(tokens.get(at + 2)) => {
                let tests = tokens[at + 1].to_string() == "tests";
                walk(group(&tokens[at + 2]).stream(), in_tests || tests, paths);
                at += 3;
            }
            TokenTree::Ident(_) => at = path(&tokens, at, &[], in_tests, paths),
            TokenTree::Group(group) => {
                if !is_visibility(group) {
                    walk(group.stream(), in_tests, paths);
                }
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Reads the path that begins at `at` and returns where it ends.
fn path(
    tokens: &[TokenTree],
    mut at: usize,
    prefix: &[String],
    in_tests: bool,
    paths: &mut Vec<NamedPath>,
) -> usize {
    let mut segments = prefix.to_vec();
    loop {
        match &tokens[at] {
            TokenTree::Ident(ident) if ident == "self" && !segments.is_empty() => {}
            TokenTree::Group(group) => {
                members(group, &segments, in_tests, paths);
                return at + 1;
            }
            token @ (TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) => {
                segments.push(token.to_string())
            }
        }
        at += 1;
        if !(is_double_colon(&tokens[at..]) && tokens.get(at + 2).is_some_and(continues_path)) {
            paths.push(NamedPath { segments, in_tests });
            return at;
        }
        at += 2;
    }
}

/// The members of `prefix::{…}`, each with what follows it up to its comma (`as name`).
fn members(group: &Group, prefix: &[String], in_tests: bool, paths: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for member in tokens.split(|token| token.to_string() == ",").filter(|member| !member.is_empty()) {
        path(member, 0, prefix, in_tests, paths);
    }
}

fn continues_path(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_)) || is_brace(Some(token)) || token.to_string() == "*"
}

fn is_double_colon(tokens: &[TokenTree]) -> bool {
    tokens.len() >= 2 && tokens[..2].iter().all(|token| token.to_string() == ":")
}

fn is_brace(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

fn group(token: &TokenTree) -> &Group {
    let TokenTree::Group(group) = token else { panic!("{token} is no group") };
    group
}

/// `(crate)` and `(super)`, as in `pub(crate)`.
fn is_visibility(group: &Group) -> bool {
    group.delimiter() == Delimiter::Parenthesis
        && ["crate", "super"].contains(&group.stream().to_string().as_str())
}

#[test]
fn paths_are_found_wherever_they_hide() {
    let found = |source: &str, path: &str| named_paths(source).iter().any(|p| p.to_string() == path);
    assert!(found("use crate::detect::policy::Policy;", "crate::detect::policy::Policy"));
    assert!(found("use crate::{event::{self, time::Time as T}, wire};", "crate::event"));
    assert!(found("use crate::{event::{self, time::Time as T}, wire};", "crate::event::time::Time"));
    assert!(found("use crate::{event::{self, time::Time as T}, wire};", "crate::wire"));
    assert!(found("fn f() { assert!(matches!(x, crate::wire::A::B(_))) }", "crate::wire::A::B"));
    assert!(found("macro_rules! m { () => { $crate::wire::f() } }", "crate::wire::f"));
    assert!(found("use std::{collections::BTreeMap, fs};", "std::fs"));
    assert!(found(
        "fn f() { ::std::thread::spawn(f); let x = Vec::<std::fs::File>::new(); }",
        "std::thread::spawn"
    ));
    assert!(found("fn f() { let x = Vec::<std::fs::File>::new(); }", "std::fs::File"));
    assert!(!found("/// [`crate::wire`]\npub(crate) struct S;", "crate::wire"));
    assert_eq!(declared_modules("pub mod a; #[cfg(x)] mod b; mod c { mod d; }"), ["a", "b"]);
}

#[test]
fn what_stands_in_tests_is_known_to() {
    let paths = named_paths(
        "use crate::a::A; mod tests { use super::*; mod deeper { use super::x; } } use crate::b::B;",
    );
    let in_tests: Vec<_> =
        paths.iter().filter(|p| p.in_tests && p.segments.len() > 1).map(ToString::to_string).collect();
    assert_eq!(in_tests, ["super::*", "super::x"]);
}
