"""What comes by npm: descriptions that vendors publish of their own APIs, and independent clients in JavaScript.

Run as a script (`make interop` does), it fetches both by the npm client. Of the descriptions it compares what came with
the digest written here and keeps the files that are read; the clients are those of the lock in ``node/``, installed
without running anything of theirs. Without npm, or without a way to the packages, it says so and ends well: the tests
that need them are skipped then.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".venv-interop" / "published"
CLIENTS = HERE.parents[1] / ".venv-interop" / "node"


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


def install() -> str:
    """Install the clients of the lock where they are not there yet, and tell in words what came of it."""
    lock = (HERE / "node" / "package-lock.json").read_bytes()
    if (CLIENTS / "ready").exists() and (CLIENTS / "package-lock.json").read_bytes() == lock:
        return "clients in JavaScript: there"
    shutil.rmtree(CLIENTS, ignore_errors=True)
    CLIENTS.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, CLIENTS)
    call = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=CLIENTS)
    if done.returncode:
        return f"clients in JavaScript: npm could not install them (exit {done.returncode}), their tests are skipped"
    (CLIENTS / "ready").touch()
    return "clients in JavaScript: installed"


def driven(script: str, url: str) -> Any:
    """What a script of ``node/`` tells (as JSON) of what its client could do at an address; skips without node."""
    if shutil.which("node") is None:
        pytest.skip("node is not on this machine")
    if not (CLIENTS / "ready").exists():
        pytest.skip("the clients in JavaScript are not installed (`make interop` with npm does)")
    call = ["node", str(HERE / "node" / script), url]
    environment = {**os.environ, "NODE_PATH": str(CLIENTS / "node_modules")}
    done = subprocess.run(call, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main() -> None:
    if shutil.which("npm") is None:
        sys.stdout.write("npm is not on this machine: nothing is fetched of what is published there\n")
        return
    sys.stdout.write(f"{install()}\n")
    for system, package in PACKAGES.items():
        sys.stdout.write(f"{fetch(system, package)}\n")


if __name__ == "__main__":
    main()
