"""Gateway: it listens, has had its time to initialize, and takes who comes. Nothing connects."""

from golive.machine import stale_clients
from golive.plugin.plugin import step


@step("gateway.listening")
def test_gateway_listens_on_the_configured_port(gateway, evidence):
    listeners = gateway.listeners
    evidence.observe(listeners=listeners, process=gateway.process(), kind=gateway.kind)
    evidence.observe(at_other_addresses=gateway.port.elsewhere)
    assert listeners != []


@step("gateway.restarted")
def test_no_earlier_attempt_left_zombies_on_this_gateway(gateway, memory, evidence):
    discipline, started = memory.discipline, gateway.started()
    evidence.observe(zombies_left=discipline.zombies_left, gateway_started=started)
    assert memory.allows("gateway.restarted", discipline.no_restart(started))


@step("gateway.initialized")
def test_gateway_has_been_up_for_the_initialization_time(uptime, run, evidence):
    evidence.observe(uptime, needed_seconds=run.wanted.initialization_seconds, resets=run.resets)
    assert uptime.is_same
    assert uptime.seconds >= run.wanted.initialization_seconds


@step("gateway.no-other-client")
def test_no_other_client_is_connected(run, gateway, settings, evidence):
    clients, run.observed.others = gateway.clients, stale_clients.connected(gateway, settings)
    evidence.observe(clients=clients, programs=run.observed.others)
    assert clients == []


@step("gateway.accept-queue")
def test_gateway_accept_queue_is_empty(gateway, evidence):
    waiting = gateway.accept_queue()
    evidence.observe(waiting_to_be_accepted=waiting)
    assert waiting == 0
