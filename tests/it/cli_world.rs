//! A directory of files, the program run over them, and the events that the files hold.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory of a test's own.
pub(crate) struct World {
    directory: TempDir,
}

/// What a run of the program came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> World {
        World { directory: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &World {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the program in this directory; `line` is split at blanks.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with(line, b"")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, line: &str, stdin: &[u8]) -> Run {
        let mut command = Command::new(program());
        command.current_dir(self.directory.path()).args(line.split_whitespace()).write_stdin(stdin);
        let output = command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE").output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_adcs-watch"))
}

impl Run {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// Standard output as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The ids and severities of the alerts of a document, in their order.
    pub(crate) fn alerts(&self) -> Vec<(String, String)> {
        let text = |alert: &Value, field: &str| alert[field].as_str().unwrap().to_owned();
        let alerts = self.json()["alerts"].clone();
        alerts.as_array().unwrap().iter().map(|a| (text(a, "alert_id"), text(a, "severity"))).collect()
    }

    pub(crate) fn records(&self, outcome: &str) -> u64 {
        self.json()["summary"]["records"][outcome].as_u64().unwrap()
    }
}

/// A certificate that was issued at 09:`minute` to `CORP\requester` for `upn`.
#[derive(Clone, Copy)]
pub(crate) struct Issued {
    pub(crate) record: u64,
    pub(crate) minute: u32,
    pub(crate) requester: &'static str,
    pub(crate) upn: &'static str,
}

impl Issued {
    pub(crate) fn time(&self) -> String {
        format!("2026-03-02T09:{:02}:00.120", self.minute)
    }

    /// As Winlogbeat writes it.
    pub(crate) fn winlogbeat(&self) -> Value {
        json!({
            "@timestamp": format!("{}Z", self.time()),
            "winlog": {
                "record_id": self.record, "computer_name": "ca01.corp.example", "channel": "Security",
                "provider_name": "Microsoft-Windows-Security-Auditing", "event_id": "4887", "version": 1,
                "event_data": self.data().into_iter().collect::<BTreeMap<_, _>>(),
            },
            "event": {"code": "4887", "provider": "Microsoft-Windows-Security-Auditing"},
        })
    }

    /// As a line of NDJSON.
    pub(crate) fn line(&self) -> String {
        format!("{}\n", self.winlogbeat())
    }

    /// The fields of the event.
    pub(crate) fn data(&self) -> Vec<(String, String)> {
        let data = [
            ("RequestId", self.record.to_string()),
            ("Requester", format!("CORP\\{}", self.requester)),
            ("Attributes", "CertificateTemplate:User\nccm:wks-114.corp.example".to_owned()),
            ("Disposition", "3".to_owned()),
            ("SubjectKeyIdentifier", "99 a4".to_owned()),
            ("Subject", format!("CN={}", self.requester)),
            ("SubjectAlternativeName", format!("Other Name: Principal Name={}", self.upn)),
            ("CertificateTemplate", "User".to_owned()),
            ("SerialNumber", format!("5c{0:08x}a1b2c3d4e5f677000000{0:08x}", self.record)),
            ("AuthenticationService", "Kerberos".to_owned()),
            ("AuthenticationLevel", "Privacy".to_owned()),
            ("DCOMorRPC", "DCOM".to_owned()),
        ];
        data.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
    }

    /// As event XML.
    pub(crate) fn xml(&self) -> String {
        let data: Vec<String> =
            self.data().iter().map(|(name, text)| format!("<Data Name=\"{name}\">{text}</Data>")).collect();
        format!(
            "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System>\
             <Provider Name=\"Microsoft-Windows-Security-Auditing\" Guid=\"{{54849625-5478-4994-a5ba-3e3b0328c30d}}\"/>\
             <EventID>4887</EventID><Version>1</Version><TimeCreated SystemTime=\"{}0000Z\"/>\
             <EventRecordID>{}</EventRecordID><Channel>Security</Channel><Computer>ca01.corp.example</Computer></System>\
             <EventData>{}</EventData></Event>",
            self.time(),
            self.record,
            data.concat()
        )
    }
}

/// Two harmless certificates, one for somebody else, and one for the administrator: an alert that is revised once, and
/// another one.
pub(crate) const STORY: [Issued; 5] = [
    Issued { record: 101, minute: 1, requester: "alice.smith", upn: "alice.smith@corp.example" },
    Issued { record: 102, minute: 2, requester: "mallory", upn: "bob.jones@corp.example" },
    Issued { record: 103, minute: 3, requester: "mallory", upn: "administrator@corp.example" },
    Issued { record: 104, minute: 4, requester: "carol.white", upn: "bob.jones@corp.example" },
    Issued { record: 105, minute: 5, requester: "dave.brown", upn: "dave.brown@corp.example" },
];

/// The story as NDJSON.
pub(crate) fn story() -> String {
    STORY.iter().map(Issued::line).collect()
}

/// The alerts of the story.
pub(crate) fn story_alerts() -> Vec<(String, String)> {
    let run = World::new().run_with("replay - --format json", story().as_bytes());
    let alerts = run.alerts();
    let severities: Vec<&str> = alerts.iter().map(|(_, severity)| severity.as_str()).collect();
    assert_eq!(severities, ["critical", "high"], "{}", run.stderr);
    alerts
}
