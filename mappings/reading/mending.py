"""What is wrong with a text that is no YAML, said kindly, and a guess at what was meant, so that the rest can be read.

`diagnose` takes the parser's complaint and the draft; it answers with one `Trouble` and leaves the draft without it.
Lines keep their numbers, and the draft knows how to find the column a person sees.
"""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from mappings.reading.draft import Draft, Trouble, end_of, indent_of, says
from mappings.reading.levels import between, spaces_for_tabs, too_deep
from mappings.reading.quotes import unclosed

_KEY = re.compile(r"\s*(?:-\s+)*(?:\"[^\"]*\"\s*|'[^']*'\s*|[^\s#:][^#]*?):(?=\s|\Z)")
_TIGHT = re.compile(r"\s*(?:-\s+)*[^\s:#\"'{\[]+:(?=[^\s:/\\])")
_WORD = re.compile(r"\s*[\w.\[\]*\"'-]+\Z")
_NAME_OR_NONE = re.compile(r"\s*[\"']?[\w.]*[\"']?\s*\Z")
_CLOSERS = {"[": "]", "{": "}"}


def diagnose(error: Exception, draft: Draft) -> Trouble | None:
    """Say what is wrong and mend it in ``draft``. None where the parser's complaint leads to no line of the text."""
    if isinstance(error, ReaderError):
        return _sign(error, draft)
    if not isinstance(error, MarkedYAMLError):
        return None
    mark = error.problem_mark or error.context_mark
    if mark is None or not draft.lines:
        return None
    line = min(mark.line, len(draft.lines) - 1)
    column = mark.column if line == mark.line else len(draft.lines[line])
    try:
        return _Case(error, draft, line, column).trouble()
    except IndexError:  # the parser counts lines and columns otherwise after some odd sign
        return None


def _sign(error: ReaderError, draft: Draft) -> Trouble | None:
    before = "\n".join(draft.lines)[: error.position]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    if line >= len(draft.lines) or column >= len(draft.lines[line]):
        return None
    code = ord(draft.lines[line][column])
    draft.lines[line] = "".join(sign if sign.isprintable() or sign == "\t" else " " for sign in draft.lines[line])
    return Trouble("yaml-syntax", f"holds a sign that no text file should (number {code})", line, column, "delete it")


