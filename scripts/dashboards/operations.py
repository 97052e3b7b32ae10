"""Operations: do the stages run, keep up, and have enough resources?"""

from grafana import bars, dashboard, heatmap, lines, q, stat

WHO = "{{pod}} {{instance}}"


def quantile(share, metric, by="", labels=""):
    by = ", ".join(["le", *([by] if by else [])])
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket{{@{labels}}}[$__rate_interval])))"


GLANCE = [
    stat("Records", "Source records consumed per second by all routers.", "cps",
         q('sum(rate(adcs_watch_records_total{@,stage="router"}[$__rate_interval]))')),
    stat("Alerts", "Alerts and revisions committed in the time range.", "short",
         q("sum(increase(adcs_watch_alerts_total{@}[$__range]))"), decimals=0),
    stat("Lag in time", "Age of the record that was read last, the oldest of all partitions. 0 when everything is read.", "s",
         q("max(adcs_watch_consumer_lag_seconds{@})"), steps=[60, 300], runbook="AdcsWatchLagSecondsHigh"),
    stat("Record age, p99", "Time from the append of a record to its poll, for the oldest record of each poll.", "s",
         q(quantile(0.99, "adcs_watch_record_age_seconds")), steps=[10, 60], runbook="AdcsWatchLatencySLO"),
    stat("Dead letters", "Records written to the dead-letter topic in the time range.", "short",
         q("sum(increase(adcs_watch_dead_letters_total{@}[$__range]))"), steps=[1], decimals=0,
         runbook="AdcsWatchDeadLetters"),
    stat("Unassigned partitions", "Partitions of the routed topic without a detector. Their events are not processed.",
         "short", q('max(adcs_watch_routed_partitions{@@}) - sum(adcs_watch_assigned_partitions{@@,stage="detector"})'),
         steps=[1], runbook="AdcsWatchPartitionsUnassigned"),
    stat("Oldest checkpoint", "Age of the oldest last checkpoint, over the partitions whose state has changed since.",
         "s", q("max((time() - adcs_watch_checkpoint_last_success_timestamp_seconds{@}) and on (namespace, job, instance, topic, partition) "
                 "(adcs_watch_records_since_checkpoint{@} > 0)) or vector(0)"),
         runbook="AdcsWatchCheckpointStale"),
    stat("Version", "Versions that run, and the number of processes of each.", "short",
         q("count by (version, revision) (adcs_watch_build_info{@})", "{{version}} {{revision}}"),
         text="value_and_name", graph="none", colour="none"),
]

RED = [
    lines("Records by outcome", "Consumed records by outcome. `filtered` means discarded unparsed.", "cps",
          q("sum by (stage, outcome) (rate(adcs_watch_records_total{@}[$__rate_interval])) > 0", "{{stage}} {{outcome}}")),
    lines("Written", "Records committed to the routed, alert, dead-letter and checkpoint topics.", "cps",
          q("sum(rate(adcs_watch_routed_records_total{@}[$__rate_interval]))", "routed"),
          q("sum(rate(adcs_watch_alerts_total{@}[$__rate_interval]))", "alerts"),
          q("sum(rate(adcs_watch_dead_letters_total{@}[$__rate_interval]))", "dead letters"),
          q("sum(rate(adcs_watch_checkpoint_records_total{@}[$__rate_interval]))", "checkpoint")),
    lines("Errors", "Dead letters by reason, transactions without a commit, and restarts of workers.", "cps",
          q("sum by (reason) (rate(adcs_watch_dead_letters_total{@}[$__rate_interval])) > 0", "dead letter: {{reason}}"),
          q('sum by (stage, outcome) (rate(adcs_watch_transaction_duration_seconds_count{@,outcome!="committed"}[$__rate_interval]))',
            "{{stage}} transaction {{outcome}}"),
          q("sum by (stage) (rate(adcs_watch_worker_restarts_total{@}[$__rate_interval]))", "{{stage}} restart"),
          runbook="AdcsWatchTransactionsFailing"),
    lines("Record age", "Time from append to poll, for the oldest record of each poll.", "s",
          q(quantile(0.5, "adcs_watch_record_age_seconds", "stage"), "{{stage}} p50"),
          q(quantile(0.99, "adcs_watch_record_age_seconds", "stage"), "{{stage}} p99"),
          q(quantile(0.999, "adcs_watch_record_age_seconds", "stage"), "{{stage}} p99.9"), runbook="AdcsWatchLatencySLO"),
    heatmap("Record age, all polls", "Polls by the age of their oldest record.", "s",
            q("sum by (le) (increase(adcs_watch_record_age_seconds_bucket{@}[$__rate_interval]))", "{{le}}", "heatmap")),
    lines("Alert latency", "Time from the append of the source record to the committed alert. Only for topics with LogAppendTime.", "s",
          q(quantile(0.5, "adcs_watch_alert_latency_seconds"), "p50"),
          q(quantile(0.99, "adcs_watch_alert_latency_seconds"), "p99")),
]

