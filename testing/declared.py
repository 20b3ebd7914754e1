"""What can be seen from the declaration alone: it is complete, it is facts, and nothing in it contradicts the rest."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from anymedia import State
from anymedia.declare import (
    Adapter,
    Err,
    Lifecycle,
    Limits,
    Offer,
    Pixels,
    Table,
)
from anymedia.declare.sound import cells_of_no_request, contradictions
from anymedia.model.vocabulary import Refund
from anymedia.pricing.price import priced
from anymedia.registry import GROUP
from anymedia.simulators import names
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .requests import askable, every, fewest, fits, given, knob, mended, one_by_one, value_of
from .suite import Suite, promise

FLOW = (ast.If, ast.For, ast.While, ast.Try, ast.TryStar, ast.With, ast.Match, ast.Raise, ast.ClassDef, ast.Lambda)
WAITS = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)

GAPLESS = (
    "gaps are empty: at least one Gap is needed, since no page says everything, and users read what it leaves open "
    "beside the provider's name"
)


class Declared(Suite):
    """The declaration of an adapter and of its offers."""

    def test_an_adapter_says_all_that_can_be_said(self, adapter: Adapter) -> None:
        """Who it is, where it is, which key it takes, how its tasks end, and when its page was read."""
        missing = "; ".join(_unsaid(adapter))
        promise(not missing, f"{adapter.name}: {missing}")

    def test_what_no_page_says_is_a_gap(self, adapter: Adapter) -> None:
        """Unknown is a value, and it is said: users read the gaps beside the provider's name."""
        said = " ".join(f"{gap.what} {gap.choice or ''}" for gap in adapter.gaps).lower()
        missing = "; ".join(
            f"{what}: a Gap that names {word!r}"
            for what, word in _open(adapter)
            if re.search(rf"\b{word}s?\b", said) is None
        )
        promise(not missing, f"{adapter.name} leaves open what none of its gaps tells: {missing}")

    def test_an_adapter_is_facts_and_no_program(self, adapter: Adapter) -> None:
        """Its files import the words of anymedia.declare and each other, and decide nothing."""
        files = sources(adapter)
        own = {".", *(f".{file.stem}" for file in files)} if len(files) > 1 else set()
        for file in files:
            tree = ast.parse(file.read_text("utf-8"))
            foreign = ", ".join(sorted(_imports(tree) - {"anymedia.declare", *own}))
            promise(not foreign, f"{file.name} imports {foreign}; an adapter is written in anymedia.declare alone")
            steps = ", ".join(_steps(tree))
            promise(not steps, f"{file.name} holds control flow: {steps}; core decides, adapters state facts")

    def test_an_adapter_has_a_simulator(self, adapter: Adapter) -> None:
        """Without one nothing else can be tested, by us or by apps."""
        promise(adapter.name in names(), f"no simulator is named {adapter.name}; there are {', '.join(names())}")

    def test_an_offer_is_declared_without_contradiction(self, adapter: Adapter, offer: Offer) -> None:
        """It can be asked for, every field can be given, every default is a value, every price is one's, every bound
        has two sides."""
        name = f"{adapter.name}/{offer.name}"
        promise(bool(offer.variants), f"{name}: wire_id and images leave no variant in which it can be asked for")
        for variant in offer.variants:
            refused = "; ".join(map(str, check(fewest(adapter, offer, variant), adapter, offer).problems))
            promise(not refused, f"{name}, {variant}: a request with no more than it needs is refused: {refused}")
            for field in offer.fields:
                wrong = "; ".join(contradictions(offer, field, variant))
                promise(not wrong, f"{name}, {variant}, {field}: {wrong}")
        thin = ", ".join(_resolutions_never_taken(adapter, offer))
        promise(not thin, f"{name}: the pixels that `shape` makes of a resolution are always refused: {thin}")
        unread = ", ".join(cells_of_no_request(offer))
        promise(not unread, f"{name}: prices are printed for what no request is billed as: {unread}")
        never = ", ".join(field for field in _fields(adapter, offer) if not any(_can_be_given(adapter, offer, field)))
        promise(not never, f"{name}: declared, and refused in every variant with every value tried: {never}")


def sources(adapter: Adapter) -> list[Path]:
    """Return the files that an adapter is declared in: that of its module, or all of its package."""
    plugins = {point.module: point.load() for point in entry_points(group=GROUP)}
    module = next((name for name, held in plugins.items() if getattr(held, "ADAPTER", held) is adapter), None)
    spec = find_spec(module or f"{GROUP}.{adapter.name}")
    if spec is None or spec.origin is None:
        raise LookupError(f"{module or adapter.name} has no file")
    file = Path(spec.origin)
    return [file] if spec.submodule_search_locations is None else sorted(file.parent.glob("*.py"))


