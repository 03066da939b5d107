"""Sign-ins with the issuer that this browser has begun: kept in its signed cookie, used once."""

from dataclasses import asdict

from flask import session

from chat_app.services.identities import Attempt

KEY = "openid"
# Several tabs may be at it; a cookie is small.
ATTEMPTS_MAX = 3
TARGET_MAX_CHARS = 300


def keep(attempt: Attempt, target: str | None) -> None:
    """Keep the attempt, and the address of ours that it is to lead to."""
    short = target if target and len(target) <= TARGET_MAX_CHARS else None
    begun = {**asdict(attempt), "target": short}
    session[KEY] = [*session.get(KEY, []), begun][-ATTEMPTS_MAX:]


def take(state: str) -> tuple[Attempt | None, str | None]:
    """The attempt with this state and where it leads to; nobody gets it a second time."""
    begun = session.get(KEY, [])
    session[KEY] = [one for one in begun if one["state"] != state]
    for one in begun:
        if one["state"] == state:
            target = one.pop("target")
            return Attempt(**one), target
    return None, None
