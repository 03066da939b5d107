"""The audit log: who did what, and when."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from chat_app import current
from chat_app.access import number
from chat_app.services import audit
from chat_app.web import shell
from chat_app.web.blueprint import bp

KINDS = {
    "signed_in": _("Signed in"),
    "sign_in_failed": _("Failed to sign in"),
    "signed_out_everywhere": _("Signed out everywhere"),
    "session_ended": _("Ended a sign-in"),
    "password_changed": _("Changed a password"),
    "account_made": _("Made an account"),
    "identity_linked": _("Connected a sign-in"),
    "token_made": _("Made a token"),
    "token_revoked": _("Revoked a token"),
    "workspace_changed": _("Changed the workspace"),
    "member_joined": _("Joined the workspace"),
    "member_role_changed": _("Changed a role"),
    "member_removed": _("Took somebody out"),
    "invitation_made": _("Made an invitation"),
    "invitation_revoked": _("Took an invitation back"),
    "provider_made": _("Added a provider"),
    "provider_changed": _("Changed a provider"),
    "provider_deleted": _("Deleted a provider"),
    "agent_made": _("Made an agent"),
    "agent_changed": _("Changed an agent"),
    "agent_deleted": _("Deleted an agent"),
    "tool_server_made": _("Added a tool server"),
    "tool_server_changed": _("Changed a tool server"),
    "tool_server_deleted": _("Deleted a tool server"),
    "project_made": _("Made a project"),
    "project_changed": _("Changed a project"),
    "project_deleted": _("Deleted a project"),
    "project_provisioned": _("Provisioned a project"),
    "project_stopped": _("Stopped a project"),
    "tool_call_allowed": _("Allowed a tool call"),
    "tool_call_refused": _("Refused a tool call"),
}


@bp.get("/settings/audit")
def show_audit() -> ResponseReturnValue:
    rt, who, sent = current.runtime(), current.person(), request.args.get
    user_id, kind = number(sent("person", "")), sent("kind") or None
    events, following = audit.list_events(rt, who, user_id, kind, number(sent("before", "")))
    return shell.page(
        "audit.html",
        events=events,
        following=following,
        kinds=KINDS,
        people=audit.people(rt, who),
        chosen_person=user_id,
        chosen_kind=kind,
    )
