"""Descriptions that vendors publish of their own APIs, as files of npm packages.

Run as a script (`make interop` does), it fetches each by the npm client, compares what came with the digest written
here, and keeps the files that are read beside the clients. Nothing of a package is run or kept besides. Without npm, or
without a way to the packages, it says so and ends well: the tests that read these files are skipped then.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parents[2] / ".venv-interop" / "published"


class Package(NamedTuple):
    """One version of an npm package, its digest as npm says it; files are kept whose path begins with ``keeps``."""

    name: str
    version: str
    sha512: str
    keeps: str


PACKAGES = {
    "shopify": Package(
        "@shopify/dev-mcp",
        "1.16.0",
        "tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe64yIwh6s2awtw==",
        "package/dist/data/admin_2",
    ),
    "s4hana": Package(
        "@sap/cloud-sdk-vdm-business-partner-service",
        "2.1.0",
        "XQqY8FXEgpC6l3NOlEIPYj44bH+I0jaM7tzHADxLz/VT/4TQ3d32gTzRHQjcYCarBXlyNglB5TYW9PmZniULQQ==",
        "package/business-partner-service-csn.json",
    ),
}


def published(system: str, name: str, variable: str) -> Path:
    """The file ``name`` that describes a system: the file (or in the folder) that the environment variable names, else
    what was fetched.

    Skips the test, or the module, where neither is there.
    """
    if given := os.environ.get(variable):
        return Path(given) / name if Path(given).is_dir() else Path(given)
    if not (FOLDER / system).is_dir():
        reason = f"{variable} is not given, and {PACKAGES[system].name} is not fetched (`make interop` with npm does)"
        pytest.skip(reason, allow_module_level=True)
    return FOLDER / system / name


def fetch(system: str, package: Package) -> str:
    """Fetch one package where it is not there yet, and tell in words what came of it."""
    title = f"{package.name} {package.version}"
    kept = FOLDER / system
    if (kept / package.version).exists():
        return f"{title}: there"
    with tempfile.TemporaryDirectory() as folder:
        call = ["npm", "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", folder]
        done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=folder)
        found = list(Path(folder).glob("*.tgz"))
        if done.returncode or not found:
            return f"{title}: npm could not fetch it (exit {done.returncode}), the tests that need it are skipped"
        digest = base64.b64encode(hashlib.sha512(found[0].read_bytes()).digest()).decode()
        if digest != package.sha512:
            sys.exit(f"{title}: not the file that is written in {Path(__file__).name} (sha512 {digest})")
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        with tarfile.open(found[0]) as whole:
            for member in whole.getmembers():
                if member.isfile() and member.name.startswith(package.keeps):
                    content = whole.extractfile(member)
                    assert content is not None
                    (kept / Path(member.name).name).write_bytes(content.read())
    (kept / package.version).touch()
    return f"{title}: fetched"


def main() -> None:
    if shutil.which("npm") is None:
        sys.stdout.write("npm is not on this machine: nothing is fetched of what vendors publish there\n")
        return
    for system, package in PACKAGES.items():
        sys.stdout.write(f"{fetch(system, package)}\n")


if __name__ == "__main__":
    main()
