"""Servers on the SDK, of both editions: what happens while a tool runs, live and in both ways."""

import time
from pathlib import Path

import pytest

from tests.real.desk import Known
from tests.sockets import eventually


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary"


def is_modern(known: Known) -> bool:
    return known.server["name"].startswith("modern")


def test_progress_is_told_while_the_tool_still_runs(with_sdk: Known, diary: Path):
    with with_sdk.using("climb", diary=str(diary)) as use:
        assert use.until("tool_call")["args"] == {"diary": str(diary)}
        progress = use.until("tool_progress")
        assert (progress["progress"], progress["total"]) == (1, 2)
        assert progress["message"] == "half way"
        diary.write_text("go on")
        assert use.until("tool_result")["result"] == "on top"
        use.until("done")


def test_a_cancelled_answer_cancels_the_call_on_the_server(with_sdk: Known, diary: Path):
    with with_sdk.using("climb", diary=str(diary)) as use:
        use.until("tool_progress")
        use.cancel()
        assert use.until("error")["error_code"] == "run_cancelled"
    eventually(lambda: diary.exists() and diary.read_text() == "cancelled")
    assert with_sdk.stored()["result"] is None
    assert with_sdk.use("add", a=1, b=1)["is_error"] is False


def test_structured_content_is_kept(with_sdk: Known):
    assert with_sdk.use("add", a=2, b=3)["structured"] == {"total": 5}


@pytest.mark.parametrize(("args", "says"), [({"a": -1, "b": 1}, "No debts."), ({"a": 1}, "b")])
def test_a_tool_that_fails_says_why_and_the_answer_goes_on(
    with_sdk: Known, args: dict[str, int], says: str
):
    result = with_sdk.use("add", **args)
    assert result["is_error"] is True
    assert says in result["result"]


def test_a_form_is_filled_in_by_a_person(with_sdk: Known):
    with with_sdk.using("book", train="IC 1") as use:
        asked = use.until("tool_approval")
        assert asked["message"] == "A seat in IC 1: at the window?"
        assert list(asked["schema"]["properties"]) == ["window"]
        use.answer(content={"window": True})
        assert use.until("tool_result")["result"] == "IC 1, window"
        use.until("done")


def test_a_form_may_be_declined(with_sdk: Known):
    with with_sdk.using("book", train="IC 1") as use:
        use.until("tool_approval")
        use.answer(approve=False)
        assert use.until("tool_result")["is_error"] is True
        use.until("done")


def test_only_the_era_of_2026_gives_the_run_back_while_a_person_thinks(with_sdk: Known):
    """The others remember the call for no longer than its connection, so that is held."""
    with with_sdk.using("book", train="IC 1") as use:
        use.until("tool_approval")
        status = "queued" if is_modern(with_sdk) else "running"
        eventually(lambda: use.run()["status"] == status)
        use.answer(content={"window": False})
        use.until("done")


def test_a_tool_that_is_new_is_known_without_asking(with_sdk: Known):
    new = f"sing_{time.time_ns()}"
    assert new not in with_sdk.tools()
    assert with_sdk.use("learn", name=new)["is_error"] is False
    eventually(lambda: new in with_sdk.tools())
    assert with_sdk.use(new, a=1, b=1)["structured"] == {"total": 2}
