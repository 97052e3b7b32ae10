"""Draws coloured text of a terminal (standard input) as an SVG: terminal.py COMMAND >picture.svg. COMMAND stands above the text."""

import re
import sys
from xml.sax.saxutils import escape

COLUMNS, LINE, LETTER, MARGIN = 104, 18, 8.0, 16
BACK, TEXT, DIM = "#1b1f27", "#d8dee9", "#8b95a7"
COLOURS = {31: "#e06c75", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2", 37: "#ffffff"}


def runs(line, style):
    """The pieces of a line with their style, which goes on in the next line."""
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if not piece.startswith("\x1b["):
            if piece:
                yield piece, dict(style)
            continue
        for code in map(int, piece[2:-1].split(";") if piece != "\x1b[m" else ["0"]):
            if code == 0:
                style.clear()
            elif code in (1, 2):
                style["bold" if code == 1 else "dim"] = True
            elif code in COLOURS:
                style["fill"] = COLOURS[code]
            elif code - 10 in COLOURS:
                style["back"] = COLOURS[code - 10]


def drawn(line, y, style):
    x, shapes = 0, []
    for text, how in runs(line, style):
        if "back" in how:
            at = MARGIN + x * LETTER
            shapes.append(f'<rect x="{at}" y="{y - 13}" width="{len(text) * LETTER}" height="{LINE}" fill="{how["back"]}"/>')
        fill = how.get("fill", DIM if "dim" in how else TEXT)
        weight = ' font-weight="bold"' if "bold" in how else ""
        # SVG takes several spaces for one, so each stretch of words has its own place.
        for words in re.finditer(r"\S+(?: \S+)*", text):
            at, long = MARGIN + (x + words.start()) * LETTER, len(words.group()) * LETTER
            width = f'textLength="{long}" lengthAdjust="spacingAndGlyphs"'
            shapes.append(f'<text x="{at}" y="{y}" fill="{fill}"{weight} {width}>{escape(words.group())}</text>')
        x += len(text)
    return shapes


def main():
    lines = [f"\x1b[32m$\x1b[0m {sys.argv[1]}", "", *sys.stdin.read().rstrip("\n").split("\n")]
    height, width, style = len(lines) * LINE + 2 * MARGIN, COLUMNS * LETTER + 2 * MARGIN, {}
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>')
    print('<g font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="13">')
    for number, line in enumerate(lines):
        print(*drawn(line, MARGIN + 13 + number * LINE, style), sep="\n", end="\n" if line else "")
    print("</g>\n</svg>")


main()
