"""What a developer writes first: Flask, the openai client, a generator. Nothing is kept."""

import json
import os
from collections.abc import Iterator

from flask import Flask, Response, request
from openai import OpenAI

app = Flask(__name__)
client = OpenAI(base_url=os.environ["BENCH_PROVIDER"], api_key="none")


@app.post("/chat")
def chat() -> Response:
    asked = request.get_json()

    def events() -> Iterator[str]:
        stream = client.chat.completions.create(
            model=asked["model"],
            messages=[{"role": "user", "content": asked["message"]}],
            stream=True,
        )
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield f"data: {json.dumps({'content': chunk.choices[0].delta.content})}\n\n"
        yield 'data: {"done": true}\n\n'

    return Response(events(), mimetype="text/event-stream")
