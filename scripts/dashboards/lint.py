#!/usr/bin/env python3
"""Applies the rules of Grafana's dashboard-linter, without the linter.

It does not check whether a query is valid PromQL. `panels.py` runs the queries on a Prometheus.
"""

import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "helm/adcs-watch/dashboards"
COUNTER = re.compile(r"\b\w+(?:_total|_bucket|_count|_sum)\b(?=\{)")
COUNTING = ("rate(", "increase(", "irate(")


def of_dashboard(dashboard):
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    source = variables.get("datasource", {})
    if (source.get("type"), source.get("query"), source.get("label")) != ("datasource", "prometheus", "Data source"):
        yield "no variable `datasource` for Prometheus"
    for name in ("namespace", "job", "pod"):
        variable = variables.get(name, {})
        if variable.get("datasource", {}).get("uid") != "${datasource}":
            yield f"variable {name} is missing, or has another datasource"
        if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") in (".+", ".*")):
            yield f"variable {name} does not allow several values and all"
        if variable.get("refresh") != 2:
            yield f"variable {name} is not refreshed when the time range changes"
    if dashboard.get("editable") is not False:
        yield "it is editable, but changes would be lost"
    if not (dashboard.get("uid") and dashboard.get("title") and dashboard.get("description") and dashboard.get("tags")):
        yield "no uid, title, description or tags"
    if not any("runbooks" in link.get("url", "") for link in dashboard["links"]):
        yield "no link to the runbooks"
    titles = [panel["title"] for panel in dashboard["panels"]]
    yield from (f"two panels have the title {title}" for title in set(titles) if titles.count(title) > 1)
    for annotation in dashboard["annotations"]["list"]:
        yield from (f"annotation {annotation['name']}: {what}" for what in of_query(annotation["expr"], annotation=True))


def of_panel(panel):
    for field in ("title", "description"):
        if not panel.get(field):
            yield f"no {field}"
    if panel.get("datasource", {}).get("uid") != "${datasource}":
        yield "its datasource is not the variable"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "no unit"
    if not panel["targets"]:
        yield "no query"
    for target in panel["targets"]:
        if target["datasource"]["uid"] != "${datasource}":
            yield "the datasource of a query is not the variable"
        yield from of_query(target["expr"])


def of_query(expr, annotation=False):
    for name, labels in re.findall(r"\b((?:adcs_watch|process)_\w+)(\{[^}]*\})?", expr):
        if 'job=~"$job"' not in labels or 'namespace=~"$namespace"' not in labels:
            yield f"{name} does not select the chosen namespace and job: {expr}"
    for function, window in re.findall(r"(\w+)\(\w+\{[^}]*\}\[([^\]]+)\]", expr):
        # Totals of the time range and of the day that an alert covers are intended.
        allowed = {"$__rate_interval"} | ({"$__range", "1d"} if function == "increase" else set())
        if window not in allowed and not annotation:
            yield f"{function} over {window}, not over $__rate_interval: {expr}"
    for match in COUNTER.finditer(expr):
        if not expr[: match.start()].endswith(COUNTING):
            yield f"{match[0]} is a counter without rate or increase: {expr}"
    for match in re.finditer(r"(rate|increase)\(adcs_watch", expr):
        if not re.search(r"(sum|max|count|topk)\b[^()]*(\([^()]*\) )?\($", expr[: match.start()]):
            yield f"{match[1]} of many series is not aggregated: {expr}"


def complaints(name, dashboard):
    found = [f"{name}: {what}" for what in of_dashboard(dashboard)]
    for panel in (panel for panel in dashboard["panels"] if panel["type"] != "row"):
        found += [f"{name}: {panel['title'] or panel['id']}: {what}" for what in of_panel(panel)]
    return found


def planted(dashboard):
    """Copies with one fault each, which this check must find."""
    def fault(change):
        copy = json.loads(json.dumps(dashboard))
        panel = next(panel for panel in copy["panels"] if panel["type"] != "row")
        change(copy, panel)
        return copy

    def expr(text):
        return fault(lambda _, panel: panel["targets"][0].update(expr=text))

    chosen = '{namespace=~"$namespace",job=~"$job"}'
    yield "edited", fault(lambda all, _: all.update(editable=True))
    yield "no source", fault(lambda all, _: all["templating"]["list"].pop(0))
    yield "no job", fault(lambda all, _: all["templating"]["list"].pop(2))
    yield "no unit", fault(lambda _, panel: panel["fieldConfig"]["defaults"].update(unit=""))
    yield "no description", fault(lambda _, panel: panel.update(description=""))
    yield "another source", fault(lambda _, panel: panel.update(datasource={"uid": "x"}))
    yield "no query", fault(lambda _, panel: panel.update(targets=[]))
    yield "no job chosen", expr("max(adcs_watch_state_bytes)")
    yield "fixed window", expr(f"sum(rate(adcs_watch_alerts_total{chosen}[5m]))")
    yield "bare counter", expr(f"sum(adcs_watch_alerts_total{chosen})")
    yield "not aggregated", expr(f"rate(adcs_watch_alerts_total{chosen}[$__rate_interval])")


def main():
    dashboards = {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
    found = [what for name, dashboard in dashboards.items() for what in complaints(name, dashboard)]
    for name, dashboard in dashboards.items():
        for what, faulty in planted(dashboard):
            if not complaints(name, faulty):
                found.append(f"{name}: this check does not find a planted fault: {what}")
    if found:
        sys.exit("\n".join(found))
    print(f"{len(dashboards)} dashboards pass")


main()
