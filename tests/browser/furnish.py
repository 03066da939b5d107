"""Furnishes the installation with tools and a second person: `… tests.browser.furnish GATE`."""

import sys
from pathlib import Path

from chat_app.runtime import Runtime
from chat_app.services import users
from chat_app.settings import Settings
from tests.web.harbour import offer

if __name__ == "__main__":
    runtime = Runtime.build(Settings.from_env())
    offer(runtime, Path(sys.argv[1]), {"send_mail": "ask"})
    users.create(runtime, "bo@example.com", "correct-horse", "Bo", "member")
    runtime.close()
