//! The texts below the options in `--help`.

pub(crate) const TOP: &str = "\
Examples:
  adcs-watch demo                              see the stages work, without Kafka
  adcs-watch replay Security.evtx              run the detections over this log
  adcs-watch replay exports/ -c adcs-watch.yaml
  adcs-watch inspect capture.ndjson            see which formats and fields are recognised
  adcs-watch explain export.ndjson:63 export/  why a record raised an alert, or none
  adcs-watch check -c adcs-watch.yaml          check the config
  adcs-watch topics create -c adcs-watch.yaml  create the topics that `run` needs
  adcs-watch run -c adcs-watch.yaml            watch the topics of a SIEM
  adcs-watch replay --help                     all options of replay

Exit codes:
  0   done
  1   alerts at or above --fail-on
  64  wrong command line
  65  some input could not be read (the rest was)
  69  a broker cannot be reached
  70  a defect of this program
  74  output cannot be written
  78  the config has mistakes";

pub(crate) const RUN: &str = "\
Both stages may run in one process or in several. Each stage may run in many processes, which share
its partitions. A router keeps no state. A detector keeps the state of its partitions in memory and
restores it from the checkpoint topic.

The config names brokers and sources. Everything else has a default:
  kafka:
    brokers: [kafka-1.example:9092]
    instance_id: adcs-watch-0            # static membership: a restart keeps the partitions
  sources:
    - topic: winlogbeat
    - pattern: siem\\..*
      format: nxlog
      zone: Europe/Zurich

/livez, /readyz, /metrics and /status are served on http.listen (127.0.0.1:9464). SIGTERM and SIGINT shut the
process down in order: it commits open work and a checkpoint. A second signal ends it at once. While
no broker can be reached, the process is not ready and retries.

Exit codes:
  0   shut down in order by a signal
  64  wrong command line
  70  a defect of this program
  78  the config, the topics or the permissions do not allow it; all problems are listed

Examples:
  adcs-watch run -c adcs-watch.yaml --stage detector
  adcs-watch run -c adcs-watch.yaml --since 30d";

pub(crate) const TOPICS: &str = "\
`run` needs four topics of its own. It refuses to start when the settings of one are wrong. `check`
also tries to read each source, with the permissions of this principal.

Exit codes:
  0   done; all topics have the right settings
  69  no broker can be reached
  78  the config has mistakes, a topic has wrong settings, or a source cannot be read

Examples:
  adcs-watch topics plan -c adcs-watch.yaml
  adcs-watch topics create -c adcs-watch.yaml
  adcs-watch topics check -c adcs-watch.yaml && echo ok";

pub(crate) const DEMO: &str = "\
Decoding, routing, detections, transactions, checkpoints and restore are the code of `run`. Only the
log differs: it is held in memory and is gone when the demo ends. With --bootstrap the log is a
Kafka: the demo creates topics adcs-watch-demo-… and deletes them at its end, also after Ctrl-C.

On a terminal the demo is slow enough to follow. Piped, it runs at full speed and writes each alert
when it is committed.

Examples:
  adcs-watch demo
  adcs-watch demo --format ndjson > alerts.ndjson
  adcs-watch demo --bootstrap localhost:9092
  adcs-watch demo --bootstrap kafka-1.example:9093 -c adcs-watch.yaml --keep

Exit codes:
  0   done
  64  wrong command line
  69  the broker cannot be reached, or refuses what the demo needs
  74  output cannot be written
  78  the config has mistakes, or the broker refuses the login";

pub(crate) const REPLAY: &str = "\
Input, recognised by content and not by file name:
  .evtx files; event XML (one or many events, UTF-8 or UTF-16); JSON, one record per line, in an
  array or pretty-printed: Winlogbeat and Elastic, NXLog, Fluent Bit, Sentinel, Splunk and Cribl,
  evtx_dump; each also compressed with gzip or zstd, or in a zip archive. Records longer than
  1 MiB are rejected.

  The detections get the events in the order of event time, whatever the order of files and lines.
  Files of any size are read as streams: events that a detection uses are sorted on disk, in the
  temporary directory (TMPDIR); nothing else is kept. A file that is named twice is read once.

  --from-topic reads the routed topic as the detector read it, or a source topic in the format and
  zone that the config gives it.

