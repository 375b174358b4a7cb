"""Log groups have the retention of the settings only."""

from pathlib import Path

from tests.conftest import settings_of, synthesize, templates_in

ACCESS, SECURITY, FLOWS = 731, 400, 545
SECURITY_RECORDS = ("AuditLog", "ControlPlane", "EventLog", "RotationFunction", "UsersFunction", "SigningKeyProvider")


def test_log_groups_follow_settings(tmp_path: Path) -> None:
    settings = settings_of("prod")
    observability = settings.observability.model_copy(update={"access_log_days": ACCESS, "security_log_days": SECURITY})
    network = settings.network.model_copy(update={"flow_log_retention_days": FLOWS})
    synthesize(settings.model_copy(update={"observability": observability, "network": network}), outdir=tmp_path, policies=False)
    groups = {
        f"{stack}/{id_}": resource["Properties"].get("RetentionInDays")
        for stack, template in templates_in(tmp_path / "assembly-prod").items()
        for id_, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    assert len(groups) > 20
    assert {name: days for name, days in groups.items() if days not in (ACCESS, SECURITY, FLOWS)} == {}
    assert [name.split("/")[0] for name, days in groups.items() if days == FLOWS] == ["network"]
    security = {name: days for name, days in groups.items() if any(record in name for record in SECURITY_RECORDS)}
    assert security
    assert set(security.values()) == {SECURITY}
