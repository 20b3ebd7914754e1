"""The shipped suite finds what is wrong, fact by fact, and says it: nothing that it promises goes unnoticed."""

import json
import re
from decimal import Decimal
from inspect import signature
from types import SimpleNamespace

import attrs
import pytest

from anymedia import ConfigError
from anymedia.declare import File, Files, Hook, Limits, Param, Price, Size, Table, numbered, when
from anymedia.model.slots import slots
from anymedia.registry import adapters
from anymedia.simulators import Service, services
from anymedia.simulators.message import Error, Request
from anymedia.simulators.task import Failure, Order
from anymedia.testing import Contract
from anymedia.testing.agreed import _drawn, _misfits
from anymedia.testing.declared import _resolutions_never_taken, cells_of_no_request
from anymedia.testing.hooked import KINDS, _holding, _spoiled
from anymedia.testing.played import given, written_as
from anymedia.testing.requests import askable, values
from anymedia.testing.suite import cases, firsts
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from tests.core.test_pricing import ACME, OFFER

from .hooks import RELEASED

ADAPTER, SIMULATOR = "anymedia_acme/adapter.py", "anymedia_acme/simulator.py"
SIZE = 'Choice({"1K": "hd", "2K": "uhd"}), default="1K"'
IMPORTS = "from anymedia.declare import (\n"


def adapter(old, new, *words):
    """Return the changes that put something else into the adapter, with the words that it needs."""
    return [(ADAPTER, old, new), *((ADAPTER, IMPORTS, f"{IMPORTS}    {word},") for word in words)]


def simulator(old, new):
    return [(SIMULATOR, old, new)]


def error(code, meaning, *words):
    """Return the changes that put another row into the errors: in place of the one for its code, if there is one."""
    return adapter(CLOSED if "closed" in code else '"not_allowed": Cause.BLOCKED', f"{code}: {meaning}", *words)


def stated(words):
    """Return the change that has the simulator state more, or otherwise."""
    return simulator("    ours: ", f"    {words}\n    ours: ")


CLOSED = '"closed": Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)'
UNREFUNDED = "    refunds = False\n\n    def admit(self"
FEWEST = "acme/flux2p-text-fewest"
ONCE = "acme declares what its simulator does not state"

LOOK = 'path="/v1/jobs/{id}", reply=JOB'
CANCEL = simulator('"failed": "broken"', '"failed": "broken", "canceled": "stopped"') + simulator(
    '        ("GET", r"/v1/account"',
    '        ("DELETE", r"/v1/jobs/(?P<id>[^/]+)", "cancel"),\n        ("GET", r"/v1/account"',
)
"""A provider that can cancel, and an adapter that does not say so."""


def cancels(method, **states):
    """Return the changes with which an adapter can cancel too."""
    words = "".join(f'"{word}": State.{state}, ' for word, state in states.items())
    endpoint = f'cancel=Endpoint(method="{method}", path="/v1/jobs/{{id}}", reply=JOB)'
    return (
        CANCEL + adapter("    pace=", f"    {endpoint},\n    pace=") + adapter("    states={", f"    states={{{words}")
    )


def hooked(word, name):
    """Return the changes by which a function of the adapter's own makes each body, or reads each answer."""
    hook = f'{word}=Hook("tests.thirdparty.hooks:{name}", why="no word does it")'
    at = 'model="model", ' if word == "writes" else 'id="job.id",'
    return adapter(at, f"{at} {hook}, ", "Hook")


def knob(takes, field):
    """Return the changes by which the adapter declares a knob more, and the simulator knows a field more."""
    return [
        *adapter("    knobs={", f'    knobs={{"tone": Param("tone", {takes}), ', "Number, Whole"),
        *simulator('    "varnish": Flag(),', f'    "varnish": Flag(),\n    "tone": {field},'),
        *simulator("Flag, Links,", "Flag, Links, Number, Whole,"),
    ]


BY_VARNISH = (
    'Table("resolution", {"1K": Price(credits=3), "2K": Price(credits=8)})',
    'Table.printed("resolution varnish", ("false true",), {"1K": "0.03 0.04", "2K": "0.08 0.09"})',
)


TOKENS = [
    *simulator('        ("GET", r"/v1/acc', '        ("POST", r"/v1/token", "token"),\n        ("GET", r"/v1/acc'),
    *simulator(
        'if request.headers.get("authorization") != f"Token {self.api_key}":',
        'if not self.is_good(request.headers.get("authorization", "").removeprefix("Token ")):',
    ),
    *simulator(
        "    def refused(self",
        '    def token(self, *_):\n        return json_response({"token": self.new_token(60)})\n\n    def refused(self',
    ),
    *adapter(
        'auth=Header("Authorization", "Token "),',
        'auth=Token(call=Endpoint(method="POST", path="/v1/token"), token="token", expires="life", prefix="Token "),',
        "Token",
    ),
]
"""A provider that gives tokens and does not say how long they live, so that each call asks for one."""

OUTPUT = [
    *simulator(
        '        ("GET", r"/v1/acc',
        '        ("GET", r"/v1/jobs/(?P<id>[^/]+)/files", "output"),\n        ("GET", r"/v1/acc',
    ),
    *simulator("    def refused(self", "    fetched = fetched\n\n    def refused(self"),
    *simulator(
        "class Acme(Service)",
        "def fetched(self, task, stage, urls):\n"
        "    if stage == 'failed':\n"
        "        raise Refusal(422, task.failure.code, task.failure.message)\n"
        "    return self.shown(task, stage, urls)\n\n\n"
        "class Acme(Service)",
    ),
]
"""A provider whose result is fetched by a call of its own."""


AT_200 = simulator('"unauthorised": (401', '"unauthorised": (200')
TOO_LATE = cancels("DELETE", stopped="CANCELED") + simulator(
    '        "not_found": (404', '        "too_late": (409, "over", "The job is over"),\n        "not_found": (404'
)


def fetches(more):
    endpoint = f'result=Endpoint(method="GET", path="/v1/jobs/{{id}}/files", reply=JOB{more})'
    stateful = adapter(LOOK, LOOK.replace("JOB", 'Reply(id="job.id", state="job.state")'))
    return OUTPUT + stateful + adapter("    pace=", f"    {endpoint},\n    pace=")


def written(old, new):
    """Return the changes in the bodies of errors."""
    return simulator(f'return json_response({{"problem": {old}', f'return json_response({{{new}, "problem": {old}')


PROBLEM = "_problem(refusal.code, refusal.message)}, refusal.status"
IN_BODY = stated('retry_after = "body"') + written(PROBLEM, '"wait": refusal.retry_after')
IN_FIELD = stated('request_id_field = "call"') + written(PROBLEM, '"call": "c-1"')
SHORT = stated('forms = ("long", "short")') + simulator(
    '{**job, "files": [{"href": url} for url in urls]}',
    '{**job, ("files" if self.form == "long" else "links"): [{"href": url} for url in urls]}',
)
COST = simulator('"made_at": round', '"cost": task.order.price - task.refunded, "made_at": round')
EARLY = simulator(
    '    "not_found": (404', '    "not_yet": (404, "soon", "Not yet"),\n        "not_found": (404'
) + stated("not_yet_for = 30.0")
LINKED = adapter(LOOK, 'path="/v1/jobs/{id}", link="job.at", reply=JOB')
ELSEWHERE = stated('hosts = ("api.eu.acme.example",)')
PER_MEGAPIXEL = (
    'Table("resolution", {"1K": Price(credits=3), "2K": Price(credits=8)})',
    'PerMegapixel("0.03", "0.05", "0.02")',
    "PerMegapixel",
)
PUT_IN_RIGHT = adapter(*PER_MEGAPIXEL) + simulator("price=price)", 'price=price + 2 * len(body.get("sources", ())))')
NO_CREDIT = adapter('    credit=Credit("0.01"),\n', "")
PUT_IN = [*PUT_IN_RIGHT, *adapter('"0.05", "0.02"', '"0.05", "0.01"')]

HALF = '    told = lambda self, task, stage: {"progress": 0.5} if stage != "queued" else {}\n\n    def refused(self'
HALF_DONE = [
    *simulator('"made_at": round(task.created)}', '"made_at": round(task.created), "made": 50}'),
    *simulator("    def refused(self", HALF),
]
"""A provider that tells how far a task is."""


COVERED = simulator(
    '{**job, "files": [{"href": url} for url in urls]}',
    '{**job, "files": [{"href": url, "name": "Dusk", "takes": "2m"} for url in urls], "art": [*urls]}',
) + simulator(
    "    def refused(self",
    '    works = lambda self, task: [{"title": "Dusk", "seconds": 120}, {"role": "cover"}]\n\n    def refused(self',
)
"""A provider that gives its results a name and a cover."""


def covers(seconds="takes!span"):
    made = f'(Assets("job.files[]", url="href", title="name", seconds="{seconds}"), Assets("job.art[]", role="cover"))'
    return adapter('assets="job.files[].href"', f"assets={made}", "Assets")


def tells(**places):
    return adapter("    created=", f"    tells={places},\n    created=")


INLINE = simulator("takes=SOURCES)", 'takes=SOURCES, inline=("data",))') + simulator(
    'Sequence[str]] = ("file",)', 'Sequence[str]] = ("file", "submit")'
)
"""A provider that takes a data URI in the place of a link."""


