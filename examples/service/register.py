"""Job that registers the schemas of the topics that the service writes."""

import base64
import json
import os
import ssl
import urllib.request
from pathlib import Path

from given import User, authority_of_brokers

WAIT_SECONDS = 10
CONTENT = "application/vnd.schemaregistry.v1+json"


def register(topic: str, user: User, trust: ssl.SSLContext) -> int:
    """Register the schema of a topic, and return its id. A known schema keeps its id."""
    schema = (Path(os.environ["SCHEMAS"]) / f"{topic}.schema.json").read_text()
    login = base64.b64encode(f"{user.name}:{user.password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - registry of the platform
        f"{os.environ['EVENTS_SCHEMA_REGISTRY']}/subjects/{topic}-value/versions",
        json.dumps({"schemaType": "JSON", "schema": schema}).encode(),
        {"Authorization": f"Basic {login}", "Content-Type": CONTENT},
    )
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS, context=trust) as answer:  # noqa: S310
        return int(json.load(answer)["id"])


def main() -> None:
    """Register the schemas, and end with a traceback if the registry refuses one."""
    user = User("EVENTS")
    trust = ssl.create_default_context(cadata=authority_of_brokers("EVENTS"))
    for topic in os.environ["EVENTS_PRODUCES"].split(","):
        print(f"{topic}: schema {register(topic, user, trust)}")


if __name__ == "__main__":
    main()
