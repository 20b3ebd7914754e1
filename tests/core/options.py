"""Options of a plan, made of quotes."""

from anymedia import Account, OutOfBounds
from anymedia.declare import Endpoint
from anymedia.engine import plan as planning
from anymedia.engine import route as routing
from anymedia.engine.plan import Option, Plan
from anymedia.registry import adapters

from .acme import acme


def option(quote, error=None):
    """Return the option of a quote."""
    adapter = adapters().get(quote.provider) or acme(name=quote.provider, submit=Endpoint(method="POST", path="/v1"))
    account = Account(name=quote.account, adapter=adapter, origin=adapter.base_url)
    return Option(
        account=account,
        name=quote.offer,
        money=quote.money,
        tasks=quote.tasks,
        orders=lambda _: [],
        quoted=lambda: quote,
        error=error,
    )


def in_order(policy, quotes):
    """Return quotes as a policy puts them in order."""
    return [each.quote for each in planning.in_order(policy, [option(quote) for quote in quotes])]


def worst(quotes, terms):
    """Return the most that a route over quotes can cost."""
    return routing.worst([option(quote) for quote in quotes], terms)


def route_of(fitting, refused, terms):
    """Return the route over the quotes that take a request, and those that refuse it, else as they stand."""
    options = [option(quote) for quote in fitting]
    policy = terms.policy or "ordered"
    ordered = planning.in_order(policy, options)
    plan = Plan(
        units=1,
        policy=policy,
        options=tuple(ordered),
        refused=tuple(option(quote, OutOfBounds("refused")) for quote in refused),
        left_out=tuple(each for each in options if each not in ordered),
    )
    return routing.route_of(plan, terms)
