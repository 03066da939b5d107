"""Loaded before everything else (`-p tests.patched`): the tests run patched, as the server does."""

from gevent import monkey

monkey.patch_all()
