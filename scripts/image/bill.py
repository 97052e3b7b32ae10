"""What is in the program: writes the bill of materials (CycloneDX), or checks it.

    bill.py make TARGET FOLDER     of what Cargo.lock and this machine's static libraries give
    bill.py check PROGRAM SBOM     every crate that is linked into the program is in the bill, which has no other
"""

import json
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

# Static libraries that no crate brings, and the program holds.
LIBRARIES = ["libc.a", "libcrypto.a", "libgcc_eh.a", "libssl.a"]


def main(arguments: list[str]) -> None:
    match arguments:
        case ["make", target, folder]:
            make(target, Path(folder))
        case ["check", program, bill]:
            check(packages_in_program(program), json.loads(Path(bill).read_text()))
        case _:
            sys.exit(__doc__)


def output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def make(target: str, folder: Path) -> None:
    name = "adcs-watch.cdx"
    written = Path(f"{name}.json")
    try:
        output("cargo", "cyclonedx", "-qq", "--format", "json", "--spec-version", "1.5", "--no-build-deps",
               "--target", target, "--override-filename", name)
        bill = json.loads(written.read_text())
    finally:
        written.unlink(missing_ok=True)
    # The same input gives the same bill.
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    bill["components"] += system_components()
    text = json.dumps(bill, indent=1, sort_keys=True).replace(f"path+file://{os.getcwd()}", "path+file:///src")
    folder.joinpath("sbom.cdx.json").write_text(text + "\n")


def system_components() -> list[dict]:
    """The Debian source packages whose static libraries are linked in."""
    files = [os.path.realpath(output("cc", f"-print-file-name={library}").strip()) for library in LIBRARIES]
    owners = {line.split(": ")[0] for file in files for line in output("dpkg", "-S", file).splitlines()}
    form = "${source:Package} ${source:Version}\n"
    sources = sorted(set(output("dpkg-query", "-W", "-f", form, *sorted(owners)).splitlines()))
    components = []
    for name, version in (source.split() for source in sources):
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch=source"
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    return components


def packages_in_program(program: str) -> dict[str, str]:
    """Those cargo-auditable noted: name and version, and whether it is only for building."""
    with tempfile.NamedTemporaryFile() as section:
        output("objcopy", "--dump-section", f".dep-v0={section.name}", program, "/dev/null")
        listed = json.loads(zlib.decompress(Path(section.name).read_bytes()))["packages"]
    return {f"{package['name']} {package['version']}": package.get("kind", "runtime") for package in listed}


def check(packages: dict[str, str], bill: dict) -> None:
    """The bill has procedural macros, too, which the program lists as for building."""
    components = [*bill["components"], bill["metadata"]["component"]]
    crates = {f"{c['name']} {c['version']}" for c in components if c["purl"].startswith("pkg:cargo/")}
    others = {c["name"] for c in components if not c["purl"].startswith("pkg:cargo/")}
    linked = {name for name, kind in packages.items() if kind == "runtime"}
    wrong = [f"in the program, not in the SBOM: {name}" for name in sorted(linked - crates)]
    wrong += [f"in the SBOM, not in the program: {name}" for name in sorted(crates - set(packages))]
    wrong += [f"not in the SBOM: {name}" for name in sorted({"glibc", "openssl"} - others)]
    if wrong or not linked:
        sys.exit("\n".join(wrong) or "the program lists no package")
    print(f"{len(linked)} crates and {len(others)} system libraries, as the SBOM says")


if __name__ == "__main__":
    main(sys.argv[1:])
