"""What changed since the last GO on the same target, and which run that is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.evidence import changes, storage
from golive.evidence.changes import ABSENT
from golive.evidence.record import (
    Api,
    Change,
    Circumstances,
    Endpoint,
    Evidence,
    PositionChange,
    PositionsRecord,
    SinceLastGo,
)
from tests.support.projects import Project
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, kept, position

ACCOUNT = "U21146542"
LATER = NIGHT + timedelta(days=1)


def since(now: Evidence, folder: Path) -> SinceLastGo:
    found = changes.compared(now, folder).since_last_go
    assert found is not None
    return found


def rows(*changed: dict[str, Any]) -> PositionsRecord:
    return PositionsRecord(account=ACCOUNT, count=len(changed), rows=list(changed))


def share(number: int, **more: Any) -> dict[str, Any]:
    """A row of shares: AAPL, MSFT, AAPL again, of another contract, and so on."""
    return position(3 * number, ACCOUNT, **more)


# which run it is compared with


def test_run_that_is_the_first_says_that_no_go_is_on_record(tmp_path: Path) -> None:
    found = since(a_go(), tmp_path)
    assert (found.run_id, found.positions, found.others) == (None, None, [])
    assert found.reason == "there is no earlier GO on this target"


def test_folder_that_is_not_there_holds_no_go(tmp_path: Path) -> None:
    assert since(a_go(), tmp_path / "nowhere").run_id is None


def test_newest_go_is_taken_and_named_with_its_digest(tmp_path: Path) -> None:
    for days in (3, 1, 2):
        folder = kept(a_go(LATER - timedelta(days=days)), tmp_path)
        if days == 1:
            newest = storage.read(folder)
    found = since(a_go(LATER), tmp_path)
    assert (found.run_id, found.ended) == (newest.run_id, newest.ended)
    assert found.digest == newest.digest != ""


def test_go_of_the_same_second_is_an_earlier_one_by_its_number(tmp_path: Path) -> None:
    first, second = a_go(), a_go(NIGHT, number_of_the_second=2)
    later = {"started": first.started.replace(".000", ".400")}
    for each in (first, second.model_copy(update=later)):
        kept(each, tmp_path)
    assert since(a_go(LATER), tmp_path).run_id == second.run_id


def test_no_go_is_no_measure(tmp_path: Path) -> None:
    go = a_go()
    kept(go, tmp_path)
    kept(a_no_go(NIGHT + timedelta(hours=1)), tmp_path)
    assert since(a_go(LATER), tmp_path).run_id == go.run_id


def test_run_that_began_later_is_no_measure_nor_is_the_run_itself(tmp_path: Path) -> None:
    now = a_go()
    for each in (now, a_go(LATER)):
        kept(each, tmp_path)
    assert since(now, tmp_path).run_id is None


@pytest.mark.parametrize(
    "other",
    [
        a_go(NIGHT, "fallback"),
        a_go(NIGHT, "fake"),
        a_go(endpoint=Endpoint(host="127.0.0.1", port=4002, kind="x", client_id=10)),
        a_go(endpoint=Endpoint(host="10.0.0.5", port=4001, kind="x", client_id=10)),
    ],
)
def test_go_on_another_target_or_endpoint_is_no_measure(other: Evidence, tmp_path: Path) -> None:
    kept(other, tmp_path)
    assert since(a_go(LATER), tmp_path).run_id is None


def test_rehearsals_are_compared_although_their_fakes_have_other_ports(tmp_path: Path) -> None:
    before, now = a_go(NIGHT, "fake"), a_go(LATER, "fake")
    elsewhere = now.endpoint.model_copy(update={"port": 1 + before.endpoint.port})
    kept(before, tmp_path)
    now = now.model_copy(update={"endpoint": elsewhere})
    assert since(now, tmp_path).run_id == before.run_id


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text(file.read_text("utf-8")[:400], encoding="utf-8"),
        lambda file: file.write_text(
            file.read_text("utf-8").replace('"count": 24', '"count": 25'), encoding="utf-8"
        ),
        lambda file: file.write_bytes(b"\xff\xfe\x00"),
        lambda file: file.unlink(),
    ],
    ids=["truncated", "tampered", "not text", "gone"],
)
def test_evidence_that_cannot_be_relied_on_is_no_measure(
    spoil: Callable[[Path], object], tmp_path: Path
) -> None:
    older = a_go()
    kept(older, tmp_path)
    spoil(kept(a_go(NIGHT + timedelta(hours=1)), tmp_path) / "evidence.json")
    assert since(a_go(LATER), tmp_path).run_id == older.run_id


@pytest.mark.parametrize(
    "made_up",
    [{"attempts": 2}, {"steps": a_no_go().steps}, {"run_id": a_go(NIGHT - timedelta(1)).run_id}],
    ids=["two attempts", "a failed step", "of another run"],
)
def test_go_that_contradicts_itself_is_no_measure_although_its_digest_fits(
    made_up: dict[str, Any], tmp_path: Path
) -> None:
    older = a_go()
    kept(older, tmp_path)
    newer = a_go(NIGHT + timedelta(hours=1))
    storage.write(newer.model_copy(update=made_up), kept(newer, tmp_path))
    assert since(a_go(LATER), tmp_path).run_id == older.run_id


def test_comparison_that_fails_costs_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> Evidence:
        raise RuntimeError("something new")

    kept(a_go(), tmp_path)
    monkeypatch.setattr(storage, "read", broken)
    now = a_go(LATER)
    found = changes.compared(now, tmp_path)
    assert found.model_copy(update={"since_last_go": None}) == now
    assert found.since_last_go is not None
    assert found.since_last_go.reason.endswith("cannot be compared: something new")


# what is compared


def test_positions_that_are_more_gone_new_or_closed_are_told_and_no_others(tmp_path: Path) -> None:
    before = rows(
        share(0, quantity="100"),
        share(1, quantity="7"),
        share(2, quantity="5"),
        share(3, quantity="1"),
        position(1, ACCOUNT, quantity="-2"),
    )
    now = rows(
        share(0, quantity="150"),
        share(2, quantity="0"),
        share(3, quantity="1"),
        position(1, ACCOUNT, quantity="-2"),
        position(2, ACCOUNT, quantity="-1"),
    )
    kept(a_go(positions=0).model_copy(update={"positions": before}), tmp_path)
    found = since(a_go(LATER).model_copy(update={"positions": now}), tmp_path)
    assert found.positions == [
        PositionChange(account=ACCOUNT, contract="AAPL STK USD", before="100", now="150"),
        PositionChange(account=ACCOUNT, contract="MSFT STK USD", before="7", now=None),
        PositionChange(account=ACCOUNT, contract="AAPL STK USD", before="5", now=None),
        PositionChange(
            account=ACCOUNT, contract="QQQ OPT 20261218 P 510 USD", before=None, now="-1"
        ),
    ]


def test_same_contract_of_two_accounts_is_two_positions(tmp_path: Path) -> None:
    ours, theirs = share(0), position(0, "U7777777", quantity="1")
    kept(a_go(positions=0).model_copy(update={"positions": rows(ours, theirs)}), tmp_path)
    found = since(a_go(LATER).model_copy(update={"positions": rows(ours)}), tmp_path)
    assert found.positions is not None
    assert [(each.account, each.now) for each in found.positions] == [("U7777777", None)]


def test_same_positions_in_another_order_are_no_change(tmp_path: Path) -> None:
    kept(a_go(), tmp_path)
    now = a_go(LATER)
    turned = now.positions.model_copy(update={"rows": now.positions.rows[::-1]})
    assert since(now.model_copy(update={"positions": turned}), tmp_path).positions == []


@pytest.mark.parametrize("failed", ["gateway.listening", "positions.complete"])
def test_positions_that_are_not_all_known_are_not_compared(failed: str, tmp_path: Path) -> None:
    kept(a_go(), tmp_path)
    assert since(a_no_go(LATER, failed=failed), tmp_path).positions is None


def test_wrong_number_of_positions_is_told_one_by_one(tmp_path: Path) -> None:
    kept(a_go(), tmp_path)
    lost = a_no_go(LATER, failed="positions.count")
    lost = lost.model_copy(update={"positions": rows(*lost.positions.rows[1:])})
    found = since(lost, tmp_path)
    assert found.positions is not None
    assert [(each.before, each.now) for each in found.positions] == [("100", None)]


def test_versions_are_compared_as_far_as_both_were_seen(tmp_path: Path) -> None:
    kept(a_go(), tmp_path)
    newer = Api(version="10.50.02", server_version=None)
    now = a_go(LATER, api=newer)
    moved = now.circumstances.model_copy(update={"machine": "trading-2", "golive": "9.9"})
    others = since(now.model_copy(update={"circumstances": moved}), tmp_path).others
    assert Change(what="API version", before="10.37.02", now="10.50.02") in others
    assert Change(what="machine", before="trading-1", now="trading-2") in others
    assert [each.what for each in others] == ["API version", "golive", "machine"]


def with_settings(found: Evidence, **changed: Any) -> Evidence:
    known = {k: v for k, v in found.circumstances.settings.items() if changed.get(k, v) is not None}
    settings = known | {k: v for k, v in changed.items() if v is not None}
    sha = {"settings": settings, "settings_sha256": str(hash(str(settings)))}
    moved = found.circumstances.model_copy(update=sha)
    return found.model_copy(update={"circumstances": moved})


def test_settings_are_compared_key_by_key(tmp_path: Path) -> None:
    key, gone, new = "GoLive.ExpectedPositions", "GoLive.HandshakeBudgetSeconds", "GoLive.KeepRuns"
    kept(a_go(), tmp_path)
    found = since(with_settings(a_go(LATER), **{key: 25, gone: None, new: 90}), tmp_path)
    named = {each.what: (each.before, each.now) for each in found.others}
    assert named.pop("settings file")[0] == "c324dc19c324"
    assert named == {key: (24, 25), gone: (1.0, ABSENT), new: (ABSENT, 90)}


def test_port_of_a_fake_is_no_changed_setting(tmp_path: Path) -> None:
    port = "IBKRCredentials.Port"
    for target, told in (("fake", []), ("live", [port])):
        kept(with_settings(a_go(NIGHT, target), **{port: 1}), tmp_path)  # type: ignore[arg-type]
        now = with_settings(a_go(LATER, target), **{port: 2})  # type: ignore[arg-type]
        found = since(now, tmp_path).others
        assert [each.what for each in found if each.what != "settings file"] == told


def test_run_without_circumstances_on_record_is_compared_in_the_rest(tmp_path: Path) -> None:
    kept(a_go(circumstances=Circumstances()), tmp_path)
    found = since(a_go(LATER), tmp_path)
    assert (found.positions, found.others) == ([], [])


def test_contract_in_words_leaves_out_what_it_has_not() -> None:
    assert changes.contract(share(0)) == "AAPL STK USD"
    assert changes.contract(position(1, ACCOUNT)) == "SPY OPT 20261218 P 505 USD"
    assert changes.contract({}) == ""


@pytest.mark.parametrize("strike", ["0.5", "560", "12345.75", "1050000"])
def test_strike_is_told_to_its_last_digit(strike: str) -> None:
    assert f" {strike} " in changes.contract(position(1, ACCOUNT, strike=float(strike)))


# in a run


def test_second_run_tells_what_changed_since_the_first(
    own_project: Project, tmp_path: Path
) -> None:
    first = own_project.rehearse("--fake")
    document = json.loads((own_project.folder / "secrets.example.json").read_text("utf-8"))
    document["GoLive"]["ExpectedPositions"] = 25
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    second = own_project.rehearse("--fake", "--secrets", str(path))
    found = second.evidence["since_last_go"]
    assert first.evidence["since_last_go"]["run_id"] is None
    assert (found["run_id"], found["digest"]) == (first.folder.name, first.evidence["digest"])
    assert [(each["before"], bool(each["now"])) for each in found["positions"]] == [(None, True)]
    assert {"what": "GoLive.ExpectedPositions", "before": 24, "now": 25} in found["others"]
    assert len({each.evidence["salt"] for each in (first, second)} - {""}) == 2
