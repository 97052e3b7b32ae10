"""Detection, for the SOC: what fired, and which CAs are covered?"""

from grafana import bars, by_severity, dashboard, lines, q, stat, table

FIRED = [
    *[
        stat(severity.capitalize(), f"Alerts and revisions of severity {severity} in the time range.", "short",
             q(f'sum(increase(adcs_watch_alerts_total{{@,severity="{severity}"}}[$__range]))', severity), decimals=0,
             overrides=by_severity(), width=4)
        for severity in ("critical", "high", "medium", "low")
    ],
    stat("Suppressed", "Alerts on old events that were counted and not written (`alerts.older: hold`).", "short",
         q("sum(increase(adcs_watch_alerts_held_total{@}[$__range]))"), width=4, decimals=0),
    stat("Alert latency, p99", "Time from the append of the source record to the committed alert. Only for topics with LogAppendTime.", "s",
         q("histogram_quantile(0.99, sum by (le) (increase(adcs_watch_alert_latency_seconds_bucket{@}[$__range])))"), width=4,
         steps=[60, 300], runbook="AdcsWatchLatencySLO"),
    lines("Alerts by severity", "Alerts and revisions committed.", "short",
          q("sum by (severity) (increase(adcs_watch_alerts_total{@}[$__rate_interval]))", "{{severity}}"), bars=True, stack=True,
          overrides=by_severity()),
    lines("Alerts by detection", "Alerts and revisions committed.", "short",
          q("sum by (detection) (increase(adcs_watch_alerts_total{@}[$__rate_interval]))", "{{detection}}"), bars=True, stack=True),
    table("Alerts by detection and severity", "Alerts and revisions in the time range, by detection and severity.", "short",
          q("sum by (detection, severity) (increase(adcs_watch_alerts_total{@}[$__range])) > 0", form="table"),
          names={"Value": "alerts"}, decimals=0),
]

COVERAGE = [
    stat("Active CAs", "CAs in the policy that sent an event within a day.", "short",
         q("count(sum by (ca) (increase(adcs_watch_ca_events_total{@@}[1d])) > 0) or vector(0)"), width=4),
    stat("Silent CAs", "CAs in the policy without an event for a day. Abuse there is not detected.",
         "short", q("count(sum by (ca) (increase(adcs_watch_ca_events_total{@@}[1d])) == 0) or vector(0)"), width=4, steps=[1],
         runbook="AdcsWatchCaSilent"),
    stat("Baselines in training", "CAs whose baseline lacks days of data. `certlog-remote-write` raises no alert for them.",
         "short", q("count(max by (detection, ca) (adcs_watch_baseline_training_ratio{@@}) < 1) or vector(0)"), width=4),
    stat("Baselines active", "CAs whose baseline is trained.", "short",
         q("count(max by (detection, ca) (adcs_watch_baseline_training_ratio{@@}) == 1) or vector(0)"), width=4),
    stat("Newest event", "Age of the newest event, in event time. It grows while no events arrive.", "s",
         q("time() - max(adcs_watch_watermark_timestamp_seconds{@@})"), width=4, steps=[900, 3600],
         runbook="AdcsWatchWatermarkStalled"),
    stat("Lag in time", "Age of the record that was read last, the oldest of all partitions. 0 when everything is read.", "s",
         q("max(adcs_watch_consumer_lag_seconds{@@})"), width=4, steps=[60, 300], runbook="AdcsWatchLagSecondsHigh"),
    bars("Last event by CA", "Time since the last event of each CA in the policy was read.", "s",
         q("time() - max by (ca) (adcs_watch_ca_last_event_timestamp_seconds{@@})", "{{ca}}"), steps=[21600, 86400],
         runbook="AdcsWatchCaSilent"),
    bars("Last wanted event by source", "Time since an event that a detection wants was last read from each source topic.", "s",
         q("time() - max by (topic) (adcs_watch_source_last_event_timestamp_seconds{@@})", "{{topic}}"), steps=[21600, 86400],
         runbook="AdcsWatchSourceIdle"),
    lines("Records by source", "Records per second of each source topic.", "cps",
          q("sum by (topic) (rate(adcs_watch_source_records_total{@@}[$__rate_interval]))", "{{topic}}"),
          runbook="AdcsWatchSourceIdle"),
    lines("Events by CA", "Events per second of each CA in the policy.", "cps",
          q("sum by (ca) (rate(adcs_watch_ca_events_total{@@}[$__rate_interval]))", "{{ca}}"), runbook="AdcsWatchCaSilent"),
    bars("Baselines", "Training of the baseline of each CA. A baseline at 100 % raises alerts.", "percentunit",
         q("max by (detection, ca) (adcs_watch_baseline_training_ratio{@@})", "{{ca}} {{detection}}"), min=0, max=1),
]