def inline(forms, *changes):
    """Return the changes by which files go in these forms, with no upload where that is none of them."""
    without = [] if "upload" in forms else adapter("    upload=UPLOAD,\n", "")
    return INLINE + adapter('("url", "upload")', forms) + without + [*changes]


POSTS = [
    *simulator('    "varnish": Flag(),', '    "varnish": Flag(),\n    "hook": Link(),'),
    *simulator("Flag, Links,", "Flag, Link, Links,"),
    *simulator("price=price)", 'price=price, callback=str(body.get("hook", "")))'),
    *simulator("import pixels\n", "import pixels\nfrom anymedia.simulators.webhooks import Webhook\n"),
    *stated("webhook = Webhook()"),
]
"""A provider that posts what becomes of a task."""


def asks(more=""):
    """Return the changes by which the adapter asks for it."""
    return adapter("    pace=", f'    webhook=Webhook(asked_by="hook"{more}),\n    pace=', "Webhook")


SIGNS = [
    *POSTS,
    *simulator("Webhook()", 'Webhook("hook_secret")\n    secrets = ("hook_secret",)'),
    *simulator(
        "    def refused(self",
        "    def signed(self, delivery, body, key):\n"
        '        return {"X-Signature": hmac.digest(key.encode(), body, "sha256").hex()}\n\n    def refused(self',
    ),
    *simulator("import re\n", "import hmac\nimport re\n"),
]
"""One that signs what it posts."""

VERIFIES = asks(
    ', signed=Signed(by="hmac-sha256", over="{@}", signature="@x-signature", written="hex", key="hook_secret")'
) + adapter(
    "    gaps=", '    settings={"hook_secret": Setting(env="ACME_HOOK", secret=True)},\n    gaps=', "Setting, Signed"
)
ELSE = adapter('asked_by="hook"', 'asked_by="hook", reply=Reply(id="job.state", state="job.state")')
NO_TASK = "what the simulator posts is taken for that of no task; look at `webhook.reply`"


LISTS = (
    simulator(
        '        ("GET", r"/v1/account"',
        '        ("GET", r"/v1/jobs", "many"),\n        ("GET", r"/v1/account"',
    )
    + simulator(
        "    def refused(self",
        "    def many(self, request, _):\n"
        "        self.admit(request)\n"
        '        tasks = [self.tasks[name] for name in request.query["ids"].split("+")]\n'
        "        stages = [(task, task.stage(self.now)) for task in tasks]\n"
        "        shown = [self.shown(each, stage, self._results(each, stage, request)) for each, stage in stages]\n"
        '        return json_response({"jobs": [json.loads(each.body) for each in shown]})\n\n'
        "    def refused(self",
    )
    + simulator("import re\n", "import json\nimport re\n")
)
"""A provider that tells of several jobs in one call."""


def listed(more='each="jobs[]", joined="+"'):
    """Return the changes by which the adapter makes it."""
    call = 'Endpoint(method="GET", path="/v1/jobs", query={"ids": "{ids}"})'
    return LISTS + adapter("    pace=", f"    many=Many(call={call}, {more}),\n    pace=", "Many")


