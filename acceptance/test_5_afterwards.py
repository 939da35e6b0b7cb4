"""Afterwards: the connection is closed cleanly, and nothing of it is left."""

from golive.pytest_plugin import step


@step("afterwards.closed-cleanly")
def test_connection_is_closed_cleanly(connection, evidence):
    closing = connection.close()
    evidence.observe(closing, connectivity_lost=connection.connectivity_lost)
    assert closing.is_clean
    assert connection.connectivity_lost is None


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
    assert process == uptime.process
