"""Loaded before everything else (`-p tests.patched`): the tests run patched, as the server does.

Passwords are hashed as cheaply as argon2 can. What is meant for people costs a seventh of a second
each time, and every installation of the tests has four of them.
"""

from argon2 import profiles
from gevent import monkey

monkey.patch_all()
profiles.RFC_9106_LOW_MEMORY = profiles.CHEAPEST
