from gevent import monkey; monkey.patch_all()  # noqa: E702  first of all: what is imported before stays blocking
"""How gunicorn serves Holdfast: gevent workers, streams that stay open, Heroku's time limits."""

import gc

from gunicorn.http import message

from chat_app import serve
from chat_app.settings import Settings

settings = Settings.from_env()

bind = f"127.0.0.1:{settings.port}"
worker_class = "gevent"
workers = settings.web_concurrency
worker_connections = 5_000  # an open stream holds one; past this new ones wait unanswered
backlog = 2_048
keepalive = 75  # seconds; load balancers reuse connections for about a minute
graceful_timeout = 25  # Heroku kills 30 s after SIGTERM
timeout = 60  # a worker whose hub is stuck this long is replaced; streams do not count
# An EventSource can only GET: its question, and the cursor of a client without headers, are in the
# address. gunicorn takes 8 KB there, or any length at all; this is a bound that fits.
message.MAX_REQUEST_LINE = limit_request_line = limit_request_field_size = 131_072
control_socket_disable = True  # its default path is shared by every instance of this user
loglevel = "warning"  # requests are logged by the application


def when_ready(server) -> None:
    """Say where to go, once the socket listens."""
    print(f"\n  Holdfast is at {settings.url}\n  Stop it with Ctrl+C.\n", flush=True)


def post_worker_init(worker) -> None:
    """Keep leases, take over what dead processes left, and drain when told to stop."""
    # What was imported stays: looking through it again and again made streams wait 0.3 s.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    worker.drained = serve(worker.wsgi, lambda: worker.alive)


def worker_int(worker) -> None:
    """Ctrl+C waits for nothing: the next start takes over what is left."""
    worker.drained = lambda: None


def worker_exit(server, worker) -> None:
    """Let answers finish: without open connections gunicorn would leave them behind."""
    if worker.booted and not worker.alive:
        worker.drained()
