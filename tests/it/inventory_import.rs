//! Exports become facts, which `replay` and the stage take as events.

use crate::cli_world::World;

const ACCOUNTS: &str = "DistinguishedName,SamAccountName,UserPrincipalName\n\
    \"CN=Ann,DC=corp,DC=example\",ann,ann.lee@corp.example\n\
    \"CN=Bob,DC=corp,DC=example\",,bob@corp.example\n";

#[test]
fn facts_are_written_and_rows_that_cannot_be_read_are_named() {
    let world = World::new();
    world.write("accounts.csv", ACCOUNTS);
    let run = world.run("inventory import --accounts accounts.csv --domain CORP -o facts.ndjson");
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert!(run.stderr.contains("accounts.csv:3: sAMAccountName is missing"), "{}", run.stderr);
    assert!(run.stderr.contains("1 fact, 1 row that cannot be read"), "{}", run.stderr);
    let replayed = world.run("replay facts.ndjson --format json");
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(replayed.json()["summary"]["records"]["events"], 1, "{}", replayed.stdout);
}

#[test]
fn file_without_a_row_is_reported() {
    let world = World::new();
    for (name, text) in [("empty.csv", ""), ("heading.csv", "SamAccountName,SID\n")] {
        world.write(name, text);
        let run = world.run(&format!("inventory import --accounts {name} --domain CORP -o facts.ndjson"));
        assert_eq!(run.code, 65, "{}", run.stderr);
        assert!(run.stderr.contains(&format!("{name}: there is no row below a heading")), "{}", run.stderr);
    }
}

#[test]
fn templates_and_certificates_are_imported_with_their_options() {
    let world = World::new();
    world.write("templates.csv", "cn,msPKI-Certificate-Name-Flag\nCorpWeb,1\n");
    let issued = "RequesterName,SerialNumber,NotBefore\nCORP\\ann,5c0000000ca1,3/2/2026 9:00 AM\n";
    world.write("issued.csv", issued);
    let run = world
        .run("inventory import --templates templates.csv --issued issued.csv --ca ca01.corp.example -o -");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let [template, certificate] = run.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", run.stdout)
    };
    assert!(template.contains("template_known") && template.contains("\"CorpWeb\""), "{template}");
    assert!(
        certificate.contains("certificate_known") && certificate.contains("2026-03-02T09:00:00Z"),
        "{certificate}"
    );
    assert_eq!(world.run("inventory import --issued issued.csv -o -").code, 64, "--ca is missing");
}

/// A certificate in Ann's userPrincipalName, months before the import.
const ISSUED: &str = r#"{"@timestamp":"2026-03-02T09:00:00.000Z","winlog":{"event_id":"4887","version":1,"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","computer_name":"ca01.corp.example","record_id":7,"event_data":{"RequestId":"201","Requester":"CORP\\ann","Attributes":"CertificateTemplate:User","Disposition":"3","SubjectKeyIdentifier":"aa","Subject":"CN=Ann","SubjectAlternativeName":"Other Name: Principal Name=ann.lee@corp.example","CertificateTemplate":"User","SerialNumber":"5c000000c9a1b2c3d4e5f677000000000000c9"}}}"#;

#[test]
fn an_import_holds_for_a_recording_that_is_older() {
    let world = World::new();
    world.write("accounts.csv", "DistinguishedName,SamAccountName,UserPrincipalName\n\"CN=Ann,DC=corp,DC=example\",ann,ann.lee@corp.example\n");
    world.write("ca.ndjson", ISSUED);
    assert_eq!(world.run("inventory import --accounts accounts.csv --domain CORP -o facts.ndjson").code, 0);
    let alerts = |inputs: &str| world.run(&format!("replay {inputs} --format ndjson")).stdout;
    assert!(alerts("ca.ndjson").contains("\"san-mismatch\""), "nothing is known of Ann");
    assert_eq!(alerts("ca.ndjson facts.ndjson"), "", "the name is Ann's own");
}

#[test]
fn hosts_are_imported_with_their_addresses() {
    let world = World::new();
    world.write("hosts.csv", "HostName,RecordType,Address\nwks-114,A,10.20.30.114\nwks-115,A,none\n");
    let run = world.run("inventory import --hosts hosts.csv -o facts.ndjson");
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert!(run.stderr.contains("hosts.csv:3: the address of wks-115 is \"none\""), "{}", run.stderr);
    assert!(run.stderr.contains("1 fact, 1 row that cannot be read"), "{}", run.stderr);
    let replayed = world.run("replay facts.ndjson --format json");
    assert_eq!(replayed.json()["summary"]["records"]["events"], 1, "{}", replayed.stdout);
}
