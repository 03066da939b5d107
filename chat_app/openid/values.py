"""What goes in and out of a sign-in with an issuer. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Client:
    """What Holdfast is to the issuer, as the operator registered it there."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str
    name: str  # of the issuer, for people


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the issuer may take: to be connected to, between two bytes, and for a whole answer.
    And how long what it publishes is kept.
    """

    connect_s: float = 5.0
    read_s: float = 5.0
    answer_s: float = 10.0
    kept_s: float = 3_600.0


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that has begun: the browser keeps it until it comes back, and nobody else has it.

    `nonce` ties the ID token to it, `verifier` the code (PKCE). `begun_at` is Unix time. With
    `user_id` it is no sign-in: that account, whose person began it here, is to be connected.
    """

    state: str
    nonce: str
    verifier: str
    begun_at: int
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class CameBack:
    """What the issuer sent the browser back with (RFC 6749 §4.1.2, RFC 9207)."""

    code: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is, on the issuer's word. `subject` is theirs alone there, for ever."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool
    name: str | None
