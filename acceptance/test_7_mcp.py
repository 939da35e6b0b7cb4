"""MCP: a real client gets the same positions from the server of the settings."""

from golive.plugin.plugin import step


@step("mcp.tools")
def test_mcp_server_answers_and_lists_its_tools(mcp, settings, evidence):
    evidence.observe(mcp.facts)
    assert settings.golive.mcp.tool in mcp.tools


@step("mcp.one-connection")
def test_mcp_server_opens_no_second_connection(mcp, evidence):
    opened = mcp.connections()
    evidence.observe(opened=opened, may_open=mcp.may_open)
    assert len(opened) <= mcp.may_open


@step("mcp.positions")
def test_mcp_tool_returns_the_positions_of_this_gateway(mcp, positions, settings, evidence):
    account = settings.golive.expected_account
    difference = mcp.difference(positions, account)
    difference += mcp.from_elsewhere(positions.open_in(account))
    evidence.observe(rows=mcp.rows, different=difference, stopped=mcp.reason)
    assert mcp.reason == ""
    assert difference == []


@step("mcp.of-this-run")
def test_mcp_positions_are_of_this_run(mcp, run, evidence):
    evidence.observe(as_of=mcp.as_of(), run_started=run.started)
    assert mcp.is_of(run.started)


@step("mcp.ended")
def test_mcp_server_ends_and_leaves_no_zombie(mcp, gateway, evidence):
    left, zombies = mcp.leave(), gateway.lasting_zombies()
    evidence.observe(left, close_wait=zombies)
    assert left.is_as_asked
    assert zombies == []
