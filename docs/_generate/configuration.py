"""docs/reference/configuration.md: every key of anymedia.toml and every environment variable, as declared in core."""

from collections.abc import Iterator, Mapping, Sequence

from anymedia import keys, network, storage
from anymedia.config import FILE, OFF
from anymedia.declare import Adapter
from anymedia.declare.auth import OLD
from anymedia.environment import VARIABLES, Variable
from anymedia.journal.opening import SCHEMES
from anymedia.own_offers import fields, offers, prices, shapes
from anymedia.tables import Key, in_words

from .markdown import blocks, code, codes, table

INTRO = """\
One file, `{file}`, says which accounts there are and how requests are bought; without one, every provider whose API key
is in the environment is an account. The file is looked for

1. at `--config FILE`, at `Client("FILE")`, or where `ANYMEDIA_CONFIG` leads,
2. as `{file}` in the working directory,
3. as `anymedia/{file}` in the user's own folder for configurations: `~/.config`, or `XDG_CONFIG_HOME`.

One file counts, the first that is there: nothing is merged. It is TOML in UTF-8. A key that does not exist, a value of
another type, and two keys that contradict each other are errors that name the place, before anything is sent. Amounts
of money are texts. A relative path starts beside the file."""

TRUST = """\
A file that is found only because it lies in the working directory may have come with somebody else's repository. So it
may not lead API keys or files to hosts that no adapter names, unless they are on this machine: `[storage]`,
`[webhooks]`, `proxy`, `ca_file`, `allow_http`, a `base_url` of another host and offers of your own are refused there.
Name the file (`--config`, `ANYMEDIA_CONFIG`), or run `anymedia trust` once in its folder."""

EXAMPLE_TOLD = """\
Most of it is seldom needed: a file with one line below `[route]` is a good one."""

EXAMPLE = """\
[route]
accounts = ["team", "{second}"]  # who is asked, and in which order
policy = "cheapest"
max_price = "0.10"  # USD for a request, over all its attempts
on_uncertain = "continue"  # within max_price

[providers.team]
adapter = "{first}"  # whose account it is; the account's name unless given
api_key_env = "{FIRST}_TEAM_KEY"  # the variable with the API key
daily_limit = "20.00"  # USD from midnight to midnight UTC
timeout = 60
limits = {{ submits = [20, 10], active = 5 }}  # 20 in 10 seconds, 5 tasks at a time

[providers.{second}]
daily_limit = "5.00"

[journal]
path = "journal.db"  # beside this file
prompts = false  # without what was asked for

[alerts]
daily = "15.00"  # USD: what is spent beyond is told, and goes on

[network]
ca_file = "corporate.pem"

[download]
hosts = ["files.internal.example"]

[storage]
url = "s3://media-of-mine/anymedia"
results = true
options = {{ region = "eu-central-1" }}

[webhooks]
url = "https://app.example/hooks"
"""

SETTINGS = """\
What a provider wants to know beside its API key. What is secret stands in a variable alone, which `NAME_env` may name
in place of the usual one; what is not may stand here as well. A secret that is replaced is given twice for a while: the
one before it stands in the same variable with `{old}` behind its name."""

OFFERS = """\
What this library does not know, in the words that adapters are written in: [Offers of your own](../own-offers.md) shows
them at work, and says what `to`, `takes` and `prices` may be. `wire_id`, `path`, `to`, `takes` and `default` may differ
by what is given: [the words](../own-offers.md#the-words)."""

PRICES = """\
`prices` is a text, or a table of one of these kinds. A figure may also be a cell of the second."""

ENVIRONMENT = """\
Where a variable has two names, the one in small letters comes first. A variable that is set to nothing counts as one
that is not set. A journal is none where its variable says {off}; as a URL it is {journals}."""

API_KEYS = """\
Where two are named, the first that is set is taken. An API key stands in no file, no log and no error."""

FIGURE, CELLS, MEGAPIXELS, METERED = "a figure", "a table of figures", "by the megapixel", "by what was used"

