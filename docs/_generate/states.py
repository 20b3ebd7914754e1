"""docs/states.md: what every raw word of every provider means, asked of the code word by word."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from anymedia import AnymediaError, Retry, State, Task
from anymedia.declare import Adapter, Err
from anymedia.declare.path import Place
from anymedia.engine.schedule import NO_RESULT_LOOKS
from anymedia.translate.messages import Answer

from . import asking
from .errors import REFUNDED
from .markdown import blocks, code, codes, page_of, places, table

INTRO = """\
A task is in one of five states, the same at every provider; the last three are final. The provider's own word stays
on the task as `raw_state`, its answer as `raw`. Small and capital letters, and blanks around a word, make no
difference."""

UNKNOWN = """\
A provider may say tomorrow what no page says today. What the code makes of that, at every provider:"""

STRANGE = "a-word-that-no-page-names"


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    spoken = [adapter for adapter in sellers if _place(adapter) is not None]
    speaking = {adapter.name for adapter in spoken}
    mute = [adapter for adapter in sellers if _place(adapter) is None]
    silent = dict.fromkeys(each.title if each.name in speaking else asking.seller(each) for each in mute)
    return blocks(
        INTRO,
        table(["provider", *map(code, State), "where the word stands"], map(_row, spoken)),
        f"The answer to the submit is the result at {', '.join(silent)}: there is no state." if silent else "",
        "## Words that say more than a state",
        _more(spoken),
        "## Words that nobody knows",
        UNKNOWN,
        table(["the provider says", "the task is then"], _unknown(spoken)),
    )


def _place(adapter: Adapter) -> Place | None:
    return adapter.lifecycle.told_by.state


def _row(adapter: Adapter) -> list[str]:
    words: dict[str, list[str]] = {state: [] for state in State}
    for word in adapter.lifecycle.states:
        seen = asking.look(adapter, asking.shows(adapter, word))
        if isinstance(seen, Task):
            words[seen.state].append(word)
    name = f"[{adapter.title}]({page_of(adapter)})"
    return [name, *map(codes, words.values()), places(_place(adapter))]


def _more(sellers: Sequence[Adapter]) -> str:
    rows = [[adapter.title, code(word), told] for adapter in sellers for word, told in _told(adapter)]
    if not rows:
        return "No provider's word says why a task failed; that stands beside it: see [Errors](errors.md)."
    return table(["provider", "word", "what it says"], rows)


def _told(adapter: Adapter) -> Iterator[tuple[str, str]]:
    """Yield each word that says more of a failure than that it is one, or no state at all."""
    for word, meaning in adapter.lifecycle.states.items():
        seen = asking.look(adapter, asking.shows(adapter, word))
        if isinstance(seen, AnymediaError):
            yield word, _after(seen)
        elif seen.failure is not None and isinstance(meaning, Err):
            refund = "" if meaning.refund is None else f", {REFUNDED[seen.failure.refund]}"
            again = ", and tried once more" if seen.failure.passing else ""
            yield word, f"the task failed: {code(seen.failure.cause)}{refund}{again}"


def _unknown(sellers: Sequence[Adapter]) -> Iterator[list[str]]:
    for question, answer in QUESTIONS.items():
        answers = (_after(asking.look(adapter, answer(adapter))) for adapter in sellers)
        yield [question, "; ".join(dict.fromkeys(answers))]


def _without_result(adapter: Adapter) -> Answer:
    """Return the answer that a task has succeeded, and nothing else."""
    good = next(word for word, meaning in adapter.lifecycle.states.items() if meaning is State.SUCCEEDED)
    return asking.answer(200, (_place(adapter), good))


QUESTIONS: Mapping[str, Callable[[Adapter], Answer]] = {
    f"a word that is not listed, like {code(STRANGE)}": lambda adapter: asking.answer(200, (_place(adapter), STRANGE)),
    "such a word, and a result beside it": lambda adapter: asking.shows(adapter, STRANGE),
    "no word": lambda adapter: asking.shows(adapter, None),
    "a number in the word's place": lambda adapter: asking.shows(adapter, 7),
    "the word for success, and no result": _without_result,
}


def _after(seen: Task | AnymediaError) -> str:
    if isinstance(seen, Task):
        return code(seen.state)
    after = f"{NO_RESULT_LOOKS} such looks end the wait" if seen.retry is Retry.NEVER else "looking goes on"
    return f"as it was: the look ends in {code(type(seen).__name__)}, {after}"
