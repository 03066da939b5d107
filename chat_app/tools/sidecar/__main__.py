"""Starts the sidecar: `python -P …/sidecar/__main__.py FD`, FD being its end of the socket."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def bare(name: str, folders: Iterable[str]) -> None:
    """Make a package whose modules can be imported although its `__init__` was not run."""
    package = ModuleType(name)
    package.__path__ = list(folders)
    sys.modules[name] = package


# chat_app's __init__ would bring Flask and gevent, which patches what asyncio stands on. Those of
# mcp bring its server side (starlette, uvicorn): 62 MB where the client alone takes 46.
bare("chat_app", [str(Path(__file__).resolve().parents[2])])
spec = find_spec("mcp")
mcp_folders = list(spec.submodule_search_locations or ()) if spec is not None else []
bare("mcp", mcp_folders)
bare("mcp.client", [f"{folder}/client" for folder in mcp_folders])

from chat_app.tools.sidecar.door import main  # noqa: E402

if __name__ == "__main__":
    main(int(sys.argv[1]))
