"""Which request a message answers that is too long to be read."""

import pytest

from chat_app.tools.lines import LongLine
from chat_app.tools.sidecar.oversized import answered_id


@pytest.mark.parametrize(
    ("head", "tail", "id"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":{"con', b'tent":"x"}}', 7),
        (b' { "jsonrpc" : "2.0" , "id" : 12 , "result"', b"}}", 12),
        (b'{"result":{"content":[', b'"x"}]},"jsonrpc":"2.0","id":9}', 9),
        (b'{"result":{"content":[', b'"x"}]},"id":9,"jsonrpc":"2.0"}\r', 9),
        (b'{"jsonrpc":"2.0","method":"notifications/x"', b'"id":3}}', None),
        (b'{"jsonrpc":"2.0","id":"a","result":', b"}", None),
        (b'{"result":{"content":[', b'{"id":9}]}}', None),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":', b"}", None),
        (b"yes yes yes", b"yes", None),
    ],
)
def test_the_id_stands_at_one_of_the_ends(head: bytes, tail: bytes, id: int | None):
    assert answered_id(LongLine(head, tail)) == id
