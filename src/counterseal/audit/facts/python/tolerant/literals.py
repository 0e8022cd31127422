"""Numbers and strings of a concrete syntax tree.

Source: the Python language reference, sections 2.4.1 to 2.4.6; PEP 701 (nested f-strings); PEP 750 (t-strings).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from tree_sitter import Node

from counterseal.audit.facts.python.tolerant.syntax import Unreadable, parts, required, span, text

Convert = Callable[[Node], ast.expr]

_OLD_OCTAL = re.compile(r"0[0-7_]*[1-7][0-7_]*\Z")
_PREFIX = re.compile(r"[a-zA-Z]*")
_UNSAFE = re.compile(r'\\.|\\\Z|"', re.DOTALL)
"""An escape, or what would have to be one for the text to stand between triple quotes."""
_CONVERSIONS = {"!r": 114, "!s": 115, "!a": 97}


def number(node: Node) -> ast.expr:
    """A number, of Python 2 as well (``0777``, ``10L``)."""
    source = text(node)
    literal = source.rstrip("lL")
    if _OLD_OCTAL.match(literal):
        return ast.Constant(int(literal, 8), None, **span(node))
    try:
        value = ast.literal_eval(literal)
    except (SyntaxError, ValueError) as error:
        raise Unreadable(node, "not a number") from error
    return ast.Constant(value, None, **span(node))


def string(node: Node, convert: Convert) -> ast.expr:
    """A string or several in a row; an f-string or t-string becomes a `JoinedStr`."""
    pieces = parts(node) if node.type == "concatenated_string" else [node]
    if text(pieces[0]).startswith("`"):
        return _representation(node)
    prefixes = [_PREFIX.match(text(piece.children[0]))[0].lower() for piece in pieces]  # type: ignore[index]
    if any("f" in prefix or "t" in prefix for prefix in prefixes):
        values = _joined(value for piece in pieces for value in _values(piece, convert))
        return ast.JoinedStr(values, **span(node))
    evaluated = [_evaluate(piece, text(piece)) for piece in pieces]
    kind = "u" if prefixes[0] == "u" else None
    if all(isinstance(value, bytes) for value in evaluated):
        return ast.Constant(b"".join(value for value in evaluated if isinstance(value, bytes)), None, **span(node))
    if all(isinstance(value, str) for value in evaluated):
        return ast.Constant("".join(value for value in evaluated if isinstance(value, str)), kind, **span(node))
    raise Unreadable(node, "bytes and text in one string")


def _representation(node: Node) -> ast.expr:
    """```x``` of Python 2 is ``repr(x)``."""
    inner = text(node).strip("`")
    try:
        value = ast.parse(inner.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise Unreadable(node, "not an expression between backquotes") from error
    for each in ast.walk(value):
        if isinstance(each, ast.expr):
            ast.copy_location(each, ast.Constant(None, None, **span(node)))
    return ast.Call(ast.Name("repr", ast.Load(), **span(node)), [value], [], **span(node))


def _evaluate(node: Node, literal: str) -> str | bytes:
    try:
        value = ast.literal_eval(literal[1:] if literal[:2].lower() == "ur" else literal)
    except (SyntaxError, ValueError, MemoryError) as error:
        raise Unreadable(node, "not a valid string") from error
    if isinstance(value, str | bytes):
        return value
    raise Unreadable(node, "not a string")


def _joined(values: Iterable[ast.expr]) -> list[ast.expr]:
    """Neighbouring constants become one, and empty ones go, as in the interpreter's own tree."""
    joined: list[ast.expr] = []
    for value in values:
        if not isinstance(value, ast.Constant):
            joined.append(value)
        elif value.value == "":
            continue
        elif (
            joined
            and isinstance(before := joined[-1], ast.Constant)
            and isinstance(before.value, str)
            and isinstance(value.value, str)
        ):
            before.value += value.value
            before.end_lineno, before.end_col_offset = value.end_lineno, value.end_col_offset
        else:
            joined.append(value)
    return joined