def _unsaid(adapter: Adapter) -> Iterator[str]:
    """Yield what an adapter does not say, or not in the form needed."""
    where = urlsplit(adapter.base_url)
    names = [offer.name for offer in adapter.offers]
    wanted = {
        "name is lower case letters, digits and _": adapter.name.isidentifier() and adapter.name.islower(),
        "title is what people call the provider": adapter.title,
        "page is where the facts are written": adapter.page,
        "read is the day on which they were read, as 2026-11-20": re.fullmatch(r"\d{4}-\d\d-\d\d", adapter.read),
        "base_url is an https origin; the paths carry the rest": (where.scheme, where.path) == ("https", ""),
        "api_key_env names the variables that may hold the key": adapter.api_key_env,
        "offers are what is sold": adapter.offers,
        "one name is one offer": len(set(names)) == len(names),
        GAPLESS: adapter.gaps,
    }
    yield from (what for what, said in wanted.items() if not said)
    for name, life in adapter.lives.items():
        of = "" if name is None else f"lifecycles, {name}: "
        yield from (f"{of}{what}" for what in _unsaid_of(life))


def _unsaid_of(life: Lifecycle) -> Iterator[str]:
    """Yield what a lifecycle does not say of how its tasks end."""
    if life.poll is not None and State.SUCCEEDED not in life.states.values():
        yield "some word of states is State.SUCCEEDED"
    if life.poll is not None and not _tells(life):
        yield "a failed task shows: by a word of states, failed_if or a verdict"


def _tells(life: Lifecycle) -> bool:
    """Return whether a lifecycle knows of any way in which a task fails."""
    by_word = any(meaning is State.FAILED or isinstance(meaning, Err) for meaning in life.states.values())
    return by_word or any(each.verdict or each.reply.failed_if is not None for each in life.looks.values())


def _open(adapter: Adapter) -> Iterator[tuple[str, str]]:
    """Yield what an adapter leaves open, and the word that a gap about it cannot do without."""
    looked_at = [life for life in adapter.lives.values() if life.poll is not None]
    if adapter.refunds is Refund.UNKNOWN and looked_at:
        yield "refunds", "refund"
    if any(life.expires is None for life in looked_at):
        yield "expires", "lifetime"
    if adapter.limits == Limits():
        yield "limits", "rate"
    for offer in adapter.offers:
        if offer.prices is None:
            yield f"prices of {offer.name}", "price"
        elif isinstance(offer.prices, Table) and (unpriced := next(_unpriced(adapter, offer), None)):
            yield f"a price of {offer.name} ({unpriced})", "price"


def _unpriced(adapter: Adapter, offer: Offer) -> Iterator[str]:
    """Yield why requests that an offer takes have no price."""
    for variant in offer.variants:
        for request in one_by_one(adapter, offer, variant):
            checked = check(request, adapter, offer)
            money = None if checked.problems else priced(checked, parts(checked))
            if money is not None and money.usd is None and money.credits is None:
                yield str(money.reason)


def _imports(tree: ast.Module) -> set[str]:
    modules = {"." * node.level + (node.module or "") for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return modules | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def _steps(tree: ast.Module) -> Iterator[str]:
    """Yield what is done in a file, by line; a helper may return words, and nothing before."""
    for node in ast.walk(tree):
        if isinstance(node, FLOW + WAITS):
            yield f"{type(node).__name__} in line {node.lineno}"
        if isinstance(node, ast.FunctionDef) and len(node.body) > 1 + (ast.get_docstring(node) is not None):
            yield f"more than a return in {node.name}"


def _resolutions_never_taken(adapter: Adapter, offer: Offer) -> Iterator[str]:
    """Yield the resolutions that a shape turns into pixels which the offer itself refuses."""
    for resolution in offer.shape.megapixels if isinstance(offer.shape, Pixels) else ():
        asked = [given(fewest(adapter, offer, variant), "resolution", resolution) for variant in offer.variants]
        if not any(each is not None and fits(each, adapter, offer) for each in asked):
            yield resolution


def _fields(adapter: Adapter, offer: Offer) -> Iterator[str]:
    """Yield every field and knob of an offer, as a request names it."""
    yield from offer.params
    yield from (knob(adapter, name) for name in offer.knobs)


def _can_be_given(adapter: Adapter, offer: Offer, field: str) -> Iterator[bool]:
    """Yield whether an offer takes a field: beside all the others, then alone."""
    for variant in offer.variants:
        yield value_of(every(adapter, offer, variant), field) not in (None, ())
        for value in askable(adapter, offer, variant).get(field, ()):
            request = given(fewest(adapter, offer, variant), field, value)
            yield request is not None and fits(mended(request, adapter, offer, variant), adapter, offer)
