"""The environment: what it gives, and one line for each value that is not allowed."""

import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from chat_app import settings as module
from chat_app.settings import BadSetting, Settings
from tests.servers import ROOT

GOOD = {"SECRET_KEY": "a-secret-for-tests-long-enough"}


def test_nothing_need_be_set():
    found = Settings.from_env(GOOD)
    assert (found.port, found.url) == (8000, "http://127.0.0.1:8000")
    assert found.database_url.startswith("sqlite:////")
    assert (found.admin_email, found.admin_password) == ("admin@example.com", None)
    assert (found.signup, found.log_level, found.log_format) == (True, "INFO", "text")
    assert (found.tool_call_s, found.tool_run_s, found.tool_sync_s) == (30, 120, 10)
    assert (found.tool_rounds, found.tool_servers_max, found.tools_max) == (5, 10, 50)
    assert (found.tool_result_kb, found.egress_allow) == (256, ())


def test_what_is_empty_is_not_set():
    given = dict.fromkeys(("PORT", "DATABASE_URL", "PUBLIC_URL", "ADMIN_EMAIL", "LOG_LEVEL"), " ")
    assert Settings.from_env(GOOD | given) == Settings.from_env(GOOD)


@pytest.mark.parametrize(
    ("name", "value", "field", "found"),
    [
        ("PORT", " 80 ", "port", 80),
        ("WEB_CONCURRENCY", "4", "web_concurrency", 4),
        ("ADMIN_EMAIL", "Ana@corp.local", "admin_email", "ana@corp.local"),
        ("OPENAI_BASE_URL", "http://[::1]:11434/v1/", "openai_base_url", "http://[::1]:11434/v1"),
        ("PUBLIC_URL", "https://chat.example.com/", "url", "https://chat.example.com"),
        ("TRUSTED_PROXIES", "1", "trusted_proxies", 1),
        ("SIGNUP", "closed", "signup", False),
        ("TOOL_CALL_S", "600", "tool_call_s", 600),
        ("TOOL_RUN_S", "1800", "tool_run_s", 1_800),
        ("TOOL_ROUNDS", "1", "tool_rounds", 1),
        ("TOOL_SYNC_S", "60", "tool_sync_s", 60),
        ("TOOL_SERVERS_MAX", "100", "tool_servers_max", 100),
        ("TOOLS_MAX", "500", "tools_max", 500),
        ("TOOL_RESULT_KB", "1024", "tool_result_kb", 1_024),
        ("EGRESS_ALLOW", " 10.0.0.0/8 ,, ", "egress_allow", (ip_network("10.0.0.0/8"),)),
        (
            "EGRESS_ALLOW",
            "127.0.0.1,fd00::/8",
            "egress_allow",
            (ip_network("127.0.0.1/32"), ip_network("fd00::/8")),
        ),
        (
            "AI_SERVER_COMMAND",
            "'/opt/my agents/serve' --port={port} '{\"a\": 1}' ; rm",
            "ai_server_command",
            ("/opt/my agents/serve", "--port={port}", '{"a": 1}', ";", "rm"),
        ),
        ("AI_SERVER_DIR", "/var/ai", "ai_server_dir", Path("/var/ai")),
        ("AI_SERVER_HOST", "fd00::1", "ai_server_host", "fd00::1"),
        ("AI_SERVERS_MAX", "1", "ai_servers_max", 1),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("LOG_FORMAT", "JSON", "log_format", "json"),
        ("DATABASE_URL", "postgres://h/d", "database_url", "postgresql+psycopg://h/d"),
        (
            "DATABASE_URL",
            "postgresql://u:p@h:5/d?x=y",
            "database_url",
            "postgresql+psycopg://u:p@h:5/d?x=y",
        ),
        ("DATABASE_URL", "sqlite:///x.db", "database_url", "sqlite:///x.db"),
        ("SECRET_KEY", "n" * 16 + ", " + "o" * 16, "secret_keys", ("n" * 16, "o" * 16)),
    ],
)
def test_a_good_value_is_taken(name: str, value: str, field: str, found: object):
    assert getattr(Settings.from_env(GOOD | {name: value}), field) == found


