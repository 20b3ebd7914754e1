"""When a task is looked at."""

from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare import Endpoint, Lifecycle, Pace
from anymedia.engine.durations import Durations
from anymedia.engine.pace import SELDOM, bounded, first_wait, lasted, learned, next_wait, sweep_wait
from anymedia.model.errors import JournalError

from .test_reading import TASK

PACE = Pace(first=5, then=3, slower={120: 15, 30: 6})


@pytest.mark.parametrize(("age", "wait"), [(0, 5), (4, 1), (5, 0), (900, 0)])
def test_the_first_look(age, wait):
    assert first_wait(PACE, age) == wait


@pytest.mark.parametrize(("age", "wait"), [(5, 3), (29.9, 3), (30, 6), (119, 6), (120, 15), (9000, 15)])
def test_the_pace_goes_by_the_age(age, wait):
    assert next_wait(PACE, age) == wait


@pytest.mark.parametrize(("errors", "wait"), [(0, 3), (1, 3), (2, 6), (3, 12), (5, 48), (6, 60), (10**6, 60)])
def test_the_wait_doubles_with_each_error_in_a_row(errors, wait):
    assert next_wait(PACE, 5, errors=errors) == wait


def test_a_pace_slower_than_a_minute_is_not_quickened_by_errors():
    assert next_wait(Pace(first=0, then=90), 0, errors=9) == 90


def test_jitter_spreads_by_a_tenth():
    assert next_wait(PACE, 5, jitter=1.0) == pytest.approx(3.3)


# What is learned

LEARNS = Pace(first=5, then=3, slower={30: 6})


def looked_at(pace, lasts, chance, kept=32):
    """Return how many looks each of several tasks took, and how late the last one came, as each teaches the next."""
    known, found = [], []
    for seconds in lasts:
        taught, age, looks, unfinished = learned(pace, known), 0.0, 0, 0.0
        while age < seconds:
            unfinished, jitter = age, chance.random()
            if taught is not None:
                wait = taught.wait(pace, age, looks, jitter)
            else:
                wait = next_wait(pace, age, jitter=jitter) if looks else first_wait(pace, age)
            assert wait > 0
            age, looks = age + wait, looks + 1
        found.append((looks, age - seconds))
        if (span := lasted(pace, taught, unfinished, age)) is not None:
            known = [span, *known][:kept]
    return found


@pytest.mark.parametrize(
    ("seconds", "spread", "most", "mean", "late"),
    [
        (10, 0.0, 4, 2.5, 0.3),
        (10, 0.05, 5, 3.0, 0.4),
        (10, 0.2, 5, 3.0, 0.8),
        (3, 0.0, 2, 2.0, 0.8),
        (3, 0.2, 3, 2.0, 0.8),
        (60, 0.0, 5, 5.0, 1.5),
        (60, 0.2, 11, 6.0, 4.0),
    ],
)
def test_what_tasks_took_teaches_when_the_next_is_done(seconds, spread, most, mean, late):
    chance = Random(1)
    lasts = [seconds * chance.uniform(1 - spread, 1 + spread) for _ in range(120)]
    taught = looked_at(LEARNS, lasts, chance)[20:]
    looks, delays = zip(*taught, strict=True)
    assert max(looks) <= most
    assert sum(looks) / len(looks) <= mean
    assert sum(delays) / len(delays) <= late


@pytest.mark.parametrize(("before", "after"), [(10, 5), (10, 20), (10, 300)])
def test_what_becomes_faster_or_slower_is_learned_too(before, after):
    found = looked_at(LEARNS, [before] * 40 + [after] * 60, Random(1))
    looks, delays = zip(*found[-20:], strict=True)
    assert max(looks) <= (4 if after < 100 else 8)  # what takes long is looked at now and then before
    assert sum(delays) / len(delays) <= after / 20