PLANTED = {
    "test_one_call_looks_at_several_tasks": [
        (LISTS, "acme tells of several tasks in one call, and no `many` says how"),
        (listed('each="job[]", joined="+"'), "calls told together, and they were looked at"),
        (listed('each="jobs[]", joined=","'), "calls told together, and they were looked at"),
        (listed() + simulator("for task in tasks]", "for task in tasks[:1]]"), "they were looked at"),
        (
            listed('each="jobs[]", joined="+", reply=Reply(id="job.id", state="job.state")'),
            "together, a task comes to no result; look at `many`",
        ),
        (listed() + adapter('"done": State.SUCCEEDED', '"ready": State.SUCCEEDED'), "DeadlineExceeded"),
    ],
    "test_an_adapter_says_all_that_can_be_said": [
        (adapter('title="Acme"', 'title=""'), "acme: title is what people call the provider"),
        (adapter('read="2026-11-20"', 'read="in November"'), "read is the day"),
        (adapter("https://api.acme.example", "https://api.acme.example/v1"), "base_url is an https origin"),
        (adapter('("ACME_API_KEY",)', "()"), "api_key_env names the variables"),
        (adapter("(FLUX_2_PRO,)", "(FLUX_2_PRO, FLUX_2_PRO)"), "one name is one offer"),
        (
            adapter('Gap("rate limits", "a 429 is waited for"),', "") + adapter('Gap("how to cancel"),', ""),
            "gaps are empty: at least one Gap is needed, since no page says everything, and users read what it leaves",
        ),
        (adapter('"done": State.SUCCEEDED,', ""), "some word of states is State.SUCCEEDED"),
        (adapter('"broken": State.FAILED,', ""), "a failed task shows: by a word of states"),
    ],
    "test_what_no_page_says_is_a_gap": [
        (adapter('Gap("rate limits", "a 429 is waited for"),', ""), "limits: a Gap that names 'rate'"),
        (adapter("rate limits", "how to generate two"), "limits: a Gap that names 'rate'"),
        (adapter('refunds="yes"', 'refunds="unknown"'), "refunds: a Gap that names 'refund'"),
        (adapter("    expires=86_400,\n", ""), "expires: a Gap that names 'lifetime'"),
        (adapter("    prices=Table", "    page=str() and Table"), "prices of flux2p: a Gap that names 'price'"),
        (
            adapter(', "2K": Price(credits=8)', ""),
            "a price of flux2p (the page prints no price for resolution 2K): a Gap that names 'price'",
        ),
    ],
    "test_an_adapter_is_facts_and_no_program": [
        (
            adapter("FLUX_2_PRO = Offer", "import os\nfrom anymedia.errors import ConfigError\n\nFLUX_2_PRO = Offer"),
            "imports anymedia.errors, os;",
        ),
        (adapter("(FLUX_2_PRO,)", "(lambda: (FLUX_2_PRO,))()"), "holds control flow: Lambda in line"),
        (
            adapter("JOB = Reply", "def job():\n    more = 1\n    return more\n\n\nJOB = Reply"),
            "more than a return in job",
        ),
    ],
    "test_an_adapter_has_a_simulator": [(simulator('name = "acme"', 'name = "acne"'), "no simulator is named acme")],
    "test_an_offer_is_declared_without_contradiction": [
        (adapter(SIZE, SIZE.replace('"1K"', '"4K"', 1)), "the default 1K is none of its values"),
        (adapter(SIZE, SIZE.replace("uhd", "hd")), "2K is written as 'hd', and so is 1K"),
        (adapter("Text(1, 2000)", "Text(2000, 1)"), "a request with no more than it needs is refused"),
        (adapter("Files(1, 4, https", "Files(4, 1, https"), "at least 4 and at most 1"),
        (knob("Number(2, 0.5)", "Whole(1, 2)"), "acme/flux2p, text, tone: at least 2 and at most 0.5"),
        (knob("Flag(), default=1", "Whole(1, 2)"), "acme/flux2p, text, tone: the default 1 is none of its values"),
        (
            knob('Choice("warm"), required=True', "Text()")
            + adapter("    prices=", '    rules=(Rule(when={"tone": "warm"}, needs="mask"),),\n    prices=', "Rule"),
            "acme/flux2p, text: a request with no more than it needs is refused: extra.tone: warm needs mask",
        ),
        (
            knob('Choice("warm")', "Text()")
            + adapter("    prices=", '    rules=(Rule(when={"tone": "warm"}, needs="mask"),),\n    prices=', "Rule"),
            "declared, and refused in every variant with every value tried: extra.acme.tone",
        ),
        (
            adapter(BY_VARNISH[0], BY_VARNISH[1].replace("false true", "false yes")),
            "prices are printed for what no request is billed as: varnish yes",
        ),
        (adapter(SIZE, SIZE.replace('default="1K"', "always_sent=True")), "always sent, and there is no default"),
        (adapter('wire_id=when(images="flux2p-edit", otherwise="flux2p")', "wire_id=when()"), "leave no variant"),
        (
            adapter("Price(credits=8)}", 'Price(credits=8), "4K": Price(credits=9)}'),
            "prices are printed for what no request is billed as: resolution 4K",
        ),
        (
            adapter(
                'Table("resolution", {"1K": Price(credits=3), "2K": Price(credits=8)})',
                'Table("variant count", {("text", 1): "0.03", ("mask", 3): "0.08"})',
            )
            + adapter(
                '        "images"', '        "count": Param("n", Whole(1, 2), default=1),\n        "images"', "Whole"
            ),
            "billed as: variant mask, count 3",
        ),
        (
            adapter(
                "    prices=", '    rules=(Rule(when={"resolution": ANY}, needs="mask"),),\n    prices=', "ANY, Rule"
            ),
            "declared, and refused in every variant with every value tried: resolution",
        ),
        (
            adapter(
                '        "resolution": Param("size", ' + SIZE + "),\n",
                '        "size": Param("px", Size(step=16)),\n',
                "Size",
            )
            + adapter(
                "    prices=Table(",
                '    shape=Pixels(15, {"1K": 1}, "1:1", "1K"),\n    page=str() and Table(',
                "Pixels",
            ),
            "acme/flux2p: the pixels that `shape` makes of a resolution are always refused: 1K",
        ),
    ],
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": [
        (
            adapter("Text(1, 2000)", "Text(1, 1999)"),
            "check refuses what the simulator takes: model='flux-2-pro', prompt='aaaaaaaaaaaaaaaaaaaa'… (2000 ",
        ),
        (
            adapter("https=True, ", ""),
            "check passes what the simulator refuses: model='flux-2-pro'",
        ),
        (adapter('"1:1", "16:9", "9:16"), default', '"1:1", "16:9", "9:16", "4:3"), default'), "aspect_ratio='4:3'"),
        (simulator('"uhd": ("2K", 8)', '"uhd": ("2K", 9)'), "that is 8 credits, and the simulator charges 9"),
        (
            knob("Whole(1, 51), default=30", "Whole(1, 50)"),
            "check passes what the simulator refuses: model='flux-2-pro', prompt='a lighthouse at dusk', extra.tone=51",
        ),
        (
            knob("Number(0.5, 2, form=str)", 'Choice(("0.5", "2"))'),
            "simulator refuses: model='flux-2-pro', prompt='a lighthouse at dusk', extra.tone=1.25; the simulator says",
        ),
        (
            knob("Number(0.5, 2.5)", "Number(0.5, 2)"),
            "simulator refuses: model='flux-2-pro', prompt='a lighthouse at dusk', extra.tone=2.5; the simulator says",
        ),
        (
            knob('Choice("warm", "cold")', 'Choice(("warm", "cold", "no such word"))'),
            "simulator takes: model='flux-2-pro', prompt='a lighthouse at dusk', extra.tone='no such word'; check says",
        ),
        (
            adapter(*BY_VARNISH),
            "4 credits, and the simulator charges 3 for model='flux-2-pro', prompt='a lighthouse at dusk', extra.var",
        ),
        (
            adapter('forms=("url", "upload")', 'forms=("upload",)') + adapter('"{file}"', '"{name}"'),
            "acme: a file is not uploaded: acme answered 422 bad_field file is required; look at `upload`",
        ),
    ],
    "test_a_picture_that_is_put_in_costs_what_the_page_says": [
        (PUT_IN, "acme/flux2p: a second picture put in costs 2 more in the simulator, and $0.01, that is 1 credits by"),
    ],
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": [
        (
            adapter('Param("ratio"', 'Param("ratios"') + simulator(", closed=True", ""),
            "acme/flux2p sends what the simulator never reads: ratios, for model='flux-2-pro', prompt=",
        ),
        (
            adapter('Param("ratio"', 'Param("?ratio"'),
            "acme/flux2p sends what the simulator never reads: ?ratio, for model='flux-2-pro', prompt=",
        ),
    ],
    "test_every_work_is_as_it_is_asked_for": [
        (simulator('"uhd": ("2K"', '"uhd": ("4K"'), "resolution='2K': 2K is from 2.4 to 5.2 million pixels; look at"),
        (simulator('pixels(str(body.get("ratio", "1:1"))', 'pixels("1:1"'), "a picture of 1024x1024 is made for"),
        (
            adapter(
                '"aspect_ratio": Param("ratio", Choice("1:1", "16:9", "9:16"), default="1:1")',
                '"size": Param("ratio", Size("{width}x{height}"))',
                "Size",
            )
            + simulator('"ratio": Choice(("1:1", "16:9", "9:16"))', '"ratio": Text()')
            + simulator('pixels(str(body.get("ratio", "1:1"))', 'pixels("1:1"'),
            "size=(2048, 1152): 2048x1152 was asked for",
        ),
        (
            adapter('default="1:1"', 'default="16:9"'),
            "is made for model='flux-2-pro', prompt='a lighthouse at dusk': its ratio is not 16:9; look at",
        ),
        (
            adapter(
                '        "images"',
                '        "output_format": Param("form", Choice({"png": "j", "jpeg": "p"})),\n        "images"',
            )
            + simulator('    "size": Choice', '    "form": Choice(("j", "p")),\n    "size": Choice')
            + simulator('media="png"', 'media="jpeg" if body.get("form") == "j" else "png"'),
            "output_format='png': png was asked for, and it is jpeg; look at",
        ),
    ],
    "test_every_error_means_what_the_page_says": [
        (
            error('"closed"', "Cause.UNAVAILABLE"),
            '"Closed for repairs"}} means unavailable, Unavailable, and is not billed; it is read as SubmitUncertain (',
        ),
        (
            error('"not_allowed"', "Cause.REJECTED"),
            "means moderated, Blocked, and is not billed; it is read as Rejected",
        ),
        (adapter('code="problem.code"', 'code="problem.kind"'), "means moderated, Blocked"),
        (
            adapter('message="problem.text"', 'message="problem.words"'),
            '"text": "This key is not known"}} tells \'This key is not known\', and `fault` reads nothing; 402 ',
        ),
        (
            adapter('message="problem.text"', 'message="problem.code"'),
            "tells 'Too many calls', and `fault` reads slow_down",
        ),
        (
            stated('errors = (Error("rejected", 200, "bad", "No"),)') + simulator("    errors: ", "    rest: "),
            '200 {"problem": {"code": "bad", "text": "No"}} means rejected, Rejected, and is not billed; it is read as',
        ),
        (
            stated('errors = (Error("unsure", 409, "busy", "?"),)') + simulator("    errors: ", "    rest: "),
            "and may be billed",
        ),
    ],
    "test_an_error_of_a_look_is_the_look_s_alone": [
        (
            adapter(LOOK, f"{LOOK}, verdict=True") + error('"slow_down"', "Cause.BLOCKED"),
            '"slow_down", "text": "Too many calls"}} is RateLimited, and is read as a task that is failed; look at',
        ),
        (adapter('id="job.id"', 'id="job.key"'), f"{FEWEST} was not accepted: SubmitUncertain"),
    ],
    "test_a_refusal_of_a_cancel_and_of_a_balance_is_heard": [
        (
            AT_200 + written(PROBLEM, '"tokens": 5'),
            '"text": "This key is not known"}} is BadApiKey, and is read as $0.05; look at the `ok` of `balance`, at',
        ),
        (
            AT_200 + cancels("DELETE", stopped="CANCELED"),
            '"text": "This key is not known"}} is BadApiKey, and is read as MalformedAnswer (no outcome, billed',
        ),
    ],
    "test_a_cancel_that_comes_too_late_is_refused": [
        (
            TOO_LATE + error('"over"', "Cause.UNAVAILABLE"),
            '"The job is over"}}, which is Rejected, and is read as Unavailable (no outcome, billed no)',
        ),
    ],
    "test_the_wait_that_is_asked_for_is_read": [
        (IN_BODY, "acme: 11 s are asked for in its body, and read as None; look at `fault`"),
    ],
    "test_a_call_is_named_as_the_provider_names_it": [
        (adapter('("request-id",)', '("x-request-id",)'), "that is read as None; look at `request_id`"),
        (
            IN_FIELD + simulator("    request_id_header: ", "    header: "),
            "acme: a call is named c-1, and that is read as None; look at `request_id`",
        ),
    ],
    "test_a_failure_is_read_as_the_page_tells_it": [
        (
            adapter('code="job.problem.code"', 'code="job.problem.kind"'),
            "'out_of_paint' and the text 'The picture could not be drawn' is read with the code None in {'job'",
        ),
        (
            adapter('refunds="yes"', 'refunds="no"'),
            "gave 3 of 3 back, and that is read as refund no; look at `refunds`",
        ),
        (simulator("    def admit(self", UNREFUNDED), "gave 0 of 3 back, and that is read as refund yes"),
        (
            simulator('could not be drawn")', 'could not be drawn", refunds=False)')
            + simulator('("refusals.not_found",)', '("refusals.not_found", "refunds")'),
            "gave 0 of 3 back, and that is read as refund yes",
        ),
        (error('"not_allowed"', "Cause.REJECTED"), "was moderated, and is read as rejected; look at `errors`"),
        (error('"out_of_paint"', "Cause.BLOCKED"), "was not moderated, and is read as blocked; look at `errors`"),
        (adapter('"broken": State.FAILED', '"broken": State.CANCELED'), "comes to TaskFailed("),
    ],
    "test_a_refusal_in_place_of_the_result_ends_the_task": [
        (fetches(""), "comes to DeadlineExceeded("),
    ],
    "test_every_word_of_a_state_means_what_the_page_says": [
        (
            adapter('"done": State.SUCCEEDED', '"ready": State.SUCCEEDED'),
            "acme: 'done' means succeeded, and is read as nothing: it is not listed; look at `states`",
        ),
        (
            adapter('"drawing": State.RUNNING', '"drawing": State.SUCCEEDED'),
            "'drawing' means running, and is read as succeeded",
        ),
        (
            adapter('"broken": State.FAILED', '"broken": Err(Cause.BLOCKED)'),
            "'broken' means failed, and is read as blocked",
        ),
        (
            simulator("word: stage for stage", '"hidden": "moderated"} | {word: stage for stage'),
            "'hidden' means moderated, and is read as",
        ),
    ],
    "test_every_form_of_an_answer_is_read": [(SHORT, "acme: answers in the form 'short' come to MalformedAnswer(")],
    "test_what_answers_tell_is_read": [
        (
            adapter("made_at!s", "made_at!ms"),
            f"{FEWEST}: created at 2027-01-15 08:00:00+00:00, and that is read as 1970-01-21",
        ),
        (adapter("made_at!s", "done_at!s"), "and that is read as None; look at `reply.created` and its unit"),
        (
            COST + stated('tells = ("charge",)') + simulator("    tells: ", "    told: "),
            "the answer tells that 3 were taken, and that is read as None; look at",
        ),
    ],
    "test_a_balance_is_what_the_account_has": [
        (
            adapter('"/v1/account"', '"/v1/purse"'),
            "acme: no balance: NotFound (no outcome, billed no): acme answered 404",
        ),
        (
            adapter('balance=Balance(path="/v1/account", credits="tokens")', "balance=None"),
            "acme tells a balance, and `balance` is not declared",
        ),
        (
            adapter('credits="tokens"', 'usd="tokens"'),
            "acme: the account has 99997 credits, and that is read as $99997.00, that is 9999700 units of $0.01",
        ),
        (
            adapter('credits="tokens"', 'usd="tokens!cents"'),
            "acme: the account has 99997 credits, and that is read as $999.97, that is 99997 units of $0.01; look at",
        ),
    ],
    "test_a_credit_is_worth_what_the_page_says": [
        (
            adapter('Credit("0.01")', 'Credit("0.1")'),
            "acme: by the page a credit is $0.01, and `credit` says $0.10",
        ),
        (NO_CREDIT, "acme: by the page a credit is $0.01, and `credit` says nothing"),
    ],
    "test_a_task_can_be_canceled": [
        (CANCEL, "acme can cancel, and `cancel` is not declared"),
        (
            cancels("PUT"),
            f"{FEWEST}: not canceled: NotFound (no outcome, billed yes): acme answered 404 no such endpoint: PUT",
        ),
        (
            cancels("GET", stopped="CANCELED"),
            f"{FEWEST}: the provider goes on with what was canceled; look at `cancel`",
        ),
        (cancels("DELETE"), f"{FEWEST}: canceled, and then seen as running (stopped); look at `states`"),
    ],
    "test_a_look_that_comes_too_early_is_no_error": [
        (
            EARLY,
            f"{FEWEST}: a look that is answered 404 soon Not yet after 15 s means no more than 'not yet', and",
        ),
        (
            EARLY + adapter(LOOK, f'{LOOK}, not_yet=("soon", 60)'),
            "after 31 s means an error, and is read as a task that is queued; look at",
        ),
    ],
    "test_links_live_as_long_as_the_page_says": [
        (adapter("expires=86_400", "expires=864_000"), f"{FEWEST}: results live 86400 s, and `expires` says 864000"),
        (adapter("    expires=86_400,\n", ""), f"{FEWEST}: results live 86400 s, and `expires` says None"),
    ],
    "test_links_lead_to_every_host_of_the_provider": [
        (ELSEWHERE, "acme: its links lead to api.eu.acme.example, and no call follows a `link`"),
        (ELSEWHERE + LINKED, "acme: job.at may lead to api.eu.acme.example, which `hosts` does not let it"),
    ],
    "test_limits_are_those_of_the_page": [
        (
            stated('limits = {"submits": (20, 10), "active": 4}'),
            "acme: the page limits submits to (20, 10), and `limits` says None",
        ),
        (
            stated('limits = {"submits": (20, 10), "active": 4}')
            + adapter("    gaps=", "    limits=Limits(submits=(20, 10), active=400),\n    gaps=", "Limits"),
            "acme: the page limits active to 4, and `limits` says 400",
        ),
    ],
    "test_calls_go_to_the_origin_of_the_page": [
        (
            adapter("https://api.acme.example", "https://api.acne.example"),
            "acme: the page's origin is https://api.acme.example, and `base_url` says https://api.acne.example",
        ),
    ],
    "test_what_the_adapter_declares_the_simulator_states": [
        (asks(), f"{ONCE}: webhook;"),
        (simulator("    origin: ", "    place: "), f"{ONCE}: origin; state there what the page says, or name it in"),
        (simulator("    tells: ", "    told: "), f"{ONCE}: tells.created;"),
        (simulator("    credit: ", "    worth: "), f"{ONCE}: credit;"),
        (simulator("    request_id_header: ", "    header: "), f"{ONCE}: request_id_header;"),
        (
            adapter("    gaps=", "    limits=Limits(submits=(20, 10), active=4),\n    gaps=", "Limits"),
            f"{ONCE}: limits.submits, limits.active;",
        ),
        (
            adapter(
                'fault=Fault(code="problem.code", message="problem.text")',
                'fault=Fault(code="problem.code", message="problem.text", retry_after="wait", request_id="call")',
            ),
            f"{ONCE}: retry_after, request_id_field;",
        ),
        (
            adapter(LOOK, f'{LOOK}, link="job.at", hosts=("acme.example",), not_yet=("soon", 60)'),
            f"{ONCE}: not_yet, hosts;",
        ),
        (adapter("    created=", '    credits="job.cost",\n    created='), f"{ONCE}: tells.charge;"),
        (adapter('"done": State', '"paused": State.RUNNING,\n        "done": State'), f"{ONCE}: states.paused;"),
        (
            adapter(CLOSED, f'"shut": Cause.REJECTED, Match("flood", 503): Cause.UNAVAILABLE, {CLOSED}', "Match"),
            f"{ONCE}: errors.shut, errors.flood;",
        ),
        (
            adapter(CLOSED, f'"shut": Cause.REJECTED, Match("", 599): Cause.UNAVAILABLE, {CLOSED}', "Match")
            + simulator('("refusals.not_found",)', '("refusals.not_found", "errors.shut")'),
            f"{ONCE}: errors.599;",
        ),
    ],
    "test_an_offer_keeps_its_promises": [
        (adapter('"Token "', '"Bearer "'), f"{FEWEST} did not succeed: BadApiKey"),
        (
            adapter('"done": State.SUCCEEDED', '"ready": State.SUCCEEDED'),
            "last state was 'done', which `states` does not name",
        ),
        (adapter('id="job.id"', 'id="job.key"'), f"{FEWEST} did not succeed: SubmitUncertain"),
        (
            adapter('id="job.id"', 'id="job.key"'),
            "; look at `submit` (POST /v1/pictures), its `reply.ok` (not declared), its `reply.id` (`job.key`), its",
        ),
        (
            adapter('state="job.state"', 'state="job.mood"'),
            "; look at `poll` (GET /v1/jobs/{id}), its `reply.ok` (not declared), its `reply.state` (`job.mood`), its",
        ),
        (adapter('done": State.SUCCEEDED', 'done": State.RUNNING'), "its last state was 'done', read as running"),
        (
            adapter('id="job.id"', 'id="job.key", ok=("job.state", "waiting")'),
            "its `reply.ok` (`job.state`, 'waiting')",
        ),
        (adapter("[].href", "[].url"), "its `reply.assets` (`job.files[].url`)"),
        (adapter("/jobs/{id}", "/job/{id}"), "the last 15 looks: acme answered 404 no such endpoint: GET /v1/job/job_"),
        (
            adapter("/jobs/{id}", "/job/{id}"),
            'its `reply.assets` (`job.files[].href`); the answer was {"problem": {"code": 404, "text": "no such',
        ),
        (adapter("credits=3", "credits=4"), f"{FEWEST} is quoted $0.04, that is 4 credits, and 3 were charged"),
        (
            [
                *adapter("    created=", '    credits="job.cost",\n    created='),
                *simulator('"made_at": round', '"cost": 9, "made_at": round'),
            ],
            "in the end said to cost $0.09, that is 9 credits, and 3 were charged",
        ),
        (adapter("[].href", "[0].href!json"), "a finished task that has no result"),
        (adapter('state="job.state"', 'state="job.mood"'), f"{FEWEST} never ended: no state was ever read"),
        (simulator('Order(wire_id=str(body["model"])', 'Order(wire_id="else"'), "flux2p was asked for, and else made"),
        (simulator('pixels(str(body.get("ratio", "1:1"))', 'pixels("1:1"'), "16:9 was asked for, and 2048x2048 came"),
        (
            simulator("for url in urls]", "for url in [*urls, f'{urls[0]}?' if urls else '']]"),
            "1 asked for, and 2 found",
        ),
    ],
    "test_a_price_that_the_provider_tells_is_what_it_charges": [
        (
            adapter(
                "    gaps=",
                '    price_quote=PriceQuote(call=Endpoint(method="POST", path="/prices"), usd="usd"),\n    gaps=',
                "PriceQuote",
            ),
            f"{FEWEST} has no live price: acme answered 404",
        ),
    ],
    "test_every_word_for_a_state_is_known": [
        (
            adapter('poll=Endpoint(method="GET"', 'poll=Endpoint(method="PUT"'),
            f"{FEWEST}: a look at a task that is queued comes to NotFound (no outcome, billed yes): acme answered 404",
        ),
        (
            adapter('"Token "', '"Bearer "'),
            f"{FEWEST} was not accepted: BadApiKey (refused, billed no): acme answered 401",
        ),
        (
            adapter('"waiting": State.QUEUED,', ""),
            "a task is queued, and its last state was 'waiting', which `states` does",
        ),
        (
            adapter('"broken": State.FAILED', '"broken": State.CANCELED'),
            "a task is failed, and its last state was 'broken', read as canceled",
        ),
    ],
    "test_a_lost_answer_is_never_paid_for_twice": [
        (
            error('Match("", 502)', "Err(Cause.UNAVAILABLE, Outcome.REFUSED)", "Err", "Match", "Outcome"),
            "nobody knows whether it was billed",
        ),
        (
            adapter("    gaps=", '    idempotency=Idempotency("Idempotency-Key", 60),\n    gaps=', "Idempotency"),
            "2 tasks were charged under one key",
        ),
    ],
    "test_a_no_is_heard_and_costs_nothing": [
        (AT_200, "; look at `submit` (POST /v1/pictures), its `reply.ok` (not declared), its"),
        (error('"no_funds"', "Cause.REJECTED"), "no_credit is NoCredit, and came to Rejected("),
        (
            error('"no_key"', "Err(Cause.BAD_API_KEY, Outcome.UNCERTAIN)", "Err", "Outcome"),
            "unauthorised is BadApiKey, and came to SubmitUncertain(",
        ),
    ],
    "test_a_rate_limit_is_waited_for": [
        (error('"slow_down"', "Cause.REJECTED"), f"{FEWEST} did not succeed: Rejected")
    ],
    "test_a_bad_look_does_not_lose_the_task": [
        (
            adapter('"broken": State.FAILED,', '"broken": State.FAILED,\n        "simmering": State.FAILED,'),
            "did not succeed: TaskFailed",
        ),
    ],
    "test_a_task_that_does_not_end_is_handed_over_alive": [
        (
            adapter('"drawing": State.RUNNING', '"drawing": State.FAILED'),
            "is handed over with DeadlineExceeded, not TaskFailed(",
        ),
    ],
    "test_a_failed_task_says_why_and_what_it_costs": [
        (adapter('message="job.problem.text"', 'message="job.problem.words"'), "'the lamp blew' is read as None"),
        (simulator("    def admit(self", UNREFUNDED), "declared as refunded, and charged 3, refunded 0"),
        (
            adapter('"broken": State.FAILED', '"broken": State.SUCCEEDED'),
            "a failed task is TaskFailed, not MalformedAnswer(",
        ),
        (
            adapter('"broken": State.FAILED', '"broken": State.SUCCEEDED')
            + simulator('{**job, "problem"', '{**job, "files": [{"href": "http://127.0.0.1:9/a.png"}], "problem"'),
            "a failed task is TaskFailed, not Task(",
        ),
    ],
    "test_a_hook_is_a_pure_function": [
        (
            hooked("writes", "greedy"),
            "acme, lifecycle.submit.writes: the hook tests.thirdparty.hooks:greedy raises KeyError('note') for {'mod",
        ),
        (
            hooked("writes", "careless"),
            "hooks:careless changes what it is given, {'model': 'flux2p', 'prompt': 'a light",
        ),
        (hooked("writes", "moody"), "hooks:moody makes two things of {'model': 'flux2p', "),
        (hooked("writes", "listed"), "hooks:listed makes no JSON of {'model': 'flux2p', "),
        (
            hooked("reads", "counted"),
            "acme, lifecycle.submit.reply.reads: the hook tests.thirdparty.hooks:counted makes no",
        ),
        (hooked("reads", "glossy"), "hooks:glossy raises"),
    ],
    "test_what_is_told_of_a_task_is_read": [
        (COVERED, "results are cover None, main 'Dusk' of 120 s, and that is read as main None; look at `assets`"),
        (COVERED + covers("takes"), "and that is read as cover None, main 'Dusk'; look at `assets`"),
        (covers(), "`assets` says what is told of each result, and the simulator tells none"),
        (HALF_DONE, "progress is 0.5, and that is read as None; look at `tells` and its unit"),
        (
            HALF_DONE + tells(progress="job.made!percent") + adapter("[].href", "[].url"),
            "a look at a task comes to MalformedAnswer (no outcome, billed yes): acme answered 200 with a finished",
        ),
        (HALF_DONE + tells(progress="job.made!num"), "progress is 0.5, and that is read as None; look at `tells`"),
        (
            tells(seed="job.seed"),
            "`tells` says where seed stands, and the simulator tells none",
        ),
    ],
    "test_of_files_too_check_passes_what_the_simulator_takes": [
        (
            adapter("megabytes=10", "megabytes=12"),
            "acme/flux2p, images: check passes a file that the simulator refuses: image/png of 64x64 with 12",
        ),
        (
            adapter("megabytes=10", "megabytes=5"),
            "check refuses a file that the simulator takes: image/png of 64x64",
        ),
        (adapter('"image/jpeg")', '"image/jpeg", "image/webp")'), "refuses: image/webp of 64x64 with"),
        (adapter('"image/png", "image/jpeg"', '"image/png",'), "takes: image/jpeg of 64x64 with"),
        (adapter("https=True,", "https=True, sides=(300, 9000),"), "takes: image/png of 16x16 with"),
        (adapter("https=True,", "https=True, megapixels=12.5,"), "takes: image/png of 5000x5000 with"),
        (simulator("megabytes=10", "megabytes=10, sides=(65, 9000)"), "refuses: image/png of 64x64 with"),
        (simulator("megabytes=10", "megabytes=10, megapixels=16"), "says 422 {"),
        (simulator("not isinstance(part", "isinstance(part"), "refuses: image/png of 64x64 with"),
    ],
    "test_a_file_that_is_put_in_arrives_as_it_is": [
        (adapter('"{file}"', '"{name}"'), "was not uploaded for acme, and nothing was"),
        (
            simulator("part.content,", "part.content + b'0',"),
            "that goes by upload is not among the uploads of the",
        ),
        (
            adapter('"file.href"', '"file.at"') + simulator('"until":', '"at": "https://a.example/b", "until":'),
            ", which no submit names",
        ),
        (inline('("base64",)'), "sources must be a public https URL"),
    ],
    "test_a_file_is_uploaded_once_as_long_as_it_lasts": [
        (
            adapter('"until": "file.until!s"', "") + adapter('expires="until"', "expires=7200"),
            "could not be fetched: its link has expired",
        ),
        (adapter('expires="until"', "expires=0"), "asked for again at once, and was uploaded 2 times, not 1; look at"),
    ],
    "test_an_upload_that_fails_buys_nothing": [
        (
            simulator("    files_at:", "    files:"),
            "acme declares `upload`, and its simulator takes none: its places",
        ),
    ],
    "test_a_url_of_this_machine_is_taken_at_a_simulator": [
        (
            adapter("https=True, ", "") + simulator('("image/png", "image/jpeg"), me', '("image/gif",), me'),
            "sources must be one of image/gif, not image/png",
        ),
    ],
    "test_a_webhook_of_the_page_is_declared": [
        (POSTS, "acme posts what becomes of a task, and no `webhook` says what asks for it"),
        (SIGNS + asks(), "acme signs what it posts, and no `webhook.signed` says how"),
    ],
    "test_a_webhook_is_believed_as_far_as_it_is_signed": [
        (
            POSTS + asks() + simulator('body.get("hook", "")', '""'),
            "the simulator reads ''; look at `webhook.asked_by`",
        ),
        (POSTS + asks() + ELSE, NO_TASK),
        (SIGNS + VERIFIES + adapter('"@x-signature"', '"@x-sign"'), "what the simulator posts is answered 401"),
    ],
    "test_a_failure_that_a_webhook_tells_is_looked_at": [(POSTS + asks() + ELSE, NO_TASK)],
    "test_a_forged_webhook_changes_nothing": [
        (
            SIGNS + VERIFIES + simulator("key.encode()", 'self.settings["hook_secret"].encode()'),
            "a forged webhook is answered 200, not 401; look at `webhook.signed`",
        ),
    ],
    "test_without_its_secret_a_webhook_is_a_hint": [(SIGNS + VERIFIES + ELSE, NO_TASK)],
    "test_a_key_never_shows": [(simulator("return secrets.token_hex(16)", 'return "a"'), "a key or a token shows")],
    "test_a_token_that_has_ended_is_asked_for_anew": [
        (TOKENS, "after each of three submits 1, 2, 3 tokens were given")
    ],
}
"""By promise: what is changed in the outside package, and what the suite says to it."""


