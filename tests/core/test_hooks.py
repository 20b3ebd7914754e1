"""Functions of an adapter's own: what they make is sent and read, and what they do wrong is one error in time."""

import base64
import copy
import json
import re

import attrs
import pytest

from anymedia import Account, ImageRequest, MalformedAnswer, Money, Outcome, Rejected, State, SubmitUncertain, Task
from anymedia.declare import Endpoint, Fault, Hook, Lifecycle, Offer, Pace, Param, Reply, Text
from anymedia.declare.hook import HookError, hooks
from anymedia.model.inline import cut
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer
from tests.core.acme import NOW

from .acme import acme

WHY = "the body is JSON text in one field"
OFFER = Offer(name="m", params={"prompt": Param("prompt", Text())}, fixed={"style": {"tone": "warm"}})


def folded(body):
    body["style"]["tone"] = "cold"  # what it is given is its own
    return {"params": json.dumps(body)}


def unfolded(words):
    return json.loads(words["params"])


def told(words):
    return {**words, "url": f"data:image/png;base64,{words['picture']}"}


def wrong(body):
    raise KeyError(body["prompt"])


def none(_):
    return None


def odd(_):
    return {"when": NOW}


def hook(name):
    return Hook(f"{__name__}:{name}", why=WHY)


def sold(writes=None, reads=None):
    job = Reply(id="id", state="state", assets="url", failure=Fault(message="why"), reads=reads)
    life = Lifecycle(
        submit=Endpoint(method="POST", path="/v1", writes=writes, reply=job),
        poll=Endpoint(method="GET", path="/v1/{id}", reply=job),
        states={"on": State.RUNNING, "done": State.SUCCEEDED, "bad": State.FAILED},
        pace=Pace(first=1, then=1),
    )
    return acme(lifecycle=life, offers=(OFFER,))


def candidate(adapter):
    account = Account(name="acme", adapter=adapter, origin="https://api.acme.example")
    (found,) = candidates(ImageRequest(model="m", prompt="a fox"), [account])
    return found


def test_a_body_is_what_the_hook_makes_of_it():
    sent = explain(candidate(sold(hook("folded")))).json
    assert json.loads(sent["params"]) == {"style": {"tone": "cold"}, "prompt": "a fox"}
    assert OFFER.fixed == {"style": {"tone": "warm"}}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("wrong", rf"body: the hook {__name__}:wrong raised KeyError in line \d+ of test_hooks.py"),
        ("none", f"body: the hook {__name__}:none returned a NoneType, not a dict that is JSON"),
        ("odd", f"body: the hook {__name__}:odd returned a dict, not a dict that is JSON"),
    ],
)
def test_where_a_hook_makes_no_body_the_offer_refuses_and_the_caller_s_words_are_not_told(name, why):
    refused = candidate(sold(hook(name)))
    (problem,) = refused.checked.problems
    assert re.fullmatch(why, str(problem))
    assert (refused.parts, explain(refused).refusals) == ((), (problem,))


ASKED = Asked(
    adapter=sold(reads=hook("unfolded")), account="acme", origin="https://api.acme.example", model="m", now=NOW
)
DRAFT = Task(id="draft", provider="acme", account="acme", submitted_at=NOW, path="/v1", money=Money())


def answer(status=200, text=None, **words):
    return Answer(status, {}, json.dumps({"params": json.dumps(words)} if text is None else text).encode())


def test_an_answer_is_read_in_the_words_that_the_hook_makes_and_kept_as_it_came():
    task = submitted(ASKED, answer(id="t1", state="on"), DRAFT)
    assert (task.id, task.state, task.raw) == ("t1", State.RUNNING, {"params": '{"id": "t1", "state": "on"}'})
    poll = ASKED.adapter.lifecycle.poll
    done = looked(ASKED, poll, answer(id="t1", state="done", url="https://a.example/1.png"), task)
    assert [asset.url for asset in done.assets] == ["https://a.example/1.png"]
    failed = looked(ASKED, poll, answer(id="t1", state="bad", why="no paint"), task)
    assert failed.failure.message == "no paint"


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_hook_gets_a_file_that_stands_in_an_answer_as_a_text_however_long(length):
    data = bytes(range(10)) * (length // 10)
    asked = attrs.evolve(ASKED, adapter=sold(reads=hook("told")))
    words = {"id": "t1", "state": "done", "picture": base64.b64encode(data).decode()}
    task = submitted(asked, Answer(200, {}, json.dumps(words).encode()), DRAFT)
    assert [asset.data for asset in task.assets] == [data]
    assert len(json.dumps(task.raw)) < 200
    inline = cut(json.dumps(words).encode())[1]
    assert copy.deepcopy(inline) == inline


def test_an_answer_of_which_a_hook_makes_nothing_is_malformed_and_a_submit_is_likely_paid_for():
    with pytest.raises(
        SubmitUncertain, match=r"without a task id that can be read: the hook .* raised KeyError"
    ) as caught:
        submitted(ASKED, answer(text={"id": "t1"}), DRAFT)
    assert (caught.value.outcome, caught.value.body) == (Outcome.ACCEPTED_WITHOUT_ID, {"id": "t1"})
    with pytest.raises(MalformedAnswer, match=r"with no JSON object: the hook .*:unfolded raised TypeError"):
        looked(ASKED, ASKED.adapter.lifecycle.poll, answer(text="moved"), attrs.evolve(DRAFT, id="t1"))
    with pytest.raises(Rejected, match="acme answered 400 no such thing"):  # an error is read as it came
        submitted(ASKED, answer(400, text={"error": "no such thing"}), DRAFT)


def test_hooks_are_found_where_they_are_declared():
    adapter = sold(hook("folded"), hook("unfolded"))
    assert {where: each.at.rpartition(":")[2] for where, each in hooks(adapter)} == {
        "lifecycle.submit.writes": "folded",
        "lifecycle.submit.reply.reads": "unfolded",
        "lifecycle.poll.reply.reads": "unfolded",
    }


@pytest.mark.parametrize(
    ("at", "facts", "why"),
    [
        ("tests.core.test_hooks.folded", {}, "is no function of a module"),
        ("tests.core test_hooks:folded", {}, "is no function of a module"),
        ("tests.core.no_such:folded", {}, "cannot be imported: No module named"),
        ("tests.core.test_hooks:no_such", {}, "cannot be imported"),
        ("tests.core.test_hooks:WHY", {}, "is no plain function"),
        ("tests.core.test_hooks:folded", {"why": " "}, "a hook says in words why it is needed"),
    ],
)
def test_a_hook_leads_to_a_function_and_says_why(at, facts, why):
    with pytest.raises(ValueError, match=why):
        Hook(at, **{"why": WHY} | facts)


def test_a_look_sends_no_body_for_a_hook_to_make():
    life = sold().lifecycle
    with pytest.raises(ValueError, match="poll: writes makes the body of a submit, and this call sends none"):
        attrs.evolve(life, poll=attrs.evolve(life.poll, writes=hook("folded")))


def test_an_error_from_elsewhere_tells_no_line():
    with pytest.raises(HookError, match=r"^the hook math:sqrt raised ValueError$"):
        Hook("math:sqrt", why=WHY)(-1)