def _values(node: Node, convert: Convert) -> list[ast.expr]:
    """The parts of one string of a row, which may or may not be an f-string."""
    start, end = node.children[0], node.children[-1]
    if start.type != "string_start" or end.type != "string_end":
        raise Unreadable(node, "a string without an end")
    opening = text(start)
    prefix = opening[: len(opening) - len(text(end))]
    if not set("fFtT").intersection(prefix):
        return [ast.Constant(_evaluate(node, text(node)), None, **span(node))]
    plain = re.sub("[fFtT]", "", prefix)
    source, base = node.text or b"", node.start_byte
    values: list[ast.expr] = []
    position = start.end_byte
    for child in node.children[1:-1]:
        if child.type == "interpolation":
            values.append(_literal(node, source[position - base : child.start_byte - base], plain))
            values.extend(_interpolation(child, plain, convert))
            position = child.end_byte
    values.append(_literal(node, source[position - base : end.start_byte - base], plain))
    return values


def _literal(node: Node, raw: bytes, prefix: str) -> ast.expr:
    """Text between two interpolations."""
    content = raw.decode("utf-8", "replace").replace("{{", "{").replace("}}", "}")
    if content and prefix.lower() != "r":
        escaped = _UNSAFE.sub(lambda found: found[0] if len(found[0]) == 2 else "\\" + found[0], content)
        return ast.Constant(_evaluate(node, f'"""{escaped}"""'), None, **span(node))
    return ast.Constant(content, None, **span(node))


def _interpolation(node: Node, prefix: str, convert: Convert) -> list[ast.expr]:
    """``{expression=!r:specification}``: with ``=``, the source of the expression comes first."""
    children = node.children
    expressions = node.children_by_field_name("expression")
    if not expressions:
        raise Unreadable(node, "nothing between the braces of an f-string")
    if expressions[0].type == "named_expression":  # {x:=10}: in an f-string the colon ends the expression
        name = required(expressions[0], "name")
        specified = (node.text or b"")[name.end_byte - node.start_byte + 1 : -1].decode("utf-8", "replace")
        format_spec = ast.JoinedStr([ast.Constant(specified, None, **span(node))], **span(node))
        return [ast.FormattedValue(convert(name), -1, format_spec, **span(node))]
    value = convert(expressions[0])
    if len(expressions) > 1:  # {a, b}: a tuple
        value = ast.Tuple(
            [value, *(convert(each) for each in expressions[1:])], ast.Load(), **span(expressions[0], expressions[-1])
        )
    conversion = node.child_by_field_name("type_conversion")
    specification = node.child_by_field_name("format_specifier")
    code = _CONVERSIONS.get(text(conversion).replace(" ", ""), -1) if conversion is not None else -1
    shown: list[ast.expr] = []
    equals = next((child for child in children if child.type == "="), None)
    if equals is not None:
        after = next(child for child in children if child.start_byte >= equals.end_byte)
        written = (node.text or b"")[children[0].end_byte - node.start_byte : after.start_byte - node.start_byte]
        shown.append(ast.Constant(written.decode("utf-8", "replace"), None, **span(node)))
        if conversion is None and specification is None:
            code = 114
    spec = None if specification is None else _specification(specification, prefix, convert)
    return [*shown, ast.FormattedValue(value, code, spec, **span(node))]


def _specification(node: Node, prefix: str, convert: Convert) -> ast.JoinedStr:
    source, base = node.text or b"", node.start_byte
    position = node.children[0].end_byte
    values: list[ast.expr] = []
    for child in node.children[1:]:
        if child.type in ("format_expression", "interpolation"):
            values.append(_literal(node, source[position - base : child.start_byte - base], prefix))
            values.extend(_interpolation(child, prefix, convert))
            position = child.end_byte
    values.append(_literal(node, source[position - base :], prefix))
    return ast.JoinedStr(_joined(values), **span(node))
