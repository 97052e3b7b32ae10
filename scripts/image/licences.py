"""licences.py TARGET SBOM: the licence texts of all that a bill of materials lists, each text once, on standard output."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

BEGINNINGS = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def main(target: str, bill: str) -> None:
    components = json.loads(Path(bill).read_text())["components"]
    names = {f"{component['name']} {component['version']}" for component in components}
    holders = defaultdict(list)
    for name, folder in crates(target):
        if name in names:
            for text in texts(folder):
                holders[text].append(name)
    for component in components:
        if component["purl"].startswith("pkg:deb/"):
            text = debian_text(component["name"])
            holders[text].append(f"{component['name']} {component['version']}")
    for text, of in sorted(holders.items(), key=lambda item: item[1]):
        print("=" * 100, ", ".join(sorted(of)), "=" * 100, text.strip(), "", sep="\n")


def crates(target: str) -> list[tuple[str, Path]]:
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = metadata["packages"]
    return [(f"{p['name']} {p['version']}", Path(p["manifest_path"]).parent) for p in packages]


def texts(folder: Path) -> list[str]:
    """Of a crate, and of the C sources in its folders."""
    files = [*folder.glob("*"), *folder.glob("*/*"), *folder.glob("*/*/*")]
    licences = [f for f in files if f.is_file() and f.name.upper().startswith(BEGINNINGS)]
    return [file.read_text(errors="replace") for file in sorted(licences)]


def debian_text(source: str) -> str:
    """The copyright file of an installed package of this source."""
    form = "${source:Package}\t${Package}\n"
    lines = subprocess.run(["dpkg-query", "-W", "-f", form], check=True, stdout=subprocess.PIPE, text=True).stdout
    packages = sorted(line.split("\t")[1] for line in lines.splitlines() if line.split("\t")[0] == source)
    files = [Path("/usr/share/doc", package, "copyright") for package in packages]
    return next(file for file in files if file.exists()).read_text()


if __name__ == "__main__":
    main(*sys.argv[1:])
