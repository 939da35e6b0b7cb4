"""Handshake: one attempt, answered to the end, in time."""

from golive.pytest_plugin import step


@step("handshake.one-attempt")
def test_exactly_one_attempt_is_made(connection, run, evidence):
    evidence.observe(attempts=len(run.attempts.made))
    assert len(run.attempts.made) == 1


@step("handshake.connect-ack")
def test_gateway_acknowledges_the_connection(connection, evidence):
    handshake = connection.handshake
    evidence.observe(server_version=handshake.server_version, stopped=handshake.reason)
    assert handshake.connect_ack


@step("handshake.next-valid-id")
def test_gateway_answers_with_the_next_valid_id(connection, evidence):
    handshake = connection.handshake
    evidence.observe(next_valid_id=handshake.next_valid_id, stopped=handshake.reason)
    assert handshake.next_valid_id is not None


@step("handshake.managed-accounts")
def test_gateway_manages_the_expected_account(connection, settings, evidence):
    accounts = connection.handshake.accounts
    evidence.observe(accounts=accounts, expected=settings.golive.expected_account)
    assert settings.golive.expected_account in accounts
    assert settings.of_another_kind(accounts) == []


@step("handshake.under-budget")
def test_handshake_is_under_budget(connection, settings, evidence):
    milliseconds = connection.handshake.complete_ms
    budget = settings.golive.handshake_budget_seconds * 1000
    evidence.observe(milliseconds=milliseconds, budget=budget, stopped=connection.handshake.reason)
    assert connection.handshake.stopped is None
    assert milliseconds < budget


@step("handshake.read-only-off")
def test_read_only_api_is_off(access, evidence):
    evidence.observe(access)
    assert access.is_granted
