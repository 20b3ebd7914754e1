"""Plants one wrong fact at a time into the adapters, and tells which of them no test notices.

    python tests/mutants.py [--number 300] [--seed 0] [--jobs 2] [--only runapi]

Every fact that an adapter's source spells out (a bound, a word, a price, a place, an entry of a table, a keyword) can
go wrong in its own way; of all these mutants a spread over the adapters and the kinds is taken, the same one for the
same seed. Each is run against the tests named below, in a process of its own, on a copy of the checkout. Exits with 1
when one survives that is not listed as EQUIVALENT, or when one is listed that is none.
"""

import argparse
import ast
import configparser
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import aiohttp.web  # noqa: F401 - the heavy ones are imported once, not once a mutant
import attrs
import cattrs  # noqa: F401
import hypothesis
import PIL.Image  # noqa: F401
import pytest
from planting import Planted, files

ROOT = Path(__file__).parents[1]
ADAPTERS = Path("anymedia", "adapters")
"""Where the adapters lie in the copy of the checkout, which is worked in."""

TESTS = (
    *("tests/adapters", "tests/agreement", "tests/contract"),
    *("tests/client/test_quotes.py", "tests/core/test_live.py"),
)
"""The quickest to notice a wrong fact come first."""

OPTIONS = (
    *("-x", "-q", "--tb=no", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
    *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"),
)

FEW = "0.25"
"""How many of the usual cases the agreement tries here."""

CLEAN = 900
"""Seconds that the tests take at most on the checkout itself."""

SLOWER = 3
"""A mutant has so many times what the checkout itself took: one that makes the tests hang is noticed."""

PROSE = {"page", "title", "read", "gaps", "doubt", "source"}
"""Keywords that hold sentences and dates for people."""

PROSE_TEXT = re.compile(r"[a-z]{2,} [a-z]{2,}")
"""Two words that follow one another: a text with several such pairs is a sentence."""

ONE_AT_LEAST = "there is always one: none at all is another mode, or no request; and what is above is told otherwise"
ALWAYS = "a SpeechRequest has a text, whatever the offer says of it"
USUAL = "what stands at a usual place is told all the same, and no row of these adapters goes by a text"
SAME = "the model is the offer's name unless told otherwise"

EQUIVALENT = {
    **{
        f'reapi.{file}: "count": Param("n", Whole(1, 4), default=1),  ->  '
        '"count": Param("n", Whole(0, 4), default=1),': ONE_AT_LEAST
        for file in ("gpt_image", "nano_banana")
    },
    **{
        f'{file}: "text": Param({place}, required=True),  ->  "text": Param({place}, required=False),': ALWAYS
        for file, place in (
            ("fal.speech", '"text", Text(1)'),
            ("kie.speech", '"input.text", Text(1, 5000)'),
            ("kie.speech", '"input.dialogue_turns[0].text", Text(1, 10_000)'),
            ("openai.speech", '"input", Text(1, 4096)'),
            ("revidapi", '"text", Text(1)'),
            ("runapi.speech", '"text", Text(1, 5000)'),
            ("runapi.speech", '"dialogue_turns[0].text", Text(1, 10_000)'),
        )
    },
    'api_in_one: model=f"flux-2-{tier}",  ->  ': SAME,
    'revidapi: model=f"flux-2-{tier}",  ->  ': SAME,
    'api_in_one: fault=Fault(code=first("error.code", "code"), message=first("error.message", "error", "message")),'
    '  ->  fault=Fault(code=first("error.code", "code"), message=first("error.message", "error", )),': USUAL,
    'revidapi: fault=Fault(code="code", message=first("msg", "message", "detail")),  ->  '
    'fault=Fault(code="code", message=first("msg", "message", )),': USUAL,
}
"""Mutants that no test can notice, by how they are shown, and why."""


@attrs.frozen
class Mutant:
    """One wrong fact: the part of an adapter's source that is another text."""

    file: str
    kind: str
    start: int
    end: int
    text: str
    source: str = attrs.field(repr=False)

    @property
    def adapter(self) -> str:
        """The name of the adapter that it is of."""
        return self.file.partition(".")[0]

    @property
    def mutated(self) -> str:
        """The whole source with the wrong fact in it."""
        return self.source[: self.start] + self.text + self.source[self.end :]

    def __str__(self) -> str:
        """Show the lines that it is about, before and after: no line number, so that it stays the same for long."""
        first = self.source.rfind("\n", 0, self.start) + 1
        last = self.source.find("\n", self.end)
        before = self.source[first:last]
        after = self.source[first : self.start] + self.text + self.source[self.end : last]
        return f"{self.file}: {_squeezed(before)}  ->  {_squeezed(after)}"


def _squeezed(text: str) -> str:
    return " ".join(text.split())


# What can be wrong


class Facts(ast.NodeVisitor):
    """Finds every fact of an adapter's source, and what could stand in its place."""

    def __init__(self, file: str, source: str) -> None:
        self.file, self.source = file, source
        self.found: list[Mutant] = []
        self._bytes = source.encode()
        self._lines = [0]
        for line in self._bytes.split(b"\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.visit(ast.parse(source))

    def visit_Module(self, node: ast.Module) -> None:
        """Leave out the docstring and the imports."""
        for statement in node.body[1:]:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                self.visit(statement)

    def visit_arguments(self, node: ast.arguments) -> None:
        """Leave out annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Leave out the annotation of what is returned."""
        for statement in node.body:
            self.visit(statement)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A number one more or less, a yes for a no, another word or figure."""
        if isinstance(node.value, bool):
            self._replace("flag", node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace("number", node, str(node.value + 1))
            self._replace("number", node, str(node.value - 1))
        elif isinstance(node.value, str) and len(PROSE_TEXT.findall(node.value)) < 3:
            for text in _other_texts(node.value):
                self._replace("text", node, repr(text))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """A name that is put together, with something behind it."""
        _, end = self._span(node)
        self.found.append(Mutant(self.file, "text", end - 1, end - 1, "-x", self.source))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Another word of a vocabulary."""
        word = ast.unparse(node)
        if word in NEXT:
            self._replace("word", node, NEXT[word])

    def visit_Call(self, node: ast.Call) -> None:
        """A call that lacks an element or a keyword."""
        name = ast.unparse(node.func)
        if name in ("Gap", "Said"):
            return
        spans = [self._span(argument) for argument in (*node.args, *node.keywords)]
        self._drop("element", spans[: len(node.args)] if name in ("Choice", "first") else [])
        optional = [span for span, word in zip(spans[len(node.args) :], node.keywords, strict=True) if _told(word)]
        self._drop("keyword", optional)
        for argument in (*node.args, *(word.value for word in node.keywords if _told(word))):
            self.visit(argument)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        """A list that lacks an element."""
        if len(node.elts) > 1:
            self._drop("element", [self._span(element) for element in node.elts])
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        """A table that lacks a row."""
        rows = [
            (self._span(value if key is None else key)[0] - (0 if key else 2), self._span(value)[1])
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        self._drop("row", rows)
        self.generic_visit(node)

    def _drop(self, kind: str, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            comma = re.compile(r"\s*,").match(self.source, end)
            self.found.append(Mutant(self.file, kind, start, comma.end() if comma else end, "", self.source))

    def _replace(self, kind: str, node: ast.expr, text: str) -> None:
        self.found.append(Mutant(self.file, kind, *self._span(node), text, self.source))

    def _span(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        """Return where a node starts and ends; ast counts bytes of a line."""
        start = self._lines[node.lineno - 1] + node.col_offset
        end = self._lines[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        return len(self._bytes[:start].decode()), len(self._bytes[:end].decode())


NEXT = {
    "State.QUEUED": "State.RUNNING",
    "State.RUNNING": "State.SUCCEEDED",
    "State.SUCCEEDED": "State.FAILED",
    "State.FAILED": "State.RUNNING",
    "Refund.YES": "Refund.NO",
    "Outcome.REFUSED": "Outcome.UNCERTAIN",
    "Outcome.UNCERTAIN": "Outcome.REFUSED",
    "Cause.BAD_API_KEY": "Cause.REJECTED",
    "Cause.REJECTED": "Cause.BLOCKED",
    "Cause.NO_CREDIT": "Cause.REJECTED",
    "Cause.NOT_FOUND": "Cause.REJECTED",
    "Cause.RATE_LIMITED": "Cause.UNAVAILABLE",
    "Cause.UNAVAILABLE": "Cause.REJECTED",
    "Cause.BLOCKED": "Cause.FAILED",
    "Cause.FAILED": "Cause.BLOCKED",
}
"""The word that stands in the place of another."""


def _told(keyword: ast.keyword) -> bool:
    return keyword.arg not in PROSE


def _other_texts(text: str) -> Iterator[str]:
    """Yield a text that differs: in one of its figures, and in one of its words."""
    dice = random.Random(text)
    for pattern, change in (
        (r"\d", lambda digit: str((int(digit) + 1) % 10)),
        (r"[A-Za-z_]{2,}", lambda word: word + "x"),
    ):
        places = list(re.finditer(pattern, text))
        if places:
            place = dice.choice(places)
            yield text[: place.start()] + change(place[0]) + text[place.end() :]


def mutants(only: str | None) -> list[Mutant]:
    """Return every mutant of the adapters: modules, and folders with a file a family."""
    sources = files(ROOT / "adapters", only)
    found = [each for name, path in sources.items() for each in Facts(name, path.read_text()).found]
    return [
        each
        for each in found
        if _compiles(each) and ast.dump(ast.parse(each.mutated)) != ast.dump(ast.parse(each.source))
    ]


def _compiles(mutant: Mutant) -> bool:
    try:
        ast.parse(mutant.mutated)
    except SyntaxError:
        return False
    return True


def spread(found: list[Mutant], number: int, seed: int) -> list[Mutant]:
    """Return so many mutants, taken from each adapter and each kind in turn."""
    dice = random.Random(seed)
    heaps: dict[tuple[str, str], list[Mutant]] = {}
    for each in dice.sample(found, len(found)):
        heaps.setdefault((each.file, each.kind), []).append(each)
    taken: list[Mutant] = []
    while len(taken) < min(number, len(found)):
        taken += [heap.pop() for heap in heaps.values() if heap]
    return taken[:number]


def say(text: str) -> None:
    """Tell, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# Whether anyone notices


class OfAdapter:
    """Leaves out the tests that are named after other adapters alone, as no fact of this one reaches them."""

    def __init__(self, name: str) -> None:
        self.name = name
        others = [each.stem for each in (ROOT / "adapters").iterdir() if each.stem not in ("__init__", name)]
        self._others = re.compile(rf"(?<![a-z])({'|'.join(others)})(?![a-z])")
        self._own = re.compile(rf"(?<![a-z]){name}(?![a-z])")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """See above."""
        left = [each for each in items if self._others.search(each.nodeid) and not self._own.search(each.nodeid)]
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [each for each in items if each not in gone]


def tested(mutant: Mutant | None, longest: float) -> tuple[Mutant | None, int]:
    """Run the tests, in a process of its own: return their exit code, or minus the signal of one that hung."""
    child = os.fork()
    if not child:
        try:
            os._exit(_run(mutant, longest))
        except BaseException:  # noqa: BLE001 - whatever it is, it is noticed
            os._exit(99)
    return mutant, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(mutant: Mutant | None, longest: float) -> int:
    signal.setitimer(signal.ITIMER_REAL, longest)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    if mutant is not None:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        sys.meta_path.insert(0, Planted(ADAPTERS.absolute(), mutant.file, mutant.mutated, folder))
    # Whether it fails is all that is asked: not on which least case, nor how long it took.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", max_examples=40, deadline=None, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")
    return int(pytest.main([*OPTIONS, *TESTS], [OfAdapter(mutant.adapter)] if mutant else []))


def laid_out(place: Path) -> None:
    """Copy the checkout as it is installed, and go there."""
    layout = configparser.ConfigParser()
    layout.read(ROOT / "setup.cfg")
    for line in layout["options"]["package_dir"].split("\n"):
        package, _, folder = (part.strip() for part in line.partition("="))
        if package:
            shutil.copytree(
                ROOT / folder, place / package.replace(".", "/"), ignore=shutil.ignore_patterns("__pycache__")
            )
    shutil.copytree(ROOT / "tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    os.chdir(place)
    sys.path.insert(0, str(place))
    os.environ |= {"ANYMEDIA_CASES": FEW, "PYTHONPATH": str(place)}


def main() -> int:
    """Plant, test and tell."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--number", type=int, default=300, help="how many mutants")
    options.add_argument("--seed", type=int, default=0, help="another seed takes others")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--only", help="one adapter alone")
    asked = options.parse_args()
    every = mutants(asked.only)
    gone = set(EQUIVALENT) - set(map(str, every)) if asked.only is None else set()
    for listed in sorted(gone):
        say(f"listed, and no mutant: {listed}")
    taken = [each for each in spread(every, asked.number, asked.seed) if str(each) not in EQUIVALENT]
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="anymedia-mutants-") as place:
        laid_out(Path(place))
        started = time.monotonic()
        _, status = tested(None, CLEAN)
        seconds = time.monotonic() - started
        if status:
            say(f"the tests fail on the checkout itself ({status}): run pytest {' '.join(TESTS)}")
            return 1
        say(f"{len(taken)} of {len(every)} mutants; all tests pass without one, in {seconds:.0f} s")
        with multiprocessing.get_context("fork").Pool(asked.jobs) as pool:
            for number, (mutant, status) in enumerate(
                pool.imap_unordered(partial(tested, longest=SLOWER * seconds), taken), 1
            ):
                if status == 0:
                    survivors.append(mutant)
                    say(f"survived  {mutant.kind:8} {mutant}")
                elif status in (3, 4, 5):
                    say(f"not tested ({status})  {mutant}")
                    survivors.append(mutant)
                if number % 20 == 0:
                    say(f"{number:4} of {len(taken)}, {len(survivors)} survived")
    kinds = Counter(each.kind for each in taken)
    say(f"{len(taken)} planted ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))})")
    say(f"{len(taken) - len(survivors)} killed, {len(survivors)} survived, {len(EQUIVALENT)} listed as equivalent")
    return 1 if survivors or gone else 0


if __name__ == "__main__":
    raise SystemExit(main())
