"""How each field of a request is given on the command line: one table for every kind of request."""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import attrs
import click

from anymedia.model.kinds import KINDS, kinds_with
from anymedia.model.options import GenerateOptions

from .complete import behind
from .text import together
from .titles import Titled
from .values import extra, file, files, labels, number, text_of_file, text_or_stdin, whole

WORDS = "words"
"""Where a command line keeps what is given to its command."""
PROMPT = "prompt"
"""The field that is no flag but the argument of a command."""


@attrs.frozen
class Field:
    """How a field is given: what stands for its value in the help, what it is, and how a text is read.

    It is given with `flag`, which is the field's own name where none is named. Without a `metavar` it is a pair of
    flags, for true and for false. `several`: it may be given more than once.
    """

    metavar: str | None
    help: str
    read: Callable[..., Any] | None = None
    flag: str | None = None
    several: bool = False

    def named(self, field: str) -> str:
        """Return the flag of a field of this name, as a person gives it."""
        return self.flag or "--" + field.replace("_", "-")


def _words(field: str) -> str:
    """Return the words that a field holds, whatever the kind."""
    (words,) = {request.roles.forms[field].words for request in KINDS.values() if field in request.roles.forms}
    return "|".join(words)


def _by_kind(field: str) -> str:
    """Return the words that a field holds in each kind, in a sentence."""
    forms = {kind: request.roles.forms.get(field) for kind, request in KINDS.items()}
    return "; ".join(f"{kind}: {', '.join(form.words)}" for kind, form in forms.items() if form is not None)


FIELDS: Mapping[str, Field] = {
    PROMPT: Field("PROMPT", "The text from which it is made; - reads it from stdin.", text_or_stdin, flag="PROMPT"),
    "model": Field("M", "The model, like flux-2-pro, in any letters: see `anymedia models`."),
    "images": Field(
        "FILE|URL",
        "A picture to change, or for a clip to be like (it begins with --first-frame); may be repeated.",
        files,
        flag="--image",
        several=True,
    ),
    "mask": Field("FILE|URL", "An image whose transparent parts are repainted.", file),
    "video": Field("FILE|URL", "The clip to continue or to edit.", file, flag="--source-video"),
    "first_frame": Field("FILE|URL", "The picture that a clip begins with.", file),
    "last_frame": Field("FILE|URL", "The picture that it ends with; needs a first frame.", file),
    "videos": Field("FILE|URL", "A clip to be like; may be repeated.", files, flag="--reference-video", several=True),
    "audios": Field(
        "FILE|URL",
        "A sound to be like, or to go with the clip; may be repeated.",
        files,
        flag="--reference-audio",
        several=True,
    ),
    "duration": Field("S", "Whole seconds, like 8 or 8s; of a clip also auto.", whole),
    "aspect_ratio": Field("R", "Like 16:9 (16x9 and 1.78 are read so too), or auto."),
    "size": Field("WxH", "Pixels, in place of a ratio."),
    "resolution": Field("R", f"How large it is. {_by_kind('resolution')}."),
    "audio": Field(None, "Whether the clip has sound.", flag="--audio/--no-audio"),
    "count": Field("N", "How many pictures or clips.", whole),
    "quality": Field(_words("quality"), "How much work goes into it."),
    "background": Field(_words("background"), "What is behind the subject."),
    "moderation": Field(_words("moderation"), "How strictly the provider moderates."),
    "lyrics": Field("FILE", "A file with the words that are sung; - reads them from stdin.", text_of_file),
    "style": Field("T", "How the song sounds."),
    "title": Field("T", "What the song is called."),
    "instrumental": Field(None, "Whether nobody sings.", flag="--instrumental/--no-instrumental"),
    "vocal": Field(_words("vocal"), "Who sings."),
    "text": Field("T", "What is spoken, in place of PROMPT; - reads it from stdin.", text_or_stdin),
    "voice": Field("NAME", "Who speaks, as the provider calls the voice."),
    "language": Field("CODE", "Like en."),
    "speed": Field("X", "How fast: 1 is as usual.", number),
    "instructions": Field("T", "How it is spoken."),
    "seed": Field("N", "The same seed gives a similar result.", whole),
    "negative_prompt": Field("T", "What it must not be like."),
    "output_format": Field("F", f"The file format. {_by_kind('output_format')}."),
    "callback_url": Field("URL", "URL that the provider calls when the task ends."),
    "labels": Field("NAME=VALUE", "A label of your own.", labels, flag="--label", several=True),
    "extra": Field(
        "PROVIDER.KEY=VALUE",
        "A raw field for one provider; further dots nest, the value is JSON, else text.",
        extra,
        several=True,
    ),
}
"""How every field of every kind of request is given, in the order of the help."""