SECTIONS: Sequence[tuple[str, str, Sequence[tuple[str, Mapping[str, Key]]]]] = (
    ("[route]", "The options that hold where a call says nothing else; [Routing](../routing.md).", [("", keys.ROUTE)]),
    (
        "[providers.NAME]",
        "An account, by a name that you choose, which is the provider's unless `adapter` names that.",
        [("", keys.ACCOUNT)],
    ),
    ("[providers.NAME.limits]", "What the provider's pages allow holds otherwise.", [("", keys.LIMITS)]),
    ("[journal]", "[The journal](../journal.md).", [("", keys.JOURNAL)]),
    ("[alerts]", "[Seeing what it does](../observability.md).", [("", keys.ALERTS)]),
    ("[network]", "[The network](../network.md).", [("", network.NETWORK)]),
    ("[download]", "[Where results may lie](../network.md#where-results-may-lie).", [("", network.DOWNLOAD)]),
    ("[storage]", "[Files](../files.md#the-storage).", [("", storage.STORAGE)]),
    (
        "[storage] options",
        "By the scheme of the URL. They hold for any other bucket of that kind that a call names, too.",
        [(f"{scheme}://", known) for scheme, known in storage.OPTIONS.items() if known],
    ),
    ("[webhooks]", "[Webhooks](../webhooks.md).", [("", keys.WEBHOOKS)]),
)
"""By table: what it is for, and its keys."""

OWN: Sequence[tuple[str, str, Sequence[tuple[str, Mapping[str, Key]]]]] = (
    ("[[providers.NAME.offers]]", OFFERS, [("", offers.OFFER)]),
    ("A field of an offer", "In `params` and `knobs`, by the field's name.", [("", fields.FIELD)]),
    ("A rule of an offer", "In the list `rules`.", [("", offers.RULE)]),
    (
        "Prices of an offer",
        PRICES,
        [
            (FIGURE, {**prices.FIGURE, **prices.PER}),
            (CELLS, prices.TABLE),
            (MEGAPIXELS, prices.MEGAPIXELS),
            (METERED, prices.METERED),
        ],
    ),
    (
        "The shape of an offer",
        "One of these two.",
        [("pixels that are counted out", shapes.PIXELS), ("sizes that are printed", shapes.GRID)],
    ),
)
"""The tables of an offer, likewise."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    return blocks(
        INTRO.format(file=FILE),
        TRUST,
        "## An example",
        EXAMPLE_TOLD,
        f"```toml\n{_example(sellers)}```",
        "## The tables",
        table(["table", "what it is", "without it"], _tables()),
        *_sections(SECTIONS[:3]),
        "### [providers.NAME.settings]",
        SETTINGS.format(old=OLD.upper()),
        table(["provider", "setting", "variable", "secret", "unless given"], _settings(sellers)),
        *_sections(SECTIONS[3:]),
        *_sections(OWN),
        "## The environment",
        ENVIRONMENT.format(off=codes(OFF), journals=codes(SCHEMES.values())),
        table(["variable", "what it is", "where it is not set", "for example"], map(_variable, VARIABLES)),
        "### API keys",
        API_KEYS,
        table(["provider", "API key"], ([seller.title, codes(seller.api_key_env)] for seller in sellers)),
    )


def _example(sellers: Sequence[Adapter]) -> str:
    first, second = (seller.name for seller in sellers[:2])
    return EXAMPLE.format(first=first, second=second, FIRST=first.upper())


def _tables() -> Iterator[list[str]]:
    for name, key in keys.TABLES.items():
        yield [code(f"[{name}]"), key.says, key.default]


def _sections(sections: Sequence[tuple[str, str, Sequence[tuple[str, Mapping[str, Key]]]]]) -> Iterator[str]:
    for title, about, tables in sections:
        yield f"### {title}"
        yield about
        for kind, known in tables:
            head = ["key", "what it is", "unless given", "for example"]
            yield f"**{kind}**" if kind else ""
            yield table(head, (_key(name, key) for name, key in known.items()))


def _key(name: str, key: Key) -> list[str]:
    kinds = in_words(key.kinds).removesuffix(", without quotes")
    return [f"{code(name)}, {kinds}", key.says, key.default, code(key.like)]


def _settings(sellers: Sequence[Adapter]) -> Iterator[list[str]]:
    for seller in sellers:
        for name, setting in seller.settings.items():
            default = "is needed" if setting.required else code(setting.default) if setting.default else "none"
            yield [seller.title, code(name), code(setting.env or ""), "yes" if setting.secret else "no", default]


def _variable(variable: Variable) -> list[str]:
    return [codes(variable.names), variable.says, variable.default, code(variable.like)]
