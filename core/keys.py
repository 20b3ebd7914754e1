"""The keys of anymedia.toml: accounts, the route, the journal and webhooks. Those of other tables stand with them."""

from collections.abc import Mapping

from .model.options import SAYS
from .tables import TIME, USD, Key, Kinds

TABLES: Mapping[str, Key] = {
    "route": Key(Mapping, says="How requests are bought.", like='{ policy = "cheapest" }', default="as each call says"),
    "providers": Key(
        Mapping,
        says="The accounts, by names that you choose.",
        like='{ acme = { daily_limit = "5.00" } }',
        default="every provider whose API key is in the environment",
    ),
    "journal": Key(
        Mapping,
        says="Where every attempt is written down.",
        like="{ prompts = false }",
        default="a file of the user's own",
    ),
    "network": Key(
        Mapping,
        says="How other machines are reached.",
        like='{ ca_file = "corporate.pem" }',
        default="directly",
    ),
    "download": Key(
        Mapping,
        says="Where result files may lie.",
        like='{ hosts = ["files.internal.example"] }',
        default="public addresses, and the account's own origin",
    ),
    "storage": Key(
        Mapping,
        says="Where results lie, and what lends URLs of files to providers.",
        like='{ url = "s3://media-of-mine/anymedia" }',
        default="none",
    ),
    "webhooks": Key(
        Mapping,
        says="Where providers call when a task has moved.",
        like='{ url = "https://app.example/hooks" }',
        default="they are not asked to",
    ),
    "alerts": Key(
        Mapping,
        says="What is told of when it is passed, and stops nothing.",
        like='{ daily = "20.00" }',
        default="nothing is",
    ),
}
"""The tables of the file."""


def _option(kinds: Kinds, name: str, *, like: str, default: str) -> dict[str, Key]:
    return {name: Key(kinds, says=SAYS[name], like=like, default=default)}


ROUTE: Mapping[str, Key] = {
    "accounts": Key(
        list,
        says="Which accounts are asked, and in which order.",
        like='["acme", "acme-team"]',
        default="every account, the cheapest offer first",
    ),
    **_option(str, "policy", like='"cheapest"', default="`ordered` where accounts are named, else `cheapest`"),
    **_option(USD, "max_price", like='"0.10"', default="no ceiling"),
    **_option(bool, "allow_unknown_price", like="true", default="`false`"),
    **_option(bool, "fallback", like="false", default="`true`"),
    **_option(str, "on_uncertain", like='"continue"', default="`stop`"),
    **_option(str, "on_blocked", like='"continue"', default="`stop`"),
    **_option(bool, "mix", like="true", default="`false`"),
}
"""The keys of [route]: the options that hold where a call says nothing else."""

ACCOUNT: Mapping[str, Key] = {
    "adapter": Key(str, says="The provider whose account it is.", like='"acme"', default="the account's name"),
    "api_key_env": Key(
        str,
        says="The environment variable that holds the API key, which never stands in the file.",
        like='"ACME_TEAM_KEY"',
        default="the provider's own variable",
    ),
    "daily_limit": Key(
        USD,
        says="The most that may be billed from midnight to midnight UTC, in USD, over all processes with this journal.",
        like='"5.00"',
        default="no limit",
    ),
    "limits": Key(
        Mapping,
        says="How often the provider is asked, before what it is known to allow.",
        like="{ submits = [20, 10], active = 5 }",
        default="what the pages allow",
    ),
    "prices": Key(
        Mapping,
        says='Your own prices, in USD by offer; a table where they go by fields, like `{ 1K = "0.02" }`.',
        like='{ flux-2 = "0.02" }',
        default="what the pages say",
    ),
    "settings": Key(
        Mapping,
        says="What the provider wants to know beside the API key; `NAME_env` names the variable of a secret one.",
        like='{ organization = "org-1" }',
        default="the provider's own environment variables",
    ),
    "offers": Key(
        list,
        says="Offers that this library does not know, each a table.",
        like='[{ name = "wan2.7-image", params = { prompt = { to = "prompt", takes = "text" } } }]',
        default="none",
    ),
    "timeout": Key(
        TIME,
        says='The time for one answer, in seconds or like `"2m"`, beside that in which a large body is sent.',
        like="60",
        default="`120`",
    ),
    "connections": Key(int, says="Connections that are open at a time.", like="8", default="`32`"),
    "base_url": Key(
        str,
        says="The origin to send to in place of the provider's; it needs `api_key_env`.",
        like='"https://gateway.internal.example"',
        default="the provider's own",
    ),
    "allow_http": Key(
        bool,
        says="Whether the API key may go unencrypted to a host that is not this machine.",
        like="true",
        default="`false`",
    ),
    "proxy": Key(
        str,
        says='The proxy for its calls and files; `""` for none.',
        like='"http://proxy.example:3128"',
        default="as the environment says",
    ),
    "ca_file": Key(
        str,
        says="A file of certificates that are trusted beside the system's; a relative path starts beside the file.",
        like='"corporate.pem"',
        default="that of `[network]`",
    ),
}
"""The keys of [providers.NAME]."""

LIMITS: Mapping[str, Key] = {
    "submits": Key(
        list,
        says='So many submits in so many seconds, at most; the time may be like `"1m"`.',
        like="[20, 10]",
        default="what the pages allow",
    ),
    "polls": Key(
        list,
        says='So many looks in so many seconds, at most; the time may be like `"1m"`.',
        like="[10, 1]",
        default="what the pages allow",
    ),
    "active": Key(int, says="Tasks at a time, at most.", like="5", default="what the pages allow"),
}
"""The keys of [providers.NAME.limits]."""

JOURNAL: Mapping[str, Key] = {
    "enabled": Key(
        bool,
        says="Whether there is a journal; without one there are no idempotency keys, and nothing to resume.",
        like="false",
        default="`true`",
    ),
    "path": Key(
        str,
        says="Its file; a relative path starts beside the file.",
        like='"journal.db"',
        default="`journal.db` in the user's own folder",
    ),
    "url": Key(
        str,
        says="Its URL, in place of a path.",
        like='"postgresql://app@db.internal.example/media"',
        default="what `path` says",
    ),
    "lease": Key(
        TIME,
        says="How long a process keeps what it has claimed on PostgreSQL without being heard of, in seconds or like "
        '`"1m"`: what it was sending then is uncertain.',
        like="60",
        default="`30`",
    ),
    "folder": Key(
        str,
        says="The folder on this machine for what PostgreSQL does not hold: results that came as bytes, and outcomes "
        "while it is away. A relative path starts beside the file.",
        like='"journal"',
        default="a folder of the user's own for each database",
    ),
    "prompts": Key(bool, says="Whether what was asked for is written down too.", like="false", default="`true`"),
}
"""The keys of [journal]."""

ALERTS: Mapping[str, Key] = {
    "daily": Key(
        USD,
        says="What a day (UTC) may cost, in USD over all processes, until a warning is logged, and `on_event` called.",
        like='"20.00"',
        default="no alert",
    ),
}
"""The keys of [alerts]."""

WEBHOOKS: Mapping[str, Key] = {
    "url": Key(
        str,
        says="The public URL below which each account gets a path of its own.",
        like='"https://app.example/hooks"',
        default="is needed",
    ),
}
"""The keys of [webhooks]."""
