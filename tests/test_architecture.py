"""The house, as docs and DESIGN draw it: who may import whom, and what nobody does.

A room is a folder or a file of chat_app. The tables say everything; a rule that changes, changes
there.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.imports import Found, Source

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 350
ERRORS_LINES_MAX = 400  # the contract wants all codes in one module
FUNCTION_LINES_MAX = 50

# Which rooms a room may know. `errors` is open to all and knows nobody; `__init__` meets all.
KNOWS = {
    "errors": "",
    "settings": "",
    "logs": "",
    "highlight": "",
    "mathml": "",
    "images": "",
    "addresses": "",
    "dollars": "",
    "markdown": "addresses dollars highlight mathml",
    "growing": "markdown",
    "store": "",
    "providers": "",
    "tools": "egress",
    "egress": "",
    "toolbox": "store tools egress",
    "remote": "egress",
    "openid": "",  # who signs in is asked of the issuer; what follows is the services'
    # AI servers are got for projects as tools are for agents: with the database, below the engine.
    "provisioning": "egress store remote",
    "demo": "",
    # It follows remote runs as it asks models.
    "streaming": "growing store providers tools toolbox remote provisioning",
    "runtime": "settings store providers egress tools toolbox openid remote provisioning demo"
    " streaming",
    "access": "store",
    "audit": "access store",
    "joining": "audit auth store",
    "services": "access audit auth egress images joining openid"
    " runtime settings store providers tools toolbox provisioning streaming",
    "current": "access runtime services",
    "auth": "current settings",
    "failures": "",
    "sentences": "",
    "api": "access auth current markdown sentences services streaming",
    "web": "access auth current markdown sentences services streaming",
    # stream-check is a client over HTTP, and reads streams with the parser that is there.
    "cli": "current services settings remote",
}

# Which rooms may import what others wrote; "" is nobody yet.
FOREIGN = {
    "flask": "__init__ current api web auth cli",
    "flask_wtf": "auth web failures",
    "flask_babel": "web sentences",
    "babel": "web",
    "flask_limiter": "auth failures",
    "wtforms": "web",
    "werkzeug": "__init__ api web auth failures streaming demo",
    "click": "cli",
    "sqlalchemy": "store migrations",
    "alembic": "store migrations",
    "openai": "providers",
    "authlib": "openid",
    "joserfc": "openid",
    "httpx2": "providers tools openid remote cli",
    "httpcore2": "remote",  # how a connection is made is said one floor below httpx2
    "pydantic": "api tools",
    "gevent": "streaming tools toolbox provisioning gunicorn.conf",
    "mcp": "tools",
    "mcp_types": "tools",
    "asyncio": "tools",
    "anyio": "tools",
    "simple_websocket": "streaming",
    "limits": "auth",
    "argon2": "auth",
    "cryptography": "store",
    "markdown_it": "addresses dollars markdown",
    "nh3": "markdown",
    "latex2mathml": "mathml",
    "redis": "",
    "celery": "",
}
# Where a whole room is too much.
ONLY_FILES = {
    "alembic": ("chat_app/store/schema.py", "migrations/"),
    "mcp": ("chat_app/tools/sidecar/",),
    "mcp_types": ("chat_app/tools/sidecar/",),
    "asyncio": ("chat_app/tools/sidecar/",),
    "anyio": ("chat_app/tools/sidecar/",),
}
SIDECAR = "chat_app/tools/sidecar/"


def sources() -> list[Source]:
    files = [ROOT / "wsgi.py", ROOT / "gunicorn.conf.py", *(ROOT / "migrations").rglob("*.py")]
    files += (ROOT / "chat_app").rglob("*.py")
    return [
        Source(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
        for file in sorted(files)
    ]


@pytest.fixture(scope="module")
def house() -> list[Source]:
    return sources()


def breaches(house: Iterable[Source], rule: Callable[[Source], Iterable[Found]]) -> list[str]:
    """`chat_app/api/runs.py:12 what is wrong`, one for each."""
    return [
        f"{source.path}:{found.line} {found.what}" for source in house for found in rule(source)
    ]


def check(house: Iterable[Source], rule: Callable[[Source], Iterable[Found]]) -> None:
    found = breaches(house, rule)
    assert not found, "\n" + "\n".join(found)


# --- the rules ---------------------------------------------------------------------------------


def unknown_rooms(source: Source) -> Iterable[Found]:
    """Imports of rooms that this one may not know."""
    known = {source.room, "errors", *KNOWS.get(source.room, "").split()}
    for found in source.imports():
        package, _, rest = found.what.partition(".")
        if package == "chat_app" and rest.split(".")[0] not in known and source.room in KNOWS:
            yield Found(found.line, f"{source.room} imports {found.what}")


def foreign_in_the_wrong_room(package: str) -> Callable[[Source], Iterable[Found]]:
    def rule(source: Source) -> Iterable[Found]:
        allowed = source.room in FOREIGN[package].split()
        if package in ONLY_FILES:
            allowed = allowed and source.path.startswith(ONLY_FILES[package])
        if not allowed:
            for found in source.imports():
                if found.what.split(".")[0] == package:
                    yield Found(found.line, f"imports {found.what}")

    return rule


def other_services(source: Source) -> Iterable[Found]:
    if source.room == "services":
        for found in source.imports():
            if found.what.startswith("chat_app.services"):
                yield Found(found.line, f"a service imports {found.what}")


def relative_imports(source: Source) -> Iterable[Found]:
    return (found for found in source.imports() if found.what.startswith("."))


def environment(source: Source) -> Iterable[Found]:
    if source.path != "chat_app/settings.py":
        yield from source.environment()


def async_outside_the_sidecar(source: Source) -> Iterable[Found]:
    if not source.path.startswith(SIDECAR):
        yield from source.async_code()


def long_file(source: Source) -> Iterable[Found]:
    lines = source.text.count("\n")
    most = ERRORS_LINES_MAX if source.room == "errors" else FILE_LINES_MAX
    if source.room != "migrations" and lines > most:
        yield Found(lines, f"the file has {lines} lines")


def long_functions(source: Source) -> Iterable[Found]:
    if source.room != "migrations":
        yield from source.long_functions(FUNCTION_LINES_MAX)


# --- kept by our code --------------------------------------------------------------------------


def test_every_room_is_in_the_table(house: list[Source]) -> None:
    rooms = {source.room for source in house if source.path.startswith("chat_app/")}
    assert rooms - {"__init__"} <= set(KNOWS)


def test_rooms_import_only_the_rooms_they_may_know(house: list[Source]) -> None:
    check(house, unknown_rooms)


@pytest.mark.parametrize("package", FOREIGN)
def test_a_package_is_imported_only_where_it_belongs(house: list[Source], package: str) -> None:
    check(house, foreign_in_the_wrong_room(package))


def test_migrations_import_nothing_of_the_application(house: list[Source]) -> None:
    migrations = [source for source in house if source.room == "migrations"]
    check(migrations, lambda s: (f for f in s.imports() if f.what.startswith("chat_app")))


def test_a_service_never_imports_a_service(house: list[Source]) -> None:
    check(house, other_services)


def test_imports_are_absolute(house: list[Source]) -> None:
    check(house, relative_imports)


def test_nothing_is_imported_inside_a_function(house: list[Source]) -> None:
    check(house, Source.imports_in_functions)


def test_no_cycle_is_hidden_behind_type_checking(house: list[Source]) -> None:
    check(house, lambda source: source.names("TYPE_CHECKING"))


def test_only_settings_reads_the_environment(house: list[Source]) -> None:
    check(house, environment)


def test_no_module_keeps_mutable_state(house: list[Source]) -> None:
    check(house, Source.mutable_state)


def test_no_stream_holds_its_request(house: list[Source]) -> None:
    check(house, lambda source: source.names("stream_with_context"))


def test_async_code_is_in_the_sidecar_only(house: list[Source]) -> None:
    check(house, async_outside_the_sidecar)


def test_a_file_is_at_most_350_lines(house: list[Source]) -> None:
    check(house, long_file)


def test_a_function_is_at_most_50_lines(house: list[Source]) -> None:
    check(house, long_functions)


# --- and the rules themselves see what they forbid ----------------------------------------------

FORBIDDEN = [
    ("chat_app/api/x.py", "from chat_app.store import runs", unknown_rooms),
    ("chat_app/api/x.py", "from chat_app import store", unknown_rooms),
    ("chat_app/api/x.py", "import chat_app.web.forms", unknown_rooms),
    ("chat_app/web/x.py", "from chat_app.api import doors", unknown_rooms),
    ("chat_app/store/x.py", "from chat_app.services import runs", unknown_rooms),
    ("chat_app/providers/x.py", "from chat_app.store import runs", unknown_rooms),
    ("chat_app/errors.py", "from chat_app.settings import Settings", unknown_rooms),
    ("chat_app/cli/x.py", "def f():\n    from chat_app.store import db", unknown_rooms),
    ("chat_app/services/x.py", "from chat_app.services import runs", other_services),
    ("chat_app/services/x.py", "import flask", foreign_in_the_wrong_room("flask")),
    (
        "chat_app/api/x.py",
        "from sqlalchemy.orm import Session",
        foreign_in_the_wrong_room("sqlalchemy"),
    ),
    ("chat_app/store/runs.py", "import alembic.op", foreign_in_the_wrong_room("alembic")),
    ("chat_app/tools/client.py", "import asyncio", foreign_in_the_wrong_room("asyncio")),
    ("chat_app/store/x.py", "import redis", foreign_in_the_wrong_room("redis")),
    ("chat_app/api/x.py", "from . import doors", relative_imports),
    ("chat_app/api/x.py", "def f():\n    import json", Source.imports_in_functions),
    ("chat_app/api/x.py", "import os\nos.environ['A']", environment),
    ("chat_app/api/x.py", "from os import getenv", environment),
    ("chat_app/api/x.py", "import os\nos.getenv('A')", environment),
    ("chat_app/api/x.py", "seen = []", Source.mutable_state),
    ("chat_app/api/x.py", "_cache: dict[str, int] = {}", Source.mutable_state),
    ("chat_app/api/x.py", "a = b = collections.defaultdict(list)", Source.mutable_state),
    ("chat_app/api/x.py", "def f():\n    global x", Source.mutable_state),
    ("chat_app/api/x.py", "async def f(): ...", async_outside_the_sidecar),
    ("chat_app/api/x.py", "#\n" * 351, long_file),
    ("chat_app/api/x.py", "def f():\n" + "    f()\n" * 50, long_functions),
]
ALLOWED = [
    ("chat_app/api/x.py", "from chat_app.errors import NotFound", unknown_rooms),
    ("chat_app/api/x.py", "from chat_app.api import doors", unknown_rooms),
    ("chat_app/__init__.py", "from chat_app import store, web", unknown_rooms),
    ("chat_app/tools/sidecar/x.py", "import asyncio", foreign_in_the_wrong_room("asyncio")),
    ("gunicorn.conf.py", "from gevent import monkey", foreign_in_the_wrong_room("gevent")),
    ("chat_app/api/x.py", "def f(environ):\n    request.environ", environment),
    ("chat_app/settings.py", "import os\nos.environ", environment),
    ("chat_app/api/x.py", "import flasky", foreign_in_the_wrong_room("flask")),
    ("chat_app/api/x.py", "NAMES = []\n_BY_NAME = {}\n__all__ = []", Source.mutable_state),
    ("chat_app/api/x.py", "names: Final = []\nlog = get_logger()", Source.mutable_state),
    ("chat_app/api/x.py", "class A:\n    names = []", Source.mutable_state),
    ("chat_app/api/x.py", "#\n" * 350, long_file),
    ("chat_app/api/x.py", "def f():\n" + "    f()\n" * 49, long_functions),
]


@pytest.mark.parametrize(("path", "text", "rule"), FORBIDDEN)
def test_a_rule_sees_what_it_forbids(
    path: str, text: str, rule: Callable[[Source], Iterable[Found]]
) -> None:
    (found,) = breaches([Source(path, text)], rule)[:1]
    assert found.startswith(f"{path}:")


@pytest.mark.parametrize(("path", "text", "rule"), ALLOWED)
def test_a_rule_leaves_alone_what_it_allows(
    path: str, text: str, rule: Callable[[Source], Iterable[Found]]
) -> None:
    assert breaches([Source(path, text)], rule) == []
