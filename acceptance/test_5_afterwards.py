"""Afterwards: the connection is closed cleanly, and nothing of it is left."""

from golive.pytest_plugin import step


@step("afterwards.closed-cleanly")
def test_connection_is_closed_cleanly(connection, evidence):
    closing = connection.close()
    evidence.observe(closing)
    assert closing.is_clean


@step("afterwards.no-zombies")
def test_no_zombie_is_left(gateway, evidence):
    zombies = gateway.port.close_wait
    evidence.observe(close_wait=zombies)
    assert zombies == []