KAFKA = [
    lines("Lag, top ten partitions", "Records between the position and the last stable offset.", "short",
          q("topk(10, sum by (stage, topic, partition) (adcs_watch_consumer_lag_records{@}))", "{{stage}} {{topic}} [{{partition}}]"),
          runbook="AdcsWatchLagGrowing"),
    lines("Lag in time by topic", "Age of the record that was read last, the oldest of each topic.", "s",
          q("max by (stage, topic) (adcs_watch_consumer_lag_seconds{@})", "{{stage}} {{topic}}"),
          runbook="AdcsWatchLagSecondsHigh"),
    lines("Offsets per second", "Rates at which the topics grow, are read and are committed.", "cps",
          q("sum by (stage) (deriv(adcs_watch_consumer_stable_offset{@}[$__rate_interval]))", "{{stage}} appended"),
          q("sum by (stage) (deriv(adcs_watch_consumer_position_offset{@}[$__rate_interval]))", "{{stage}} read"),
          q("sum by (stage) (deriv(adcs_watch_consumer_committed_offset{@}[$__rate_interval]))", "{{stage}} committed")),
    lines("Partitions", "Assigned partitions by process.", "short",
          q("sum by (stage, pod, instance) (adcs_watch_assigned_partitions{@})", "{{stage}} " + WHO),
          runbook="AdcsWatchPartitionsUnassigned"),
    lines("Rebalances", "Partitions assigned, revoked in order, or lost.", "short",
          q("sum by (stage, event) (increase(adcs_watch_rebalances_total{@}[$__rate_interval]))", "{{stage}} {{event}}"),
          bars=True, runbook="AdcsWatchRebalanceStorm"),
    lines("Transactions", "Time from the first record of a transaction to its end.", "s",
          q(quantile(0.5, "adcs_watch_transaction_duration_seconds", "stage"), "{{stage}} p50"),
          q(quantile(0.99, "adcs_watch_transaction_duration_seconds", "stage"), "{{stage}} p99")),
    lines("Since the last poll", "Time since the last poll of each worker.", "s",
          q("max by (stage, worker, pod, instance) (time() - adcs_watch_last_poll_timestamp_seconds{@})",
            "{{stage}} {{worker}} " + WHO), runbook="AdcsWatchWorkerStuck"),
    lines("Redelivered, late, skipped", "Records below the position, events older than the allowed lateness, "
          "and source records that retention deleted before they were read.", "cps",
          q("sum by (stage) (rate(adcs_watch_redelivered_records_total{@}[$__rate_interval]))", "{{stage}} redelivered"),
          q("sum(rate(adcs_watch_late_events_total{@}[$__rate_interval]))", "late"),
          q("sum(rate(adcs_watch_retention_skipped_records_total{@}[$__rate_interval]))", "deleted unread"),
          runbook="AdcsWatchRetentionSkipped"),
    lines("Stopped and refused", "Partitions that are unusable and tried again, source topics that do not exist or may not be read, and patterns without a topic.",
          "short",
          q("sum by (stage, topic) (adcs_watch_partition_stopped{@}) or vector(0)", "stopped {{stage}} {{topic}}"),
          q("max by (topic) (adcs_watch_source_refused{@}) or vector(0)", "refused {{topic}}"),
          q("max by (pattern) (adcs_watch_source_unmatched{@}) or vector(0)", "no topic {{pattern}}"), runbook="AdcsWatchPartitionStopped"),
    lines("Hidden by open transactions", "Offsets between the last stable offset and the end of a source, the ten partitions with the "
          "most. It stays above 0 while a producer leaves a transaction open.", "short",
          q("topk(10, sum by (stage, topic, partition) (adcs_watch_consumer_hidden_records{@}))", "{{stage}} {{topic}} [{{partition}}]"),
          runbook="AdcsWatchOpenTransaction"),
    lines("Policy reloads", "Changed configs that processes took, or refused for a mistake.", "short",
          q("sum by (outcome) (increase(adcs_watch_policy_reloads_total{@}[$__rate_interval]))", "{{outcome}}"), bars=True,
          runbook="AdcsWatchPolicyRefused"),
    lines("Fenced", "Workers that another instance fenced.", "short",
          q("sum by (stage) (increase(adcs_watch_fencings_total{@}[$__rate_interval]))", "{{stage}}"), bars=True,
          runbook="AdcsWatchWorkerRestarts"),
]

