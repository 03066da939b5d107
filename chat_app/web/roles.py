"""What roles are called, and what each lets people do."""

from flask_babel import lazy_gettext as _

ROLES = {
    "owner": _("Owner"),
    "admin": _("Admin"),
    "member": _("Member"),
    "viewer": _("Viewer"),
}
MEANINGS = {
    "owner": _("Runs the workspace, its owners included."),
    "admin": _("Runs the workspace: its people, agents and channels."),
    "member": _("Talks and makes channels."),
    "viewer": _("Reads only."),
}
