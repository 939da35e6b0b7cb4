"""Monitor: the program of the settings connects, shows the positions, and leaves no trace."""

from golive.plugin.plugin import step


@step("monitor.connected")
def test_monitor_connects(monitor, evidence):
    evidence.observe(monitor.facts)
    assert monitor.reason == ""
    assert monitor.is_connected


@step("monitor.positions")
def test_monitor_retrieves_as_many_positions_as_expected(monitor, settings, evidence):
    wanted = settings.golive
    evidence.observe(open=monitor.positions, account=monitor.account, stopped=monitor.reason)
    assert monitor.positions == wanted.expected_positions
    assert monitor.account in (wanted.expected_account, None)


@step("monitor.one-connection")
def test_monitor_holds_exactly_one_connection(monitor, gateway, positions, settings, evidence):
    opened = monitor.connections()
    received = monitor.received(positions.open_in(settings.golive.expected_account))
    clients = gateway.clients  # of one that is still there by now the bytes were counted
    others = monitor.strangers(clients)
    evidence.observe(received, clients=clients, opened=opened, not_its_own=others)
    evidence.observe(stopped=monitor.reason)
    assert len(clients) == 1
    assert others == []
    assert len(opened) == 1
    assert received.is_enough


@step("monitor.left-as-asked")
def test_monitor_is_ended_or_left_running_as_asked(monitor, evidence):
    stopped, left = monitor.reason, monitor.leave()
    evidence.observe(left, stopped=stopped)
    assert stopped == ""
    assert left.is_as_asked


@step("monitor.no-zombies")
def test_monitor_leaves_no_zombie(gateway, evidence):
    zombies = gateway.lasting_zombies()
    evidence.observe(close_wait=zombies)
    assert zombies == []
