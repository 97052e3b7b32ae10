//! YAML → a tree in which every node knows its position in the file and its path.
//!
//! This is our own code, above the parser `saphyr-parser`, because readers of YAML for serde stop at the first mistake and
//! lose positions. A config is refused with all its mistakes at once, each with line and column.

use crate::config::mistake::{Location, Mistake};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Value;

/// A value in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The position of its first character.
    pub at: Location,
    /// Its path from the top, `policy.allow.templates[1]`.
    pub path: String,
    /// Its value: a scalar, a mapping or a sequence.
    pub kind: Kind,
}

/// The value of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A text, number, truth value or null.
    Scalar(Value),
    /// Entries, in the order of the file.
    Mapping(Vec<Entry>),
    /// Elements, in the order of the file.
    Sequence(Vec<Node>),
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name before the colon.
    pub name: String,
    /// The position of the name.
    pub at: Location,
    /// The value behind the colon.
    pub node: Node,
}

/// Deeper than any valid config, and shallow enough for the stack of any thread.
const MAX_DEPTH: usize = 32;

impl Node {
    /// Parses a file; an empty file is an empty mapping. Collects mistakes that leave the rest readable. The first one that
    /// does not ends the parsing, and the result is `None`.
    pub fn parse(text: &str, mistakes: &mut Vec<Mistake>) -> Option<Node> {
        let mut builder = Builder { parser: Parser::new_from_str(text), mistakes };
        match builder.document() {
            Ok(node) => Some(node),
            Err(mistake) => {
                builder.mistakes.push(mistake);
                None
            }
        }
    }

    /// The tree as JSON, for serde. A name without a value is left out, like a comment.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Sequence(nodes) => Value::Array(nodes.iter().map(Node::to_value).collect()),
            Kind::Mapping(entries) => {
                let set = entries.iter().filter(|entry| entry.node.kind != Kind::Scalar(Value::Null));
                Value::Object(set.map(|entry| (entry.name.clone(), entry.node.to_value())).collect())
            }
        }
    }
}

impl Node {
    /// The position of the field at a path, or of the nearest one above it that is in the file.
    pub(crate) fn locate(&self, path: &str) -> Option<Location> {
        let entries: Vec<(Location, &Node)> = match &self.kind {
            Kind::Mapping(entries) => entries.iter().map(|entry| (entry.at, &entry.node)).collect(),
            Kind::Sequence(nodes) => nodes.iter().map(|node| (node.at, node)).collect(),
            Kind::Scalar(_) => Vec::new(),
        };
        let (at, node) = entries.into_iter().find(|(_, node)| {
            let below = path.strip_prefix(node.path.as_str());
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })?;
        let here = if node.path == path { node.at } else { at };
        node.locate(path).or(Some(here))
    }
}

struct Builder<'a, 'm> {
    parser: Parser<'a, StrInput<'a>>,
    mistakes: &'m mut Vec<Mistake>,
}

