"""static/js/event_stream.js with a scripted network: what it does when connections break."""

import json

import pytest

FOLLOW = """async ([module, script]) => {
  const { EventStream } = await import(module);
  const seen = { events: [], states: [], urls: [], waits: [] };
  const answers = script.map((answer) => ({ ...answer }));
  const world = {
    random: () => 1,
    mayStay: () => true,
    wait: async (ms) => { seen.waits.push(ms); },
    fetch: async (url) => {
      seen.urls.push(url);
      const { status = 200, pieces = [], cut = false, gone = false } = answers.shift();
      if (gone) throw new TypeError("gone");
      const bytes = new TextEncoder();
      const body = new ReadableStream({
        start(stream) {
          for (const piece of pieces) stream.enqueue(bytes.encode(piece));
          if (cut) setTimeout(() => stream.error(new TypeError("cut")), 20);
          else stream.close();
        },
      });
      return new Response(body, { status });
    },
  };
  const listener = {
    onEvent: (event, seq) => seen.events.push([seq, event.type, event.content]),
    onState: (state) => seen.states.push(state),
  };
  await new EventStream("/s", listener, world).follow();
  return seen;
}"""

START = {"type": "start"}
ONE, TWO = ({"type": "chunk", "content": word} for word in ("one ", "two"))
DONE = {"type": "done", "done": True}


def frames(*events, first=1):
    """The bytes of a stream as the server sends them."""
    numbered = enumerate(events, first)
    return "retry: 2000\n\n" + "".join(
        f"id: run:{seq}\ndata: {json.dumps(event)}\n\n" for seq, event in numbered
    )


def refusal(code, retryable):
    payload = {"type": "error", "error_code": code, "retryable": retryable, "done": True}
    return f"retry: 2000\n\ndata: {json.dumps(payload)}\n\n"


@pytest.fixture
def follow(page, module):
    def _follow(*answers):
        return page.evaluate(FOLLOW, [module("event_stream.js"), list(answers)])

    return _follow


def test_it_ends_with_the_runs_last_event(follow):
    seen = follow({"pieces": [frames(START, ONE, DONE)]})
    assert [kind for _, kind, _ in seen["events"]] == ["start", "chunk", "done"]
    assert seen["states"] == ["connecting", "live", "ended"]


def test_a_frame_may_come_in_any_pieces(follow):
    whole = frames(START, {"type": "chunk", "content": "a\n\nb：海"}, DONE)
    seen = follow({"pieces": list(whole)})
    assert seen["events"][1] == [2, "chunk", "a\n\nb：海"]


def test_after_a_cut_it_goes_on_behind_the_last_event(follow):
    seen = follow(
        {"pieces": [frames(START, ONE), 'id: run:3\ndata: {"ty'], "cut": True},
        {"pieces": [frames(TWO, DONE, first=3)]},
    )
    assert [content for _, kind, content in seen["events"] if kind == "chunk"] == ["one ", "two"]
    assert seen["urls"] == ["/s", "/s?last_event_id=run%3A2"]
    assert seen["states"] == ["connecting", "live", "reconnecting", "live", "ended"]


def test_a_stream_that_ends_without_a_last_event_is_taken_up_again(follow):
    seen = follow({"pieces": [frames(START)]}, {"pieces": [frames(DONE, first=2)]})
    assert seen["states"][-1] == "ended"


@pytest.mark.parametrize("status", [404, 500, 502, 503])
def test_what_a_proxy_answers_during_a_deploy_is_no_reason_to_give_up(follow, status):
    seen = follow({"status": status}, {"gone": True}, {"pieces": [frames(START, DONE)]})
    assert seen["states"] == ["connecting", "reconnecting", "live", "ended"]
    assert seen["waits"] == [1000, 2000]


def test_waits_grow_to_half_a_minute_and_begin_anew_after_an_event(follow):
    gone = [{"gone": True}] * 7
    seen = follow(*gone, {"pieces": [frames(START)]}, {"pieces": [frames(DONE, first=2)]})
    assert seen["waits"] == [1000, 2000, 4000, 8000, 16000, 30000, 30000, 1000]


def test_a_refusal_that_no_retry_can_help_is_the_end(follow):
    seen = follow({"pieces": [refusal("run_not_found", False)]})
    assert seen["states"] == ["connecting", "live", "failed"]
    assert seen["events"][0][1] == "error"


def test_a_refusal_that_passes_is_waited_out_and_not_shown(follow):
    seen = follow({"pieces": [refusal("server_busy", True)]}, {"pieces": [frames(START, DONE)]})
    assert [kind for _, kind, _ in seen["events"]] == ["start", "done"]
    assert len(seen["waits"]) == 1


def test_a_runs_own_error_is_its_end_though_another_run_may_do_better(follow):
    error = {"type": "error", "error_code": "provider_timeout", "retryable": True}
    assert follow({"pieces": [frames(START, error)]})["states"][-1] == "ended"


def test_a_door_that_refuses_before_its_stream_begins_is_the_end(follow):
    refused = {"error": "No.", "error_code": "access_denied", "retryable": False}
    seen = follow({"status": 403, "pieces": [json.dumps(refused)]})
    assert seen["states"] == ["connecting", "failed"]
    assert [kind for _, kind, _ in seen["events"]] == ["error"]


def test_such_a_refusal_that_passes_is_waited_out(follow):
    busy = {"error": "Later.", "error_code": "server_busy", "retryable": True}
    seen = follow({"status": 503, "pieces": [json.dumps(busy)]}, {"pieces": [frames(START, DONE)]})
    assert seen["states"] == ["connecting", "reconnecting", "live", "ended"]
    assert [kind for _, kind, _ in seen["events"]] == ["start", "done"]


def test_events_may_have_names_and_several_lines(page, module):
    read = """async ([module, text]) => {
      const { Frames } = await import(module);
      return new Frames().push(text);
    }"""
    text = "id: r:1\n\nid: r:2\nevent: log\ndata: a\ndata: \ndata:  b: c\n\n: ping\n\ndata: x\n\n"
    assert page.evaluate(read, [module("frames.js"), text]) == [
        {"id": "r:2", "event": "log", "data": "a\n\n b: c"},
        {"data": "x"},
    ]