REJECTED = [
    stat("Rejected", "Share of the potentially relevant records that could not be decoded.", "percentunit",
         q('sum(rate(adcs_watch_records_total{@@,stage="router",outcome="rejected"}[$__rate_interval])) / '
           'sum(rate(adcs_watch_records_total{@@,stage="router",outcome!~"filtered|skipped|tombstone"}[$__rate_interval]))'),
         width=8, steps=[0.001, 0.01], runbook="AdcsWatchDecodeErrors"),
    stat("Relevant", "Share of all records with an event that a detection uses.", "percentunit",
         q('sum(rate(adcs_watch_records_total{@@,stage="router",outcome="sent"}[$__rate_interval])) / '
           'sum(rate(adcs_watch_records_total{@@,stage="router"}[$__rate_interval]))'), width=8, runbook="AdcsWatchSilent"),
    stat("Late", "Events per second that arrived after the allowed lateness. Windows may miss them.", "cps",
         q("sum(rate(adcs_watch_late_events_total{@@}[$__rate_interval]))"), width=8),
    lines("Rejections by reason", "Dead letters per second, by reason.", "cps",
          q("sum by (reason) (rate(adcs_watch_dead_letters_total{@@}[$__rate_interval])) > 0", "{{reason}}"), width=12,
          runbook="AdcsWatchDecodeErrors"),
    lines("Dead letters not written", "Rejected records per second that were only counted, because there were too many in a minute.",
          "cps", q("sum by (reason) (rate(adcs_watch_dead_letters_suppressed_total{@@}[$__rate_interval])) > 0", "{{reason}}"),
          width=12, runbook="AdcsWatchDeadLetters"),
    lines("Shortened alerts", "Alerts that were longer than the alert topic takes. They keep id, severity and reasons.", "short",
          q("sum by (detection) (increase(adcs_watch_alerts_truncated_total{@@}[$__rate_interval]))", "{{detection}}"), width=12,
          bars=True),
    lines("Decoded by source and format", "What the records behind the prefilter hold, by source topic, format and outcome.", "cps",
          q("sum by (topic, format, outcome) (rate(adcs_watch_source_decoded_total{@@}[$__rate_interval])) > 0",
            "{{topic}} {{format}} {{outcome}}"), width=12, runbook="AdcsWatchSourceRejected"),
    lines("Records with bad text", "Records per second in which bytes that are no text were replaced, by source topic.", "cps",
          q("sum by (topic) (rate(adcs_watch_source_bad_text_records_total{@@}[$__rate_interval]))", "{{topic}}"), width=12),
    lines("Outcome of source records", "Records that the prefilter did not discard, by outcome.", "cps",
          q('sum by (outcome) (rate(adcs_watch_records_total{@@,stage="router",outcome!="filtered"}[$__rate_interval]))',
            "{{outcome}}"), width=12, stack=True),
]

DASHBOARD = dashboard(
    "adcs-watch-detection", "adcs-watch: detection", "What fired, and which CAs are covered?", "now-24h",
    [("Alerts", FIRED), ("Coverage", COVERAGE), ("Rejections", REJECTED)],
)
