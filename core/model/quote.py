"""What one offer would cost for all of a request."""

from collections.abc import Mapping

import attrs

from .money import Money
from .strict_json import Json

REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Quote:
    """What one offer would cost for all of a request: `works` of them (pictures, clips, songs), in `tasks` tasks.

    `status` is that of the money (exact, approximate, estimate, unknown), or refused. `depends_on` is what the price
    goes by, as it is billed; `reasons` say why the price is not exact, or why the offer refuses; `notices` what else is
    to be known of the offer, like the day on which it ends.
    """

    offer: str
    provider: str
    account: str
    model: str
    status: str
    money: Money
    tasks: int
    works: int = 1
    depends_on: Mapping[str, Json] = attrs.field(hash=False)
    reasons: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