class PassedOver(Exception):
    """All that a promise is given is passed over, and why."""


def broken(promise, adapter, contract=None, **more):
    """Return the first thing that a test says against an adapter, over every offer, case and fault."""
    test = getattr(Contract, promise)
    marks = [mark.args for mark in getattr(test, "pytestmark", ())]
    values = {
        "adapter": [adapter],
        "first": list(firsts(adapter).values()),
        "offer": adapter.offers,
        "case": list(cases(adapter)),
        "told": list(cases(adapter)),
        **dict(marks),
    }
    runs = [{}]
    for name in list(signature(test).parameters)[1:]:
        runs = [{**run, name: value} for run in runs for value in ([more[name]] if name in more else values[name])]
    assert runs, f"{promise} is given nothing"
    skipped = []
    for run in runs:
        try:
            test(contract or Contract(), **run)
        except pytest.fail.Exception as failed:
            return str(failed)
        except pytest.skip.Exception as why:
            skipped.append(why)
    if len(skipped) == len(runs):
        raise PassedOver(str(skipped[0]))
    return None


@pytest.mark.parametrize(
    ("promise", "changes", "said"),
    [
        pytest.param(promise, changes, said, id=f"{promise}-{number}")
        for promise, planted in PLANTED.items()
        for number, (changes, said) in enumerate(planted)
    ],
)
def test_what_is_wrong_is_said(plugged, tmp_path, promise, changes, said):
    assert said in str(broken(promise, plugged(*changes), tmp_path=tmp_path))


