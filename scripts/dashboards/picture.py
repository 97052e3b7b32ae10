#!/usr/bin/env python3
"""Draws what the panels would show, of the answers that `panels.py` wrote: not a screenshot, which needs a Grafana.

    picture.py ANSWERS DIR    writes DIR/operations.svg and DIR/detection.svg
"""

import datetime
import json
import pathlib
import sys
from html import escape

COLUMN, ROW, GAP, POINTS = 50, 24, 6, 60
COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffb357", "#96d98d", "#ca95e5"]
SEVERITY = {"critical": "#e02f44", "high": "#ff780a", "medium": "#f2cc0c", "low": "#5794f2", "informational": "#8e8e8e"}
STEPS = {"green": "#73bf69", "yellow": "#f2cc0c", "red": "#f2495c"}
STYLE = (
    "text{font-family:Inter,Helvetica,Arial,sans-serif;fill:#ccccdc;font-size:11px}.title{font-size:12px;font-weight:600}"
    ".row{font-size:14px;font-weight:600}.big{font-size:24px;font-weight:600}.dim{fill:#8e8e99;font-size:10px}"
)


def said(value, unit):
    """A number as Grafana would write it."""
    if unit == "s":
        for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}"
        return f"{value * 1000:.3g} ms"
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit in ("bytes", "Bps"):
        for size, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}{'/s' if unit == 'Bps' else ''}"
        return f"{value:.3g} B{'/s' if unit == 'Bps' else ''}"
    short = f"{value / 1000:.3g} k" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{short}/s" if unit == "cps" else short


def colour(name, number):
    return SEVERITY.get(name, COLOURS[number % len(COLOURS)])


