#!/usr/bin/env python3
"""Asks a Prometheus every question that the dashboards ask, and says which have no answer.

    panels.py PROMETHEUS SECONDS [FILE]

PROMETHEUS has scraped a stage under load for SECONDS, once a second. FILE: where the answers go, for `picture.py`. A real
Grafana is not asked: its variables are replaced here as it would replace them.
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
    assert "$" not in expr, f"a variable is left in {expr}"
    return expr


def series(server, expr, seconds, end):
    """Each with its labels and its values that are numbers."""
    found = ask(server, "query_range", query=replaced(expr, seconds), start=end - seconds, end=end, step=1)
    told = []
    for one in found["result"]:
        values = [(at, float(value)) for at, value in one["values"] if math.isfinite(float(value))]
        if values:
            told.append((one["metric"], values))
    return told


def legend(template, labels):
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), template)
    shown = ", ".join(value for name, value in sorted(labels.items()) if name not in ("__name__", "job", "namespace", "pod"))
    return shown if text == "__auto" else " ".join(text.split())


def look(server, dashboard, seconds, end):
    """The answers of each panel; what was not answered."""
    panels, silent = [], []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            panels.append({"row": panel["title"]})
            continue
        lines = []
        for target in panel["targets"]:
            told = series(server, target["expr"], seconds, end)
            if not told:
                silent.append(f"{panel['title']} {target['refId']}: {target['expr']}")
            lines += [[legend(target["legendFormat"], labels), values] for labels, values in told]
        shown = panel["fieldConfig"]["defaults"]
        panels.append({
            "title": panel["title"], "type": panel["type"], "grid": panel["gridPos"], "lines": lines, "unit": shown["unit"],
            "steps": shown["thresholds"]["steps"], "decimals": shown.get("decimals"),
        })
    for annotation in dashboard["annotations"]["list"]:
        if not series(server, annotation["expr"], seconds, end):
            silent.append(f"annotation {annotation['name']}: {annotation['expr']}")
    for variable in dashboard["templating"]["list"]:
        values = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]) if variable["type"] == "query" else None
        if variable["type"] == "query":
            match = replaced(values[1], seconds)
            if not any(values[2] in labels for labels in ask(server, "series", **{"match[]": match})):
                silent.append(f"variable {variable['name']}: {match}")
    return panels, silent


def main():
    server, seconds = sys.argv[1].rstrip("/"), int(sys.argv[2])
    end = time.time()
    answers, silent, asked = {}, [], 0
    for path in sorted(FOLDER.glob("*.json")):
        dashboard = json.loads(path.read_text())
        panels, missing = look(server, dashboard, seconds, end)
        answers[dashboard["title"]] = panels
        asked += sum(len(panel.get("targets", [])) for panel in dashboard["panels"])
        silent += [f"{path.name}: {what}" for what in missing]
    for group in ask(server, "rules")["groups"]:
        silent += [f"rule {rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule["health"] != "ok"]
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text(json.dumps(answers))
    if silent:
        sys.exit("\n".join([f"{len(silent)} without an answer:", *silent]))
    print(f"{asked} queries of {len(answers)} dashboards are answered")


main()
