"""The kinds of panels of the dashboards, as Grafana's JSON."""

RUNBOOKS = "https://docs.corp.example/adcs-watch/runbooks/"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
GREEN, YELLOW, RED = "green", "yellow", "red"
SEVERITIES = {
    "informational": "#8e8e8e", "low": "#5794f2", "medium": "#f2cc0c", "high": "#ff780a", "critical": "#e02f44",
}


def q(expr, legend="", form="time_series"):
    """A query. `@` selects the chosen namespace, job and pod; `@@` selects the chosen namespace and job."""
    chosen = 'namespace=~"$namespace",job=~"$job",pod=~"$pod"'
    expr = expr.replace("@@", 'namespace=~"$namespace",job=~"$job"').replace("@", chosen)
    target = {"datasource": SOURCE, "expr": " ".join(expr.split()), "legendFormat": legend or "__auto", "format": form}
    return target | ({"instant": True, "range": False} if form == "table" else {})


def panel(kind, title, description, unit, queries, width, height, *, options=None, custom=None, steps=None, **more):
    """`steps`: the thresholds for yellow and red. `runbook`: the alert whose page the panel links to."""
    defaults = {"unit": unit, "custom": custom or {}}
    for name in ("min", "max", "decimals"):
        if name in more:
            defaults[name] = more[name]
    if steps:
        colours = [GREEN, RED] if len(steps) == 1 else [GREEN, YELLOW, RED]
        values = [None, *steps]
        defaults["thresholds"] = {
            "mode": "absolute", "steps": [{"color": c, "value": v} for c, v in zip(colours, values)],
        }
    else:
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"color": GREEN, "value": None}]}
    targets = [query | {"refId": chr(ord("A") + n)} for n, query in enumerate(queries)]
    made = {
        "type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": more.get("overrides", [])}, "options": options or {},
        "gridPos": {"w": width, "h": height},
    }
    if "runbook" in more:
        made["links"] = [{"title": "Runbook", "url": f"{RUNBOOKS}{more['runbook']}.md", "targetBlank": True}]
    if "transformations" in more:
        made["transformations"] = more["transformations"]
    return made


def stat(title, description, unit, *queries, width=3, colour="value", text="auto", graph="area", **more):
    options = {
        "colorMode": colour, "graphMode": graph, "textMode": text, "justifyMode": "auto", "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return panel("stat", title, description, unit, queries, width, 4, options=options, **more)


def lines(title, description, unit, *queries, width=8, stack=False, bars=False, **more):
    custom = {
        "drawStyle": "bars" if bars else "line", "fillOpacity": 60 if bars or stack else 10, "lineWidth": 1,
        "showPoints": "never", "stacking": {"mode": "normal" if stack else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, unit, queries, width, 8, options=options, custom=custom, **more)


def heatmap(title, description, unit, query, width=8, **more):
    options = {
        "calculate": False, "yAxis": {"unit": unit}, "cellGap": 1, "color": {"scheme": "Oranges", "mode": "scheme"},
        "tooltip": {"show": True, "yHistogram": False}, "legend": {"show": True},
    }
    return panel("heatmap", title, description, unit, [query], width, 8, options=options, **more)


def bars(title, description, unit, *queries, width=8, height=8, **more):
    options = {
        "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return panel("bargauge", title, description, unit, queries, width, height, options=options, **more)


def table(title, description, unit, query, width=8, hide=("Time",), names=None, **more):
    organize = {"excludeByName": {name: True for name in hide}, "renameByName": names or {}}
    return panel(
        "table", title, description, unit, [query], width, 8, options={"showHeader": True, "cellHeight": "sm"},
        transformations=[{"id": "organize", "options": organize}], **more,
    )


def by_severity():
    """The colour of each severity."""
    return [
        {"matcher": {"id": "byName", "options": name},
         "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
        for name, colour in SEVERITIES.items()
    ]


def variable(name, label, query, every):
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
        "allValue": every, "current": {"text": "All", "value": "$__all"},
    }


def variables():
    info = "adcs_watch_build_info"
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}
    return [
        source,
        # Outside Kubernetes no series has a namespace or a pod: `.*` matches that too.
        variable("namespace", "namespace", f"label_values({info}, namespace)", ".*"),
        variable("job", "job", f'label_values({info}{{namespace=~"$namespace"}}, job)', ".+"),
        variable("pod", "pod", f'label_values({info}{{namespace=~"$namespace",job=~"$job"}}, pod)', ".*"),
    ]


def annotation(name, colour, expr, text):
    return {
        "name": name, "datasource": SOURCE, "enable": True, "iconColor": colour, "expr": q(expr)["expr"],
        "titleFormat": name, "textFormat": text, "step": "60s",
    }


def dashboard(uid, title, description, since, rows):
    """`rows`: the title and the panels of each row, from left to right."""
    panels, top = [], 0
    for name, content in rows:
        panels.append({"type": "row", "title": name, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})
        top, left, tallest = top + 1, 0, 0
        for one in content:
            place = one["gridPos"]
            if left + place["w"] > WIDTH:
                top, left, tallest = top + tallest, 0, 0
            one["gridPos"] = {"x": left, "y": top, **place}
            left, tallest = left + place["w"], max(tallest, place["h"])
            panels.append(one)
        top += tallest
    for number, one in enumerate(panels, 1):
        one["id"] = number
    return {
        "uid": uid, "title": title, "description": description, "tags": ["adcs-watch"], "schemaVersion": 39, "version": 1,
        "editable": False, "graphTooltip": 1, "refresh": "30s", "time": {"from": since, "to": "now"}, "timezone": "utc",
        "templating": {"list": variables()},
        "annotations": {"list": [
            annotation("restarts", "red", "changes(process_start_time_seconds{@}[2m]) > 0", "{{pod}} {{instance}}"),
            annotation("rebalances", "blue",
                       'sum by (stage) (increase(adcs_watch_rebalances_total{@,event="assign"}[2m])) > 0', "{{stage}}"),
        ]},
        "links": [
            {"type": "dashboards", "title": "adcs-watch", "tags": ["adcs-watch"], "asDropdown": False,
             "includeVars": True, "keepTime": True},
            {"type": "link", "title": "Runbooks", "url": RUNBOOKS, "targetBlank": True},
        ],
        "panels": panels,
    }