WEBHOOKS = [promise for promise in PLANTED if "webhook" in promise]


def test_a_webhook_that_does_not_come_is_said(plugged, monkeypatch):
    monkeypatch.setattr("anymedia.testing.told.PATIENCE", 0)
    silent = simulator("    def refused(self", "    moments = lambda *_: ()\n\n    def refused(self")
    said = broken("test_a_webhook_is_believed_as_far_as_it_is_signed", plugged(*POSTS, *asks(), *silent))
    assert said == f"{FEWEST}: the simulator posted nothing"


@pytest.mark.parametrize("promise", WEBHOOKS)
def test_a_webhook_that_is_right_is_right(plugged, promise):
    changes = (*SIGNS, *VERIFIES, *HALF_DONE, *tells(progress="job.made!percent"))
    assert broken(promise, plugged(*changes)) is None


VARNISHED = adapter(*BY_VARNISH) + simulator("price=price)", 'price=price + bool(body.get("varnish")))')
GLOSSY = hooked("writes", "glossy") + simulator('    "varnish": Flag(),', '    "varnish": Flag(required=True),')
ENVELOPED = (
    hooked("reads", "unfolded")
    + simulator(
        '{"job": {"id": task.id, "state": "waiting"}}', '{"envelope": {"job": {"id": task.id, "state": "waiting"}}}'
    )
    + simulator(
        '{"job": {**job, "problem": _problem(task.failure.code, task.failure.message)}}',
        '{"envelope": {"job": {**job, "problem": _problem(task.failure.code, task.failure.message)}}}',
    )
    + simulator(
        '{"job": {**job, "files": [{"href": url} for url in urls]}}',
        '{"envelope": {"job": {**job, "files": [{"href": url} for url in urls]}}}',
    )
)


