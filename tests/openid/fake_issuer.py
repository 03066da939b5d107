"""An OpenID issuer for tests: a real HTTP server on 127.0.0.1 with real keys.

    with FakeIssuer() as issuer:
        issuer.person = {"sub": "s1", "email": "cleo@example.com", "email_verified": True}
        back = issuer.visit(url)   # where it sends a browser that comes to its sign-in

It signs in by itself whoever comes, and checks what comes at its doors as a strict issuer does.
What it says wrongly is set by a test: `claims`, `metadata`, `answers`.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, SECRET = "holdfast", "a-secret-of-the-client-and-the-issuer"
WELL_KNOWN = "/.well-known/openid-configuration"
TICK_S = 0.01
Answer = tuple[int, dict[str, Any]]


class FakeIssuer:
    """`person`: the claims of who signs in next. `claims` changes those of the next ID tokens,
    `forge` makes another token of them, and `metadata` changes what is published. `answers[path]`
    is said in the place of what is right; when `stalled` nothing is, until the end. `seen` counts
    the requests by path; `on_ask` is called at each,
    and what `on_exchange` makes of the tokens is given out.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.forge: Callable[[dict[str, Any]], str] | None = None
        self.on_ask: Callable[[], None] = lambda: None
        self.on_exchange: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
        self.denies = False
        self.seen: Counter[str] = Counter()
        self.stalled = False
        self.closing = threading.Event()
        self._codes: dict[str, dict[str, str]] = {}
        self._people: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(TICK_S,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.rotate()

    def rotate(self) -> None:
        """From now on it signs with a new key, and publishes nothing of the old one."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def reset(self) -> None:
        """As it was in the beginning."""
        self.person, self.claims, self.metadata, self.answers = {}, {}, {}, {}
        self.denies = self.stalled = False
        self.forge, self.on_ask, self.on_exchange = None, lambda: None, lambda answer: answer
        self.seen.clear()

    def visit(self, url: str) -> str:
        """What a browser gets that is sent to this address: the next one."""
        answer = httpx2.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- its doors --------------------------------------------------------------------------------

    def published(self) -> Answer:
        return 200, {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    def jwks(self) -> Answer:
        strange = {"kty": "PQC", "kid": "of the future"}
        return 200, {"keys": [strange, self.key.as_dict(private=False)]}

    def authorize(self, query: dict[str, str]) -> str:
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert set(query["scope"].split()) == {"openid", "email", "profile"}
        assert query["code_challenge_method"] == "S256"
        answer = {"state": query["state"]}
        if self.denies:
            answer |= {"error": "access_denied", "error_description": "<b>Buy now!</b>"}
        else:
            code = secrets.token_urlsafe(8)
            self._codes[code], self._people[code] = query, self.person
            answer |= {"code": code}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> Answer:
        sent = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        by_post = form.get("client_id") == CLIENT_ID and form.get("client_secret") == SECRET
        if authorization != f"Basic {sent}" and not by_post:
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        who = self._people[form["code"]]
        token = {"access_token": form["code"], "token_type": "Bearer"}
        id_token = {"id_token": self.id_token(who, asked["nonce"])}
        return 200, self.on_exchange(token | id_token)

    def userinfo(self, authorization: str) -> Answer:
        who = self._people[authorization.removeprefix("Bearer ")]
        return 200, who.get("userinfo", {"sub": who["sub"]})

    def id_token(self, who: dict[str, Any], nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= {name: value for name, value in who.items() if name != "userinfo"}
        claims |= self.claims
        header = {"alg": "RS256", "kid": self.key.kid}
        left = {name: value for name, value in claims.items() if value is not None}
        return self.forge(left) if self.forge else jwt.encode(header, left, self.key)


def _handler(issuer: FakeIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self._redirect(issuer.authorize(_flat(parts.query)))
                return
            said: dict[str, Callable[[], Answer]] = {
                WELL_KNOWN: issuer.published,
                "/jwks": issuer.jwks,
                "/userinfo": lambda: issuer.userinfo(self.headers["Authorization"]),
            }
            self._say(parts.path, said[parts.path])

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._say("/token", lambda: issuer.token(form, self.headers.get("Authorization", "")))

        def _say(self, path: str, right: Callable[[], Answer]) -> None:
            issuer.seen[path] += 1
            issuer.on_ask()
            if issuer.stalled:
                issuer.closing.wait()
                return
            status, body = issuer.answers.get(path) or right()
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _redirect(self, to: str) -> None:
            self.send_response(302)
            self.send_header("Location", to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
