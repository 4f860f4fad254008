"""A package with a transform that works before a line is written."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from model.diagnostics import Diagnostic
from model.errors import ConfigurationError

_SAMPLE = Path(__file__).parent / "article"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FILES = {
    "pyproject.template": "pyproject.toml",
    "README.template": "README.md",
    "__init__.py": "{package}/__init__.py",
    "numbers.py": "{package}/numbers.py",
    "test_article.py": "tests/test_article.py",
}


def scaffold_transforms(name: str, folder: Path) -> list[Path]:
    """Write the package ``syncline-<name>-transforms`` into ``folder`` and return its files.

    Raises ConfigurationError where the name is none, or where something is in the way; then nothing is written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise _refusal("bad-name", "the name is lower-case letters, digits and _", "for example: acme")
    home, package = folder / f"syncline-{name.replace('_', '-')}-transforms", f"syncline_{name}_transforms"
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise _refusal("in-the-way", f"{home} is there already", "choose another name or folder, or move it away")
    title = " ".join(part.capitalize() for part in name.split("_"))
    texts = {home / package / "py.typed": ""}
    for source, target in _FILES.items():
        text = (_SAMPLE / source).read_text("utf-8").replace("syncline.scaffold.article", package)
        text = text.replace("syncline-acme-transforms", home.name)
        texts[home / target.format(package=package)] = text.replace("acme", name).replace("Acme", title)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _refusal(code: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code=code, message=message, hint=hint)])
