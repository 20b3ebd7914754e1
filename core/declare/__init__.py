"""The words that adapters are written in: an adapter is a frozen value, read beside the provider's page.

Adapter     a provider: origin, auth, lifecycles, errors, offers, gaps
Lifecycle   how one kind of work goes: the calls that submit, look, tell why and cancel; states and pace
Setting     what an account says beside its API key; Header, Query, Token: where that goes, or what goes in its place
Endpoint    a call: a method and a path (or a link from an earlier answer), and its Reply
Reply       where an answer holds what; each place is a path, see anymedia.declare.path
Assets      results of one role in an answer, and what it tells of each
Fault       where an error holds its code and its text
Many        a call that tells of several tasks
Webhook     a call of the provider's that tells of a task; Signed: how it is signed
Offer       what is sold: a model, its Params, the Rules between them, its Prices
Param       a field on the wire: where it goes, what it takes (Text, Url, Files, Choice, Whole, Flag, Size …)
Upload      how bytes get to the provider, in Steps
when        any of these where it differs by what is put in
Hook        a pure function of the adapter's own where no word will do, with the reason
"""

from anymedia.model.vocabulary import Cause, Kind, Outcome, Refund, State

from .adapter import Adapter, Balance, Gap, Idempotency, Limits, PriceQuote
from .assets import Assets
from .auth import Header, Query, Setting
from .endpoint import Endpoint, Fault, Reply, Token
from .errors import Err, Match
from .fields import Always, Choice, Size, Text, Url
from .files import File, Files, Step, Upload
from .hook import Hook
from .lifecycle import Lifecycle, Pace
from .many import Many
from .numbers import Flag, Number, Whole
from .offer import VARIANT, Offer, Param, Rule
from .path import first
from .prices import DEAREST, Credit, Dearest, Metered, Per, PerMegapixel, Price, Printed, Table
from .sizes import Grid, Pixels
from .webhook import Signed, Webhook
from .when import ANY, UNKNOWN, Said, When, pick, when
from .written import Numbered, numbered

__all__ = [
    "ANY",
    "DEAREST",
    "UNKNOWN",
    "VARIANT",
    "Adapter",
    "Always",
    "Assets",
    "Balance",
    "Cause",
    "Choice",
    "Credit",
    "Dearest",
    "Endpoint",
    "Err",
    "Fault",
    "File",
    "Files",
    "Flag",
    "Gap",
    "Grid",
    "Header",
    "Hook",
    "Idempotency",
    "Kind",
    "Lifecycle",
    "Limits",
    "Many",
    "Match",
    "Metered",
    "Number",
    "Numbered",
    "Offer",
    "Outcome",
    "Pace",
    "Param",
    "Per",
    "PerMegapixel",
    "Pixels",
    "Price",
    "PriceQuote",
    "Printed",
    "Query",
    "Refund",
    "Reply",
    "Rule",
    "Said",
    "Setting",
    "Signed",
    "Size",
    "State",
    "Step",
    "Table",
    "Text",
    "Token",
    "Upload",
    "Url",
    "Webhook",
    "When",
    "Whole",
    "first",
    "numbered",
    "pick",
    "when",
]
