"""Detection, for the SOC: what fired, and is everything seen that should be?"""

from grafana import bars, by_severity, dashboard, lines, q, stat, table

FIRED = [
    *[
        stat(severity.capitalize(), f"Alerts and revisions of severity {severity} in the time that is shown.", "short",
             q(f'sum(increase(adcs_watch_alerts_total{{@,severity="{severity}"}}[$__range]))', severity), decimals=0,
             overrides=by_severity(), width=4)
        for severity in ("critical", "high", "medium", "low")
    ],
    stat("Held", "Suppressed alerts on old events, which were not written (`alerts.older: hold`).", "short",
         q("sum(increase(adcs_watch_alerts_held_total{@}[$__range]))"), width=4, decimals=0),
    stat("Alert latency, p99", "From the append of the source record to the committed alert; topics with LogAppendTime.", "s",
         q("histogram_quantile(0.99, sum by (le) (increase(adcs_watch_alert_latency_seconds_bucket{@}[$__range])))"), width=4,
         steps=[60, 300], runbook="AdcsWatchLatencySLO"),
    lines("Alerts by severity", "Alerts and revisions committed.", "short",
          q("sum by (severity) (increase(adcs_watch_alerts_total{@}[$__rate_interval]))", "{{severity}}"), bars=True, stack=True,
          overrides=by_severity()),
    lines("Alerts by detection", "Alerts and revisions committed.", "short",
          q("sum by (detection) (increase(adcs_watch_alerts_total{@}[$__rate_interval]))", "{{detection}}"), bars=True, stack=True),
    table("All that fired", "Alerts and revisions in the time that is shown, by detection and severity.", "short",
          q("sum by (detection, severity) (increase(adcs_watch_alerts_total{@}[$__range])) > 0", form="table"),
          names={"Value": "alerts"}, decimals=0),
]

COVERAGE = [
    stat("CAs heard today", "CAs that the policy names and that sent an event within a day.", "short",
         q("count(sum by (ca) (increase(adcs_watch_ca_events_total{@@}[1d])) > 0) or vector(0)"), width=4),
    stat("CAs gone silent", "CAs that the policy names and of which no event came for a day. What happens there is not seen.",
         "short", q("count(sum by (ca) (increase(adcs_watch_ca_events_total{@@}[1d])) == 0) or vector(0)"), width=4, steps=[1],
         runbook="AdcsWatchCaSilent"),
    stat("Baselines in training", "CAs whose baseline has not seen enough days: `certlog-remote-write` is silent for them.",
         "short", q("count(max by (detection, ca) (adcs_watch_baseline_training_ratio{@@}) < 1) or vector(0)"), width=4),
    stat("Baselines active", "CAs whose baseline is trained.", "short",
         q("count(max by (detection, ca) (adcs_watch_baseline_training_ratio{@@}) == 1) or vector(0)"), width=4),
    stat("Newest event", "How old the newest event of all is, by its own time. It grows while nothing comes.", "s",
         q("time() - max(adcs_watch_watermark_timestamp_seconds{@@})"), width=4, steps=[900, 3600],
         runbook="AdcsWatchWatermarkStalled"),
    stat("Behind", "The age of the oldest record that was read last; 0 when all is read.", "s",
         q("max(adcs_watch_consumer_lag_seconds{@@})"), width=4, steps=[60, 300], runbook="AdcsWatchLagSecondsHigh"),
    bars("Last heard", "How long ago an event of each CA that the policy names was read last.", "s",
         q("time() - max by (ca) (adcs_watch_ca_last_event_timestamp_seconds{@@})", "{{ca}}"), steps=[21600, 86400],
         runbook="AdcsWatchCaSilent"),
    lines("Events by CA", "Events in a second of each CA that the policy names.", "cps",
          q("sum by (ca) (rate(adcs_watch_ca_events_total{@@}[$__rate_interval]))", "{{ca}}"), runbook="AdcsWatchCaSilent"),
    bars("Baselines", "How far the baseline of each CA is trained; whole ones raise alerts.", "percentunit",
         q("max by (detection, ca) (adcs_watch_baseline_training_ratio{@@})", "{{ca}} {{detection}}"), min=0, max=1),
]

REJECTED = [
    stat("Not understood", "The share of the records that may matter that could not be understood.", "percentunit",
         q('sum(rate(adcs_watch_records_total{@@,stage="router",outcome="rejected"}[$__rate_interval])) / '
           'sum(rate(adcs_watch_records_total{@@,stage="router",outcome!~"filtered|skipped|tombstone"}[$__rate_interval]))'),
         width=8, steps=[0.001, 0.01], runbook="AdcsWatchDecodeErrors"),
    stat("Of interest", "The share of all records with an event that a detection looks at.", "percentunit",
         q('sum(rate(adcs_watch_records_total{@@,stage="router",outcome="sent"}[$__rate_interval])) / '
           'sum(rate(adcs_watch_records_total{@@,stage="router"}[$__rate_interval]))'), width=8, runbook="AdcsWatchSilent"),
    stat("Late", "Events in a second that were older than the allowed lateness when they came: windows may miss them.", "cps",
         q("sum(rate(adcs_watch_late_events_total{@@}[$__rate_interval]))"), width=8),
    lines("Rejections by reason", "Dead letters in a second, by why they were not understood.", "cps",
          q("sum by (reason) (rate(adcs_watch_dead_letters_total{@@}[$__rate_interval])) > 0", "{{reason}}"), width=12,
          runbook="AdcsWatchDecodeErrors"),
    lines("What becomes of source records", "Of the records that were not thrown away unread.", "cps",
          q('sum by (outcome) (rate(adcs_watch_records_total{@@,stage="router",outcome!="filtered"}[$__rate_interval]))',
            "{{outcome}}"), width=12, stack=True),
]

DASHBOARD = dashboard(
    "adcs-watch-detection", "adcs-watch: detection", "What fired, and is everything seen that should be?", "now-24h",
    [("What fired", FIRED), ("Is everything seen?", COVERAGE), ("What was not understood", REJECTED)],
)
