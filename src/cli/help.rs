//! The long texts of `--help`.

/// Of the program.
pub const TOP: &str = "\
Examples:
  adcs-watch demo                              see it at work
  adcs-watch replay Security.evtx              what would have been found in this log
  adcs-watch replay exports/ -c adcs-watch.yaml
  adcs-watch check -c adcs-watch.yaml          is the config right?
  adcs-watch topics create -c adcs-watch.yaml  make the topics that `run` needs
  adcs-watch run -c adcs-watch.yaml            watch the topics of a SIEM
  adcs-watch replay --help                     everything about replay

Exit codes:
  0   done
  1   alerts at or above --fail-on
  64  wrong command line
  65  some input could not be read (the rest was)
  69  a broker cannot be reached
  70  a defect of this program
  74  output cannot be written
  78  the config has mistakes";

/// Of `run`.
pub const RUN: &str = "\
The stages may run in one process or in several; each may run many times, and the partitions are
shared among all. A router needs no memory of its own; a detector keeps the state of its partitions
in memory and restores it from the checkpoint topic.

The config names brokers and sources, the rest has defaults:
  kafka:
    brokers: [kafka-1.example:9092]
    instance_id: adcs-watch-0            # survives a restart: comes back to its partitions at once
  sources:
    - topic: winlogbeat
    - pattern: siem\\..*
      shape: nxlog
      zone: Europe/Zurich

/livez, /readyz and /metrics are served on http.listen (127.0.0.1:9464). SIGTERM and SIGINT stop in
order: what is open is committed, with a checkpoint; a second signal stops at once. A broker that
cannot be reached makes the process unready and is tried again.

Exit codes:
  0   stopped by a signal, in order
  64  wrong command line
  70  a defect of this program
  78  the config, the topics or the permissions do not allow it: everything that is wrong is listed

Example:
  adcs-watch run -c adcs-watch.yaml --stage detector
  adcs-watch run -c adcs-watch.yaml --since 30d";

/// Of `topics`.
pub const TOPICS: &str = "\
`run` needs four topics of its own and refuses to start when one is not as it must be.

Exit codes:
  0   done; they are as they must be
  69  no broker can be reached
  78  the config has mistakes, or a topic is not as it must be

Examples:
  adcs-watch topics plan -c adcs-watch.yaml
  adcs-watch topics create -c adcs-watch.yaml
  adcs-watch topics check -c adcs-watch.yaml && echo right";

/// Of `demo`.
pub const DEMO: &str = "\
What is real: decoding, routing, detections, tasks, transactions, checkpoints and restore are those
that `run` uses with Kafka. What is not: the log. It is held in memory, by one thread, and is gone
when the demo ends. With --bootstrap the log is real too: topics adcs-watch-demo-… are made for this
run alone, and deleted at its end, also after Ctrl-C.

On a terminal it takes its time and shows itself; piped, it runs at full speed and writes the alerts as they are
committed.

Examples:
  adcs-watch demo
  adcs-watch demo --format ndjson > alerts.ndjson
  adcs-watch demo --bootstrap localhost:9092
  adcs-watch demo --bootstrap kafka-1.example:9093 -c adcs-watch.yaml --keep

Exit codes:
  0   done
  64  wrong command line
  69  the broker cannot be reached, or does not do what the demo needs
  74  output cannot be written
  78  the config has mistakes, or the broker refuses us";

/// Of `replay`.
pub const REPLAY: &str = "\
What is read, by content and not by file name:
  .evtx files; event XML (one or many events, UTF-8 or UTF-16); JSON, one record per line, in an
  array or pretty-printed: Winlogbeat and Elastic, NXLog, Fluent Bit, Sentinel, Splunk and Cribl,
  evtx_dump; each also compressed with gzip or zstd. Records longer than 1 MiB are rejected.

  Events are shown to the detections in the order of event time, whatever the order of files and
  lines. Files of any size are read as streams: what concerns a detection is sorted on disk, in the
  temporary directory (TMPDIR), everything else is never held. A file named twice is read once.

  With --from-topic: the routed topic shows what live saw (each partition for those who live in
  it), a source topic what would have been found, read in the shape and zone the config gives it.

Output:
  table   alerts to read, then what was counted       (default on a terminal)
  ndjson  every revision of an alert, one per line    (default when piped); counts on stderr
  json    one document {\"alerts\": [last revisions], \"summary\": {…}}

Exit codes:
  0   everything was read, nothing at or above --fail-on
  1   alerts at or above --fail-on
  64  wrong command line
  65  some input could not be read, or records were rejected; the rest was read. 1 comes before
      this: silence over a part of the input is no verdict, an alert is one
  69  --from-topic: no broker can be reached
  74  output, or a temporary file, cannot be written
  78  the config has mistakes

Examples:
  adcs-watch replay Security.evtx
  adcs-watch replay --from-topic adcs-watch.routed:3@1000..2000 -c adcs-watch.yaml
  adcs-watch replay exports/ archive.ndjson.gz -c adcs-watch.yaml --min-severity medium
  zstdcat winlogbeat-*.zst | adcs-watch replay - --format ndjson > alerts.ndjson
  adcs-watch replay exports/ --assume-trained --fail-on high && echo nothing found";

/// Of `check`.
pub const CHECK: &str = "\
Every mistake is listed, as file:line:column: field: what is wrong. No network, no other file.

Exit codes:
  0   the config is right
  64  wrong command line
  78  the config has mistakes, or cannot be read

Example:
  adcs-watch check -c adcs-watch.yaml";

/// Of `generate`.
pub const GENERATE: &str = "\
Examples:
  adcs-watch generate config > adcs-watch.yaml
  adcs-watch generate schema > adcs-watch.schema.json
  adcs-watch generate schema alert
  adcs-watch generate completions bash > /etc/bash_completion.d/adcs-watch
  adcs-watch generate man > adcs-watch.1
  adcs-watch generate dashboards --out dashboards/
  adcs-watch generate alerts --runbooks https://wiki.corp.example/runbooks > adcs-watch.rules.yaml

Exit codes:
  0   done
  64  wrong command line
  74  output cannot be written";
