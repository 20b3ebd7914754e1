"""What the results of fal look like: pictures, a film or a sound, and what is told beside them.

Ours, where the page is silent: a film has two pictures a second; without a seed of the caller's it is 7.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .fal_model import Endpoint
from .film import A_SECOND
from .message import Body, Response, json_response
from .picture import TYPES
from .task import Task
from .work import Work

USUAL_SEED = 7


def media(endpoint: Endpoint, task: Task, urls: Sequence[str]) -> Body:
    """A result, with its files by their links."""
    order = task.order
    files = [_file(url, task) for url in urls]
    if endpoint.result == "images":
        width, height = order.size
        body: Body = {"images": [{**each, "width": width, "height": height} for each in files]}
    else:
        details = _details(task) if "details" in endpoint.tells else {}
        body = {endpoint.result: {**files[0], **details}} if files else {}
    if "seed" in endpoint.tells:
        body["seed"] = order.sent.get("seed", USUAL_SEED)
    if "details" in endpoint.tells:
        body["actual_prompt"] = order.prompt
    if "duration_ms" in endpoint.tells:
        body["duration_ms"] = round(order.seconds * 1000)
    return body


def result(endpoint: Endpoint, task: Task, urls: Sequence[str], work: Work) -> Response:
    """The answer that holds a result; where a sound is asked for as a text, that is made when it is sent."""
    body = media(endpoint, task, urls)
    if "output_format" not in endpoint.fields or endpoint.result != "audio":
        return json_response(body)
    if task.order.sent.get("output_format") == "url" or not urls:
        return json_response(body)
    return Response(
        200,
        {"Content-Type": "application/json"},
        lambda: json.dumps({**body, "audio": work.draw().hex()}).encode(),
    )


def _file(url: str, task: Task) -> Body:
    """A file, without its size, which is not known before it is made."""
    return {"url": url, "content_type": TYPES[task.order.media], "file_name": url.rpartition("/")[2]}


def _details(task: Task) -> Body:
    """What wan tells of a film."""
    width, height = task.order.size
    frames = max(1, round(task.order.seconds * A_SECOND))
    return {
        "width": width,
        "height": height,
        "fps": A_SECOND,
        "duration": task.order.seconds,
        "num_frames": frames,
    }
