"""Authorization servers are found, and asked, with nothing said to anybody who must not hear it."""

import json
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs

import pytest

from chat_app.egress import Networks
from chat_app.errors import ToolUnavailable
from chat_app.toolbox.sign_ins import authorization_url
from chat_app.tools.client import ToolClient
from chat_app.tools.oauth import AuthServer, OAuthClient, OAuthRequests
from tests.tools.serving import at, tool_client, web_app
from tests.tools.signing import Guarded, guarded, signed_in_at

BACK = "http://127.0.0.1:8000/tools/callback"
VERIFIER = "v" * 43
Json = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with guarded() as found:
        yield found


@pytest.fixture
def requests(client: ToolClient) -> OAuthRequests:
    return OAuthRequests(client.ask)


class Site:
    """A tool server and its sign-in, by hand; `heard` are the requests that came. `says` changes
    what it answers at a path: JSON, or a status.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Json, dict[str, str]]] = []
        self.says: dict[str, Any] = {}
        self.origin = ""
        self._serving = web_app(self._answer)

    def __enter__(self) -> "Site":
        self.origin = self._serving.__enter__().removesuffix("/mcp")
        about = "/.well-known/oauth-protected-resource/mcp"
        self.says = {
            "/mcp": 401,
            about: {"resource": f"{self.origin}/mcp", "authorization_servers": [self.origin]},
            "/.well-known/oauth-authorization-server": self.metadata(),
            "/register": {"client_id": "c", "redirect_uris": [BACK]},
            "/token": {"access_token": "token", "token_type": "bearer"},
        }
        self.resource: Json = self.says[about]
        return self

    def __exit__(self, *fault: Any) -> None:
        self._serving.__exit__(*fault)

    def metadata(self, **more: Any) -> Json:
        named = {f"{name}_endpoint": f"{self.origin}/{name}" for name in ("token", "authorization")}
        named["registration_endpoint"] = f"{self.origin}/register"
        pkce = {"code_challenge_methods_supported": ["S256"]}
        return {"issuer": self.origin, **named, **pkce, **more}

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.heard]

    def _answer(self, environ: Json, start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        headers = {k[5:]: v for k, v in environ.items() if k.startswith("HTTP_")}
        path = environ["PATH_INFO"]
        self.heard.append((environ["REQUEST_METHOD"], path, parse_qs(body), headers))
        says = self.says.get(path, 404)
        if isinstance(says, int):
            start(f"{says} So", [])
            return [b"{}"]
        if isinstance(says, tuple):
            start(f"{says[0]} So", says[1])
            return list(says[2:])
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(says).encode()]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made


def refusal(asking: Callable[[], Any]) -> ToolUnavailable:
    with pytest.raises(ToolUnavailable) as refused:
        asking()
    return refused.value


# --- against a server made with the SDK --------------------------------------------------------


def test_a_server_says_who_signs_people_in(requests: OAuthRequests, server: Guarded):
    found = requests.discover(at(server.url))
    assert found == AuthServer(
        issuer=server.origin,
        resource=server.url,
        scope="tools",
        authorization_endpoint=f"{server.origin}/authorize",
        token_endpoint=f"{server.origin}/token",
        registration_endpoint=f"{server.origin}/register",
        auth_methods=("client_secret_post", "client_secret_basic"),
    )


def test_from_registering_to_a_second_token(requests: OAuthRequests, server: Guarded):
    spec = at(server.url)
    found = requests.discover(spec)
    client = requests.register(spec, found, BACK)
    assert client.auth_method == "client_secret_basic"
    verifier = "a-verifier-of-enough-characters-for-the-rfc-7636"
    back = signed_in_at(authorization_url(found, client.client_id, BACK, "s", verifier)).params
    assert (back["state"], back["iss"]) == ("s", server.origin)
    code = (back["code"], verifier, BACK, found.resource)
    first = requests.exchange(spec, found.token_endpoint, client, *code)
    assert (first.expires_in_s, first.scope) == (3600, "tools")
    again = first.refresh_token or ""
    second = requests.refresh(spec, found.token_endpoint, client, again, found.resource)
    assert second.access_token != first.access_token
    assert second.refresh_token not in (None, again)
    error = refusal(
        lambda: requests.refresh(spec, found.token_endpoint, client, again, found.resource)
    )
    assert error.fields == {"oauth_error": "invalid_grant"}
    assert again not in error.message


def test_a_wrong_verifier_gets_nothing(requests: OAuthRequests, server: Guarded):
    spec = at(server.url)
    found = requests.discover(spec)
    client = requests.register(spec, found, BACK)
    back = signed_in_at(authorization_url(found, client.client_id, BACK, "s", VERIFIER)).params
    code = (back["code"], "another" * 10, BACK, found.resource)
    error = refusal(lambda: requests.exchange(spec, found.token_endpoint, client, *code))
    assert error.fields["oauth_error"] == "invalid_grant"


# --- what a server may say wrong ---------------------------------------------------------------


def test_what_is_secret_of_a_server_goes_to_nobody_else(requests: OAuthRequests, site: Site):
    spec = at(f"{site.origin}/mcp", headers=(("X-Secret", "s3cret"),))
    found = requests.discover(spec)
    requests.register(spec, found, BACK)
    requests.refresh(spec, found.token_endpoint, OAuthClient("c"), "again", found.resource)
    sent = [(path, headers.get("X_SECRET")) for _, path, _, headers in site.heard]
    assert [path for path, secret in sent if secret] == ["/mcp"]
    assert len(sent) >= 5


def test_a_client_proves_itself_as_it_was_told(requests: OAuthRequests, site: Site):
    spec, url = at(f"{site.origin}/mcp"), f"{site.origin}/token"
    for method in ("client_secret_basic", "client_secret_post", "none"):
        requests.refresh(spec, url, OAuthClient("c d", "s:1", method), "again", "r")
    basic, post, none = ((form, headers) for _, _, form, headers in site.heard)
    assert basic[1]["AUTHORIZATION"] == "Basic YyUyMGQ6cyUzQTE="
    assert post[0]["client_secret"] == ["s:1"]
    assert "client_secret" not in {**basic[0], **none[0]}
    assert none[0] == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["again"],
        "client_id": ["c d"],
        "resource": ["r"],
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": "https://elsewhere.example"}, "says that it is somebody else's."),
        ({"code_challenge_methods_supported": ["plain"]}, "is not safe enough: it has no PKCE."),
        ({"code_challenge_methods_supported": None}, "is not safe enough: it has no PKCE."),
        ({"token_endpoint": "https://x.example/" + "t" * 2000}, "has metadata that are too long."),
        ({"authorization_endpoint": "javascript:alert(1)"}, "does not say how it is done"),
        ({"token_endpoint": "https://user:pw@x.example/t"}, "must not carry a name or a password"),
    ],
)
def test_metadata_that_are_not_right_are_refused(
    requests: OAuthRequests, site: Site, change: Json, says: str
):
    site.says["/.well-known/oauth-authorization-server"] = site.metadata(**change)
    error = refusal(lambda: requests.discover(at(f"{site.origin}/mcp")))
    assert error.message.startswith("The sign-in of Server")
    assert says in error.message


def test_a_token_for_another_server_is_not_asked_for(requests: OAuthRequests, site: Site):
    site.resource["resource"] = "https://bank.example/mcp"
    error = refusal(lambda: requests.discover(at(f"{site.origin}/mcp")))
    assert error.message.endswith("is for another server.")


def test_a_server_of_before_june_2025_signs_in_at_its_own_address(
    requests: OAuthRequests, site: Site
):
    del site.says["/.well-known/oauth-protected-resource/mcp"]
    found = requests.discover(at(f"{site.origin}/mcp"))
    assert (found.issuer, found.resource) == (site.origin, f"{site.origin}/mcp")


def test_openid_metadata_will_do_and_offline_access_is_asked_for(
    requests: OAuthRequests, site: Site
):
    oidc = site.metadata(
        issuer=f"{site.origin}/realm", scopes_supported=["tools", "offline_access"]
    )
    site.resource["authorization_servers"] = [f"{site.origin}/realm"]
    site.says["/realm/.well-known/openid-configuration"] = oidc
    found = requests.discover(at(f"{site.origin}/mcp"))
    assert (found.issuer, found.scope) == (f"{site.origin}/realm", "tools offline_access")


def test_one_without_sign_in_is_said_to_have_none(requests: OAuthRequests, site: Site):
    site.says = {"/mcp": 401}
    error = refusal(lambda: requests.discover(at(f"{site.origin}/mcp")))
    assert error.message.endswith("does not offer to sign in (OAuth).")


def test_metadata_that_cannot_be_had_now_say_nothing(requests: OAuthRequests, site: Site):
    site.says["/.well-known/oauth-protected-resource/mcp"] = 503
    error = refusal(lambda: requests.discover(at(f"{site.origin}/mcp")))
    assert error.message.endswith("answered with HTTP status 503.")


def test_nobody_is_followed_to_another_place(requests: OAuthRequests, site: Site):
    to = [("Location", f"{site.origin}/elsewhere")]
    site.says["/.well-known/oauth-authorization-server"] = (302, to)
    site.says["/elsewhere"] = site.metadata()
    refusal(lambda: requests.discover(at(f"{site.origin}/mcp")))
    assert "/elsewhere" not in site.paths()


def test_a_body_without_an_end_is_not_read_to_it(requests: OAuthRequests, site: Site):
    events = [("Content-Type", "text/event-stream")]
    site.says["/token"] = (200, events, *[b" " * 65536] * 64)
    spec, url = at(f"{site.origin}/mcp"), f"{site.origin}/token"
    error = refusal(lambda: requests.refresh(spec, url, OAuthClient("c"), "again", "r"))
    assert "too large" in error.message


@pytest.mark.parametrize(
    "says",
    [
        {"access_token": "not\r\na: header", "token_type": "bearer"},
        {"access_token": "", "token_type": "bearer"},
        {"access_token": "s3cret", "token_type": "mac"},
        {"token_type": "bearer", "refresh_token": "s3cret"},
        [],
        (200, [], b"s3cret"),
        (400, [], b'{"error": "s3cret and <more>", "error_description": "s3cret"}'),
        (500, [], b"s3cret"),
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated(
    requests: OAuthRequests, site: Site, says: Any
):
    site.says["/token"] = says
    spec, url = at(f"{site.origin}/mcp"), f"{site.origin}/token"
    error = refusal(lambda: requests.refresh(spec, url, OAuthClient("c"), "again", "r"))
    assert "s3cret" not in error.message
    assert error.fields == {}


def test_one_that_takes_no_new_clients_says_who_can_help(requests: OAuthRequests, site: Site):
    site.says["/.well-known/oauth-authorization-server"] = site.metadata(registration_endpoint=None)
    spec = at(f"{site.origin}/mcp")
    found = requests.discover(spec)
    error = refusal(lambda: requests.register(spec, found, BACK))
    assert "oauth_client_id" in error.message


def test_a_registration_that_cannot_be_used_is_refused(requests: OAuthRequests, site: Site):
    spec = at(f"{site.origin}/mcp")
    found = requests.discover(spec)
    site.says["/register"]["token_endpoint_auth_method"] = "private_key_jwt"
    error = refusal(lambda: requests.register(spec, found, BACK))
    assert "did not register Holdfast" in error.message


# --- addresses that members typed --------------------------------------------------------------


@pytest.fixture(scope="module")
def loopback() -> Iterator[OAuthRequests]:
    """Of an installation where members' servers may be on this machine, and nowhere else."""
    with tool_client(networks=Networks((ip_network("127.0.0.1/32"),))) as client:
        yield OAuthRequests(client.ask)


