"""Where to go after signing in. Pure."""

import re

# Browsers read `//host`, `/\host`, and either with tabs or line breaks in it, as another site.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def own_path(target: str | None) -> str | None:
    """`target` if it is an address of ours, without a host; else None."""
    return target if target and _OWN_PATH.fullmatch(target) else None
