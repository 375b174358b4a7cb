"""Faults of environment files: most are refused when the file is read, and what is not is synthesized and judged."""

from tests.mutants.fault import SettingsFault

SETTINGS_FAULTS = (
    SettingsFault("two zones in the file", {"zones": ["sa-east-1a", "sa-east-1b"]}, "A lost zone takes half of everything."),
    SettingsFault("one NAT gateway in the file", {"network.nat_gateways": 1}, "The loss of one zone takes the way out of all."),
    SettingsFault("endpoints left out of the file", {"network.interface_endpoints": ["kms"]}, "Calls to AWS stop with NAT."),
    SettingsFault(
        "everybody's Kubernetes API",
        {"kubernetes.endpoint": "public_and_private", "kubernetes.public_access_cidrs": ["0.0.0.0/0"]},
        "Anybody may try to get in.",
    ),
    SettingsFault("address range of dev", {"network.cidr": "10.20.0.0/16"}, "The two can never be connected."),
    SettingsFault("no standby in the file", {"data.catalogue.multi_az": False}, "A lost zone takes the catalogue away for hours."),
    SettingsFault("data that goes with its stack", {"data.removal_policy": "destroy"}, "A deleted stack takes every track along."),
    SettingsFault("one replica of the cache", {"data.cache.replicas": 1}, "A lost zone leaves one node alone."),
    SettingsFault("lock of backups that never closes", {"data.backup.vault_lock_days": None}, "Whoever administers deletes them."),
    SettingsFault("four brokers", {"kubernetes.redpanda.brokers": 4}, "No better quorum, at a third more."),
    SettingsFault("two gateways", {"kubernetes.kong.min_replicas": 2}, "A lost zone leaves one."),
    SettingsFault("one Keycloak in the file", {"kubernetes.keycloak.replicas": 1}, "A crash, and nobody logs in."),
    SettingsFault("two tasks", {"services.trends.scaling": {"min": 2, "max": 24}}, "A lost zone leaves one."),
    SettingsFault("no domain", {"domain": None}, "No certificate, and tokens in clear."),
    SettingsFault("nobody to tell", {"observability.alarm_emails": []}, "Alarms ring in an empty room."),
    SettingsFault("images from the Internet", {"registry.docker_hub_credentials": None}, "Docker Hub's outage becomes ours."),
    SettingsFault("not production", {"production": False}, "Nothing is protected from deletion."),
    SettingsFault("flow log of a month", {"network.flow_log_retention_days": 30}, "Access records that the law asks for are gone."),
    SettingsFault("signing key alone in the file", {"edge.signing_keys": ["only"]}, "It cannot be replaced without cutting listeners off."),
    SettingsFault("peak that does not fit", {"resilience.peak.listeners": 600_000}, "The evening everybody listens is the outage."),
    SettingsFault("experiments left out of the file", {"resilience.fault_injection": False}, "Nobody practises a loss before it comes."),
)
