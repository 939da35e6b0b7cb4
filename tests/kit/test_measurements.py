"""Figures that need no more memory for a week than for a minute, and are those of the whole."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.kit.measurements import Latencies, Thinned

milliseconds = st.floats(0.001, 1e6)


def of(figures: list[float], apart: float = 5.0) -> Latencies:
    found = Latencies()
    for number, ms in enumerate(figures):
        found.add(number * apart, ms)
    return found


@given(st.lists(milliseconds, min_size=1, max_size=300), st.sampled_from([50, 95, 99, 100]))
def test_percentile_is_that_of_all_of_them_to_one_percent(
    figures: list[float], percent: float
) -> None:
    exact = sorted(figures)[math.ceil(len(figures) * percent / 100) - 1]
    assert of(figures).percentile(percent) == pytest.approx(exact, rel=0.01)


@given(st.lists(milliseconds, min_size=1, max_size=50))
def test_longest_is_exact_and_no_percentile_exceeds_it(figures: list[float]) -> None:
    found = of(figures)
    assert found.longest == max(figures)
    assert (found.percentile(99) or 0) <= max(figures)


def test_nothing_is_told_of_nothing() -> None:
    found = Latencies()
    assert (found.percentile(50), found.longest, found.slope_per_hour) == (None, None, None)
    assert of([1.0, 2.0]).slope_per_hour is None


@pytest.mark.parametrize("rise", [-7.0, 0.0, 0.25, 40.0])
def test_slope_is_that_of_the_line_through_them(rise: float) -> None:
    hours = [number * 5 / 3600 for number in range(720)]
    found = of([50 + rise * each for each in hours])
    assert found.slope_per_hour == pytest.approx(rise, abs=1e-6)


def test_latencies_of_a_week_take_no_more_memory_than_those_of_an_hour() -> None:
    rng, found = random.Random(1), Latencies()
    for number in range(100_000):
        found.add(number, rng.lognormvariate(1, 2))
    assert len(found._classes) < 2500


@given(st.integers(0, 5000), st.integers(3, 100))
def test_what_is_thinned_has_the_first_and_the_last_in_order_and_never_too_many(
    count: int, most: int
) -> None:
    thinned = Thinned[int](most)
    for each in range(count):
        thinned.add(each)
    found = thinned.all
    assert len(found) <= most
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, count - 1) if count else found == []
    if count < most:
        assert found == list(range(count))


def test_what_is_thinned_is_spread_evenly() -> None:
    thinned = Thinned[int](100)
    for each in range(10_000):
        thinned.add(each)
    gaps = {b - a for a, b in zip(thinned.all, thinned.all[1:-1], strict=False)}
    assert len(gaps) == 1
