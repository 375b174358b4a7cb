"""Development environment at the lowest cost, which keeps no data."""

import json

from spotmusic_cdk.settings import Settings
from tests.conftest import sample_of


def disposable_settings() -> Settings:
    """Return settings with one broker, one Keycloak pod, a cache without replicas, and data that
    may be destroyed; `notifications` and `mailer` are workers.
    """
    document = sample_of("dev").model_dump(mode="json", exclude_unset=True)
    document["data"]["cache"] = {
        "node_type": "cache.t4g.micro",
        "replicas": 0,
        "snapshot_retention_days": 1,
    }
    document["data"]["backup"] = {"retention_days": 1}
    document["data"] |= {"removal_policy": "destroy", "allow_data_destruction": True}
    document["kubernetes"] = {
        "redpanda": {"brokers": 1, "memory_gib": 2, "storage_gib": 10},
        "keycloak": {"replicas": 1},
    }
    document["services"]["mailer"] = {"talks_to": ["tasks"], "scaling": {"messages_per_task": 100}}
    return Settings.model_validate_json(json.dumps(document))