Output:
  table   alerts as text, then the totals             (default on a terminal)
  ndjson  every revision of an alert, one per line    (default when piped); totals on stderr
  json    one document {\"alerts\": [last revisions], \"summary\": {…}}
  csv     a row for the last revision of each alert; totals on stderr
  ocsf    ndjson, as Detection Findings of OCSF 1.8
  ecs     ndjson, as documents of the Elastic Common Schema

  The totals name the detections that were blind: events that they need were not there.

Exit codes:
  0   everything was read, nothing at or above --fail-on
  1   alerts at or above --fail-on
  64  wrong command line
  65  some input could not be read, or records were rejected; the rest was read. An alert at or
      above --fail-on exits with 1 also then
  69  --from-topic: no broker can be reached
  74  output, or a temporary file, cannot be written
  78  the config has mistakes

Examples:
  adcs-watch replay Security.evtx
  adcs-watch replay --from-topic adcs-watch.routed:3@1000..2000 -c adcs-watch.yaml
  adcs-watch replay exports/ archive.ndjson.gz -c adcs-watch.yaml --min-severity medium
  zstdcat winlogbeat-*.zst | adcs-watch replay - --format ndjson > alerts.ndjson
  adcs-watch replay exports/ --assume-trained --fail-on high && echo no alerts";

pub(crate) const REPORT: &str = "\
The page has a summary, a timeline, who is named in which alerts, each alert with its reasons, evidence
and next steps, and what each detection could see. It is one file below 2 MB: it loads nothing, runs no
script, and can be printed. The gravest alerts come first; those that find no room are counted.

Exit codes:
  0   everything was read
  64  wrong command line
  65  some input could not be read, or records were rejected; the report states which
  74  the report, or a temporary file, cannot be written
  78  the config has mistakes

Examples:
  adcs-watch report exports/ -o report.html
  adcs-watch report Security.evtx --since 2026-03-01T00:00:00Z --min-severity medium
  adcs-watch report recordings/ --labels labels.csv
  adcs-watch replay exports/ --report report.html";

pub(crate) const INVENTORY: &str = "\
An import states what events of Windows do not: the userPrincipalName, mail address and SID of accounts, what
templates allow, and which certificates were issued before the stream began. The detections then know instead of
guessing. Run it daily; a fact that is stated again changes nothing.

Exports that are understood:
  accounts    Get-ADUser -Filter * -Properties mail,adminCount,servicePrincipalName,memberOf | Export-Csv accounts.csv
              ldifde -f accounts.ldf -r \"(objectCategory=computer)\"
  templates   certutil -v -template > templates.txt, or ldifde of CN=Certificate Templates
  issued      certutil -view -restrict Disposition=20 -out RequesterName,SerialNumber,NotBefore,CertificateTemplate csv

Exit codes:
  0   all rows were read
  65  some rows could not be read; they are named on standard error, and the others were imported

Examples:
  adcs-watch inventory import --accounts accounts.csv --domain CORP --templates templates.txt -o facts.ndjson
  adcs-watch replay facts.ndjson export/ --format table
  adcs-watch inventory import --issued issued.csv --ca ca01.corp.example --topic inventory -c adcs-watch.yaml
";

pub(crate) const EVALUATE: &str = "\
Labels are a table with one row for each record that is known:
  computer,event_id,record_id,label,technique
  ca01.corp.example,4887,70001,malicious,ESC1
  ca01.corp.example,4887,70002,benign,

  caught      a malicious record is evidence of an alert
  justified   an alert has a malicious record among its evidence
  false       all evidence of an alert is labelled benign (or negative)

  Records are matched by the first label of the computer, the event id and the record id. An alert names
  its last 20 events; the evidence of all its revisions counts.

Exit codes:
  0   the evaluation is complete
  65  a recording or a row of the labels could not be read; the rest was evaluated

Examples:
  adcs-watch evaluate --labels labels.csv recordings/
  adcs-watch evaluate --labels labels.csv --min-severity high --format json recordings/ > evaluation.json
";

pub(crate) const COMPARE: &str = "\
The same inputs are replayed with each policy. The output has:

  only with A, only with B   the last revision of each alert that one policy raises
  changed                    alerts of both policies, with the fields that differ
  the same                   only their number

  Alerts are the same when detection, entity and first event are. Where a policy lets an alert begin with
  another event, it is one alert of each side. All alerts are held in memory.

  --from-topic reads the routed topic, or a source topic in the format and zone that --config gives it.
  Both policies get the records that are there when the command starts.

Exit codes:
  0   the comparison is complete, whatever it shows
  64  wrong command line
  65  an input could not be read to its end; the rest was compared
  69  --from-topic: no broker can be reached
  78  a config has mistakes

Examples:
  adcs-watch compare --policy tuned.yaml exports/
  adcs-watch compare --policy adcs-watch.yaml --policy tuned.yaml --format json exports/
  adcs-watch compare --policy tuned.yaml --from-topic winlogbeat --since 7d -c adcs-watch.yaml
";

pub(crate) const EXPLAIN: &str = "\
The inputs are read as replay reads them, and all events before the record count. For each detection the
output has one of:

  raised or revised an alert, with the reasons
  looked at it, and why nothing was raised: the alert that is open has it already, an exception silences
  it, the baseline is not trained yet, or the detection found nothing
  reads such events, and which field this one lacks
  does not read such events, or is switched off

  What a detection remembered of each entity stands there in words. A record that no detection sees was
  discarded, ignored or rejected; the output has the reason.

Exit codes:
  0   explained
  64  wrong command line
  65  there is no such record or alert, or an input could not be read
  78  the config has mistakes

Examples:
  adcs-watch explain exports/ca01.ndjson:63
  adcs-watch explain exports/ca01.ndjson:63 exports/ -c adcs-watch.yaml
  adcs-watch explain f1f9ed92b90df41b7722907cbfa75e99 exports/
";

pub(crate) const INSPECT: &str = "\
Run it on day one, on a capture of what your shipper writes. For each input it prints:
  format      the formats that were recognised
  time        the earliest and the latest event, and the computers that logged them
  4887 …      each event that a detection wants: the fields that were found (and in how many events,
              where not in all), and those that are in none: `missing` where Windows always writes
              them, so they were lost on the way; `in none` where Windows may leave them out
  other ids   events that no detection wants; their presence shows that the id is recognised
  rejected    what should have been understood: the reason, and the first place

  With --input the arguments are names, and the output is what each detection remembers of them after
  all events of the inputs: accounts (`CORP\\name`, or `name` for any domain), CAs, and the serial numbers
  of certificates.

  With --checkpoint it is what the detections of a stage remember, by its checkpoints in Kafka. The stage
  may run meanwhile; nothing is written, and no group is joined. What came after the last checkpoint of
  a partition is not in it. `CORP\\name@ca01` names an account at a CA.

  Input is recognised as by `replay`. --topic joins no group and commits no offset; it decodes with
  the format and zone that the config gives the topic.

Exit codes:
  0   everything was recognised
  64  wrong command line
  65  some input could not be read, or records were rejected; --checkpoint: a partition cannot be restored
  69  --topic, --checkpoint: no broker can be reached
  74  output cannot be written
  78  the config has mistakes

Examples:
  adcs-watch inspect Security.evtx
  adcs-watch inspect capture.ndjson --records 10000
  adcs-watch inspect --topic winlogbeat -c adcs-watch.yaml --format json
  adcs-watch inspect 'CORP\\mallory' ca01.corp.example --input exports/
  adcs-watch inspect 'CORP\\mallory@ca01' --checkpoint -c adcs-watch.yaml";

pub(crate) const CHECK: &str = "\
Lists every mistake as file:line:column: field: what is wrong. Checks all that `run` checks before it
contacts a broker: also secrets, certificates and variables, and settings of librdkafka.

--format json writes one document: file, ok, mistakes (line, column, path, message), summary.
--format github writes annotations for GitHub Actions.

Exit codes:
  0   the config has no mistakes
  64  wrong command line
  78  the config has mistakes, or cannot be read

Examples:
  adcs-watch check -c adcs-watch.yaml
  adcs-watch check -c policy.yaml --for replay
  adcs-watch check -c adcs-watch.yaml --no-secrets --format github    in a pipeline that has no secrets";

pub(crate) const GENERATE: &str = "\
Examples:
  adcs-watch generate config > adcs-watch.yaml
  adcs-watch generate schema > adcs-watch.schema.json
  adcs-watch generate schema alert
  adcs-watch generate completions bash > /etc/bash_completion.d/adcs-watch
  adcs-watch generate man > adcs-watch.1
  adcs-watch generate dashboards --out dashboards/
  adcs-watch generate navigator > layer.json
  adcs-watch generate alerts --runbooks https://wiki.corp.example/runbooks > adcs-watch.rules.yaml

Exit codes:
  0   done
  64  wrong command line
  74  output cannot be written";

pub(crate) const TUNE: &str = "\
Each alert is answered by the narrowest exception for it. Alerts with the same line count together.
A line is proposed when no alert on the attacks of samples/attacks.ndjson has its detection, its
severity or a lower one, its templates and its names, for any requester, when its alerts are below
critical, and when its accounts have no graver alert of high or above. Templates and names of your own estate are in no such attack: read what a line
also silences before you paste it, and prefer the setting that `benign_if` of the alert names.

--from-topic reads a topic of alerts in the encoding that the config gives it: JSON or protobuf.

Exit codes:
  0   done
  64  wrong command line, or the topic has alerts of OCSF or ECS
  65  a file, or a line or record of it, could not be read; the rest was
  69  --from-topic: no broker can be reached
  78  the config has mistakes

Examples:
  adcs-watch replay --format ndjson exports/ > alerts.ndjson
  adcs-watch tune alerts.ndjson
  adcs-watch tune alerts.ndjson --format yaml > exceptions.yaml
  adcs-watch tune alerts.ndjson --all --format json
  adcs-watch tune --from-topic adcs-watch.alerts --since 30d -c adcs-watch.yaml
";
