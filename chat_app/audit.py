"""Who did what: services write it down in the transaction that does it.

What is written names things, and never holds a secret: no password, token or key, and not what an
unknown visitor typed as an address, for some type their password there.
"""

from chat_app.access import Person
from chat_app.store.audit import ABOUT_MAX_CHARS, AuditEventRow
from chat_app.store.db import Session
from chat_app.store.users import UserRow
from chat_app.store.workspaces import workspaces_of

KINDS = (
    "signed_in",
    "sign_in_failed",
    "signed_out_everywhere",
    "session_ended",
    "password_changed",
    "account_made",
    "identity_linked",
    "token_made",
    "token_revoked",
    "workspace_changed",
    "member_joined",
    "member_role_changed",
    "member_removed",
    "invitation_made",
    "invitation_revoked",
    "provider_made",
    "provider_changed",
    "provider_deleted",
    "agent_made",
    "agent_changed",
    "agent_deleted",
    "tool_server_made",
    "tool_server_changed",
    "tool_server_deleted",
    "project_made",
    "project_changed",
    "project_deleted",
    "project_provisioned",
    "project_stopped",
    "tool_call_allowed",
    "tool_call_refused",
)


def note(
    session: Session,
    who: Person | UserRow | None,
    kind: str,
    about: str = "",
    workspace_id: int | None = None,
) -> None:
    """Write down that `who` (None: an unknown visitor) did something of this kind."""
    row = AuditEventRow(kind=kind, about=about[:ABOUT_MAX_CHARS], workspace_id=workspace_id)
    row.user_id, row.user_name = (who.id, who.name) if who else (None, "")
    session.add(row)


def note_own(session: Session, who: UserRow, kind: str, about: str = "") -> None:
    """As `note`, about somebody's account: for those who run the workspace that is their first."""
    home = next(iter(workspaces_of(session, who.id)), None)
    note(session, who, kind, about, home)
