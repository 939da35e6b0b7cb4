"""Handshake: one attempt, answered to the end, in time."""

from golive.plugin.plugin import step


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
def test_handshake_is_under_budget(connection, settings, run, evidence):
    milliseconds = connection.handshake.complete_ms
    budget = settings.golive.handshake_budget_seconds * 1000
    evidence.observe(milliseconds=milliseconds, budget=budget, stopped=connection.handshake.reason)
    assert connection.handshake.stopped is None
    assert milliseconds < budget
    if connection.handshake.was_accepted_late:
        run.observed.note(connection.handshake.late_in_words)


@step("handshake.no-obstacle")
def test_gateway_reports_no_obstacle(connection, access, evidence):
    evidence.observe(against=connection.against, messages=connection.said.count)
    assert connection.against in (None, access.refusal)


@step("handshake.read-only-off")
def test_read_only_api_is_off(access, api_settings, evidence):
    evidence.observe(access, read_only_by_its_settings=api_settings.read_only)
    assert access.is_granted
    assert api_settings.read_only is not True


@step("handshake.master-client-id")
def test_master_client_id_is_the_pinned_one_or_blank(identity, settings, evidence):
    found, pinned = identity.told.master_client_id, settings.golive.pinned_client_id
    evidence.observe(master_client_id=found, pinned=pinned, source=identity.told.source)
    assert identity.has_master(pinned)


@step("handshake.trusted-addresses")
def test_trusted_addresses_include_this_client_s(identity, connection, evidence):
    trusted, ours = identity.told.trusted_ips, connection.own_address
    evidence.observe(trusted=trusted, ours=ours, source=identity.told.source)
    assert identity.trusts(ours)
