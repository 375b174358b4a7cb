"""Released realm and its chart, rendered by the Helm version that deploys it."""

import json
import shutil
import subprocess
from pathlib import Path

import aws_cdk as cdk
import pytest

from spotmusic_constructs.identity.providers import IdentityProvider
from spotmusic_constructs.identity.realm import Realm
from spotmusic_constructs.identity.realm_configuration import RealmConfiguration
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from tests.conftest import new_stack
from tests.helm_values import arn_of, cluster_in, secret_in, values_of
from tools.checkout import ROOT
from tools.model import helm
from tools.model.values import Json

CHART = ROOT / "charts" / "realm"
SCRIPT = CHART / "files" / "replace-keys.sh"
Manifests = dict[tuple[str, str], Json]


@pytest.fixture(scope="module")
def configuration() -> RealmConfiguration:
    stack = new_stack()
    google = IdentityProvider(
        alias="google", kind="google", label="Google", client_id="g", secret_arn=arn_of("google")
    )
    return RealmConfiguration(
        stack,
        "Realm",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHART),
        config_image="registry.example.com/adorsys/keycloak-config-cli:6.5.1-26.5.5",
        keycloak_image="registry.example.com/keycloak/keycloak:26.8.2",
        url="https://keycloak-http.keycloak.svc.cluster.local:8443/auth",
        realm=Realm(
            name="spotmusic",
            web_redirects=["https://spotmusic.example/callback"],
            grafana_url="https://localhost:3000",
            providers=[google],
        ),
        automation=secret_in(stack, "automation"),
        clients=secret_in(stack, "clients"),
    )


@pytest.fixture(scope="module")
def values(configuration: RealmConfiguration) -> Json:
    return values_of(cdk.Stack.of(configuration), "realm")


