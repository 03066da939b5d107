"""Signing in and up for API clients, and their tokens."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.auth import (
    LoginIn,
    MemberOut,
    PersonOut,
    RegisterIn,
    TokenIn,
    TokenOut,
)
from chat_app.api.schemas.base import show
from chat_app.services import tokens, users

bp = Blueprint("auth", __name__, url_prefix="/api")


@bp.post("/v1/auth/register")
def register() -> ResponseReturnValue:
    body = reading.body(RegisterIn)
    user = users.register(current.runtime(), body.email, body.password, body.name)
    return show(PersonOut, user), 201


@bp.post("/v1/auth/login")
def login() -> ResponseReturnValue:
    body = reading.body(LoginIn)
    issued = tokens.sign_in(current.runtime(), body.email, body.password, "login")
    return {
        "access_token": issued.secret,
        "token_type": "bearer",
        "expires_in": tokens.LOGIN_TOKEN_DAYS * 86_400,
    }


@bp.get("/v1/auth/me")
def me() -> ResponseReturnValue:
    return show(PersonOut, current.person())


@bp.post("/v1/auth/logout")
def logout() -> ResponseReturnValue:
    current.person()
    tokens.sign_out(current.runtime(), current.secret())
    return "", 204


@bp.get("/members")
def members() -> ResponseReturnValue:
    found = users.members(current.runtime(), current.person())
    items = [show(MemberOut, user) | {"role": role} for user, role in found]
    return {"items": items, "next": None}


@bp.get("/tokens")
def list_tokens() -> ResponseReturnValue:
    found = tokens.list_tokens(current.runtime(), current.person().id)
    return {"items": [show(TokenOut, token) for token in found], "next": None}


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    person, body = current.person(), reading.body(TokenIn)
    issued = tokens.create(current.runtime(), person, body.name, tuple(body.scopes), body.days)
    return show(TokenOut, issued.row) | {"token": issued.secret}, 201


@bp.delete("/tokens/<token_id>")
def revoke_token(token_id: str) -> ResponseReturnValue:
    tokens.revoke_own(current.runtime(), current.person(), token_id)
    return "", 204
