"""The soak: figures of all of it where all is well, else the end at once, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from golive.client.connection import Connection
from golive.client.heartbeat import Heartbeat
from golive.client.messages import ApiError
from golive.client.notices import Notices
from golive.discipline.attempts import Attempts
from golive.evidence.record import Sample, Soak
from golive.kit.clock import SystemClock
from golive.machine import sockets
from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, SocketTable
from golive.run.rehearsal import heartbeat_seconds
from golive.run.soak import MOST_SAMPLES, Soaking, most_zombies
from golive.settings.model import GoLive
from tests.support.fakes import wait_until
from tests.support.gateways import Scripted, handshake

EVERY = 0.2
"""Seconds between heartbeats, of a gateway that answers them all."""

Later = Callable[[float], None]


@contextmanager
def gateway(*faults: str, **more: Any) -> Iterator[FakeGateway]:
    with FakeGateway(
        faults=faults, seconds_between_times=0, messages_per_second=0, **more
    ) as found:
        yield found


@contextmanager
def connected(port: int) -> Iterator[Connection]:
    connection = Connection("127.0.0.1", port, 10, Attempts())
    connection.open(60)
    try:
        yield connection
    finally:
        connection.close()


def watched(port: int) -> Gateway:
    return Gateway(port, SocketTable())


def soaked(port: int, wanted: float = 1.0, tell: Later = lambda left: None, **more: Any) -> Soaking:
    """A soak that is over; `soak.figures`."""
    with connected(port) as connection:
        soak = Soaking(connection, watched(port), wanted, more.pop("every", EVERY), **more)
        soak.perform(tell)
    return soak


def once(do: Callable[[], object]) -> Callable[[Sample], None]:
    """Done at the third look, which follows the second answer."""
    looks: list[Sample] = []

    def looked(sample: Sample) -> None:
        looks.append(sample)
        if len(looks) == 3:
            do()

    return looked


def meanwhile(found: FakeGateway, do: Callable[[], object], **more: Any) -> Soak:
    """A soak in which something happens right after the second answer."""
    with connected(found.port) as connection:
        return Soaking(
            connection, watched(found.port), 30, EVERY, looked=once(do), **more
        ).perform()


def test_connection_that_is_held_has_figures_of_all_of_it() -> None:
    with gateway() as found:
        figures = soaked(found.port).figures
    assert (figures.code, figures.stopped) == ("", None)
    assert figures.heartbeats == figures.answers >= 1
    assert figures.seconds >= 1
    percentiles = [figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.max_ms]
    assert percentiles == sorted(each or 0 for each in percentiles)
    assert (figures.slope_ms_per_hour is None) is (figures.answers < 3)
    assert (figures.most_zombies, figures.unseen, figures.longest_accept_queue) == (0, 0, 0)
    assert [each.answer_ms is None for each in figures.samples] == [
        True,
        *[False] * figures.answers,
    ]
    assert all(each.own_memory and each.gateway_memory for each in figures.samples)
    assert all(each.own_threads and each.gateway_handles for each in figures.samples)
    assert figures.notices == []


def test_last_heartbeat_is_at_the_end_of_the_time() -> None:
    with gateway() as found:
        figures = soaked(found.port, wanted=0.5).figures
    assert 1 <= figures.heartbeats <= 3
    assert figures.samples[-1].seconds >= 0.5


def test_farms_that_flap_are_counted_and_never_fatal() -> None:
    with gateway("chatty") as found:
        figures = soaked(found.port).figures
    assert (figures.code, figures.answers) == ("", figures.heartbeats)
    assert figures.farm_flaps >= figures.answers
    assert any("usfarm" in each and "times" in each for each in figures.notices)


@pytest.mark.parametrize(
    ("do", "code"),
    [
        (lambda found: found.become("mute"), "half-open"),
        (lambda found: found.drop_everyone(), "connection-lost"),
        (lambda found: found.say(1100), "connectivity-lost"),
        (lambda found: found.say(2110), "connectivity-lost"),
        (lambda found: found.add_zombies(2), "zombies"),
    ],
    ids=["mute", "drops", "1100", "2110", "zombies"],
)
def test_trouble_in_the_middle_ends_it_within_one_sample(
    do: Callable[[FakeGateway], None], code: str
) -> None:
    with gateway(process=code == "zombies") as found:  # whose are not to be taken for our own
        figures = meanwhile(found, lambda: do(found))
    assert figures.code == code
    assert figures.stopped
    assert figures.answers <= 3  # the one that was under way at most
    assert (figures.answers < figures.heartbeats) or code != "half-open"
    assert figures.heartbeats <= figures.answers + 1
    assert (figures.most_zombies or 0) == (2 if code == "zombies" else 0)
    assert len(figures.samples) <= 5


@pytest.mark.parametrize("code", [1101, 1102, 2103, 2105])
def test_link_that_is_back_and_farm_that_is_gone_are_noted_and_no_end(code: int) -> None:
    with gateway() as found, connected(found.port) as connection:
        pulse = Heartbeat(connection)
        found.say(code)
        pulse.beat(60)
        pulse.hear(0.1)
        assert pulse.told[0].startswith(f"error {code}: ")


def test_answer_that_came_while_this_program_was_kept_from_running_is_one() -> None:
    with gateway() as found, connected(found.port) as connection:

        def is_answered() -> bool:
            return "currentTime" in [each.get("message") for each in found.events]

        class Stopped(SystemClock):
            """From its second look on it is later than all patience, and the answer is there."""

            looks = 0

            def monotonic(self) -> float:
                self.looks += 1
                if self.looks == 2:
                    wait_until(is_answered)
                return super().monotonic() + (3600 if self.looks > 1 else 0)

        assert Heartbeat(connection, clock=Stopped()).beat(2) >= 3_600_000


def test_link_that_was_lost_and_restored_before_it_began_is_no_matter() -> None:
    with gateway() as found, connected(found.port) as connection:
        found.say(1100)
        found.say(1102)
        connection.positions(60)
        soak = Soaking(connection, watched(found.port), 0.2, EVERY)
        assert soak.perform().code == ""


def test_restart_is_told_apart_from_a_mere_end() -> None:
    with gateway() as found:
        listener = watched(found.port)
        with connected(found.port) as connection:

            def gone() -> None:
                found.become("down")
                found.drop_everyone()

            soak = Soaking(connection, listener, 30, EVERY, looked=once(gone))
            assert soak.perform().code == "gateway-restarted"


class Jumping(SystemClock):
    """The wall's clock goes on by hours while the other one stands: the machine was asleep."""

    slept = timedelta()

    def now(self) -> datetime:
        return super().now() + self.slept


