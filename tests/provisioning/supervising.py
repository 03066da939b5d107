"""A supervisor with little patience, here or in a process of its own: `supervising.py JSON`."""

import json
import sys
from pathlib import Path

import gevent

from chat_app.egress import Networks
from chat_app.provisioning.backends import AsProcess, AtAddress, Backend, Command
from chat_app.provisioning.patience import Patience
from chat_app.provisioning.supervisor import Supervisor
from chat_app.remote.children import Children, host
from chat_app.remote.client import AiServers
from chat_app.settings import child_environment
from chat_app.store.db import Database
from chat_app.store.projects import PROCESS, URL
from chat_app.store.secrets import Cipher

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("a-secret-for-tests-long-enough",)
SERVER = (sys.executable, "-S", "tests/provisioning/ai_server.py", "{port}")
# It looks often and lets a machine that has much else to do take its time.
FAST = Patience(
    lease_s=5.0,
    renew_every_s=0.3,
    look_every_s=0.05,
    other_hosts_s=0.5,
    start_s=60.0,
    health_every_s=0.1,
    silent_s=30.0,
    stable_s=60.0,
    grace_s=1.0,
    restart_s=(0.05, 0.05),
    ask_again_s=(0.05,),
)


def supervisor(
    db: Database,
    folder: Path,
    command: tuple[str, ...],
    most: int = 10,
    patience: Patience = FAST,
) -> tuple[Supervisor, AsProcess]:
    """Not yet started."""
    ai_servers, cipher = AiServers(Networks()), Cipher(KEYS)
    children = Children(folder, ROOT, child_environment())
    told = Command(command, "127.0.0.1", most)
    processes = AsProcess(db, ai_servers, cipher, told, children, host(), patience)
    backends: dict[str, Backend] = {URL: AtAddress(ai_servers, cipher), PROCESS: processes}
    return Supervisor(db, backends, processes, patience), processes


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    supervisor(Database(told["url"]), Path(told["folder"]), tuple(told["command"]))[0].start()
    gevent.sleep(600)
