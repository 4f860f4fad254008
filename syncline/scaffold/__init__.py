"""Beginnings: a connector package that works before a line is written."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from model.diagnostics import Diagnostic
from model.errors import ConfigurationError

_SAMPLE = Path(__file__).parent / "acme"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FILES = {
    "pyproject.template": "pyproject.toml",
    "README.template": "README.md",
    "__init__.py": "{package}/__init__.py",
    "connector.py": "{package}/connector.py",
    "fake.py": "{package}/fake.py",
    "quality.yaml": "{package}/quality.yaml",
    "test_acme.py": "tests/test_{name}.py",
}


def scaffold_connector(name: str, folder: Path) -> list[Path]:
    """Write the package ``syncline-<name>`` into ``folder`` and return its files.

    It is complete: two streams both ways, a fake system, and the contract suite, which passes.
    Raises ConfigurationError where the name is none, or where something is in the way; then nothing is written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise _refusal("bad-name", "the name of a connector is lower-case letters, digits and _", "for example: acme")
    home = folder / f"syncline-{name.replace('_', '-')}"
    package, title = f"syncline_{name}", "".join(part.capitalize() for part in name.split("_"))
    texts = {
        home / target.format(package=package, name=name): _renamed((_SAMPLE / source).read_text("utf-8"), name, title)
        for source, target in _FILES.items()
    }
    texts[home / package / "py.typed"] = ""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise _refusal("in-the-way", f"{home} is there already", "choose another name or folder, or move it away")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _renamed(text: str, name: str, title: str) -> str:
    text = text.replace("syncline.scaffold.acme", f"syncline_{name}").replace("syncline-acme", f"syncline-{name}")
    return text.replace("acme", name).replace("ACME", name.upper()).replace("Acme", title)


def _refusal(code: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code=code, message=message, hint=hint)])
