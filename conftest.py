"""The fixtures of the procedure: settings, gateway, the single connection, evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from golive.client.identity import Identity, read_identity
from golive.discipline.earlier_attempts import Memory
from golive.evidence import changes
from golive.evidence.record import Soak
from golive.kit.plain import plain
from golive.machine import installed
from golive.machine.api_settings import ApiSettings
from golive.machine.gateway import Gateway, Uptime
from golive.machine.on_disk import gateway_files, reading
from golive.run.run import Run
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsFile

if TYPE_CHECKING:
    from golive.client.answers import Access, Behind, Positions
    from golive.client.connection import Connection
    from golive.plugin.plugin import GoLiveSession
    from golive.trials.mcp import McpProgram
    from golive.trials.monitor import MonitorProgram

pytest_plugins = ["golive.plugin.plugin"]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Whoever leaves the plugin out leaves out the verdict, and exit status 0 would say nothing."""
    if config.pluginmanager.is_blocked("golive.plugin.plugin"):
        raise pytest.UsageError(
            "without golive.plugin.plugin there is no verdict: leave out -p no:golive.plugin.plugin"
        )


@pytest.fixture(scope="session")
def golive_session(pytestconfig: pytest.Config) -> GoLiveSession:
    """The go-live run that pytest is performing."""
    found: GoLiveSession | None = pytestconfig.pluginmanager.get_plugin("golive-session")
    if found is None:
        pytest.fail("this fixture is the procedure's: pytest acceptance", pytrace=False)
    return found


@pytest.fixture(scope="session")
def run(golive_session: GoLiveSession) -> Run:
    return golive_session.run


@pytest.fixture(scope="session")
def settings_file(run: Run) -> SettingsFile:
    return run.wanted.file


@pytest.fixture(scope="session")
def settings(settings_file: SettingsFile) -> Settings:
    return settings_file.settings


@pytest.fixture(scope="session")
def memory(run: Run) -> Memory:
    """What is remembered of earlier attempts, and the rules about them."""
    return run.memory


@pytest.fixture(scope="session")
def ibapi(run: Run) -> installed.InstalledApi:
    """The official client as it is installed."""
    found = installed.read()
    run.observed.api_version = found.version
    return found


@pytest.fixture(scope="session")
def gateway(run: Run) -> Gateway:
    """The gateway as seen from outside; nothing connects."""
    return run.gateway


@pytest.fixture(scope="session")
def kill_stale(pytestconfig: pytest.Config) -> bool:
    """Whether the run was asked to end the stale clients it finds."""
    return bool(pytestconfig.option.kill_stale)


@pytest.fixture(scope="session")
def uptime(gateway: Gateway, run: Run, golive_session: GoLiveSession) -> Uptime:
    """Waits, visibly, until the gateway has been up for the initialization time."""
    run.observed.uptime = gateway.wait_until_initialized(
        run.wanted.initialization_seconds,
        golive_session.countdown(),
        reading.logged_in(run.wanted.settings, run.wanted.clock.now()),
    )
    return run.observed.uptime


@pytest.fixture(scope="session")
def connection(run: Run, settings: Settings, golive_session: GoLiveSession) -> Iterator[Connection]:
    """The single connection of the run: opened once, after everything before it has passed."""
    from golive.client.connection import (
        Connection,
    )  # not before the installed client has been looked at

    run.progress.gate("handshake.one-attempt")
    credentials = settings.credentials
    target = run.wanted.target
    run.observed.connection = Connection(
        target.host, target.port, credentials.client_id, run.attempts
    )
    before = run.gateway.port_if_seen
    with closing(run.observed.connection):
        run.observed.connection.open(*golive_session.bounded("the gateway's answer"))
        run.gateway.watch_it_dial(before)
        yield run.observed.connection


@pytest.fixture(scope="session")
def access(run: Run, connection: Connection, golive_session: GoLiveSession) -> Access:
    run.observed.access = connection.access(*golive_session.bounded("the gateway's ids"))
    return run.observed.access


@pytest.fixture(scope="session")
def api_settings(
    run: Run, connection: Connection, access: Access, golive_session: GoLiveSession
) -> ApiSettings:
    """What the gateway tells of its own settings. One that refused access is asked no more."""
    if access.is_granted:
        run.observed.api_settings = connection.api_settings(*golive_session.bounded("its settings"))
    return run.observed.api_settings


@pytest.fixture(scope="session")
def identity(run: Run, api_settings: ApiSettings, settings: Settings) -> Identity:
    """The gateway's own settings, and from its files what it does not tell itself."""
    found = read_identity(api_settings, gateway_files.find(settings))
    run.observed.api_settings = found.told
    return found


@pytest.fixture(scope="session")
def positions(run: Run, connection: Connection, golive_session: GoLiveSession) -> Positions:
    """The positions, and what comes behind them: without a break, so that nothing is missed."""
    found = connection.positions(*golive_session.bounded("the positions"))
    run.observed.positions, run.observed.behind = connection.settled(
        found, *golive_session.bounded("what is left")
    )
    return run.observed.positions


@pytest.fixture(scope="session")
def behind(run: Run, positions: Positions) -> Behind:
    """What came behind the positions, up to the answer to a later request."""
    assert run.observed.behind is not None
    return run.observed.behind


@pytest.fixture(scope="session")
def soak(run: Run, connection: Connection, golive_session: GoLiveSession) -> Soak:
    """The connection held for the soak time; whatever ends it, the run has its figures."""
    from golive.run.soak import Soaking

    patience = min(
        run.wanted.heartbeat_seconds, run.wanted.settings.golive.handshake_timeout_seconds
    )
    soaking = Soaking(
        connection,
        run.gateway,
        run.wanted.soak_seconds,
        run.wanted.heartbeat_seconds,
        patience,
        run.wanted.clock,
    )
    try:
        return soaking.perform(golive_session.soaking(soaking))
    finally:
        run.observed.soak = soaking.figures


@pytest.fixture(scope="session")
def positions_after(
    run: Run, connection: Connection, soak: Soak, golive_session: GoLiveSession
) -> Positions:
    """The positions asked for once more, and compared with those before the soak."""
    found = connection.positions(*golive_session.bounded("the positions"))
    found, run.observed.behind = connection.settled(found, *golive_session.bounded("what is left"))
    before, after = (
        plain(each.rows) for each in (run.observed.positions, found) if each is not None
    )
    drift = changes.of_positions(before, after) if found.is_complete else None
    run.observed.positions_after = found
    run.observed.soak = soak.model_copy(update={"position_drift": drift})
    return found


@pytest.fixture(scope="session")
def monitor(run: Run, golive_session: GoLiveSession) -> Iterator[MonitorProgram]:
    """The Monitor of the settings: started once all before it has passed, and ended."""
    from golive.run import trial

    run.progress.gate("monitor.connected")
    with trial.monitor(run, golive_session.awaited_monitor()) as program:
        yield program


@pytest.fixture(scope="session")
def mcp(run: Run) -> Iterator[McpProgram]:
    """The MCP server of the settings: started, asked by a client of the official SDK, and ended."""
    from golive.run import trial

    run.progress.gate("mcp.tools")
    with trial.mcp(run) as program:
        yield program


class Observations:
    """What a step saw, for the record."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def observe(self, *records: Any, **facts: Any) -> None:
        """Keeps a record's fields, and facts by name, as plain data."""
        for record in records:
            self._kept.update(plain(record))
        self._kept.update(plain(facts))


@pytest.fixture
def evidence(golive_session: GoLiveSession, request: pytest.FixtureRequest) -> Observations:
    return Observations(golive_session.observations(request.node))