def test_a_hook_that_does_not_end_is_said(plugged, monkeypatch):
    monkeypatch.setattr("anymedia.testing.hooked.PATIENCE", 0.01)
    try:
        said = broken("test_a_hook_is_a_pure_function", plugged(*hooked("writes", "endless")))
    finally:
        RELEASED.set()
    assert "the hook tests.thirdparty.hooks:endless does not end within 0.01 s for {'model': 'flux2p'" in said


def test_a_hook_is_given_what_goes_its_way_alone(plugged):
    acme = plugged()
    submit = attrs.evolve(acme.lifecycle.submit, writes=Hook("tests.thirdparty.hooks:greedy", why="nobody comes here"))
    others = {"other": attrs.evolve(acme.lifecycle, submit=submit)}
    assert broken("test_a_hook_is_a_pure_function", attrs.evolve(acme, lifecycles=others)) is None


def test_a_hook_that_signs_is_given_any_call():
    kind, given = KINDS["auth"]
    for name, said in (("signed", None), ("undated", "auth: the hook raises UnicodeDecodeError(")):
        hold = _holding("auth: the hook", Hook(f"tests.thirdparty.hooks:{name}", why="it signs"), kind)
        if said is None:
            given(ACME, "auth", hold)
        else:
            with pytest.raises(pytest.fail.Exception) as failed:
                given(ACME, "auth", hold)
            assert str(failed.value).startswith(said)


def test_an_answer_is_spoiled_in_each_place():
    spoiled = list(_spoiled({"a": [1]}))
    assert {
        "a": [
            "",
        ]
    } in spoiled
    assert {} in spoiled
    assert [*_spoiled([])] == [None, "", 0, [], {}]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("later", "the hook tests.thirdparty.hooks:later is no plain function"),
        ("RELEASED", "the hook tests.thirdparty.hooks:RELEASED is no plain function"),
        ("nothing", "the hook tests.thirdparty.hooks:nothing cannot be imported"),
        ("a.b", "'tests.thirdparty.hooks:a.b' is no function of a module"),
    ],
)
def test_a_hook_that_is_none_is_said_at_import(plugged, name, why):
    with pytest.raises(ConfigError, match=re.escape(why)):
        plugged(*hooked("writes", name))


LIMITS = stated('limits = {"submits": (20, 10), "active": 4}')
HOSTS = 'path="/v1/jobs/{id}", link="job.at", hosts=("acme.example",), reply=JOB'
CHARGE = COST + stated('tells = ("charge",)') + simulator("    tells: ", "    told: ")
HALF = simulator('"hd": ("1K", 3)', '"hd": ("1K", Decimal("3.5"))')
REFERRED = (
    adapter('expires="until",', 'expires="until",\n    reference=True,')
    + simulator('{"href": f"{self.here(request)}{kept.path}"', '{"href": f"file_{kept.id}"')
    + simulator("takes=SOURCES)", 'takes=SOURCES, reference="file_")')
)
"""A provider whose upload answers with a reference, which is no URL."""


RIGHT = {
    "test_one_call_looks_at_several_tasks": [listed()],
    "test_a_picture_that_is_put_in_costs_what_the_page_says": [PUT_IN_RIGHT, PUT_IN_RIGHT + NO_CREDIT],
    # What one of the two refuses is another promise's business.
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": [adapter("Text(1, 2000)", "Text(1, 2500)")],
    "test_a_refusal_in_place_of_the_result_ends_the_task": [fetches(", verdict=True")],
    "test_the_wait_that_is_asked_for_is_read": [
        IN_BODY + adapter('message="problem.text"', 'message="problem.text", retry_after="wait"')
    ],
    "test_a_call_is_named_as_the_provider_names_it": [
        IN_FIELD
        + simulator("    request_id_header: ", "    header: ")
        + adapter('message="problem.text"', 'message="problem.text", request_id="call"')
    ],
    "test_every_error_means_what_the_page_says": [adapter(', message="problem.text"', "")],
    "test_a_refusal_of_a_cancel_and_of_a_balance_is_heard": [cancels("DELETE", stopped="CANCELED")],
    "test_a_cancel_that_comes_too_late_is_refused": [TOO_LATE],
    "test_a_task_can_be_canceled": [cancels("DELETE", stopped="CANCELED")],
    "test_a_look_that_comes_too_early_is_no_error": [EARLY + adapter(LOOK, f'{LOOK}, not_yet=("soon", 30)')],
    "test_every_form_of_an_answer_is_read": [
        SHORT + adapter('assets="job.files[].href"', 'assets=first("job.files[].href", "job.links[].href")', "first")
    ],
    "test_what_answers_tell_is_read": [CHARGE + adapter("    created=", '    credits="job.cost",\n    created=')],
    "test_links_lead_to_every_host_of_the_provider": [ELSEWHERE + adapter(LOOK, HOSTS)],
    "test_limits_are_those_of_the_page": [
        LIMITS + adapter("    gaps=", "    limits=Limits(submits=(20, 10), active=4),\n    gaps=", "Limits")
    ],
    "test_an_offer_keeps_its_promises": [
        HALF + adapter("Price(credits=3)", 'Price("0.035")'),
        knob("Whole(1, 50), required=True", "Whole(1, 50, required=True)"),
        VARNISHED,
        GLOSSY,
        ENVELOPED,
    ],
    "test_an_offer_is_declared_without_contradiction": [
        knob("Whole(0, 10**9), default=1", "Whole(0, 10**9)")
        + adapter(BY_VARNISH[0], 'Table("tone", {1: Price(credits=3), 10**10: Price(credits=8)})'),
    ],
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": [
        HALF + adapter("Price(credits=3)", 'Price("0.035")'),
        knob("Whole(-3, 50), required=True", "Whole(-3, 50, required=True)"),
        knob("Flag(on='yes', off='no')", 'Choice(("yes", "no"))'),
        knob("Number(-0.5, 2)", "Number(-0.5, 2)"),
        VARNISHED,
        # A third picture has a field that this simulator ignores: that is not taking it.
        adapter('"sources",', 'numbered("source", "source_{n}"),', "numbered")
        + adapter("Files(1, 4", "Files(1, 2")
        + simulator('"sources": Links(1, 4, schemes', '"source_2": Link(("https",)), "source": Link(schemes')
        + simulator("Flag, Links,", "Flag, Link,")
        + simulator(", closed=True", ""),
    ],
    "test_what_is_told_of_a_task_is_read": [HALF_DONE + tells(progress="job.made!percent"), COVERED + covers()],
    "test_of_files_too_check_passes_what_the_simulator_takes": [inline('("data",)')],
    "test_a_file_that_is_put_in_arrives_as_it_is": [
        inline('("data",)'),
        inline('("data", "upload")', *adapter("megabytes=10)", "megabytes=10, inline=1)")),
        REFERRED,
    ],
    "test_a_file_is_uploaded_once_as_long_as_it_lasts": [REFERRED],
    "test_a_rate_limit_is_waited_for": [stated('retry_after = ""')],
    "test_a_hook_is_a_pure_function": [GLOSSY, ENVELOPED],
    "test_a_failed_task_says_why_and_what_it_costs": [ENVELOPED],
    "test_an_adapter_is_facts_and_no_program": [ENVELOPED],
}
"""By promise: what else an outside package may be like, and the suite says nothing to it."""


