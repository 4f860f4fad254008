"""Inputs that nobody should write, read one after the other in a process of its own.

Prints a line of JSON for each: its name, the seconds of computing it took, how many diagnostics there were, how many
signs they have, and the most memory the process had used by then, in MB. `test_fuzz.py` runs it; by hand:
``python tests/mappings/monsters.py [name]``.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from connectors.contract import Field
from mappings.compile import load
from model.diagnostics import Diagnostic
from model.entities import schemas
from syncline.settings import load_project

HEAD = "connection: crm\nstream: Contact\nentity: contact\n"


def aliases(depth: int) -> str:
    rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    rows += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, depth)]
    return "\n".join(rows)


def keys(number: int, line: str) -> str:
    return f"{HEAD}rules:\n" + "".join(line.format(n=n) for n in range(number))


MONSTERS: dict[str, Callable[[], str]] = {
    "aliases that multiply": lambda: aliases(30),
    "one alias many times": lambda: f"{HEAD}x: &x [{','.join('a' * 100)}]\nrules: [{','.join(['*x'] * 5000)}]",
    "an alias in itself": lambda: "&a [*a, {b: &b [*b]}]",
    "ten thousand brackets": lambda: "[" * 10_000,
    "ten thousand closed brackets": lambda: "[" * 10_000 + "]" * 10_000,
    "ten thousand braces": lambda: "{a: " * 10_000,
    "ten thousand levels": lambda: "\n".join(" " * n + "a:" for n in range(600)),
    "ten thousand dashes": lambda: "- " * 10_000,
    "ten thousand question marks": lambda: "? " * 10_000,
    "five megabytes": lambda: "a: b\n" * 1_000_000,
    "one long text": lambda: f"{HEAD}description: {'x' * 250_000}",
    "one long quoted text": lambda: HEAD + 'description: "' + "\\u0041" * 40_000 + '"',
    "one long path": lambda: f"{HEAD}rules:\n  ? {'x' * 200_000}\n  : Email\n",
    "one long transform": lambda: f"{HEAD}rules:\n  given_name: {{field: A, transform: {'x' * 200_000}}}\n",
    "one long field": lambda: f"{HEAD}rules:\n  given_name: {'a.' * 100_000}b\n",
    "one long number": lambda: f"{HEAD}rules:\n  given_name: {{field: A, max_length: {'9' * 200_000}}}\n",
    "one long literal": lambda: f"{HEAD}description: |\n" + "  text\n" * 30_000,
    "many good rules": lambda: keys(4000, '  "emails[k{n}]": Field{n}\n'),
    "many rules for one field": lambda: keys(6000, '  "emails[k{n}]": Email\n'),
    "many unknown paths": lambda: keys(6000, "  givn_name_{n}: Field{n}\n"),
    "many unknown fields": lambda: keys(4000, '  "emails[k{n}]": Emial{n}\n'),
    "many unknown keys": lambda: HEAD + "".join(f"unknown_{n}: 1\n" for n in range(8000)),
    "many unknown transforms": lambda: keys(3000, '  "emails[k{n}]": {{field: A, transform: emial{n}}}\n'),
    "many duplicates": lambda: HEAD + "description: x\n" * 9000,
    "many bad patterns": lambda: keys(3000, '  "addresses[*].cty{n}": A\n'),
    "many choices": lambda: (
        f"{HEAD}rules:\n  gender:\n    field: Sex\n    values:\n"
        + "".join(f"      mal{n}: M{n}\n" for n in range(6000))
    ),
    "many conditions": lambda: (
        f"{HEAD}filter:\n  in:\n" + "".join(f"    - {{field: Stat{n}, is: {n}}}\n" for n in range(3000))
    ),
    "many broken lines": lambda: HEAD + "rules:\n" + "  broken line\n  a: [\n  b: 'x\n" * 300,
    "many tabs": lambda: HEAD + "rules:\n" + "\tgiven_name: A\n  x: y\n" * 3000,
    "many colons": lambda: "a: " * 80_000,
    "many quotes": lambda: "'" * 200_001,
    "many open quotes": lambda: HEAD + "rules:\n" + "".join(f'  "emails[k{n}]: "Email{n}"\n' for n in range(3000)),
    "an open quote before spaces": lambda: f'{HEAD}rules:\n  "given_name{" " * 100_000}x\n  b: c\n',
    "many quotes in a list": lambda: f'{HEAD}owns: [{",".join(chr(34) + "a" + chr(34) for _ in range(30_000))},"b]\n',
    "many rows of one value": lambda: (
        f"{HEAD}rules:\n  job_title:\n    field: A\n    values:\n"
        + "".join(f"      a{n}: [M{n}, M, N]\n" for n in range(4000))
    ),
    "many keys that are nearly right": lambda: keys(3000, '  "addresses[biling].f{n}": F{n}\n'),
    "many owners of nothing": lambda: (
        f"{HEAD}owns: [{','.join(f'{chr(34)}phones[k{n}]{chr(34)}' for n in range(2500))}]\n"
        "rules:\n" + "".join(f'  "emails[k{n}]": F{n}\n' for n in range(2500))
    ),
    "many paths of examples": lambda: (
        f"{HEAD}rules: {{family_name: L}}\nexamples:\n  - record: {{L: x}}\n    canonical:\n"
        + "".join(f'      "emails[k{n}]": a@example.com\n' for n in range(3000))
    ),
    "many tags": lambda: "!" * 200_000,
    "many anchors": lambda: "&a " * 60_000,
    "many comments": lambda: "# x\n" * 60_000 + HEAD,
    "many line ends": lambda: "\n" * 250_000,
    "many documents": lambda: "---\n" * 60_000,
    "many directives": lambda: "%YAML 1.2\n" * 20_000,
    "zeros": lambda: "\x00" * 100_000,
    "zeros in a mapping": lambda: HEAD.replace("crm", "c\x00rm") + "rules: {a: \x00}\n",
    "halves of characters": lambda: f"{HEAD}description: \ud800\nrules: {{given_name: '\udfff'}}\n",
    "spaces without end": lambda: " " * 250_000 + "a: b",
    "stars in a filter": lambda: (
        HEAD + 'filter: {in: [{field: A, matches: "' + "*a" * 20_000 + 'b"}]}\nrules: {given_name: A}\n'
    ),
}


def megabytes() -> float:
    """The most this program ever had. Resource usage would count what it was forked from, too, on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def results(names: list[str]) -> Iterator[dict[str, object]]:
    known, fields = schemas(), [Field(name=f"Field{n}", label=f"Label {n}") for n in range(300)]
    load(f"{HEAD}rules: {{given_name: Field1, 'phones[work]': Field2}}\n", "warm.yaml", known, fields)
    for name in names or list(MONSTERS):
        text = MONSTERS[name]()
        begun = time.process_time()
        found = load(text, "monster.yaml", known, fields)[1]
        yield measured(name, begun, found)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
            (Path(folder) / "mappings").mkdir()
            begun = time.process_time()
            found = load_project(Path(folder), environment={})[1]
            yield measured(f"{name} (config.yaml)", begun, found)


def measured(name: str, begun: float, found: list[Diagnostic]) -> dict[str, object]:
    taken = time.process_time() - begun
    said = sum(len(str(one)) for one in found)
    return {"name": name, "seconds": round(taken, 2), "found": len(found), "said": said, "mb": round(megabytes())}


if __name__ == "__main__":
    for result in results(sys.argv[1:]):
        print(json.dumps(result), flush=True)  # noqa: T201 (this is a program of its own)
