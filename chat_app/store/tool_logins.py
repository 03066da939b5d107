"""Who is signed in to which tool server (OAuth), as which client of ours, and who is about to be.

A client of ours belongs to one issuer, and logins and attempts to a client: what one issuer gave
ends with the client, and never gets to another.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.agents import AgentRow
from chat_app.store.base import Base, Numbered, now
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.tool_servers import OAUTH, SYSTEM, AgentToolServerRow, ToolServerRow

URL_MAX_CHARS = 2_000


class ToolClientRow(Numbered, Base):
    """What Holdfast is to the issuer that signs people in for a server.

    One that is `given` was typed in; it has no issuer, nor a method, until it is first used. The
    others were registered for their `redirect_uri`.
    """

    __tablename__ = "tool_clients"

    server_id: Mapped[int] = mapped_column(
        ForeignKey("tool_servers.id", ondelete="CASCADE"), index=True
    )
    issuer: Mapped[str | None] = mapped_column(String(URL_MAX_CHARS))
    client_id: Mapped[str] = mapped_column(Text)
    secret_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    secret_expires_at: Mapped[datetime | None]
    auth_method: Mapped[str] = mapped_column(String(30), default="none")
    redirect_uri: Mapped[str | None] = mapped_column(String(URL_MAX_CHARS))
    given: Mapped[bool] = mapped_column(default=False)


class ToolLoginRow(Numbered, Base):
    """A person who is signed in. The tokens are good for `resource`, at most until `expires_at`.

    Each time that the tokens are made new `generation` grows. Whoever does that has until
    `refreshing_until`; a refresh token may be good for one use only.
    """

    __tablename__ = "tool_logins"
    __table_args__ = (UniqueConstraint("server_id", "user_id"), {"sqlite_autoincrement": True})

    server_id: Mapped[int] = mapped_column(ForeignKey("tool_servers.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(
        ForeignKey("tool_clients.id", ondelete="CASCADE"), index=True
    )
    resource: Mapped[str] = mapped_column(String(URL_MAX_CHARS))
    scope: Mapped[str | None] = mapped_column(Text)
    token_endpoint: Mapped[str] = mapped_column(String(URL_MAX_CHARS))
    access_token_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    refresh_token_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(default=1)
    refreshing_until: Mapped[datetime | None]


class LoginAttemptRow(Base):
    """Somebody who was sent to sign in. Whoever comes back with the `state` ends it."""

    __tablename__ = "tool_login_attempts"
    __table_args__ = ()

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    server_id: Mapped[int] = mapped_column(
        ForeignKey("tool_servers.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(
        ForeignKey("tool_clients.id", ondelete="CASCADE"), index=True
    )
    wants_iss: Mapped[bool]
    resource: Mapped[str] = mapped_column(String(URL_MAX_CHARS))
    scope: Mapped[str | None] = mapped_column(Text)
    token_endpoint: Mapped[str] = mapped_column(String(URL_MAX_CHARS))
    redirect_uri: Mapped[str] = mapped_column(String(URL_MAX_CHARS))
    verifier_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


# --- clients -----------------------------------------------------------------------------------


def given_client(session: Session, server_id: int) -> ToolClientRow | None:
    found = select(ToolClientRow).where(ToolClientRow.server_id == server_id, ToolClientRow.given)
    return session.scalar(found)


def registered_client(
    session: Session, server_id: int, issuer: str, redirect_uri: str, good_until: datetime
) -> ToolClientRow | None:
    """The newest one for this address whose secret is good until then."""
    secret_ends = ToolClientRow.secret_expires_at
    found = (
        select(ToolClientRow)
        .where(ToolClientRow.server_id == server_id, ~ToolClientRow.given)
        .where(ToolClientRow.issuer == issuer, ToolClientRow.redirect_uri == redirect_uri)
        .where(or_(secret_ends.is_(None), secret_ends > good_until))
    )
    return session.scalar(found.order_by(ToolClientRow.id.desc()).limit(1))


def drop_clients(session: Session, server_id: int) -> None:
    """Delete all clients for a server, and with them all logins."""
    session.execute(delete(ToolClientRow).where(ToolClientRow.server_id == server_id))


def drop_clients_of_others(session: Session, server_id: int, issuer: str) -> None:
    """Delete what was registered with any other issuer than this, and the logins with it."""
    others = delete(ToolClientRow).where(ToolClientRow.server_id == server_id)
    session.execute(others.where(~ToolClientRow.given, ToolClientRow.issuer != issuer))


def drop_client(session: Session, client_id: int) -> None:
    session.execute(delete(ToolClientRow).where(ToolClientRow.id == client_id))


# --- attempts ----------------------------------------------------------------------------------


def drop_expired_attempts(session: Session) -> None:
    session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.expires_at < now()))


def take_attempt(session: Session, state_hash: str, user_id: int) -> LoginAttemptRow | None:
    """This person's attempt, which from now on nobody can take again; None for none."""
    mine = (LoginAttemptRow.state_hash == state_hash) & (LoginAttemptRow.user_id == user_id)
    taken = delete(LoginAttemptRow).where(mine, LoginAttemptRow.expires_at > now())
    return session.scalar(taken.returning(LoginAttemptRow))


