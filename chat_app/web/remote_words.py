"""What is said on pages of projects, their AI servers and their runs."""

from flask_babel import lazy_gettext as _

PROJECT_STATUSES = {
    "CREATED": _("Not set up yet"),
    "PROVISIONING": _("Being set up"),
    "READY": _("Ready"),
    "RUNNING": _("At work"),
    "STOPPED": _("Stopped"),
    "FAILED": _("Failed"),
}
RUN_STATUSES = {
    "RUNNING": _("Running"),
    "DONE": _("Done"),
    "FAILED": _("Failed"),
    "STOPPED": _("Stopped"),
}
BACKENDS = {
    "url": _("It runs at an address"),
    "process": _("Holdfast starts it, and watches it"),
}
# What stands in a log for lines that are not in it, by the reason; "" for all other reasons.
GAPS = {
    "log_too_long": _("The log is long: only its newest lines are kept. Earlier ones are gone."),
    "log_expired": _("The log was kept for as long as logs are, and is gone."),
    "flood": _("Lines are missing here: they came too fast."),
    "cut": _("The end of the log is missing: it could not be had."),
    "": _("Lines may be missing here: the connection to the AI server was cut."),
}
LEVEL_CHOICES = {
    "": _("All lines"),
    "info": _("Info and worse"),
    "warning": _("Warnings and errors"),
    "error": _("Errors only"),
}
# What the context of a project may name besides what an agent's instructions may.
CONTEXT_VARIABLES = {"project": _("the project's name")}