class _Case:
    """One complaint of the parser. ``line`` and ``column`` are where it gave up, which is often behind the mistake."""

    def __init__(self, error: MarkedYAMLError, draft: Draft, line: int, column: int) -> None:
        self.draft, self.line, self.column = draft, line, column
        self.problem, self.context = str(error.problem or ""), str(error.context or "")
        opened = error.context_mark
        self.opened = (opened.line, opened.column) if opened and opened.line < len(draft.lines) else (line, column)

    @property
    def text(self) -> str:
        return self.draft.lines[self.line]

    def trouble(self) -> Trouble:
        if "'\\t'" in self.problem:
            return self._tab()
        if "escape" not in self.problem and unclosed(self.text) is not None:
            return self._close_quote(self.line)
        if "mapping values are not allowed" in self.problem:
            return self._colon()
        if "simple key" in self.context:
            return self._no_colon(self.opened[0])
        if "expected <block end>" in self.problem:
            return self._not_here()
        if "flow" in self.context:
            return self._flow()
        if "quoted scalar" in self.context:
            return self._quoted()
        if "cannot start any token" in self.problem or self.context.endswith(("alias", "anchor", "block scalar")):
            return self._first_sign()
        if self.text[self.column : self.column + 1] in ("]", "}"):
            return self._closed_too_often()
        if "document start" in self.problem:
            return Trouble("yaml-syntax", "the text does not begin as YAML does", self.line, self.column, "key: value")
        return self._other(self.line, self.column, f"not valid YAML: {self.problem or 'it breaks off here'}")

    def _other(
        self, line: int, column: int, message: str, hint: str | None = None, code: str = "yaml-syntax"
    ) -> Trouble:
        self.draft.leave_out(line)
        return Trouble(code, message, line, column, hint)

    def _tab(self) -> Trouble:
        before = self.text[: self.column]
        tabs = re.match(r"[ \t]*", self.text)
        if before.strip() or tabs is None:
            self.draft.change(self.line, self.column, self.column + 1, " ")
            return Trouble("tab", "a tab stands before the value", self.line, self.column, "put a space there")
        spaces_for_tabs(self.draft, self.line)
        return Trouble("tab", "is indented with a tab", self.line, self.column, "YAML wants spaces: two for each level")

    def _colon(self) -> Trouble:
        """A colon where no key can be: in a value, after a line that lacks its own, or too far to the right."""
        above = self.draft.before(self.line)
        key = _KEY.match(self.text)
        if key is not None and key.end() - 1 < self.column:
            return self._colon_inside(key.end())
        if above is not None and self._lacks_colon(above):
            return self._no_colon(above)
        if above is not None and self.draft.width(above) < indent_of(self.text):
            return too_deep(self.draft, self.line, above)
        return self._other(self.line, self.column, "a colon stands where no key can be", "put the value in quotes")

    def _lacks_colon(self, above: int) -> bool:
        """Whether the line above stands where a key should, and is none."""
        text = self.draft.lines[above]
        return (
            indent_of(text) == indent_of(self.text) and _KEY.match(text) is None and not text.lstrip().startswith("-")
        )

    def _colon_inside(self, start: int) -> Trouble:
        value = self.text[start:]
        begin = start + len(value) - len(value.lstrip())
        hint = "put the value in quotes"
        if self.text[begin : begin + 1] in "{[\"'":
            return self._other(self.line, self.column, "a colon stands behind the end of the value", hint)
        self._quote(begin, end_of(self.text))
        return Trouble("yaml-syntax", "the value holds a colon with a space behind it", self.line, begin, hint)

    def _quote(self, start: int, end: int) -> None:
        inside = self.text[start:end].replace("'", "''")
        self.draft.change(self.line, start, end, f"'{inside}'")

    def _no_colon(self, line: int) -> Trouble:
        text = self.draft.lines[line]
        tight = _TIGHT.match(text)
        if tight is not None and not text[tight.end() : end_of(text)].strip(";,.:"):
            self.draft.change(line, tight.end(), end_of(text), "")
            return Trouble("yaml-syntax", "a sign stands behind the colon", line, tight.end(), "take it out")
        if tight is not None:
            self.draft.change(line, tight.end(), tight.end(), " ")
            return Trouble("missing-space", "a space is missing behind the colon", line, tight.end() - 1, "key: value")
        if unclosed(text) is not None:
            return self._close_quote(line)
        below = next((one for one in self.draft.lines[line + 1 :] if says(one)), "")
        if _WORD.match(text, 0, end_of(text)) and indent_of(below) > indent_of(text):
            end = end_of(text)
            self.draft.change(line, end, end, ":")
            return Trouble("yaml-syntax", "a colon is missing behind the key", line, end, f"{text.strip()[:40]}:")
        hint = "with : instead of =" if "=" in text else "key: value"
        return self._other(line, indent_of(text), "the line is neither a key with a value nor part of one", hint)

    def _not_here(self) -> Trouble:
        found = self.text[self.column : self.column + 1]
        if found in ("]", "}"):
            return self._closed_too_often()
        above = self.draft.before(self.line)
        if above is not None and self._lacks_colon(above):
            return self._no_colon(above)
        if "'<block mapping start>'" in self.problem or "'<block sequence start>'" in self.problem:
            return between(self.draft, self.line)
        if "'-'" in self.problem or "'?'" in self.problem:
            return self._keys_and_elements()
        opened = self._open_quote()
        if opened is not None:
            return self._close_quote(opened)
        if self.column == indent_of(self.text) and _KEY.match(self.text) is None:
            return self._no_colon(self.line)
        key = _KEY.match(self.text)
        start = len(self.text) - len(self.text[key.end() :].lstrip()) if key is not None else self.column
        message, hint = "text stands behind the end of the value", "put all of it in one pair of quotes"
        if start >= self.column:
            return self._other(self.line, self.column, message, hint)
        self._quote(start, end_of(self.text))
        return Trouble("yaml-syntax", message, self.line, self.column, hint)

    def _keys_and_elements(self) -> Trouble:
        """Keys and elements of a list side by side: the fewer ones are taken to be wrong."""
        dashes, keys = [], 0
        for number in self._block():
            if self.draft.lines[number].lstrip().startswith("- "):
                dashes.append(number)
            else:
                keys += 1
        if keys < len(dashes):
            message, hint = "a key stands among the elements of a list", "begin it with -"
            return self._other(self.line, self.column, message, hint, "bad-indentation")
        line = dashes[0] if dashes else self.line
        column = indent_of(self.draft.lines[line])
        for number in dashes:
            if _KEY.match(self.draft.lines[number]):
                self.draft.change(number, column, column + 2, "")
            else:
                self.draft.leave_out(number)
        message, hint = "an element of a list stands among keys", "take the - away"
        return Trouble("bad-indentation", message, line, column, hint)

    def _block(self) -> list[int]:
        """The lines that begin where this one does and lie in one block with it."""
        own, lines = indent_of(self.text), self.draft.lines
        first = self.line
        while first > 0 and (not says(lines[first - 1]) or indent_of(lines[first - 1]) >= own):
            first -= 1
        found = []
        for number in range(first, len(lines)):
            if says(lines[number]):
                if indent_of(lines[number]) < own:
                    break
                if indent_of(lines[number]) == own:
                    found.append(number)
        return found

    def _open_quote(self, lowest: int = 0) -> int | None:
        """The nearest line above with a quote that is not closed on it."""
        above = range(self.line - 1, max(lowest - 1, self.line - 60), -1)
        return next((number for number in above if unclosed(self.draft.lines[number]) is not None), None)

    def _close_quote(self, line: int, opened: int | None = None) -> Trouble:
        """Close the quote a line leaves open; the one at ``opened`` where none looks so."""
        text = self.draft.lines[line]
        column, end = unclosed(text) or (indent_of(text) if opened is None else opened, end_of(text))
        self.draft.change(line, end, end, text[column])
        next_sign = text[end:].lstrip()[:1]
        hint = {":": "close it before the colon", ",": "close it before the comma"}.get(next_sign)
        message = "the quote opened here is not closed"
        return Trouble("never-closed", message, line, column, hint or "close it on the same line")

    def _flow(self) -> Trouble:
        """Inside brackets: one is missing, or a quote, or a comma."""
        here = self.text[self.column :]
        if self.line > self.opened[0] or not here.strip():
            quote = self._open_quote(self.opened[0])
            if quote is not None:
                return self._close_quote(quote)
        line, column = self._open_bracket() if not here.strip() else self.opened
        sign = self.draft.lines[line][column : column + 1]
        last = self._end_of_block(line)
        if sign in _CLOSERS and (self.line > last or not here.strip()):
            text = self.draft.lines[last][: end_of(self.draft.lines[last])]
            inside = "\n".join([*self.draft.lines[line:last], text])[column:]
            return self._close(line, column, last, len(text), _closing(inside))
        if here[:1] in ("]", "}") and sign in _CLOSERS:
            return self._close(line, column, self.line, self.column, _CLOSERS[sign])
        if here[:1] == "[":
            return self._path_in_brackets(self.column)
        return self._no_comma()

    def _close(self, line: int, column: int, last: int, end: int, missing: str) -> Trouble:
        sign = self.draft.lines[line][column]
        self.draft.change(last, end, end, missing)
        message, hint = f"the {sign} opened here is not closed", f"a {_CLOSERS[sign]} is missing"
        return Trouble("never-closed", message, line, column, hint)

    def _no_comma(self) -> Trouble:
        above = self.draft.before(self.line)
        hint = "{one: 1, two: 2}"
        if self.line > self.opened[0] and above is not None and _NAME_OR_NONE.match(self.text[: self.column]):
            end = end_of(self.draft.lines[above])
            self.draft.change(above, end, end, ",")
            return Trouble("yaml-syntax", "a comma is missing at the end of the line", above, end, hint)
        at = len(self.text[: self.column].rstrip())
        if self.text[self.column : self.column + 1] == ":":
            at = max(self.text.rfind(" ", 0, at) + 1, 0)
        first = self.opened[0]
        if _closing(self.draft.lines[first][self.opened[1] : end_of(self.draft.lines[first])]):  # it goes on below
            for number in range(first, self._end_of_block(first) + 1):
                self.draft.leave_out(number)
        return self._other(self.line, at, "a comma is missing here, or quotes around the value", hint)

    def _path_in_brackets(self, bracket: int) -> Trouble:
        """``[emails[*]]``, ``{emails[work]: …}``: inside brackets, those of a path mean a list."""
        name = re.search(r"[\w.]+\Z", self.text[:bracket])
        end = re.compile(r"\[[^\[\],]*\](?:\.\w+)?").match(self.text, bracket)
        start = name.start() if name else bracket
        message, hint = "the brackets of the path are taken for a list", 'put the path in quotes: "emails[work]"'
        if name is None or end is None:
            return self._other(self.line, start, message, hint)
        self._quote(start, end.end())
        return Trouble("yaml-syntax", message, self.line, start, hint)

    def _open_bracket(self) -> tuple[int, int]:
        """The nearest bracket above the end of the text that is not closed on its line."""
        for number in range(min(self.line, len(self.draft.lines) - 1), -1, -1):
            text = self.draft.lines[number]
            for column, sign in enumerate(text):
                if sign in _CLOSERS and text.count(sign, column) > text.count(_CLOSERS[sign], column):
                    return number, column
        return self.opened

    def _end_of_block(self, line: int) -> int:
        """The last line of those below that are indented more."""
        last, width = line, indent_of(self.draft.lines[line])
        for number in range(line + 1, len(self.draft.lines)):
            if self.draft.lines[number].strip():
                if indent_of(self.draft.lines[number]) <= width:
                    break
                last = number
        return last

    def _quoted(self) -> Trouble:
        if "escape" in self.problem:
            at = self.text.rfind("\\", 0, self.column + 1)
            if at >= 0:
                self.draft.change(self.line, at, at, "\\")
                message = "in double quotes, \\ begins an escape, and there is none like this"
                return Trouble("yaml-syntax", message, self.line, at, "use single quotes, or \\\\")
        return self._close_quote(*self.opened)

    def _first_sign(self) -> Trouble:
        line, column = (self.line, self.column) if "token" in self.problem else self.opened
        self.line = line
        sign = self.text[column : column + 1]
        if re.search(r"\w\[\Z", self.text[:column]):
            return self._path_in_brackets(column - 1)
        inside = self.text[:column].count("{") + self.text[:column].count("[") > 0
        end = end_of(self.text)
        found = re.compile(r"[^,}\]]*" if inside else r".*").match(self.text, column, end)
        self._quote(column, column + len((found[0] if found else "").rstrip()))
        return Trouble("yaml-syntax", f"a value cannot begin with {sign}", line, column, "put the value in quotes")

    def _closed_too_often(self) -> Trouble:
        sign = self.text[self.column]
        self.draft.change(self.line, self.column, self.column + 1, " ")
        return Trouble("yaml-syntax", f"{sign} closes nothing that was opened", self.line, self.column, "take it out")


def _closing(text: str) -> str:
    """The brackets that are open at the end of ``text``, closed."""
    waiting: list[str] = []
    for sign in text:
        if sign in _CLOSERS:
            waiting.append(_CLOSERS[sign])
        elif waiting and sign == waiting[-1]:
            waiting.pop()
    return "".join(reversed(waiting))
