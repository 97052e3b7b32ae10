//! The report: whole, harmless, small.

use crate::cli_world::{Issued, World, program, story};
use crate::common::{golden_alerts, project};
use adcs_watch::alert::Alert;
use adcs_watch::replay::pipe::Pipe;
use adcs_watch::replay::show::{Format, start};
use adcs_watch::replay::summary::Summary;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::process::Command;

/// An element: its name, attributes, and the text directly in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Element {
        let attributes = start.html_attributes().map(|attribute| attribute.unwrap());
        Element {
            name: start.name().as_ref().to_owned(),
            attributes: attributes.map(|a| (a.key.as_ref().to_owned(), a.value.into_owned())).collect(),
            text: String::new(),
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// All elements of a page, which is well-formed XML too: a value that is not escaped would break it.
fn elements(page: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(elements.len());
                elements.push(Element::of(&start));
            }
            Event::Empty(start) => elements.push(Element::of(&start)),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                let Some(at) = open.last() else { continue };
                elements[*at].text.push_str(&text);
            }
            Event::Eof => break,
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) => {}
            Event::PI(_) | Event::DocType(_) | Event::GeneralRef(_) => {}
        }
    }
    assert!(open.is_empty(), "every element is closed");
    elements
}

/// The report on the samples.
fn sample_report() -> String {
    let world = World::new();
    let run = Command::new(program())
        .args(["report", "samples/corp-example", "--output"])
        .arg(world.path("report.html"))
        .current_dir(project(""))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    world.read("report.html")
}

#[test]
fn report_has_every_part_and_every_link_leads_to_an_alert() {
    let elements = elements(&sample_report());
    let sections = elements.iter().filter(|e| e.name == "section").filter_map(|e| e.attribute("id"));
    assert_eq!(sections.collect::<Vec<_>>(), ["summary", "timeline", "who", "alerts", "coverage"]);
    let ids: Vec<&str> =
        elements.iter().filter(|e| e.name == "article").filter_map(|e| e.attribute("id")).collect();
    assert_eq!(ids.len(), 11, "one article for each alert, stories too");
    let links: Vec<&str> = elements.iter().filter_map(|e| e.attribute("href")).collect();
    assert!(links.len() >= 12, "from the timeline and from the accounts: {links:?}");
    for link in links {
        assert!(link.strip_prefix('#').is_some_and(|id| ids.contains(&id)), "{link}");
    }
    assert_eq!(elements.iter().filter(|e| e.name == "circle").count(), 11);
    let levels: Vec<&str> =
        elements.iter().filter(|e| e.name == "article").filter_map(|e| e.attribute("class")).collect();
    assert_eq!(levels[0], "critical", "the gravest first");
}

#[test]
fn report_loads_nothing_and_runs_nothing() {
    let page = sample_report();
    let elements = elements(&page);
    for element in &elements {
        let loads = ["script", "link", "img", "iframe", "object", "embed", "form"];
        assert!(!loads.contains(&element.name.as_str()), "{element:?}");
        let acts = |name: &str| name == "style" || name == "src" || name.starts_with("on");
        assert!(!element.attributes.iter().any(|(name, _)| acts(name)), "{element:?}");
    }
    let policy = elements.iter().find(|e| e.attribute("http-equiv") == Some("Content-Security-Policy"));
    let policy = policy.unwrap().attribute("content").unwrap();
    let style = elements.iter().find(|e| e.name == "style").unwrap();
    let hash = BASE64_STANDARD.encode(openssl::sha::sha256(style.text.as_bytes()));
    let expected =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    assert_eq!(
        policy, expected,
        "STYLE_HASH of src/replay/show/html/page.rs is that of templates/report.css"
    );
}

#[test]
fn what_an_attacker_writes_stays_text() {
    let hostile = Issued {
        record: 9,
        minute: 9,
        requester: "<script>alert(1)</script>",
        upn: "\"><img src=x onerror=alert(1)>\u{202e}&@corp.example",
    };
    let world = World::new();
    world.write("hostile.ndjson", hostile.line());
    let run = world.run("report hostile.ndjson");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = world.read("report.html");
    let elements = elements(&page);
    assert!(elements.iter().any(|e| e.name == "article"), "it raised an alert");
    assert!(elements.iter().all(|e| e.name != "script" && e.name != "img"));
    assert!(!page.contains('\u{202e}'), "it cannot turn the direction of the text");
}

#[test]
fn report_of_any_number_of_alerts_is_smaller_than_2_mb() {
    let recorded = golden_alerts();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut show = start(Format::Html, Pipe::new(&mut out), &mut err, 100).unwrap();
    for n in 0..5000_usize {
        let mut alert = recorded[n % recorded.len()].1.clone();
        alert["alert_id"] = format!("{n:032x}").into();
        alert["title"] = "<&\"'>".repeat(20).into();
        let alert: Alert = serde_json::from_value(alert).unwrap();
        show.latest(&alert).unwrap();
    }
    show.finish(&Summary::default()).unwrap();
    drop(show);
    assert!(out.len() > 1_000_000 && out.len() < 2_000_000, "{} bytes", out.len());
    let page = String::from_utf8(out).unwrap();
    assert!(page.contains("more alerts, of the lowest severities, are left out"));
    let first = elements(&page).into_iter().find(|e| e.name == "article").unwrap();
    assert_eq!(first.attribute("class"), Some("critical"));
}

#[test]
fn report_beside_another_output_is_the_same() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson --format json --report beside.html");
    assert_eq!((run.code, run.alerts().len()), (0, 2), "{}", run.stderr);
    assert_eq!(world.run("report story.ndjson -o alone.html").code, 0);
    assert_eq!(world.read("beside.html"), world.read("alone.html"));
}

#[test]
fn report_overwrites_no_input() {
    let world = World::new();
    world.write("story.ndjson", story());
    for line in ["report story.ndjson -o story.ndjson", "replay story.ndjson --report story.ndjson"] {
        assert_eq!(world.run(line).code, 64, "{line}");
        assert_eq!(world.read("story.ndjson"), story(), "{line}");
    }
}