def test_machine_that_slept_is_told_and_fails_it() -> None:
    clock = Jumping()

    def sleep() -> None:
        clock.slept = timedelta(hours=2)

    with gateway() as found:
        figures = meanwhile(found, sleep, clock=clock)
    assert figures.code == "machine-suspended"
    assert "did not run for 7200 s" in (figures.stopped or "")
    assert figures.answers == figures.heartbeats


class Late(SystemClock):
    """A clock that counts on while the machine is asleep, as that of Windows does."""

    slept = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return super().monotonic() + self.slept


def test_heartbeat_that_comes_hours_late_is_told_and_fails_it() -> None:
    clock = Late()

    def sleep() -> None:
        clock.slept = 7200.0

    with gateway() as found:
        figures = meanwhile(found, sleep, clock=clock)
    assert figures.code == "machine-suspended"
    assert "a heartbeat came 7200 s late" in (figures.stopped or "")


def test_program_that_is_stopped_again_and_again_has_not_looked_after_it() -> None:
    """Each time for less than one would notice at once: SIGSTOP, or a machine that is too busy."""
    clock = Late()

    def stop(sample: Sample) -> None:
        clock.slept += 25

    with gateway() as found:
        figures = soaked(found.port, 300.0, every=5.0, clock=clock, looked=stop).figures
    assert figures.code == "machine-suspended"
    assert "heartbeats, at least 54 were due" in (figures.stopped or "")
    assert figures.answers == figures.heartbeats < 54


def test_interrupted_soak_keeps_its_figures_and_the_connection_can_be_closed_cleanly() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with gateway() as found, connected(found.port) as connection:
        soak = Soaking(connection, watched(found.port), 30, EVERY, looked=once(interrupt))
        with pytest.raises(KeyboardInterrupt):
            soak.perform()
        assert (soak.figures.code, soak.figures.answers) == ("unfinished", 2)
        assert soak.figures.seconds > 0.2
        assert connection.close().is_clean


def test_gateway_that_drops_quick_requests_for_the_time_is_asked_slowly_enough() -> None:
    with FakeGateway() as found:
        figures = soaked(found.port, wanted=1.3, every=1.2).figures
    assert (figures.code, figures.heartbeats, figures.answers) == ("", 2, 2)
    assert figures.seconds >= 2.3


def test_rehearsal_has_five_heartbeats_where_the_settings_name_no_interval() -> None:
    assert heartbeat_seconds(GoLive()) == 1.2
    assert heartbeat_seconds(GoLive.model_validate({"SoakMinutes": 60.0})) == 5
    assert heartbeat_seconds(GoLive.model_validate({"HeartbeatSeconds": 2.0})) == 2


def test_sockets_out_of_sight_at_one_look_are_no_zero() -> None:
    held: dict[str, Any] = {"wanted": 6.0, "seconds": 6.0, "heartbeats": 5, "answers": 5}
    assert most_zombies(Soak(**held, most_zombies=0)) == 0
    assert most_zombies(Soak(**held, most_zombies=3, unseen=1)) == 3
    for seen in (0, None):
        with pytest.raises(NotObservable, match="not observed in 1 of the samples"):
            most_zombies(Soak(**held, most_zombies=seen, unseen=1))


def test_soak_where_sockets_cannot_be_seen_goes_on_without_them() -> None:
    def refused() -> list[sockets.Socket]:
        raise NotObservable("not here")

    with gateway() as found, connected(found.port) as connection:
        blind = Gateway(found.port, SocketTable(read=refused))
        figures = Soaking(connection, blind, 0.3, EVERY).perform()
    assert (figures.code, figures.most_zombies) == ("", None)
    assert figures.unseen == len(figures.samples)
    assert figures.gateway_memory_growth is None


def test_bytes_that_are_no_frame_end_it() -> None:
    def garbage(client: Any) -> None:
        handshake(client)
        client.recv(100)
        client.sendall(b"\xff\xff\xff\xff HTTP")
        client.recv(100)

    with Scripted(garbage) as scripted, connected(scripted.port) as connection:
        figures = Soaking(connection, watched(scripted.port), 30, EVERY).perform()
    assert figures.code == "protocol-error"


def test_notices_without_end_take_no_memory_without_end() -> None:
    notices = Notices()
    for number in range(10_000):
        notices.add(ApiError(-1, 2103, f"Market data farm connection is broken:farm{number}"))
        notices.add(ApiError(-1, 2000 + number, "x" * 10_000))
    assert len(notices.told) == 40
    assert max(len(each.text) for each in notices.told) <= 200
    assert notices.left_out == 20_000 - 5 - 40  # five of these codes are ordinary
    assert len(notices.farms) == 100


def test_samples_of_an_hour_are_all_kept_and_those_of_a_day_are_thinned() -> None:
    assert MOST_SAMPLES > 1 + 3600 / 5
