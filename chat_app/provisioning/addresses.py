"""Where a project's AI server is, for whoever asks it something."""

from chat_app.errors import AIServerUnavailable
from chat_app.remote.values import Address
from chat_app.store.projects import PROCESS, ProjectRow
from chat_app.store.secrets import Cipher, Unreadable


def address(project: ProjectRow, cipher: Cipher) -> Address:
    """Raises AIServerUnavailable where there is none, or where its token cannot be read.

    What an operator typed may be anywhere, and so may what we started ourselves.
    """
    if project.ai_server_url is None:
        raise AIServerUnavailable("The project has no AI server.")
    is_free = project.by_operator or project.backend == PROCESS
    return Address(project.ai_server_url, _token(project, cipher), is_free)


def _token(project: ProjectRow, cipher: Cipher) -> str | None:
    if project.ai_server_token_encrypted is None:
        return None
    try:
        return cipher.decrypt(project.ai_server_token_encrypted)
    except Unreadable as error:
        raise AIServerUnavailable(
            "The AI server's token cannot be read with this SECRET_KEY. Set the token again."
        ) from error
