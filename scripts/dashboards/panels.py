#!/usr/bin/env python3
"""Runs every query of the dashboards on a Prometheus and lists those without a result.

    panels.py PROMETHEUS SECONDS

PROMETHEUS has scraped a stage under load for SECONDS, once a second. No Grafana is involved: this script replaces
variables as Grafana does.
"""

import json
import math
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "helm/adcs-watch/dashboards"
CHOSEN = {"namespace": ".*", "job": ".+", "pod": ".*"}
RATE_INTERVAL = 10


def ask(server, path, **parameters):
    address = f"{server}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{parameters}: {json.load(error)['error']}") from error


def replaced(expr, seconds):
    expr = expr.replace("$__rate_interval", f"{RATE_INTERVAL}s").replace("$__range", f"{seconds}s")
    for name, value in CHOSEN.items():
        expr = expr.replace(f"${name}", value)
    assert "$" not in expr, f"unknown variable in {expr}"
    return expr


def series(server, expr, seconds, end):
    """The labels of each series that has at least one finite value."""
    found = ask(server, "query_range", query=replaced(expr, seconds), start=end - seconds, end=end, step=1)
    answered = []
    for one in found["result"]:
        values = [(at, float(value)) for at, value in one["values"] if math.isfinite(float(value))]
        if values:
            answered.append(one["metric"])
    return answered


def look(server, dashboard, seconds, end):
    """The queries of a dashboard without a result."""
    silent = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            if not series(server, target["expr"], seconds, end):
                silent.append(f"{panel['title']} {target['refId']}: {target['expr']}")
    for annotation in dashboard["annotations"]["list"]:
        if not series(server, annotation["expr"], seconds, end):
            silent.append(f"annotation {annotation['name']}: {annotation['expr']}")
    for variable in dashboard["templating"]["list"]:
        values = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]) if variable["type"] == "query" else None
        if variable["type"] == "query":
            match = replaced(values[1], seconds)
            if not any(values[2] in labels for labels in ask(server, "series", **{"match[]": match})):
                silent.append(f"variable {variable['name']}: {match}")
    return silent


def main():
    server, seconds = sys.argv[1].rstrip("/"), int(sys.argv[2])
    end = time.time()
    silent, dashboards, asked = [], 0, 0
    for path in sorted(FOLDER.glob("*.json")):
        dashboard = json.loads(path.read_text())
        missing = look(server, dashboard, seconds, end)
        dashboards += 1
        asked += sum(len(panel.get("targets", [])) for panel in dashboard["panels"])
        silent += [f"{path.name}: {what}" for what in missing]
    for group in ask(server, "rules")["groups"]:
        silent += [f"rule {rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule["health"] != "ok"]
    if silent:
        sys.exit("\n".join([f"{len(silent)} queries without a result:", *silent]))
    print(f"{asked} queries of {dashboards} dashboards have results")


main()
