"""Whether this process lives, and whether it can serve."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.services import installation

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    return {"status": "ok"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    checks = installation.readiness(current.runtime())
    is_ready = all(check.is_ok for check in checks)
    shown = {check.name: {"ok": check.is_ok, "detail": check.detail} for check in checks}
    return {"status": "ok" if is_ready else "unavailable", **shown}, 200 if is_ready else 503
