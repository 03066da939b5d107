"""Reads source for `test_architecture`: what a file imports, and where it does what. No I/O."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = frozenset(
    {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
)


@dataclass(frozen=True)
class Found:
    """Something at a line; `what` is a dotted module or a name."""

    line: int
    what: str


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to the repository, `chat_app/api/runs.py`."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The part of the house it is in: `chat_app/api/runs.py` is in `api`."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return parts[1] if parts[0] == "chat_app" and len(parts) > 1 else parts[0]

    def imports(self) -> Iterator[Found]:
        """Every module that is imported; `from a import b` gives `a.b`."""
        yield from self._imports

    @cached_property
    def _imports(self) -> list[Found]:
        # Most rules ask for them, and walking through all files takes half a second.
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [Found(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                found += [Found(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        return found

    def imports_in_functions(self) -> Iterator[Found]:
        for function in self._nodes(*FUNCTIONS):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield Found(node.lineno, "an import inside a function")

    def names(self, *wanted: str) -> Iterator[Found]:
        """Every use of these names, as a name, an attribute or an import."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id in wanted:
                yield Found(node.lineno, node.id)
            elif isinstance(node, ast.Attribute) and node.attr in wanted:
                yield Found(node.lineno, node.attr)
            elif isinstance(node, ast.alias) and node.name in wanted:
                yield Found(node.lineno, node.name)

    def environment(self) -> Iterator[Found]:
        """Every use of the process's environment; a WSGI `environ` is another thing."""
        wanted = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv")}
        yield from (found for found in self.imports() if found.what in wanted)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in wanted:
                yield Found(node.lineno, ast.unparse(node))

    def async_code(self) -> Iterator[Found]:
        for node in self._nodes(ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith):
            yield Found(node.lineno, "async code")

    def mutable_state(self) -> Iterator[Found]:
        """Lists, dicts and sets that a module keeps and does not call a constant; `global`."""
        for node in self.tree.body:
            for name, value in _assigned(node):
                if _is_mutable(value) and not _is_constant(name):
                    yield Found(node.lineno, name)
        for node in self._nodes(ast.Global):
            yield Found(node.lineno, "global")

    def long_functions(self, lines_max: int) -> Iterator[Found]:
        for node in self._nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > lines_max:
                yield Found(node.lineno, f"{node.name} has {lines} lines")

    def _nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.stmt]:
        for node in ast.walk(self.tree):
            if isinstance(node, kinds):
                yield node


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from ((n.id, node.value) for n in ast.walk(target) if isinstance(n, ast.Name))
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        is_final = "Final" in ast.unparse(node.annotation)
        if isinstance(node.target, ast.Name) and not is_final:
            yield node.target.id, node.value


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        called = value.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return name in MUTABLE_CALLS
    return isinstance(value, MUTABLE)


def _is_constant(name: str) -> bool:
    return name.isupper() or (name.startswith("__") and name.endswith("__"))