@pytest.mark.parametrize(("slow", "many"), [(300, 3), (600, 5), (120, 20), (60, 40)])
def test_after_a_slow_while_no_task_is_found_much_too_late(slow, many):
    found = looked_at(LEARNS, [slow] * many + [10] * 20, Random(1))
    delays = [late for _, late in found[many:]]
    assert max(delays) <= SELDOM * LEARNS.then
    assert max(delays[14:]) <= 3


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0.01, 50)), min_size=3, max_size=32),
    st.floats(0, 1000),
    st.integers(0, 50),
    st.floats(0, 1),
)
def test_no_look_comes_more_often_than_declared_nor_later(spans, age, looks, jitter):
    known = learned(LEARNS, [(least, least + wide) for least, wide in spans])
    assert known is not None
    assert list(known.ages) == sorted(known.ages)
    assert len(known.ages) <= 4
    wait = known.wait(LEARNS, age, looks, jitter)
    declared = next_wait(LEARNS, age, jitter=jitter)
    assert wait >= min(looks * LEARNS.then - age, declared)
    if age >= known.ages[0]:
        assert wait <= declared  # however often it was woken before
    assert wait <= max(SELDOM * LEARNS.then, age, declared)


@pytest.mark.parametrize(
    ("taught", "unfinished", "done", "span"),
    [
        (False, 0, 5, (0.0, 5)),
        (False, 0, 11.1, None),  # nobody had looked for long
        (False, 5, 8.1, (5, 8.1)),
        (False, 5, 11.1, None),
        (True, 0, 9.5, (4.75, 9.5)),  # found by the first look: it may have been done for a while
        (True, 0, 100, None),
        (True, 9, 9, None),  # a clock that was set back
    ],
)
def test_waits_without_a_gap_alone_are_learned_from(taught, unfinished, done, span):
    known = learned(LEARNS, [(9.0, 10.0)] * 3) if taught else None
    assert lasted(LEARNS, known, unfinished, done) == (None if span is None else pytest.approx(span))
    assert learned(LEARNS, [(9.0, 10.0)] * 2) is None
    assert learned(Pace(first=0, then=0), [(9.0, 10.0)] * 3).ages[0] > 9


@pytest.mark.parametrize(
    ("known", "age", "looks", "wait"),
    [(True, 0, 0, 19), (True, 30, 0, 0), (True, 5, 1, 14), (True, 30, 1, 6), (False, 0, 0, 60), (False, 70, 2, 6)],
)
def test_a_sweep_comes_after_twice_the_usual_time_and_then_seldom(known, age, looks, wait):
    taught = learned(LEARNS, [(9.0, 10.0)] * 3) if known else None
    assert sweep_wait(LEARNS, taught, age, looks) == pytest.approx(wait)


@pytest.mark.parametrize(("expires", "wait"), [(None, 100), (60, 20), (3000, 100)])
def test_no_wait_takes_more_than_a_third_of_the_results_life(expires, wait):
    submit = Endpoint(method="POST", path="/v1")
    assert bounded(Lifecycle(submit=submit, pace=LEARNS, expires=expires), 100) == wait


class Journal:
    def __init__(self, durations):
        self.known = durations

    async def durations(self, *work):
        if self.known is None:
            raise JournalError("no disk")
        return self.known


async def test_durations_are_read_once_and_learned_anew_as_more_tasks_come(monkeypatch, caplog):
    def task(offer="still", variant="text"):
        return attrs.evolve(TASK, offer=offer, variant=variant)

    durations = Durations(Journal([(9.0, 10.0)] * 3))
    assert (durations.are_known(task()), durations.of(task(), LEARNS)) == (False, None)
    durations.add(task(), (1.0, 2.0))  # nobody asked
    await durations.read(task())
    first = durations.of(task(), LEARNS)
    assert (durations.are_known(task()), first.usual) == (True, pytest.approx(9.5, abs=0.1))
    durations.add(task(), (1.0, 2.0))
    await durations.read(task())  # what is known stays
    assert durations.of(task(), LEARNS).usual < 9.5
    unnamed = task(variant=None)
    await durations.read(unnamed)
    durations.add(unnamed, (1.0, 2.0))
    assert (durations.are_known(unnamed), durations.of(unnamed, LEARNS)) == (True, None)
    broken = Durations(Journal(None))
    await broken.read(task())
    assert (broken.of(task(), LEARNS), "is not known" in caplog.text) == (None, True)
    monkeypatch.setattr("anymedia.engine.durations.KINDS", 2)
    for offer in "abc":
        await broken.read(task(offer))
    assert [broken.are_known(task(offer)) for offer in "abc"] == [False, True, True]
