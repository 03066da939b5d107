"""What the environment says, read once and checked: the only reader of `os.environ`."""

import os
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
SECRET_KEY_MIN_CHARS = 16
# What stands for something in AI_SERVER_COMMAND: {port} and so on.
AI_SERVER_VARIABLES = ("port", "host", "project", "dir")
FOR_CHILDREN = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
    }
)

Network = IPv4Network | IPv6Network


class BadSetting(SystemExit):
    """A variable's value is not allowed. Uncaught, it ends the process with this one line."""

    def __init__(self, name: str, value: str, allowed: str) -> None:
        super().__init__(f"{name}={value!r} is not allowed: it takes {allowed}.")


@dataclass(frozen=True)
class OpenId:
    """The OpenID issuer that people may sign in with.

    With `domains` an account is made for whoever has an address there, else where signing up is
    open.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    domains: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Settings:
    """One installation's configuration. `from_env` is how it is made outside tests."""

    secret_keys: tuple[str, ...] = field(repr=False)  # the first signs and encrypts, all verify
    database_url: str = field(repr=False)
    port: int = 8000
    web_concurrency: int = 1
    admin_email: str = "admin@example.com"
    admin_password: str | None = field(default=None, repr=False)
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    openai_model: str | None = None
    public_url: str | None = None
    trusted_proxies: int = 0
    signup: bool = True
    oidc: OpenId | None = None
    resume_runs: bool = True
    drain_s: int = 20
    events_keep_hours: int = 24
    remote_logs_keep_days: int = 30
    tool_call_s: int = 30
    tool_run_s: int = 120
    tool_rounds: int = 5
    tool_sync_s: int = 10
    tool_servers_max: int = 10
    tools_max: int = 50
    tool_result_kb: int = 256
    egress_allow: tuple[Network, ...] = ()
    ai_server_command: tuple[str, ...] = ()
    ai_server_dir: Path = ROOT / "instance" / "ai_servers"
    ai_server_host: str = "127.0.0.1"
    ai_servers_max: int = 10
    log_level: str = "INFO"
    log_format: str = "text"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that `environ` gives; raises `BadSetting` on the first bad value.

        Without SECRET_KEY on SQLite one is made and kept in `instance/`.
        """
        env = {name: value.strip() for name, value in environ.items() if value.strip()}
        database_url = _database_url(env)
        public_url = _url(env, "PUBLIC_URL")
        return cls(
            secret_keys=_secret_keys(env, database_url),
            database_url=database_url,
            port=_whole(env, "PORT", 8000, 1, 65535),
            web_concurrency=_whole(env, "WEB_CONCURRENCY", 1, 1, 256),
            admin_email=_email(env, "ADMIN_EMAIL", "admin@example.com"),
            admin_password=_password(env, "ADMIN_PASSWORD"),
            openai_api_key=env.get("OPENAI_API_KEY"),
            openai_base_url=_url(env, "OPENAI_BASE_URL"),
            openai_model=env.get("OPENAI_MODEL"),
            public_url=public_url,
            trusted_proxies=_whole(env, "TRUSTED_PROXIES", 0, 0, 10),
            signup=_signup(env, public_url),
            oidc=_oidc(env),
            resume_runs=_choice(env, "RESUME_RUNS", "always", ("always", "never")) == "always",
            drain_s=_whole(env, "DRAIN_S", 20, 0, 300),
            events_keep_hours=_whole(env, "EVENTS_KEEP_HOURS", 24, 1, 24 * 365),
            remote_logs_keep_days=_whole(env, "REMOTE_LOGS_KEEP_DAYS", 30, 1, 365 * 10),
            tool_call_s=_whole(env, "TOOL_CALL_S", 30, 1, 600),
            tool_run_s=_whole(env, "TOOL_RUN_S", 120, 1, 1_800),
            tool_rounds=_whole(env, "TOOL_ROUNDS", 5, 1, 50),
            tool_sync_s=_whole(env, "TOOL_SYNC_S", 10, 1, 60),
            tool_servers_max=_whole(env, "TOOL_SERVERS_MAX", 10, 1, 100),
            tools_max=_whole(env, "TOOLS_MAX", 50, 1, 500),
            tool_result_kb=_whole(env, "TOOL_RESULT_KB", 256, 1, 1_024),
            egress_allow=_networks(env, "EGRESS_ALLOW"),
            ai_server_command=_command(env, "AI_SERVER_COMMAND", AI_SERVER_VARIABLES),
            ai_server_dir=Path(env.get("AI_SERVER_DIR", cls.ai_server_dir)).absolute(),
            ai_server_host=_ip_address(env, "AI_SERVER_HOST", cls.ai_server_host),
            ai_servers_max=_whole(env, "AI_SERVERS_MAX", 10, 1, 1_000),
            log_level=_choice(
                env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
            ),
            log_format=_choice(env, "LOG_FORMAT", "text", ("text", "json")),
        )

    @property
    def url(self) -> str:
        """Where people reach this installation, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What processes that we start may see of our environment: nothing that is a secret."""
    return {name: value for name, value in environ.items() if name in FOR_CHILDREN}


def _database_url(env: Mapping[str, str]) -> str:
    url = env.get("DATABASE_URL", f"sqlite:///{ROOT / 'instance' / 'holdfast.db'}")
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and rest and _has_port(url):
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and _is_file(rest):
        return url
    allowed = "sqlite:///path/to/file.db or postgresql://user:password@host/name"
    raise BadSetting("DATABASE_URL", _without_password(url), allowed)


def _without_password(url: str) -> str:
    """The value as it may be repeated: without what stands where a password would."""
    scheme, _, rest = url.partition(":")
    if "@" in rest:
        return f"{scheme}:…@{rest.rpartition('@')[2]}"
    is_harmless = not rest or (rest.startswith("//") and ":" not in rest)
    return url if is_harmless else f"{scheme}:…"


def _has_port(url: str) -> bool:
    """Whether what stands in the port's place can be one; no port is fine."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _is_file(rest: str) -> bool:
    """Whether SQLite can keep a file there; in memory nothing would outlive the process."""
    path = rest.partition("?")[0].removeprefix("/")
    return rest.startswith("/") and path not in ("", ":memory:") and not Path(path).is_dir()