ARGUMENTS = {"path": "PATH", "body": "BODY", "id": "ID"}
"""What errors name beside the fields of a request, and a person gives without a flag."""


def flag(field: str) -> str:
    """Return how what an error names is given on the command line, both flags of what is true or false."""
    known = FIELDS.get(field) or Field(None, "", flag=ARGUMENTS.get(field))
    return known.named(field)


_CODED = {
    *(name for name, field in FIELDS.items() if "_" in name or (field.several and field.flag is not None)),
    *(name for name in GenerateOptions.__annotations__ if "_" in name),
}
"""Fields and options whose names are no words that a person would say: sentences about them name their flags."""

_WORD = re.compile(r"(?<![\w.\"'/=-])[a-z_]+(?![\w.\"'/=-])")

_FLAGS: Mapping[str, str] = {
    **{name: "--" + name.replace("_", "-") for name in (*GenerateOptions.__annotations__, "any_api_key", "force")},
    "config": "--config",
    "policy": "--policy",
    "billed": "--billed/--not-billed",
    "task_id": "--task",
}
"""The flags of the options that Python calls have, by their names there."""

_TERMS = {name for name in GenerateOptions.__annotations__ if "_" in name} - {"idempotency_key"}
"""Options that a row has no key for, and whose names are no words that a person would say."""

_OPTION = re.compile(rf"\b({'|'.join(_FLAGS)})=(?:True\b|\"([^\"]*)\"|(?![^\s;,.)]))")


def options_as_flags(sentence: str) -> str:
    """Return a sentence with the flags in place of options as Python writes them: offer="a" is --offer a."""
    return _OPTION.sub(lambda option: f"{_FLAGS[option[1]]}{f' {option[2]}' if option[2] else ''}", sentence)


def terms_in_flags(sentence: str) -> str:
    """Return a sentence about a row of a file with the flags in place of the names of options, and of no field."""
    return options_as_flags(_WORD.sub(lambda word: _FLAGS[word[0]] if word[0] in _TERMS else word[0], sentence))


def in_flags(sentence: str) -> str:
    """Return a sentence about a request with the flags in place of the names of fields.

    A field before a colon at its begin is always named by its flag; `duration`, `audio` and other plain words within
    stay.
    """
    field, colon, rest = sentence.partition(": ")
    if not (colon and field in FIELDS):
        return options_as_flags(_WORD.sub(_flagged, sentence))
    return f"{flag(field)}: {in_flags(rest)}"


def _flagged(word: re.Match[str]) -> str:
    return flag(word[0]) if word[0] in _CODED else word[0]


def options() -> list[Callable[..., Any]]:
    """Return the argument and the flags of a request of any kind, those of the same kinds together.

    PROMPT may be left out where other arguments follow it.
    """
    flags = [name for name in FIELDS if name != PROMPT]
    kinds = sorted(dict.fromkeys(map(kinds_with, flags)), key=lambda kinds: -len(kinds))
    by_kind = sorted(flags, key=lambda name: kinds.index(kinds_with(name)))
    # As a list, of one at most: click then gives the last words to the arguments after it.
    prompt = click.argument(PROMPT, callback=_prompt, nargs=-1, metavar=f"[{FIELDS[PROMPT].flag}]")
    return [prompt, *map(_option, by_kind)]


def _prompt(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> str | None:
    """Return the one argument that is the text. Errors: UsageError for several."""
    if len(words) > 1:
        for flag_, word in pairwise(ctx.meta.get(WORDS, ())):
            if word in words and flag_ in {name for each in ctx.command.params for name in _switches(each)}:
                raise click.UsageError(f"{word!r} is not expected: {flag_} takes no value")
        shown = " ".join(map(repr, words[1:]))
        raise click.UsageError(f"Got unexpected extra arguments ({shown}): a PROMPT of several words stands in quotes")
    return text_or_stdin(ctx, param, words[0] if words else None)


def _switches(param: click.Parameter) -> list[str]:
    """Return the flags of an option that takes no value."""
    return [*param.opts, *param.secondary_opts] if isinstance(param, click.Option) and param.is_flag else []


def _option(name: str) -> Callable[..., Any]:
    field, kinds = FIELDS[name], kinds_with(name)
    title = "Every request" if len(kinds) == len(KINDS) else together(kinds).capitalize()
    names = (field.named(name), name)
    if field.metavar is None:
        return click.option(*names, default=None, help=field.help, cls=Titled, title=title)
    return click.option(
        *names,
        callback=field.read,
        multiple=field.several,
        metavar=field.metavar,
        shell_complete=behind(field.metavar),
        help=field.help,
        cls=Titled,
        title=title,
    )