@pytest.mark.parametrize(
    ("promise", "changes"),
    [
        pytest.param(promise, changes, id=f"{promise}-{number}")
        for promise, ways in RIGHT.items()
        for number, changes in enumerate(ways)
    ],
)
def test_what_is_right_is_not_found_fault_with(plugged, tmp_path, promise, changes):
    assert broken(promise, plugged(*changes), tmp_path=tmp_path) is None


SILENT = simulator("    refusals: ClassVar", "    refusals = {}\n    told: ClassVar") + simulator(
    "    errors: ", "    rest: "
)
ENDLESS = simulator("    failures: ClassVar", "    failures = {}\n    ends: ClassVar")


@pytest.mark.parametrize(
    ("promise", "changes", "said"),
    [
        ("test_the_wait_that_is_asked_for_is_read", stated('retry_after = ""'), "wait"),
        ("test_the_wait_that_is_asked_for_is_read", SILENT, "refusal that is throttled"),
        ("test_a_rate_limit_is_waited_for", SILENT, "refusal that is throttled"),
        ("test_a_no_is_heard_and_costs_nothing", SILENT, "refusal that is unauthorised"),
        ("test_every_error_means_what_the_page_says", SILENT, "error of a submit"),
        ("test_an_error_of_a_look_is_the_look_s_alone", SILENT, "error of a look"),
        ("test_a_failed_task_says_why_and_what_it_costs", ENDLESS, "failure that is failed"),
        ("test_a_failure_is_read_as_the_page_tells_it", ENDLESS, "failure"),
        ("test_every_word_for_a_state_is_known", ENDLESS, "failure that is failed"),
        (
            "test_a_call_is_named_as_the_provider_names_it",
            simulator("    request_id_header: ", "    h: "),
            "request id",
        ),
        ("test_a_refusal_in_place_of_the_result_ends_the_task", [], "call for the result alone"),
        (
            "test_every_word_of_a_state_means_what_the_page_says",
            simulator("    states: ", "    s: "),
            "words for states",
        ),
        ("test_every_form_of_an_answer_is_read", [], "second form of an answer"),
        ("test_what_answers_tell_is_read", simulator("    tells: ", "    t: "), "times, and nothing that was taken"),
        (
            "test_a_balance_is_what_the_account_has",
            adapter('balance=Balance(path="/v1/account", credits="tokens"),', "")
            + simulator('        ("GET", r"/v1/account", "funds"),\n', ""),
            "call for the balance",
        ),
        ("test_a_credit_is_worth_what_the_page_says", simulator("    credit: ", "    worth: "), "value of a credit"),
        ("test_a_task_can_be_canceled", [], "cancel"),
        ("test_a_cancel_that_comes_too_late_is_refused", [], "cancel that comes too late"),
        ("test_a_look_that_comes_too_early_is_no_error", [], "look that comes too early"),
        (
            "test_links_live_as_long_as_the_page_says",
            simulator('("refusals.not_found",)', '("lifetime",)'),
            "lifetime of results",
        ),
        ("test_links_lead_to_every_host_of_the_provider", [], "other hosts"),
        (
            "test_a_url_of_this_machine_is_taken_at_a_simulator",
            adapter("https=True, ", "") + simulator(", takes=SOURCES", ""),
            "files that it fetches",
        ),
        ("test_limits_are_those_of_the_page", [], "limits"),
        ("test_one_call_looks_at_several_tasks", [], "call that tells of several tasks"),
    ],
)
def test_where_the_page_says_nothing_nothing_is_held_and_that_is_said(plugged, promise, changes, said):
    with pytest.raises(PassedOver, match=f"the simulator of acme states no {said}$"):
        broken(promise, plugged(*changes))


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"refusals": {"throtled": (429, 1, "")}}, "refusals: there is no 'throtled', there are unauthorised, no_cre"),
        ({"refusals": {"throttled": 429}}, "refusals, throttled: it is (HTTP status, code, text), not 429"),
        ({"errors": ("no",)}, "errors is a tuple of Error"),
        (
            {"failures": {"lost": Failure("E1", "?")}},
            "failures, lost: means: there is no 'lost', there are failed, mod",
        ),
        ({"failures": {"failed": "E1"}}, "failures, failed: it is a Failure, not 'E1'"),
        ({"states": {"gone": "cancelled"}}, "states, the meaning: there is no 'cancelled', there are queued, running"),
        ({"limits": {"submit": (1, 2)}}, "limits: there is no 'submit', there are submits, polls, active"),
        ({"tells": ("charged",)}, "tells: there is no 'charged', there are created, completed, charge"),
        ({"tells": "charge", "states": 1}, "tells is a tuple of texts, not a text; states is a dict, not 1"),
        ({"retry_after": "headers"}, "retry_after: there is no 'headers', there are header, body"),
        ({"ours": ("refund",)}, "ours: there is no 'refund', there are lifetime, refunds, origin"),
        ({"ours": ("refusals.gone",)}, "ours, refusals: there is no 'gone', there are unauthorised"),
        ({"ours": ("failures.failled",)}, "ours, failures: there is no 'failled', there are codes"),
        ({"routes": (("GET", "/", "pol"),)}, "routes, GET: no method answers 'pol'"),
    ],
)
def test_a_simulator_s_own_words_are_there_or_refused(stated, said):
    with pytest.raises(ValueError, match=f"^Acme: {re.escape(said)}"):
        type("Acme", (Service,), stated)
    with pytest.raises(ValueError, match=r"an Error means one of unauthorised, .*, not 'blocked'"):
        Error("blocked", 400, 1, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (simulator("SERVICE = Acme", "SERVICE = Acme()"), "SERVICE is the class Acme itself, not one made of it"),
        (simulator("    lifetime: ", "    life: "), "Acme does not say lifetime"),
        (
            simulator('"not_allowed", "The picture', '"not_allowed", means="blocked", message="The picture'),
            "no 'blocked",
        ),
    ],
)
def test_a_simulator_that_is_none_is_refused_where_it_is_loaded(plugged, changes, said):
    plugged(*changes)
    with pytest.raises(ValueError, match=said):
        services()


def test_a_fault_that_changes_nothing_is_said(plugged):
    acme = plugged(*stated('id_fields = ("key",)'), *stated('state_fields = ("mood",)'))
    for promise, fault in (
        ("test_a_lost_answer_is_never_paid_for_twice", "without_id"),
        ("test_a_bad_look_does_not_lose_the_task", "unknown_state"),
    ):
        said = f"the fault {fault} found nothing to change in the simulator's answer; its `id_fields` are key, its"
        assert said in broken(promise, acme)


def test_a_failure_shows_no_error_that_was_being_handled(plugged):
    acme = plugged(*adapter("/jobs/{id}", "/job/{id}"))
    with pytest.raises(pytest.fail.Exception) as failed:
        Contract().test_every_word_for_a_state_is_known(next(cases(acme)))
    assert failed.value.__suppress_context__


def test_every_promise_has_a_fault_that_breaks_it():
    promises = {name for name in dir(Contract) if name.startswith("test_")}
    assert promises - set(PLANTED) == {PLAYED}


def test_what_no_page_tells_is_told_as_is_usual(plugged):
    plugged(
        *SILENT,
        *simulator('"failed": Failure("out_of_paint"', '"lost": Failure(means="failed", code="out_of_paint"')
        + simulator('"The picture could not be drawn"', 'message="?"'),
    )
    acme = services()["acme"]()
    acme.add_fault({"kind": "throttled", "on": "submit"})
    assert acme.answer(Request("POST", "/v1/pictures")).status == 429
    assert acme.answer(Request("POST", "/v1/pictures")).status == 401
    with pytest.raises(ValueError, match="no page says how a task of acme ends that is failed"):
        acme.add_fault({"kind": "failed"})


def test_a_suite_that_names_no_adapter_is_no_suite():
    class TestNobody(Contract):
        pass

    with pytest.raises(pytest.UsageError, match="TestNobody does not say whose promises"):
        TestNobody().pytest_generate_tests(None)


def test_a_provider_without_credits_is_counted_in_a_unit_of_its_own(plugged):
    acme = plugged(*adapter('"1K": Price(credits=3)', '"1K": "0.03"'), *adapter('    credit=Credit("0.01"),\n', ""))
    quoted = "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges"
    assert broken(quoted, acme) is None

    class Finer(Contract):
        unit = Decimal("0.001")

    said = "acme/flux2p is quoted at $0.03, that is 30 units of $0.001, and the simulator charges 3"
    assert said in broken(quoted, acme, Finer())


def test_an_adapter_that_is_not_there_is_said_and_missing_cassettes_are_skipped(plugged):
    class TestAcme(Contract):
        providers = ("acme",)

    asked = SimpleNamespace(fixturenames=("tmp_path",))
    with pytest.raises(ConfigError, match="TestAcme: no provider is named 'acme'; there are"):
        TestAcme().pytest_generate_tests(asked)
    plugged()
    TestAcme().pytest_generate_tests(asked)
    asked.fixturenames, asked.parametrize = (
        ("adapter", "cassette"),
        lambda _, values: asked.__dict__.update(given=values),
    )
    TestAcme().pytest_generate_tests(asked)
    (skipped,) = asked.given
    assert skipped.marks[0].kwargs == {"reason": "acme has no cassettes"}


