"""All that is promised, in one class."""

from .agreed import Agreed
from .declared import Declared
from .ended import Ended
from .hooked import Hooked
from .kept import Kept
from .played import Played
from .put_in import PutIn
from .refused import Refused
from .safe import Safe
from .several import Several
from .stated import Stated
from .told import Webhooks
from .twice import Twice


class Contract(
    Played, Webhooks, Several, PutIn, Safe, Twice, Stated, Ended, Refused, Kept, Agreed, Hooked, Declared
):  # pytest begins with the last
    """The promises of adapters, held against simulators of their providers: subclass it in a test module.

    `providers` are the adapters' names. `cassettes` is a folder that holds a folder of vcrpy's files for each
    provider. `unit` is one unit of the simulators' amounts in USD, where a provider has no credits of its own.
    """
