"""Afterwards: the hour, if it is asked for; a clean close, and nothing of it is left."""

from golive.plugin.plugin import step
from golive.run.soak import most_zombies


@step("soak.answers")
def test_every_heartbeat_of_the_soak_is_answered(soak, evidence):
    evidence.observe(heartbeats=soak.heartbeats, answers=soak.answers, stopped=soak.stopped)
    assert soak.answers == soak.heartbeats > 0


@step("soak.no-zombies")
def test_no_zombie_appears_during_the_soak(soak, evidence):
    evidence.observe(most_zombies=soak.most_zombies, looks_in_vain=soak.unseen)
    assert most_zombies(soak) == 0


@step("soak.full-time")
def test_connection_is_held_for_the_soak_time(soak, evidence):
    evidence.observe(seconds=soak.seconds, wanted=soak.wanted, stopped=soak.stopped)
    assert soak.stopped is None
    assert soak.seconds >= soak.wanted


@step("soak.positions")
def test_positions_are_complete_after_the_soak(positions_after, run, settings, evidence):
    behind = run.observed.behind
    evidence.observe(
        rows=len(positions_after.rows),
        stopped=positions_after.reason or behind.reason,
        changed=run.observed.soak.position_drift,
    )
    assert positions_after.is_complete
    assert positions_after.unreadable == ()
    assert behind.is_quiet(settings.golive.expected_account, positions_after)


@step("afterwards.closed-cleanly")
def test_connection_is_closed_cleanly(run, connection, settings, evidence):
    closing = connection.close()
    behind = run.observed.heard_to_the_end()
    evidence.observe(closing, against=behind.against, stopped=behind.reason)
    assert closing.is_clean
    assert behind.is_quiet(settings.golive.expected_account, run.observed.latest_positions)


@step("afterwards.no-zombies")
def test_no_zombie_is_left(gateway, evidence):
    zombies = gateway.zombies
    evidence.observe(close_wait=zombies)
    assert zombies == []


@step("afterwards.still-listening")
def test_the_same_gateway_still_listens(gateway, uptime, evidence):
    process, listeners = gateway.process(), gateway.listeners
    evidence.observe(process=process, listeners=listeners)
    assert listeners != []
    assert gateway.is_still(uptime.listener)