impl<'a> Builder<'a, '_> {
    fn document(&mut self) -> Result<Node, Mistake> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(mistake(
                        location(span),
                        "",
                        "a second document (`---`); a config is one document",
                    ));
                }
                Event::DocumentStart(_) => {}
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => root = Some(self.node(event, span, String::new(), 0)?),
            }
        }
        let empty = Node {
            at: Location { line: 1, column: 1 },
            path: String::new(),
            kind: Kind::Mapping(Vec::new()),
        };
        match root {
            None => Ok(empty),
            Some(node) => match node.kind {
                Kind::Mapping(_) => Ok(node),
                Kind::Scalar(Value::Null) => Ok(empty),
                Kind::Scalar(_) | Kind::Sequence(_) => {
                    Err(mistake(node.at, "", "a config is a mapping at the top, such as `policy: {…}`"))
                }
            },
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Mistake> {
        self.parser.next().transpose().map_err(|error| syntax(&error))
    }

    fn node(&mut self, event: Event<'a>, span: Span, path: String, depth: usize) -> Result<Node, Mistake> {
        let at = location(span);
        if depth > MAX_DEPTH {
            return Err(mistake(at, &path, "nested too deeply"));
        }
        self.refuse_tag(&event, at, &path);
        let kind = match event {
            Event::Scalar(text, style, _, _) => Kind::Scalar(scalar(&text, style)),
            Event::SequenceStart(..) => self.sequence(&path, depth)?,
            Event::MappingStart(..) => self.mapping(&path, depth)?,
            Event::Alias(_) => {
                self.mistakes.push(mistake(
                    at,
                    &path,
                    "aliases (`*name`) are not supported; repeat the value",
                ));
                Kind::Scalar(Value::Null)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(mistake(at, &path, "a value is missing here")),
        };
        Ok(Node { at, path, kind })
    }

    /// Notes a tag that would have another reader compute the value: `!env NAME` would be the text `NAME` here.
    fn refuse_tag(&mut self, event: &Event<'_>, at: Location, path: &str) {
        if let Event::Scalar(_, _, _, Some(tag))
        | Event::SequenceStart(_, Some(tag))
        | Event::MappingStart(_, Some(tag)) = event
            && !tag.is_yaml_core_schema()
        {
            let said = format!("tags (`{}{}`) are not supported; write the value", tag.handle, tag.suffix);
            self.mistakes.push(mistake(at, path, &said));
        }
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Result<Kind, Mistake> {
        let mut nodes = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            nodes.push(self.node(event, span, format!("{path}[{}]", nodes.len()), depth + 1)?);
        }
        Ok(Kind::Sequence(nodes))
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Kind, Mistake> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span, path.to_owned(), depth + 1)?;
            let Some((event, span)) = self.next()? else { break };
            let name = self.name(&key);
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let node = self.node(event, span, below, depth + 1)?;
            match entries.iter().find(|entry| entry.name == name) {
                Some(first) => {
                    let said = format!("said twice; the first is in line {}", first.at.line);
                    self.mistakes.push(mistake(key.at, &node.path, &said));
                }
                None => entries.push(Entry { name, at: key.at, node }),
            }
        }
        Ok(Kind::Mapping(entries))
    }

    /// A name must be text: the NetBIOS name `123` needs quotes.
    fn name(&mut self, key: &Node) -> String {
        match &key.kind {
            Kind::Scalar(Value::String(name)) => name.clone(),
            Kind::Scalar(value) => {
                self.mistakes.push(mistake(
                    key.at,
                    &key.path,
                    &format!("the name `{value}` is not text; put it in quotes"),
                ));
                value.to_string()
            }
            Kind::Mapping(_) | Kind::Sequence(_) => {
                self.mistakes.push(mistake(key.at, &key.path, "a name must be text"));
                String::new()
            }
        }
    }
}

/// The value of a scalar by the core schema of YAML 1.2: quoted is text, plain may be null, a truth value or a number.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        // Text to most readers of YAML 1.1, and octal to some; an account may be called so.
        padded
            if padded.len() > 1 && padded.starts_with('0') && padded.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Value::from(padded)
        }
        number if number.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            let integer = number.parse::<i64>().ok().map(Value::from);
            integer
                .or_else(|| number.parse::<f64>().ok().map(Value::from))
                .unwrap_or_else(|| Value::from(text))
        }
        _ => Value::from(text),
    }
}

fn location(span: Span) -> Location {
    Location { line: span.start.line(), column: span.start.col() + 1 }
}

fn mistake(at: Location, path: &str, message: &str) -> Mistake {
    Mistake { at: Some(at), path: path.to_owned(), message: message.to_owned() }
}

fn syntax(error: &ScanError) -> Mistake {
    let at = Location { line: error.marker().line(), column: error.marker().col() + 1 };
    mistake(at, "", &format!("not YAML: {}", error.info().trim_end_matches('.')))
}