@pytest.mark.parametrize(
    "field", ["authorization_endpoint", "token_endpoint", "registration_endpoint"]
)
def test_metadata_that_lead_into_a_private_network_are_refused(
    loopback: OAuthRequests, site: Site, field: str
):
    private = {field: "http://127.0.0.2:1/x"}
    site.says["/.well-known/oauth-authorization-server"] = site.metadata(**private)
    error = refusal(lambda: loopback.discover(at(f"{site.origin}/mcp", is_guarded=True)))
    assert "private network" in error.message
    assert loopback.discover(at(f"{site.origin}/mcp")).issuer == site.origin  # an operator's may


@pytest.mark.parametrize("by", ["header", "list"])
def test_so_are_addresses_of_metadata(loopback: OAuthRequests, site: Site, by: str):
    if by == "header":
        challenge = 'Bearer resource_metadata="http://127.0.0.2:1/x"'
        site.says["/mcp"] = (401, [("WWW-Authenticate", challenge)])
    else:
        site.resource["authorization_servers"] = ["http://169.254.169.254/latest"]
    error = refusal(lambda: loopback.discover(at(f"{site.origin}/mcp", is_guarded=True)))
    assert "private network" in error.message


def test_a_token_endpoint_is_looked_at_again_when_it_is_used(loopback: OAuthRequests, site: Site):
    spec = at(f"{site.origin}/mcp", is_guarded=True)
    url = "http://127.0.0.2:1/token"
    error = refusal(lambda: loopback.refresh(spec, url, OAuthClient("c"), "again", "r"))
    assert "private network" in error.message


def test_from_tls_nothing_goes_over_less(requests: OAuthRequests, site: Site):
    spec, url = at("https://tools.example/mcp"), f"{site.origin}/token"
    error = refusal(lambda: requests.refresh(spec, url, OAuthClient("c"), "again", "r"))
    assert "not https" in error.message
    assert site.heard == []