def thinned(values):
    step = max(1, len(values) // POINTS)
    return values[::step] + ([values[-1]] if (len(values) - 1) % step else [])


def stat(panel, width, height):
    name, values = panel["lines"][0]
    value = values[-1][1]
    text = name if panel["title"] == "Version" else said(round(value) if panel["decimals"] == 0 else value, panel["unit"])
    fill = [step["color"] for step in panel["steps"] if step["value"] is None or value >= step["value"]][-1]
    size = min(24, 1.4 * width / max(1, len(text)))
    yield (f'<text class="big" x="{width / 2}" y="{height / 2 + 16}" text-anchor="middle" '
           f'style="fill:{SEVERITY.get(name, STEPS[fill])};font-size:{size:.0f}px">{escape(text)}</text>')


def gauges(panel, width, height):
    most = max(values[-1][1] for _, values in panel["lines"]) or 1
    for number, (name, values) in enumerate(panel["lines"][:6]):
        top = 32 + number * 36
        yield f'<text x="10" y="{top + 8}">{escape(name)}</text>'
        yield f'<text x="{width - 10}" y="{top + 8}" text-anchor="end">{said(values[-1][1], panel["unit"])}</text>'
        yield f'<rect x="10" y="{top + 13}" width="{width - 20}" height="8" fill="#22252b"/>'
        yield f'<rect x="10" y="{top + 13}" width="{(width - 20) * values[-1][1] / most:.0f}" height="8" fill="{colour(name, 0)}"/>'


def table(panel, width, height):
    for number, (name, values) in enumerate(panel["lines"][:8]):
        top = 42 + number * 18
        yield f'<text x="10" y="{top}">{escape(name)}</text>'
        yield f'<text x="{width - 10}" y="{top}" text-anchor="end">{said(values[-1][1], panel["unit"])}</text>'


def heat(panel, width, height):
    """One row for each bucket: cumulative counts, so each less the one below it."""
    rows = sorted(((float(name), dict(map(tuple, values))) for name, values in panel["lines"] if name != "+Inf"), key=lambda row: row[0])
    times = sorted({at for _, values in rows for at in values})
    cells, below = [], {}
    for _, values in rows:
        cells.append({at: max(0, values.get(at, 0) - below.get(at, 0)) for at in times})
        below = values
    most = max((count for row in cells for count in row.values()), default=1) or 1
    step = max(1, len(times) // POINTS)
    wide, tall = (width - 60) / len(times[::step]), (height - 50) / len(rows)
    for y, row in enumerate(cells):
        for x, at in enumerate(times[::step]):
            if row[at] > 0:
                left, top = 50 + x * wide, height - 20 - (y + 1) * tall
                yield (f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall - 1:.1f}" fill="#ff9830" '
                       f'opacity="{0.15 + 0.85 * row[at] / most:.2f}"/>')
        if y % 3 == 0:
            yield f'<text class="dim" x="46" y="{height - 20 - y * tall:.0f}" text-anchor="end">{said(rows[y][0], "s")}</text>'


def chart(panel, width, height):
    lines = [(name, thinned(values)) for name, values in panel["lines"][:10]]
    first, last = (side(at for _, values in lines for at, _ in values) for side in (min, max))
    most = max(value for _, values in lines for _, value in values) or 1
    shown = lines[:4]
    left, right, top, bottom = 56, width - 10, 30, height - 26 - 13 * len(shown)

    def x(at):
        return left + (right - left) * (at - first) / max(1, last - first)

    for part in (0, 0.5, 1):
        y = bottom - (bottom - top) * part
        yield f'<line x1="{left}" x2="{right}" y1="{y:.0f}" y2="{y:.0f}" stroke="#2c2f36"/>'
        yield f'<text class="dim" x="{left - 4}" y="{y + 3:.0f}" text-anchor="end">{said(most * part, panel["unit"])}</text>'
    for number, (name, values) in enumerate(lines):
        points = " ".join(f"{x(at):.1f},{bottom - (bottom - top) * max(0, value) / most:.1f}" for at, value in values)
        yield f'<polyline points="{points}" fill="none" stroke="{colour(name, number)}" stroke-width="1.2"/>'
    for at, anchor in ((first, "start"), (last, "end")):
        clock = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%H:%M:%S")
        yield f'<text class="dim" x="{x(at):.0f}" y="{bottom + 13}" text-anchor="{anchor}">{clock}</text>'
    for number, (name, values) in enumerate(shown):
        y = bottom + 27 + 13 * number
        yield f'<rect x="{left}" y="{y - 7}" width="10" height="3" fill="{colour(name, number)}"/>'
        yield f'<text class="dim" x="{left + 15}" y="{y - 2}">{escape(name)}</text>'
        yield f'<text class="dim" x="{right}" y="{y - 2}" text-anchor="end">{said(values[-1][1], panel["unit"])}</text>'


KINDS = {"stat": stat, "bargauge": gauges, "table": table, "heatmap": heat, "timeseries": chart}


def draw(title, panels):
    parts, bottom, rows = [], 0, 0
    for panel in panels:
        if "row" in panel:
            parts.append(f'<text class="row" x="{GAP}" y="{44 + bottom * ROW + 17}">{escape(panel["row"])}</text>')
            bottom, rows = bottom + 1, rows + 1
            continue
        place = panel["grid"]
        width, height = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        parts.append(f'<g transform="translate({place["x"] * COLUMN + GAP} {44 + place["y"] * ROW})">'
                     f'<rect width="{width}" height="{height}" rx="3" fill="#181b1f" stroke="#2c2f36"/>'
                     f'<text class="title" x="10" y="18">{escape(panel["title"])}</text>')
        parts += KINDS[panel["type"]](panel, width, height)
        parts.append("</g>")
        bottom = max(bottom, place["y"] + place["h"])
    width, height = 24 * COLUMN + GAP, 44 + bottom * ROW + GAP
    label = "Drawn from the answers of a real Prometheus (a minute and a half of a test). This is not a Grafana screenshot."
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#111217"/>'
            f'<text class="row" x="{GAP}" y="24">{escape(title)}</text>'
            f'<text x="{width - GAP}" y="24" text-anchor="end">{label}</text>' + "\n".join(parts) + "</svg>\n")


def main():
    answers, folder = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for title, panels in answers.items():
        (folder / f"{title.split()[-1]}.svg").write_text(draw(title, panels))


main()
