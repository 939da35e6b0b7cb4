"""Positions: all of them, as many as expected, for the expected account."""

from golive.plugin.plugin import step


@step("positions.complete")
def test_positions_are_complete(positions, evidence):
    evidence.observe(rows=len(positions.rows), stopped=positions.reason)
    assert positions.is_complete
    assert positions.unreadable == ()


@step("positions.settled")
def test_nothing_after_the_positions_changes_them(positions, behind, settings, evidence):
    changed = behind.changes(settings.golive.expected_account, positions)
    evidence.observe(changed=changed, against=behind.against, stopped=behind.reason)
    assert changed == ()
    assert behind.against is None
    assert behind.reason == ""


@step("positions.count")
def test_open_positions_are_as_many_as_expected(positions, settings, evidence):
    wanted = settings.golive
    found = positions.open_in(wanted.expected_account)
    evidence.observe(account=wanted.expected_account, open=len(found), rows=len(positions.rows))
    assert len(found) == wanted.expected_positions