@pytest.fixture(scope="module")
def manifests(values: Json) -> Manifests:
    return {
        (manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in render(values)
    }


def render(values: Json) -> list[Json]:
    return helm.render(CHART, "realm", "keycloak", values)


def job(manifests: Manifests) -> Json:
    (found,) = (manifest for (kind, _), manifest in manifests.items() if kind == "Job")
    return found


def pods(manifests: Manifests) -> list[Json]:
    crons = [
        manifests["CronJob", name]["spec"]["jobTemplate"]["spec"]
        for name in ("realm-keys", "realm-import")
    ]
    return [spec["template"]["spec"] for spec in (job(manifests)["spec"], *crons)]


def environment(container: Json) -> Json:
    return {
        variable["name"]: variable.get("value", variable.get("valueFrom"))
        for variable in container["env"]
    }


def test_realm_job_imports_both_realms(manifests: Manifests) -> None:
    (volume,) = (
        volume
        for volume in job(manifests)["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "realms"
    )
    data = manifests["ConfigMap", volume["configMap"]["name"]]["data"]
    assert {json.loads(text)["realm"] for text in data.values()} == {"spotmusic", "master"}
    (container,) = job(manifests)["spec"]["template"]["spec"]["containers"]
    found = environment(container)["IMPORT_FILES_LOCATIONS"]
    assert found == "/config/master.json,/config/spotmusic.json"
    # CloudFormation, Helm and YAML preserve numbers.
    assert json.loads(data["spotmusic.json"])["eventsExpiration"] == 190 * 24 * 3600


def test_realm_import_deletes_nothing(manifests: Manifests) -> None:
    (container,) = job(manifests)["spec"]["template"]["spec"]["containers"]
    managed = {
        name: value
        for name, value in environment(container).items()
        if name.startswith("IMPORT_MANAGED_")
    }
    assert {
        "IMPORT_MANAGED_CLIENT",
        "IMPORT_MANAGED_ROLE",
        "IMPORT_MANAGED_COMPONENT",
        "IMPORT_MANAGED_IDENTITYPROVIDER",
    } <= managed.keys()
    assert set(managed.values()) == {"no-delete"}


def test_realm_job_variables_come_from_secret(
    manifests: Manifests, configuration: RealmConfiguration
) -> None:
    (secret,) = configuration.external_secrets
    (container,) = job(manifests)["spec"]["template"]["spec"]["containers"]
    references = {
        name: value["secretKeyRef"]
        for name, value in environment(container).items()
        if isinstance(value, dict)
    }
    assert {
        "KEYCLOAK_CLIENTID",
        "KEYCLOAK_CLIENTSECRET",
        "GRAFANA_CLIENT_SECRET",
        "PROVIDER_GOOGLE_SECRET",
    } == references.keys()
    assert secret.fields["provider-google-secret"].secret_arn == arn_of("google")


def test_realm_jobs_verify_tls(manifests: Manifests) -> None:
    for pod in pods(manifests):
        (trust,) = pod["initContainers"]
        assert trust["command"][0] == "keytool"
        (container,) = pod["containers"]
        assert "trust.p12" in str(container)
        assert environment(container)["KEYCLOAK_URL"].startswith("https://")


def test_realm_change_creates_new_job(values: Json, manifests: Manifests) -> None:
    name = job(manifests)["metadata"]["name"]
    changed = json.loads(json.dumps(values))
    changed["realms"]["spotmusic.json"]["accessTokenLifespan"] = 240
    other = next(
        manifest["metadata"]["name"] for manifest in render(changed) if manifest["kind"] == "Job"
    )
    assert name != other
    later = {**values, "keyRotation": {**values["keyRotation"], "schedule": "0 1 1 1 *"}}
    assert name == next(
        manifest["metadata"]["name"] for manifest in render(later) if manifest["kind"] == "Job"
    )


def test_manual_realm_import_is_suspended(manifests: Manifests) -> None:
    by_hand = manifests["CronJob", "realm-import"]["spec"]
    assert by_hand["suspend"] is True
    found = by_hand["jobTemplate"]["spec"]["template"]["spec"]
    assert found == job(manifests)["spec"]["template"]["spec"]


def test_signing_keys_rotate_quarterly(manifests: Manifests) -> None:
    spec = manifests["CronJob", "realm-keys"]["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        "23 6 1 */3 *",
        "Etc/UTC",
        "Forbid",
    )
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert (
        int(environment(container)["PUBLISHED_SECONDS"])
        < spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    )
    assert manifests["ConfigMap", "realm-keys"]["data"]["replace-keys.sh"] == SCRIPT.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://keycloak:8080/auth"},
        {"configImage": "x/y:latest"},
        {"variables": {"x; rm": "key"}},
        {"realms": {"spotmusic.json": {"enabled": True}}},
        {"keyRotation": {"realm": "spotmusic", "schedule": "now", "publishedSeconds": 900}},
        {"realmz": {}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_realm_chart_rejects_unknown_values(values: Json, change: Json) -> None:
    with pytest.raises(ValueError, match="schema"):
        render(values | change)


def test_reloader_watches_one_import_secret(manifests: Manifests) -> None:
    """Reloader creates one job for each Secret of a CronJob when it starts, all at the
    same time.
    """
    cron = manifests["CronJob", "realm-import"]
    excluded = set(
        cron["metadata"]["annotations"]["secrets.exclude.reloader.stakater.com/reload"].split(",")
    )
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    mounted = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    containers = [*pod["containers"], *pod["initContainers"]]
    read = {
        e["valueFrom"]["secretKeyRef"]["name"]
        for c in containers
        for e in c.get("env", ())
        if "secretKeyRef" in e.get("valueFrom", {})
    }
    assert len((mounted | read) - excluded) == 1
    assert not read & excluded


def replace_keys(folder: Path, hour: str, *, dies_at: str = "") -> list[tuple[str, int]]:
    """Run the job at an hour such as 2027010106. Return the signing keys with their priorities.

    Args:
        folder: folder of the stubs and their state.
        hour: year, month, day and hour.
        dies_at: beginning of the kcadm call, or `sleep`, before which the job is killed; empty runs
            the job to its end.
    """
    bash = shutil.which("bash") or pytest.skip("bash, which runs the job, is not installed")
    for name, text in {
        "kcadm": Path(__file__).with_name("kcadm.sh").read_text(),
        "date": f"#!/bin/bash\necho {hour}\n",
        "sleep": '#!/bin/bash\necho "sleep $1" >> "$STATE/log"\n[ "$DIES_AT" != sleep ]\n',
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    providers = folder / "providers"
    if not providers.exists():
        providers.write_text(
            "a,hmac-generated-hs512,hmac-generated,100\n"
            "b,rsa-generated,rsa-generated,100\n"
            "c,rsa-enc-generated,rsa-enc-generated,100\n"
        )
    variables = {
        "STATE": str(folder),
        "KCADM": str(folder / "kcadm"),
        "PATH": f"{folder}:/usr/bin:/bin",
        "REALM": "spotmusic",
    }
    variables |= {
        "KEYCLOAK_URL": "https://keycloak",
        "ACCOUNT": "automation",
        "PUBLISHED_SECONDS": "900",
        "DIES_AT": dies_at,
    }
    done = subprocess.run(
        [bash, str(SCRIPT)], env=variables, check=False, capture_output=True, text=True
    )
    assert (done.returncode != 0) == bool(dies_at), done.stderr
    lines = [line.split(",") for line in providers.read_text().splitlines()]
    assert [line[1] for line in lines if line[2] != "rsa-generated"] == [
        "hmac-generated-hs512",
        "rsa-enc-generated",
    ]
    return sorted(
        (name, int(priority)) for _, name, kind, priority in lines if kind == "rsa-generated"
    )


def test_key_rotation_publishes_before_signing(tmp_path: Path) -> None:
    assert replace_keys(tmp_path, "2026100106") == [
        ("rsa-generated", 100),
        ("signing-2026100106", 2026100106),
    ]
    log = (tmp_path / "log").read_text().splitlines()
    published, waited, signs = (
        next(index for index, line in enumerate(log) if line.startswith(word))
        for word in ("create components", "sleep 900", "update components")
    )
    assert published < waited < signs
    assert 'config.priority=["0"]' in log[published]


def test_key_rotation_deletes_oldest_key(tmp_path: Path) -> None:
    replace_keys(tmp_path, "2026100106")
    assert replace_keys(tmp_path, "2027010106") == [
        ("signing-2026100106", 2026100106),
        ("signing-2027010106", 2027010106),
    ]


def test_key_rotation_is_idempotent(tmp_path: Path) -> None:
    first = replace_keys(tmp_path, "2026100106")
    assert replace_keys(tmp_path, "2026100106") == first


STEPS = (
    "config credentials",
    "get components",
    "create components",
    "sleep",
    "update components",
    "delete components",
)
"""Calls of a run, in order; the job is killed before each."""


@pytest.fixture(scope="module")
def rotated_twice(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Key providers after two rotations."""
    folder = tmp_path_factory.mktemp("rotated")
    replace_keys(folder, "2026070106")
    replace_keys(folder, "2026100106")
    return (folder / "providers").read_text()


@pytest.mark.parametrize("hour", ["2027010106", "2027010107"], ids=["same-hour", "next-hour"])
@pytest.mark.parametrize("step", STEPS)
def test_key_rotation_survives_interruption(
    tmp_path: Path, rotated_twice: str, step: str, hour: str
) -> None:
    (tmp_path / "providers").write_text(rotated_twice)
    signed = max(replace_keys(tmp_path, "2027010106", dies_at=step), key=lambda key: key[1])
    after = replace_keys(tmp_path, hour)
    assert len(after) == 2
    assert signed in after
    assert max(priority for _, priority in after) >= 2027010106


def test_key_rotation_finishes_interrupted_pair(tmp_path: Path) -> None:
    replace_keys(tmp_path, "2026100106")
    interrupted = replace_keys(tmp_path, "2027010106", dies_at="sleep")
    assert ("signing-2027010106", 0) in interrupted
    assert replace_keys(tmp_path, "2027010107") == [
        ("signing-2026100106", 2026100106),
        ("signing-2027010106", 2027010107),
    ]
    assert (tmp_path / "log").read_text().splitlines().count("sleep 900") == 3


def test_key_rotation_deletes_unused_pairs(tmp_path: Path) -> None:
    replace_keys(tmp_path, "2026100106")
    with (tmp_path / "providers").open("a") as providers:
        providers.write(
            "old,signing-2026100101,rsa-generated,0\nnew,signing-2026100102,rsa-generated,0\n"
        )
    assert replace_keys(tmp_path, "2027010106") == [
        ("signing-2026100102", 2027010106),
        ("signing-2026100106", 2026100106),
    ]


def test_repeated_key_rotation_keeps_signer(tmp_path: Path) -> None:
    replace_keys(tmp_path, "2026100106")
    once = replace_keys(tmp_path, "2027010106")
    assert replace_keys(tmp_path, "2027010106") == once
    replace_keys(tmp_path, "2027040106", dies_at="sleep")
    finished = max(replace_keys(tmp_path, "2027040107"), key=lambda key: key[1])
    # The hour names another pair than the pair that was completed in it. That is a new rotation,
    # which is published before it signs.
    assert replace_keys(tmp_path, "2027040107") == [finished, ("signing-2027040107", 2027040108)]