def test_where_the_answer_is_the_result_there_is_nothing_to_look_at(plugged):
    acme = plugged()
    life = attrs.evolve(acme.lifecycle, poll=None, states={}, expires=None)
    direct = attrs.evolve(acme, lifecycle=life, refunds="unknown", limits=Limits(active=3))
    assert broken("test_an_adapter_says_all_that_can_be_said", direct) is None
    assert broken("test_what_no_page_says_is_a_gap", direct) is None
    # No look can go wrong there, and no task can fail later: a skip says that nothing was tried, where a pass would
    # say that the promise is kept.
    for promise in (
        "test_a_bad_look_does_not_lose_the_task",
        "test_a_failed_task_says_why_and_what_it_costs",
        "test_an_error_of_a_look_is_the_look_s_alone",
        "test_a_failure_is_read_as_the_page_tells_it",
    ):
        with pytest.raises(PassedOver, match="at acme the answer to a submit is the result"):
            broken(promise, direct)


@pytest.mark.parametrize(
    ("expires", "wrong"), [(None, None), (86_400, "has no link to expire, and `expires` says 86400")]
)
def test_what_is_in_the_answer_itself_has_no_lifetime(plugged, expires, wrong):
    acme = plugged()
    said = attrs.evolve(acme.lifecycle.submit, reply=attrs.evolve(acme.lifecycle.submit.reply, assets=(), files="@"))
    life = attrs.evolve(acme.lifecycle, submit=said, poll=None, states={}, expires=expires)
    found = broken("test_links_live_as_long_as_the_page_says", attrs.evolve(acme, lifecycle=life))
    assert found is wrong is None or wrong in found


def test_where_there_is_no_call_beside_the_looks_none_can_be_refused(plugged):
    with pytest.raises(PassedOver, match="acme declares no cancel and no balance"):
        broken("test_a_refusal_of_a_cancel_and_of_a_balance_is_heard", attrs.evolve(plugged(), balance=None))


def test_an_adapter_without_a_file_is_said(plugged):
    with pytest.raises(LookupError, match="ghost has no file"):
        broken("test_an_adapter_is_facts_and_no_program", attrs.evolve(plugged(), name="ghost"))


def test_what_can_be_asked_for_in_one_variant_is_not_in_the_other(plugged):
    acme = plugged()
    offer = acme.offers[0]
    edits = attrs.evolve(offer, params=offer.params | {"mask": Param("mask", when(images=File()))})
    assert "mask" in askable(acme, edits, "images")
    assert "mask" not in askable(acme, edits, "text")
    with pytest.raises(TypeError, match="mask: object is no kind of value that this suite knows"):
        values("mask", object())


def test_a_field_for_files_that_the_suite_cannot_make_is_said():
    with pytest.raises(LookupError, match="this suite makes no video/webm and no audio/wav"):
        values("videos", Files(forms=("part",), types=("video/webm", "audio/wav")))


def test_the_prices_of_what_is_not_counted_up_are_not_looked_through(plugged):
    offer = plugged().offers[0]
    by_text = attrs.evolve(offer, prices=Table("prompt", {"a fox": Price(credits=3)}))
    assert [*cells_of_no_request(by_text)] == []
    assert [*cells_of_no_request(attrs.evolve(offer, prices=Table("resolution", {"9K": Price(credits=3)})))] != []


def test_a_resolution_is_never_taken_where_its_pixels_are_too_many():
    assert [*_resolutions_never_taken(ACME, OFFER)] == []
    more = attrs.evolve(OFFER, shape=attrs.evolve(OFFER.shape, megapixels={"1K": 1, "9K": 9}))
    assert [*_resolutions_never_taken(ACME, more)] == ["9K"]


# Cassettes


PLAYED = "test_a_cassette_is_played_to_its_end"
WAITING, DONE = (
    {"id": "job_1", "state": "waiting"},
    {"id": "job_1", "state": "done", "files": [{"href": "https://f/1.png"}]},
)


def cassette(*jobs):
    """Return a conversation as vcrpy writes one, with these answers."""
    auth = {"Authorization": ["Token ***"], "Content-Type": ["application/json"]}
    calls = [("POST", "pictures", json.dumps({"model": "flux2p", "prompt": "a fox", "size": "uhd"}))]
    calls += [("GET", "jobs/job_1", None)] * (len(jobs) - 1)
    interactions = [
        {
            "request": {"method": method, "uri": f"https://a.example/v1/{path}", "body": body, "headers": auth},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/json"]},
                "body": {"string": json.dumps({"job": job})},
            },
        }
        for (method, path, body), job in zip(calls, jobs, strict=True)
    ]
    return json.dumps({"version": 1, "interactions": interactions})


@pytest.mark.parametrize(
    ("jobs", "changes", "said"),
    [
        ([WAITING, WAITING, DONE], [], None),
        (
            [WAITING, DONE],
            adapter('"/v1/jobs/{id}"', '"/v2/jobs/{id}"'),
            "asks for what was not recorded (again): GET https://a.example/v2/jobs/job_1",
        ),
        (
            [WAITING, DONE],
            adapter("files[].href", "files[].url"),
            "the adapter asks for what was not recorded (again): GET",
        ),
        (
            [WAITING, DONE],
            adapter('"waiting": State.QUEUED', '"waiting": State.FAILED'),
            "1 of 2 answers were asked for",
        ),
        (
            [WAITING, DONE],
            adapter('"hd", "2K": "uhd"', '"hd"'),
            "does not write this body (any more): {'model': 'flux2p',",
        ),
        ([{}], [], "what was accepted came to SubmitUncertain("),
    ],
)
def test_a_cassette_that_is_not_understood_is_said(plugged, tmp_path, jobs, changes, said):
    file = tmp_path / "succeeded.yaml"
    file.write_text(cassette(*jobs))
    assert (said or "None") in str(broken(PLAYED, plugged(*changes), cassette=file))


def test_a_key_in_a_cassette_is_said(plugged, tmp_path):
    file = tmp_path / "succeeded.yaml"
    file.write_text(cassette(WAITING, DONE).replace("Token ***", "Token 5f0c1d"))
    assert broken(PLAYED, plugged(), cassette=file) == "succeeded.yaml holds what may be a key, in Authorization"


def without_files(case):
    """Return whether a body is words alone: files in it are not read back."""
    return not list(slots(parts(check(case.request, case.adapter, case.offer))[0].body))


@pytest.mark.parametrize(
    "case", [case for each in adapters().values() for case in cases(each) if without_files(case)], ids=str
)
def test_a_body_is_read_back_to_what_was_asked_for(case):
    def written(request):
        checked = check(request, case.adapter, case.offer)
        return checked.path, given(parts(checked)[0].body)

    path, body = written(case.request)
    assert written(written_as(case.adapter, path, body)) == (path, body)
    assert written_as(case.adapter, path, {**body, "novelty": 1}) is None
    assert written_as(case.adapter, "/elsewhere", body) is None


@pytest.mark.parametrize(
    ("field", "param"),
    [
        ("images", Param(numbered("image", "image_{n}"), Files(1, 4))),
        ("images", Param("images[].url", Files(1, 4))),
        ("size", Param("size", Size("{width}x{height}"))),
        ("size", Param("size", Size())),
    ],
)
def test_a_field_that_is_written_in_another_form_is_read_back(plugged, field, param):
    acme = plugged()
    offer = attrs.evolve(acme.offers[0], params={"prompt": acme.offers[0].params["prompt"], field: param}, prices=None)
    acme = attrs.evolve(acme, offers=(offer,), upload=None)
    case = list(cases(acme))[-1]
    (part,) = parts(check(case.request, acme, offer))
    assert getattr(case.request, field)
    assert written_as(acme, "/v1/pictures", part.body) == case.request


@pytest.mark.parametrize(
    ("asked", "made", "wrong"),
    [
        ({"duration": 5}, {"seconds": 8}, "5 s were asked for"),
        ({"duration": "auto", "audio": False}, {"seconds": 8}, ""),
        ({"audio": True}, {}, "it was asked for with sound"),
        ({"audio": False}, {"sound": True}, "it was asked for without sound"),
        ({"resolution": "720p", "aspect_ratio": "16:9"}, {}, ""),
        ({"resolution": "1080p"}, {}, "the short side of 1080p has 1080 pixels"),
        ({"aspect_ratio": "9:16"}, {}, "its ratio is not 9:16"),
        ({"output_format": "wav", "duration": 5}, {"media": "mp3", "size": (0, 0)}, "wav was asked for, and it is mp3"),
        ({"aspect_ratio": "1:1"}, {"media": "mp3", "size": (0, 0)}, ""),
    ],
)
def test_a_film_or_a_sound_that_is_not_as_it_was_asked_for_is_said(asked, made, wrong):
    order = Order(
        **{"wire_id": "m", "prompt": "p", "size": (1280, 720), "media": "mp4", "price": 1, "seconds": 5} | made
    )
    assert "; ".join(_misfits(asked, order)) == wrong
    assert _drawn(order) == ("a sound of 5 s" if order.media == "mp3" else f"a film of 1280x720 and {order.seconds} s")