# --- logins ------------------------------------------------------------------------------------


def login_of(
    session: Session, server_id: int, user_id: int
) -> tuple[ToolLoginRow, ToolClientRow] | None:
    found = select(ToolLoginRow, ToolClientRow).join(
        ToolClientRow, ToolClientRow.id == ToolLoginRow.client_id
    )
    mine = (ToolLoginRow.server_id == server_id) & (ToolLoginRow.user_id == user_id)
    row = session.execute(found.where(mine)).first()
    return (row[0], row[1]) if row else None


def who_is_signed_in(session: Session, server_id: int, first: int | None) -> int | None:
    """This person if they are signed in to the server, else whoever last did; None for nobody."""
    found = select(ToolLoginRow.user_id).where(ToolLoginRow.server_id == server_id)
    is_first = (ToolLoginRow.user_id == (first or 0)).desc()
    return session.scalar(found.order_by(is_first, ToolLoginRow.id.desc()).limit(1))


def servers_signed_in_to(session: Session, user_id: int) -> set[int]:
    return set(
        session.scalars(select(ToolLoginRow.server_id).where(ToolLoginRow.user_id == user_id))
    )


def keep_login(session: Session, login: ToolLoginRow) -> None:
    """Store a login in the place of the one that the person had there."""
    drop_login(session, login.server_id, login.user_id)
    session.add(login)


def drop_login(session: Session, server_id: int, user_id: int) -> None:
    mine = (ToolLoginRow.server_id == server_id) & (ToolLoginRow.user_id == user_id)
    session.execute(delete(ToolLoginRow).where(mine))


def drop_logins(session: Session, server_id: int) -> None:
    session.execute(delete(ToolLoginRow).where(ToolLoginRow.server_id == server_id))


def drop_generation(session: Session, login_id: int, generation: int) -> None:
    """Delete a login whose tokens are good for nothing, unless there are new ones meanwhile."""
    session.execute(delete(ToolLoginRow).where(_is(login_id, generation)))


def take_lease(session: Session, login_id: int, generation: int, lease: timedelta) -> bool:
    """Whether it is up to the caller to make the tokens new."""
    moment = now()
    is_free = or_(ToolLoginRow.refreshing_until.is_(None), ToolLoginRow.refreshing_until < moment)
    taken = update(ToolLoginRow).where(_is(login_id, generation), is_free)
    leased = taken.values(refreshing_until=moment + lease)
    return session.scalar(leased.returning(ToolLoginRow.id)) is not None


def release_lease(session: Session, login_id: int, generation: int) -> None:
    released = update(ToolLoginRow).where(_is(login_id, generation))
    session.execute(released.values(refreshing_until=None))


def renew(
    session: Session,
    login_id: int,
    generation: int,
    access_token: bytes,
    refresh_token: bytes | None,
    issued_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Store the tokens of the next generation; those of one that is over are left out."""
    renewed = update(ToolLoginRow).where(_is(login_id, generation))
    session.execute(
        renewed.values(
            access_token_encrypted=access_token,
            refresh_token_encrypted=refresh_token,
            issued_at=issued_at,
            expires_at=expires_at,
            generation=generation + 1,
            refreshing_until=None,
        )
    )


def _is(login_id: int, generation: int) -> ColumnElement[bool]:
    return (ToolLoginRow.id == login_id) & (ToolLoginRow.generation == generation)


# --- servers -----------------------------------------------------------------------------------


def oauth_servers_used_by(
    session: Session, user_id: int, workspace_ids: list[int]
) -> list[ToolServerRow]:
    """The servers to which a person has to sign in, for agents and channels of theirs use them."""
    offered = (
        select(AgentToolServerRow.server_id)
        .join(AgentRow, AgentRow.id == AgentToolServerRow.agent_id)
        .where(AgentRow.workspace_id.in_(workspace_ids))
    )
    projects = (
        select(ChannelRow.project_id)
        .join(ChannelMemberRow, ChannelMemberRow.channel_id == ChannelRow.id)
        .where(ChannelMemberRow.user_id == user_id, ChannelRow.workspace_id.in_(workspace_ids))
        .where(ChannelRow.project_id.is_not(None))
    )
    is_used = (ToolServerRow.scope == SYSTEM) & ToolServerRow.id.in_(offered)
    is_used |= ToolServerRow.project_id.in_(projects)
    found = select(ToolServerRow).where(ToolServerRow.auth == OAUTH, ToolServerRow.enabled)
    return list(session.scalars(found.where(is_used).order_by(ToolServerRow.id)))
