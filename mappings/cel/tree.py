"""What a checked expression reads, and what it may cost, out of its syntax tree.

The engine hands out the tree as bytes only: a ``cel.expr.CheckedExpr`` in a ``google.protobuf.Any``. Read is the small
part of it that is needed here, by field number (cel/expr/checked.proto and cel/expr/syntax.proto of the specification).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mappings.language import FieldPath

_LONG_NEEDLE = 64
_SEARCHES = frozenset({"contains", "indexOf", "lastIndexOf", "matches", "replace", "split"})
_INDEXING = frozenset({"_[_]", "_[?_]", "_?._"})

Message = dict[int, list["bytes | int"]]


@dataclass(frozen=True, slots=True)
class Read:
    """A place an expression looks at. Of ``path``, the first ``needed`` names must be there (the ``a`` of ``a.?b``)."""

    path: FieldPath
    offset: int  # in the expression's text, in characters
    needed: int


@dataclass(slots=True)
class Tree:
    """``whole``: it looks at places that only the data tell (``src[name]``), so everything counts as read.

    ``uses`` counts variables, ``outer`` those inside a loop that are not the loop's own, ``depth`` loops inside each
    other. ``growth`` is how many times longer than its input a text can become, and ``open`` how many times over by the
    length of the data. ``searches`` are those for a text that is not known beforehand.
    """

    reads: list[Read] = field(default_factory=list)
    whole: bool = False
    uses: int = 0
    outer: int = 0
    depth: int = 0
    growth: int = 1
    open: int = 0
    searches: int = 0
    splits: bool = False
    listed: int = 0
    shadowed: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    depth: int = 0
    own: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()


def tree_of(serialized: bytes, variable: str) -> Tree:
    """The tree of a checked expression about ``variable``. Without recursion, however deep it is."""
    top = _message(_fields(serialized), 2)
    positions = _positions(_message(top, 5))
    tree = Tree()
    waiting = [(_message(top, 4), _Scope())]
    while waiting:
        expression, scope = waiting.pop()
        chain = _chain(expression, variable, positions)
        if chain is not None and variable not in scope.all:
            _count_use(tree, variable, scope)
            read, arguments = chain
            if read.path:
                tree.reads.append(read)
            else:
                tree.whole = True
            waiting += [(argument, scope) for argument in arguments]
            continue
        waiting += _inner(expression, scope, tree, variable)
    tree.reads.reverse()
    return tree


def _inner(expression: Message, scope: _Scope, tree: Tree, variable: str) -> Iterator[tuple[Message, _Scope]]:
    if 4 in expression:
        _count_use(tree, _text(_message(expression, 4), 1), scope)
    elif 5 in expression:
        yield _message(_message(expression, 5), 1), scope
    elif 6 in expression:
        call = _message(expression, 6)
        arguments = [_fields(part) for part in call.get(3, ()) if isinstance(part, bytes)]
        _count_call(_text(call, 2), arguments, tree)
        targets = [_message(call, 1)] if 1 in call else []
        yield from ((part, scope) for part in targets + arguments)
    elif 7 in expression:
        elements = [_fields(part) for part in _message(expression, 7).get(1, ()) if isinstance(part, bytes)]
        tree.listed += len(elements)
        yield from ((element, scope) for element in elements)
    elif 8 in expression:
        for entry in _message(expression, 8).get(2, ()):
            inner = _fields(entry) if isinstance(entry, bytes) else {}
            tree.listed += 1
            yield from ((_message(inner, number), scope) for number in (3, 4) if number in inner)
    elif 9 in expression:
        yield from _loop(_message(expression, 9), scope, tree, variable)


def _loop(loop: Message, scope: _Scope, tree: Tree, variable: str) -> Iterator[tuple[Message, _Scope]]:
    names = frozenset(_text(loop, number) for number in (1, 3, 8) if number in loop)
    tree.shadowed = tree.shadowed or variable in names
    inside = _Scope(scope.depth + 1, names, scope.all | names)
    tree.depth = max(tree.depth, inside.depth)
    yield _message(loop, 2), scope
    yield from ((_message(loop, number), inside) for number in (4, 5, 6, 7) if number in loop)


def _count_use(tree: Tree, name: str, scope: _Scope) -> None:
    if name.startswith(("@", "__")):  # what a loop gathers its result in
        return
    tree.uses += 1
    if scope.depth and name not in scope.own:
        tree.outer += 1


def _count_call(function: str, arguments: list[Message], tree: Tree) -> None:
    if function in _SEARCHES:
        needle = _constant(arguments[0]) if arguments else None
        if needle is None or len(needle) > _LONG_NEEDLE:
            tree.searches += 1
        tree.splits = tree.splits or function == "split"
    if function == "replace" and len(arguments) > 1:
        old, new = _constant(arguments[0]), _constant(arguments[1])
        tree.open += new is None
        tree.growth *= 1 if new is None or (old and len(new) <= len(old)) else len(new) + 1
    if function == "join" and arguments:
        between = _constant(arguments[0])
        tree.open += between is None
        tree.growth *= len(between or "") + 1


def _chain(expression: Message, variable: str, positions: dict[int, int]) -> tuple[Read, list[Message]] | None:
    """``variable.a["b"].?c`` as the place it means, None where it is something else.

    What is selected after a place that only the data tell is left out, and so are positions in lists. The second value
    is what else there is to look at: the expressions in brackets.
    """
    path: list[str] = []
    offsets: list[int | None] = []
    waiting: list[Message] = []
    asked = 0  # so many names, counted from the end, may be missing
    while True:
        if 5 in expression:
            select = _message(expression, 5)
            path.append(_text(select, 2))
            asked = len(path) if _number(select, 3) else asked
            dot = None if _number(select, 3) else positions.get(_number(expression, 2))  # of has(…), it is that of has
            offsets.append(None if dot is None else dot + 1)
            expression = _message(select, 1)
        elif 6 in expression and _text(_message(expression, 6), 2) in _INDEXING:
            call = _message(expression, 6)
            operand, index = (_fields(part) for part in call.get(3, ()) if isinstance(part, bytes))
            name = _constant(index)
            if name is None:
                path.clear()
                offsets.clear()
                waiting.append(index)
                asked = 0
            else:
                path.append(name)
                sign = positions.get(_number(expression, 2), 0)  # a name after .? has no place of its own
                offsets.append(positions.get(_number(index, 2)) or sign + 2)
                asked = len(path) if _text(call, 2) != "_[_]" else asked
            expression = operand
        elif 4 in expression and _text(_message(expression, 4), 1) == variable:
            here = positions.get(_number(expression, 2), 0)
            offset = (offsets[-1] or here + len(variable) + 1) if offsets else here
            return Read(tuple(reversed(path)), offset, len(path) - asked), waiting
        else:
            return None


def _constant(expression: Message) -> str | None:
    constant = _message(expression, 3) if 3 in expression else {}
    return _text(constant, 6) if 6 in constant else None


def _positions(source: Message) -> dict[int, int]:
    """The offset of each expression by its id."""
    entries = (_fields(entry) for entry in source.get(4, ()) if isinstance(entry, bytes))
    return {_number(entry, 1): _number(entry, 2) for entry in entries}


def _message(message: Message, number: int) -> Message:
    found = message.get(number, [b""])[0]
    return _fields(found) if isinstance(found, bytes) else {}


def _text(message: Message, number: int) -> str:
    found = message.get(number, [b""])[0]
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else ""


def _number(message: Message, number: int) -> int:
    found = message.get(number, [0])[0]
    return found if isinstance(found, int) else 0


def _fields(data: bytes) -> Message:
    """One level of a protocol buffer: values by field number, inner messages and texts as bytes."""
    found: Message = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: bytes | int
        if wire == 0:
            value, at = _varint(data, at)
        else:
            length = {1: 8, 5: 4}.get(wire)
            if length is None:
                length, at = _varint(data, at)
            value = data[at : at + length]
            at += length
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, at
