"""What Prometheus makes of /metrics: a real server scrapes it, its checker checks the alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from golive.monitor.holding.state import Condition, State
from golive.monitor.served.metrics import COUNTERS, GAUGES, Metrics
from golive.monitor.served.server import Server
from tests.support import prometheus as prometheuses
from tests.support.fakes import wait_until
from tests.support.projects import ROOT
from tests.support.prometheus import ALERTS, Prometheus, promtool
from tests.support.states import MONOTONIC, Standing, Telling, positions, state

CASES = ROOT / "tests" / "support" / "prometheus_alerts.yml"
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")


def page(told: State) -> bytes:
    return Metrics(Telling(told), Standing()).text()


def samples(told: State) -> dict[str, float]:
    """By name and labels, as Prometheus' own parser reads them."""
    families = text_string_to_metric_families(page(told).decode("utf-8"))
    return {
        each.name + "".join(f" {value}" for value in each.labels.values()): each.value
        for family in families
        for each in family.samples
    }


def test_what_is_known_is_told_in_base_units() -> None:
    told = samples(state())
    build = [name for name in told if name.startswith("golive_build_info ")]
    assert told == {
        "golive_up": 1,
        "golive_state_age_seconds": 0,
        "golive_handshake_seconds": 0.097,
        "golive_last_answer_age_seconds": 2,
        "golive_last_answer_latency_seconds": 0.0015,
        "golive_heartbeat_interval_seconds": 5,
        "golive_positions": 24,
        "golive_expected_positions": 24,
        "golive_positions_age_seconds": 3,
        "golive_zombies": 0,
        "golive_smoke_success": 1,
        "golive_reconnects_total": 0,
        "golive_heartbeats_total": 12,
        "golive_answers_total": 14,
        "golive_farm_up usfarm": 1,
        **{f"golive_condition {each}": each == "connected" for each in get_args(Condition)},
        **dict.fromkeys(build, 1),
    }
    assert len(build) == 1


def test_what_is_not_known_is_left_out_and_never_nought() -> None:
    told = samples(
        state(condition="starting", answered_at=None, answer_ms=None, handshake_ms=None,
              positions=None, positions_at=None, zombies=None, smoke=None)
    )  # fmt: skip
    unknown = {"handshake_seconds", "last_answer_age_seconds", "last_answer_latency_seconds",
               "positions", "positions_age_seconds", "zombies", "smoke_success"}  # fmt: skip
    assert not {f"golive_{name}" for name in unknown} & set(told)
    assert told["golive_up"] == 0
    assert told["golive_trouble starting"] == 1


@pytest.mark.parametrize("condition", get_args(Condition))
def test_exactly_one_condition_holds(condition: Condition) -> None:
    told = samples(state(condition=condition))
    holding = [name for name, value in told.items() if "_condition " in name and value]
    assert holding == [f"golive_condition {condition}"]


def test_nought_positions_are_told_as_such() -> None:
    assert samples(state(positions=positions(0)))["golive_positions"] == 0


def test_farm_of_any_name_breaks_no_line() -> None:
    hostile = state(farms={'us"farm\n\u202e}': False, "x" * 10: True})
    assert len([name for name in samples(hostile) if name.startswith("golive_farm_up")]) == 2


def test_alerts_ask_for_what_is_told() -> None:
    known = {*GAUGES, *(f"{name}_total" for name in COUNTERS), "golive_trouble", "golive_farm_up"}
    rules = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
    for rule in rules:
        assert set(re.findall(r"golive_\w+", rule["expr"])) <= known
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}


# with the real ones -------------------------------------------------------------------------------


@pytest.mark.usefixtures("prometheus_here")
@pytest.mark.parametrize(
    "told", [state(), state(condition="starting", answered_at=None, zombies=None)]
)
def test_checker_finds_nothing_in_the_metrics(told: State) -> None:
    assert promtool("check", "metrics", told=page(told)) == (0, "")


@pytest.mark.usefixtures("prometheus_here")
def test_checker_is_red_on_a_metric_of_another_unit() -> None:
    wrong = page(state()).replace(b"latency_seconds", b"latency_milliseconds")
    assert promtool("check", "metrics", told=wrong)[0] == 3


@pytest.mark.usefixtures("prometheus_here")
def test_checker_finds_nothing_in_the_alerts() -> None:
    code, said = promtool("check", "rules", str(ALERTS))
    assert code == 0, said


@pytest.mark.usefixtures("prometheus_here")
def test_configuration_of_the_docs_is_one_and_scrapes_the_job_of_the_alerts(
    tmp_path: Path,
) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", OPERATE, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(block, encoding="utf-8")
    (rules,) = yaml.safe_load(block)["rule_files"]
    (tmp_path / rules).write_bytes(ALERTS.read_bytes())
    code, said = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert (code, "10 rules found" in said) == (0, True), said
    job = yaml.safe_load(block)["scrape_configs"][0]["job_name"]
    assert f'up{{job="{job}"}}' in ALERTS.read_text(encoding="utf-8")


@pytest.mark.usefixtures("prometheus_here")
def test_each_alert_fires_when_it_should_and_not_before() -> None:
    code, said = promtool("test", "rules", str(CASES))
    assert code == 0, said
    rules = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
    cases = CASES.read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules if f"alertname: {rule['alert']}" not in cases] == []


@pytest.fixture
def scraped(prometheus_here: None, tmp_path: Path) -> Iterator[tuple[Prometheus, Telling, Server]]:
    """A real server that scrapes a Monitor's."""
    source = Telling(state())
    server = Server(source, "127.0.0.1", 0, Standing())
    server.start()
    try:
        target = server.url.removeprefix("http://")
        with prometheuses.running(tmp_path, target) as prometheus:
            yield prometheus, source, server
    finally:
        server.stop()


def test_real_server_scrapes_what_is_told_and_fires(
    scraped: tuple[Prometheus, Telling, Server],
) -> None:
    prometheus, source, server = scraped
    wait_until(lambda: prometheus.value("golive_up") == 1)
    assert (prometheus.target["health"], prometheus.target["lastError"]) == ("up", "")
    assert prometheus.value("golive_positions") == 24
    assert prometheus.value('golive_condition{golive_condition="connected"}') == 1
    assert prometheus.alerts("firing") == set()

    source.state = state(zombies=2, made_at=MONOTONIC)
    wait_until(lambda: prometheus.alerts("firing") == {"GoliveZombies"})
    assert prometheus.value('golive_trouble{code="zombies"}') == 1
    assert prometheus.alerts("pending") == {"GoliveNotReady"}

    source.state = state()
    wait_until(lambda: prometheus.alerts("firing") | prometheus.alerts("pending") == set())

    server.stop()
    wait_until(lambda: prometheus.alerts("pending") == {"GoliveMonitorDown"})
    assert prometheus.value("golive_up") is None