def test_signing_up_is_closed_on_a_public_address_unless_told_otherwise():
    public = GOOD | {"PUBLIC_URL": "https://chat.example.com"}
    assert Settings.from_env(public).signup is False
    assert Settings.from_env(public | {"SIGNUP": "open"}).signup is True
    assert Settings.from_env(GOOD | {"PUBLIC_URL": "http://localhost:8000"}).signup is True


BAD = {
    "PORT": ["0", "65536", "-1", "abc", "8000.0", "８０", "1e3", "9" * 5000, "0x50"],
    "WEB_CONCURRENCY": ["0", "many", "257"],
    "DATABASE_URL": [
        *("mysql://root:sesame@h/d", "nonsense", "postgres:sesame", "sqlite://", "sqlite:///"),
        *("sqlite:///:memory:", "sqlite://x.db", "postgres://", "postgres://u:sesame@h:port/d"),
        *("postgres://u:sesame@h:99999/d", "sqlite:////tmp", "://x", "POSTGRES:u:sesame@h"),
    ],
    "SECRET_KEY": ["sesame", ",", "sesame,sesame"],
    "ADMIN_EMAIL": ["ana", "@", "a@", "@b", "a b@c", "a@b@c"],
    "ADMIN_PASSWORD": ["sesame"],
    "OPENAI_BASE_URL": ["x", "ftp://x", "http://", "http://x:y", "http://[::1", "h://u:sesame@x"],
    "PUBLIC_URL": ["chat.example.com", "http://:80", "http://x:0"],
    "TRUSTED_PROXIES": ["-1", "11", "yes"],
    "SIGNUP": ["maybe", "1"],
    "RESUME_RUNS": ["sometimes"],
    "DRAIN_S": ["-1", "x", "301"],
    "EVENTS_KEEP_HOURS": ["0", "x"],
    "TOOL_CALL_S": ["0", "601", "1.5", "x"],
    "TOOL_RUN_S": ["0", "1801"],
    "TOOL_ROUNDS": ["0", "51", "-1"],
    "TOOL_SYNC_S": ["0", "61"],
    "TOOL_SERVERS_MAX": ["0", "101"],
    "TOOLS_MAX": ["0", "501"],
    "TOOL_RESULT_KB": ["0", "1025", "256KB"],
    "EGRESS_ALLOW": [
        "all",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0-10.0.0.9",
        "localhost",
        "fd00::/8/",
    ],
    "AI_SERVER_COMMAND": ["serve 'sesame", "serve {ports}", "serve --x={PORT}"],
    "AI_SERVER_HOST": ["example.com", "0.0.0.0", "::", "127.0.0.1:80"],
    "AI_SERVERS_MAX": ["0", "1001"],
    "LOG_LEVEL": ["LOUD", "10"],
    "LOG_FORMAT": ["xml"],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda text: text[:30])
def test_a_bad_value_stops_with_one_line_that_says_what_is_allowed(name: str, value: str):
    with pytest.raises(BadSetting) as stopped:
        Settings.from_env(GOOD | {name: value})
    line = str(stopped.value)
    assert line.startswith(f"{name}=")
    assert " is not allowed: it takes " in line
    assert "\n" not in line
    assert "sesame" not in line


def test_a_bad_value_that_is_no_secret_is_repeated():
    for name, value in (("PORT", "abc"), ("DATABASE_URL", "nonsense"), ("PUBLIC_URL", "x.org")):
        with pytest.raises(BadSetting, match=f"^{name}='{value}' is not allowed"):
            Settings.from_env(GOOD | {name: value})


def test_a_server_database_needs_a_secret_of_its_own():
    with pytest.raises(BadSetting, match=r"^SECRET_KEY="):
        Settings.from_env({"DATABASE_URL": "postgres://u:sesame@h/d"})


def test_secrets_do_not_show_in_the_settings_own_form():
    secret = {"SECRET_KEY": "sesame" * 4, "ADMIN_PASSWORD": "sesame99", "OPENAI_API_KEY": "sesame"}
    assert "sesame" not in repr(
        Settings.from_env(secret | {"DATABASE_URL": "postgres://u:sesame@h/d"})
    )


