"""When a task is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare import Pace
from anymedia.engine.pace import first_wait, next_wait

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


@given(st.floats(0, 10**6), st.integers(0, 99), st.floats(0, 10**5), st.floats(0, 1))
def test_what_the_server_asks_for_is_never_undercut(age, errors, retry_after, jitter):
    wait = next_wait(PACE, age, errors=errors, retry_after=retry_after, jitter=jitter)
    assert wait >= max(retry_after, 3)
