"""Finds the sentences that code gives to errors, for the catalogues. Pure.

Three kinds: the `sentence` of an error's class; a constant that is raised instead; and the form of
one that is put together, `There may be {0} of them.`, from an f-string. What an f-string takes from
a table of the same module is said in each of its words.
"""

import ast
from collections.abc import Iterator

from chat_app import egress, errors

# A form must be known by its words, not by what is filled in.
LETTERS_MIN = 12


def find(source: str) -> Iterator[tuple[int, str]]:
    """`(line, sentence or form)` for all of one Python file."""
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    makers = _classes() | set(_makers(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in makers and node.args:
            for sentence in _sentences(node.args[0], constants):
                yield node.lineno, sentence
        elif isinstance(node, ast.Tuple):
            yield from _mapped(node, makers, constants)
        elif isinstance(node, ast.ClassDef):
            yield from _own_sentence(node)


def _classes() -> set[str]:
    found, todo = {egress.EgressRefused.__name__}, [errors.HoldfastError]
    while todo:
        cls = todo.pop()
        found.add(cls.__name__)
        todo += cls.__subclasses__()
    return found


def _makers(tree: ast.Module) -> Iterator[str]:
    """Functions that make an error of the sentence they are given: `def _wrong(message) -> …`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _name(node.returns) in _classes():
            names = [arg.arg for arg in node.args.args]
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Call):
                    given = inner.value.args[:1]
                    if names and given and _name(given[0]) == names[0]:
                        yield node.name


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, node.value


def _mapped(
    node: ast.Tuple, makers: set[str], constants: dict[str, ast.expr]
) -> Iterator[tuple[int, str]]:
    """A row of a table of foreign errors: `(ProviderTimeout, "…")`."""
    if len(node.elts) == 2 and _name(node.elts[0]) in makers:
        for sentence in _sentences(node.elts[1], constants):
            yield node.lineno, sentence


def _own_sentence(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for item in node.body:
        is_sentence = isinstance(item, ast.Assign) and _name(item.targets[0]) == "sentence"
        if is_sentence and isinstance(item.value, ast.Constant) and item.value.value:
            yield item.lineno, item.value.value


def _sentences(value: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield from _forms(value, constants)
        case ast.Name(id=name) if name in constants:
            yield from _sentences(constants[name], {})
        case ast.Subscript(value=ast.Name(id=name)) if name in constants:
            yield from _sentences(constants[name], constants)
        case ast.Dict(values=values):
            for each in values:
                yield from _sentences(each, constants)
        case ast.IfExp(body=one, orelse=other):
            yield from _sentences(one, constants)
            yield from _sentences(other, constants)
        case ast.BinOp(op=ast.Add(), left=left):
            yield from _sentences(left, constants)
        case ast.Subscript(value=ast.JoinedStr() as cut):
            yield from _sentences(cut, constants)
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            for text in _sentences(template, constants):
                yield _numbered(text.split("{}"))


def _forms(value: ast.JoinedStr, constants: dict[str, ast.expr]) -> Iterator[str]:
    forms = [[""]]
    for part in value.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        said = list(_sentences(inner, constants))
        if said:
            forms = [[*parts[:-1], parts[-1] + each] for parts in forms for each in said]
        else:
            forms = [[*parts, ""] for parts in forms]
    for parts in forms:
        if sum(map(str.isalpha, "".join(parts))) >= LETTERS_MIN:
            yield _numbered(parts)


def _numbered(parts: list[str]) -> str:
    return "".join(f"{{{n - 1}}}{part}" if n else part for n, part in enumerate(parts))


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
