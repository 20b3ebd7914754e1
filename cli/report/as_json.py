"""The figures of a report as JSON: amounts as texts, null where nobody knows one."""

from collections.abc import Mapping
from typing import Any

from anymedia.cli.journal import attempt_json
from anymedia.cli.spend import date_of
from anymedia.cli.text import plain
from anymedia.journal.report import reason

from .data import Data, Failed, Price, Row


def data_json(data: Data) -> Mapping[str, Any]:
    """Return all that a report shows, without thumbnails."""
    wanted = data.wanted
    return {
        "made_at": data.made_at.isoformat(),
        "about": {
            "since": None if wanted.since is None else wanted.since.isoformat(),
            "account": wanted.account,
            "labels": dict(wanted.labels),
        },
        "total": _row(data.total),
        "days": [
            {"day": date_of(day.day), **_row(day.total), "accounts": {row.name: _row(row) for row in day.accounts}}
            for day in data.days
        ],
        "accounts": {row.name: _row(row) for row in data.accounts},
        "models": {row.name: _row(row) for row in data.models},
        "labels": {row.name: _row(row) for row in data.labels},
        "failures": [_failed(failed) for failed in data.failures],
        "prices": [_price(price) for price in data.prices],
        "uncertain": [attempt_json(attempt) for attempt in data.uncertain],
        "results": [attempt_json(attempt) for attempt in data.results],
        "uncertain_elsewhere": data.elsewhere,
        "damaged": data.damaged,
        "pruned": None if data.pruned is None else data.pruned.isoformat(),
    }


def _row(row: Row) -> dict[str, Any]:
    spent = row.spent
    return {
        "attempts": row.number,
        "ends": dict(row.ends),
        "accepted": spent.accepted,
        "refunded": spent.refunded,
        "refunded_usd": plain(row.given_back),
        "usd": plain(spent.usd),
        "settled_usd": plain(spent.settled_usd),
        "uncertain": spent.uncertain,
        "uncertain_usd": plain(spent.uncertain_usd),
        "unknown": spent.unknown + spent.uncertain_unknown,
        "success_rate": None if row.rate is None else round(row.rate, 4),
    }


def _failed(failed: Failed) -> dict[str, Any]:
    reasons = [
        {"number": each.number, "reason": reason(each.example), "example": each.example.id} for each in failed.reasons
    ]
    return {"cause": failed.cause, **_row(failed.row), "reasons": reasons, "others": failed.others}


def _price(price: Price) -> dict[str, Any]:
    drift = price.drift
    return {
        "model": price.model,
        "offer": price.offer,
        "tasks": price.paid,
        "mean_usd": plain(price.each.usd),
        "bills": 0 if drift is None else drift.settled,
        "differing": 0 if drift is None else drift.differing,
        "quoted_usd": None if drift is None else plain(drift.quoted.usd),
        "settled_usd": None if drift is None else plain(drift.billed.usd),
    }