@pytest.mark.parametrize(
    "command",
    [["gunicorn", "wsgi:app"], ["flask", "--app", "wsgi", "db", "upgrade"], ["flask", "run"]],
    ids=lambda command: command[0] + command[-1],
)
def test_a_start_with_a_bad_value_ends_with_that_line(command: list[str]):
    environ = {"PORT": "abc", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **GOOD}
    environ["FLASK_APP"] = "wsgi"
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode != 0
    said = (ended.stdout + ended.stderr).strip().splitlines()
    assert said == ["PORT='abc' is not allowed: it takes a whole number from 1 to 65535."]


def test_processes_that_start_together_make_one_secret_and_keep_it(tmp_path: Path):
    # Alone in its package, so that a process starts in a blink.
    (tmp_path / "alone").mkdir()
    shutil.copy(module.__file__, tmp_path / "alone" / "settings.py")
    program = "from alone.settings import Settings; print(Settings.from_env({}).secret_keys[0])"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    secrets = {process.communicate(timeout=120)[0].strip() for process in started}
    (secret,) = secrets
    kept = tmp_path / "instance" / "secret_key"
    assert len(secret) >= 32
    assert kept.read_text() == secret
    assert kept.stat().st_mode & 0o077 == 0
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


OIDC = {
    "OIDC_ISSUER": "https://login.example.com/realms/club/",
    "OIDC_CLIENT_ID": "holdfast",
    "OIDC_CLIENT_SECRET": "a secret",
}


def test_an_issuer_is_its_address_or_that_of_its_metadata():
    oidc = Settings.from_env(GOOD | OIDC).oidc
    assert (oidc.issuer, oidc.name) == (
        "https://login.example.com/realms/club",
        "login.example.com",
    )
    assert oidc.domains == frozenset()
    assert "a secret" not in repr(oidc)
    metadata = f"{oidc.issuer}/.well-known/openid-configuration"
    assert Settings.from_env(GOOD | OIDC | {"OIDC_ISSUER": metadata}).oidc == oidc
    more = {"OIDC_NAME": "Club", "OIDC_ALLOWED_DOMAINS": " Club.example ,,club.org"}
    named = Settings.from_env(GOOD | OIDC | more).oidc
    assert (named.name, named.domains) == ("Club", {"club.example", "club.org"})


def test_without_an_issuer_nobody_signs_in_elsewhere():
    assert Settings.from_env(GOOD).oidc is None


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"OIDC_ISSUER": ""}, "OIDC_ISSUER='' is not allowed: it takes a value, since OIDC_"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID='' is not"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET='' is not"),
        ({"OIDC_CLIENT_SECRET": "pässword"}, "OIDC_CLIENT_SECRET='…' is not"),
        ({"OIDC_ISSUER": "http://login.example.com"}, "it takes an https address"),
        ({"OIDC_ISSUER": "https://login.example.com?x=1"}, "it takes an https address"),
        ({"OIDC_ISSUER": "login.example.com"}, "OIDC_ISSUER='login.example.com' is not"),
        ({"OIDC_ALLOWED_DOMAINS": "a@example.com"}, "it takes domains such as"),
    ],
)
def test_what_does_not_fit_about_the_issuer_is_one_line(change, line):
    with pytest.raises(BadSetting) as refused:
        Settings.from_env(GOOD | OIDC | change)
    said = str(refused.value)
    assert line in said
    assert "\n" not in said
    assert "pässword" not in said


def test_a_name_alone_is_no_issuer():
    with pytest.raises(BadSetting, match="OIDC_ISSUER"):
        Settings.from_env(GOOD | {"OIDC_NAME": "Club"})


def test_an_issuer_on_this_machine_may_be_plain_http():
    local = {"OIDC_ISSUER": "http://127.0.0.1:9000"}
    assert Settings.from_env(GOOD | OIDC | local).oidc.issuer == "http://127.0.0.1:9000"