USE = [
    lines("Worker time", "Waiting for records is spare capacity. Committing is waiting for brokers. Working includes restores.", "percentunit",
          q("sum by (stage, doing) (rate(adcs_watch_worker_time_seconds_total{@}[$__rate_interval])) / on (stage) group_left () "
            "sum by (stage) (rate(adcs_watch_worker_time_seconds_total{@}[$__rate_interval]))", "{{stage}} {{doing}}"),
          max=1, min=0),
    lines("CPU", "CPU seconds per second.", "short",
          q("rate(process_cpu_seconds_total{@}[$__rate_interval])", WHO)),
    lines("Memory", "Resident memory, and the state within it.", "bytes",
          q("process_resident_memory_bytes{@}", WHO),
          q("sum by (pod, instance) (adcs_watch_state_bytes{@})", "state " + WHO), runbook="AdcsWatchMemoryNearLimit"),
    lines("Bytes", "Bytes of record values consumed per second.", "Bps",
          q("sum by (stage) (rate(adcs_watch_consumed_bytes_total{@}[$__rate_interval]))", "{{stage}}")),
    lines("Files and threads", "Open files and sockets, and threads.", "short",
          q("process_open_fds{@}", "files " + WHO), q("process_threads{@}", "threads " + WHO)),
]

STATE = [
    lines("State records", "Entities and parts of entities in memory.", "short",
          q("sum by (pod, instance) (adcs_watch_state_records{@})", WHO)),
    lines("Checkpoints", "Duration of transactions with a checkpoint.", "s",
          q(quantile(0.5, "adcs_watch_checkpoint_duration_seconds"), "p50"),
          q(quantile(0.99, "adcs_watch_checkpoint_duration_seconds"), "p99"), runbook="AdcsWatchCheckpointStale"),
    lines("Checkpoint bytes", "Bytes written to the checkpoint topic per second.", "Bps",
          q("sum(rate(adcs_watch_checkpoint_bytes_total{@}[$__rate_interval]))", "written")),
    lines("Replay after a crash", "Records applied since the last checkpoint, the five partitions with the most.", "short",
          q("topk(5, adcs_watch_records_since_checkpoint{@})", "{{topic}} [{{partition}}]"), runbook="AdcsWatchCheckpointStale"),
    lines("Restoring", "Partitions that raise no alerts yet, and checkpoint records read.", "short",
          q("sum by (pod, instance) (adcs_watch_restoring_partitions{@})", WHO),
          q("sum(increase(adcs_watch_restored_records_total{@}[$__rate_interval]))", "records read"),
          runbook="AdcsWatchRestoreSlow"),
    bars("Restores", "Time from the assignment of a partition until it raises alerts, in the time range.", "s",
         q("histogram_quantile(0.5, sum by (le) (increase(adcs_watch_restore_duration_seconds_bucket{@}[$__range])))", "p50"),
         q("histogram_quantile(0.99, sum by (le) (increase(adcs_watch_restore_duration_seconds_bucket{@}[$__range])))", "p99"),
         runbook="AdcsWatchRestoreSlow"),
]

DASHBOARD = dashboard(
    "adcs-watch-operations", "adcs-watch: operations", "Do the stages run, keep up, and have enough resources?", "now-3h",
    [("Overview", GLANCE), ("Rate, errors, duration", RED), ("Kafka", KAFKA),
     ("Utilisation and saturation", USE), ("State", STATE)],
)
