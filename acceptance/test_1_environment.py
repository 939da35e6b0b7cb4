"""Environment: one unmodified client, one configuration, one identity, nothing left from before."""

from golive.machine import stale_clients
from golive.plugin.plugin import step


@step("environment.one-ibapi")
def test_exactly_one_ibapi_is_installed(ibapi, evidence):
    evidence.observe(distributions=ibapi.distributions, folders=ibapi.folders)
    assert ibapi.is_only_one


@step("environment.ibapi-version")
def test_ibapi_is_the_pinned_version(ibapi, settings, evidence):
    evidence.observe(installed=ibapi.version, pinned=settings.golive.api_version)
    assert ibapi.version == settings.golive.api_version


@step("environment.ibapi-unmodified")
def test_ibapi_files_are_unmodified(ibapi, evidence):
    evidence.observe(changed=ibapi.changed)
    assert ibapi.changed == ()


@step("environment.settings")
def test_settings_are_valid_and_unchanged(settings_file, evidence):
    evidence.observe(file=settings_file.path.name, sha256=settings_file.fingerprint)
    assert settings_file.is_unchanged


@step("environment.client-id")
def test_client_id_is_the_pinned_one(settings, memory, evidence):
    configured, pinned = settings.credentials.client_id, settings.golive.pinned_client_id
    earlier = memory.discipline
    evidence.observe(configured=configured, pinned=pinned, last_attempt=earlier.last_client_id)
    assert configured == pinned
    assert memory.allows("environment.client-id", earlier.other_client_id(configured))


@step("environment.identity")
def test_port_and_paper_flag_and_account_agree(settings, evidence):
    evidence.observe(kind=settings.credentials.kind, disagreements=settings.disagreements)
    assert settings.disagreements == []


@step("environment.only-run")
def test_no_other_run_is_under_way(memory, evidence):
    evidence.observe(other_run=memory.other_run)
    assert memory.is_alone


@step("environment.cool-down")
def test_last_failed_attempt_is_long_enough_ago(memory, evidence):
    discipline = memory.discipline
    evidence.observe(
        last_failed=discipline.last_failed,
        not_before=discipline.cooling_until,
        damaged_lines=memory.reading.damaged,
    )
    assert memory.allows("environment.cool-down", discipline.quick_retry)


@step("environment.no-flipping")
def test_endpoint_was_not_changed_twice(memory, evidence):
    discipline = memory.discipline
    evidence.observe(changes=discipline.flips, not_before=discipline.no_flip_until)
    assert memory.allows("environment.no-flipping", discipline.flipping)


@step("environment.no-stale-client")
def test_no_stale_client_process_is_running(run, gateway, settings, kill_stale, evidence):
    run.observed.others, ended = stale_clients.cleared(
        gateway, settings, end_them=kill_stale, rehearsed=run.wanted.target.is_rehearsal
    )
    evidence.observe(
        looked_for=settings.golive.stale_processes, running=run.observed.others, ended=ended
    )
    assert run.observed.others == []


@step("environment.no-zombies")
def test_no_zombie_is_on_the_gateway_port(gateway, evidence):
    zombies = gateway.zombies
    evidence.observe(close_wait=zombies)
    assert zombies == []