def _secret_keys(env: Mapping[str, str], database_url: str) -> tuple[str, ...]:
    if "SECRET_KEY" in env:
        keys = tuple(key.strip() for key in env["SECRET_KEY"].split(",") if key.strip())
        if keys and all(len(key) >= SECRET_KEY_MIN_CHARS for key in keys):
            return keys
        wanted = f"{SECRET_KEY_MIN_CHARS} or more characters (several keys: newest first, commas)"
        raise BadSetting("SECRET_KEY", "…", wanted)
    if not database_url.startswith("sqlite"):
        raise BadSetting("SECRET_KEY", "", "a secret, since DATABASE_URL is not SQLite")
    return (_kept_secret(ROOT / "instance" / "secret_key"),)


def _kept_secret(path: Path) -> str:
    """The secret in `path`; made on first use so that two processes agree on one."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # fails where another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _signup(env: Mapping[str, str], public_url: str | None) -> bool:
    """People may register by themselves: on loopback yes, elsewhere only when told so."""
    on_loopback = public_url is None or urlsplit(public_url).hostname in LOOPBACK_HOSTS
    default = "open" if on_loopback else "closed"
    return _choice(env, "SIGNUP", default, ("open", "closed")) == "open"


def _oidc(env: Mapping[str, str]) -> OpenId | None:
    needed = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    names = (*needed, "OIDC_NAME", "OIDC_ALLOWED_DOMAINS")
    if not any(name in env for name in names):
        return None
    for name in needed:
        if name not in env:
            raise BadSetting(name, "", f"a value, since {', '.join(needed)} go together")
    for name in needed[1:]:
        if not (env[name].isascii() and env[name].isprintable()):
            raise BadSetting(name, "…", "visible ASCII characters")
    issuer = _issuer(env)
    return OpenId(
        issuer=issuer,
        client_id=env["OIDC_CLIENT_ID"],
        client_secret=env["OIDC_CLIENT_SECRET"],
        name=env.get("OIDC_NAME") or urlsplit(issuer).netloc,
        domains=_domains(env, "OIDC_ALLOWED_DOMAINS"),
    )


def _issuer(env: Mapping[str, str]) -> str:
    """The issuer's address; that of its metadata, which begins with it, will do."""
    url = (_url(env, "OIDC_ISSUER") or "").removesuffix("/.well-known/openid-configuration")
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS
    if not is_safe or parts.query or parts.fragment or "@" in parts.netloc:
        allowed = "an https address such as https://login.example.com"
        raise BadSetting("OIDC_ISSUER", _without_password(url), allowed)
    return url.rstrip("/")


def _domains(env: Mapping[str, str], name: str) -> frozenset[str]:
    value = env.get(name, "")
    found = frozenset(part.strip().lower() for part in value.split(",") if part.strip())
    if any("@" in one or "." not in one or " " in one for one in found):
        raise BadSetting(name, value, "domains such as example.com,example.org")
    return found


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = env.get(name, str(default))
    is_number = value.isascii() and value.isdigit() and len(value) <= 9
    if not (is_number and least <= int(value) <= most):
        raise BadSetting(name, value, f"a whole number from {least} to {most}")
    return int(value)


def _choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name, default)
    for choice in allowed:
        if value.lower() == choice.lower():
            return choice
    raise BadSetting(name, value, " or ".join(allowed))


def _url(env: Mapping[str, str], name: str) -> str | None:
    value = env.get(name)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        allowed = "an address such as https://chat.example.com"
        raise BadSetting(name, _without_password(value), allowed)
    return value.rstrip("/")


def _networks(env: Mapping[str, str], name: str) -> tuple[Network, ...]:
    value = env.get(name, "")
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError:
        raise BadSetting(name, value, "networks such as 10.0.0.0/8,fd00::/8") from None


def _command(env: Mapping[str, str], name: str, variables: tuple[str, ...]) -> tuple[str, ...]:
    """A program with its arguments, split as a shell would, and run without one."""
    value = env.get(name, "")
    try:
        command = tuple(shlex.split(value))
    except ValueError:
        # Not repeated: it may hold a secret.
        raise BadSetting(name, "…", "a command with every quotation closed") from None
    for used in re.findall(r"\{(\w+)\}", value):
        if used not in variables:
            allowed = ", ".join(f"{{{variable}}}" for variable in variables)
            raise BadSetting(name, f"{{{used}}}", f"no other variables than {allowed}")
    return command


def _ip_address(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    try:
        address = ip_address(value)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or address.is_multicast:
        raise BadSetting(name, value, "an IP address of this machine")
    return str(address)


def _email(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    local, _, domain = value.partition("@")
    if not local or not domain or " " in value or "@" in domain:
        raise BadSetting(name, value, "an email address")
    return value.lower()


def _password(env: Mapping[str, str], name: str) -> str | None:
    value = env.get(name)
    if value is not None and len(value) < 8:
        raise BadSetting(name, "…", "8 or more characters")
    return value
