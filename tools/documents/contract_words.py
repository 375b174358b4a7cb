"""Texts of the contract of services: common texts and texts of connections."""

from spotmusic_cdk.connections import CONNECTIONS
from spotmusic_cdk.connections.connection import Facts
from spotmusic_cdk.connections.other_service import OtherService
from spotmusic_constructs.services.task_definition import STOP_TIMEOUT

DRAINED = int(STOP_TIMEOUT.to_seconds())

FORMS = {
    "SERVICE": "name of the service, which Prometheus adds to its metrics",
    "PORT": "port to listen on",
    "HEALTH_PATH": "path that answers 200 while the process can serve, even if a connection fails",
    "ENVIRONMENT": "name of the environment: `dev`, `staging`, `prod`",
    "ROUTE": "path prefix of a service with a route. It is not stripped: answer `$ROUTE/...`",
    "LOG_LEVEL": "`debug` or `info`, in lower case",
    "IDENTITY_ISSUER": (
        "issuer (`iss`) of the listeners' tokens. `X-Listener` has the verified listener; "
        "images need not verify tokens"
    ),
    **{
        name: form
        for connection in CONNECTIONS.values()
        for name, form in connection.variables.items()
    },
}
"""Form of each variable, by name."""

EVERYONE = Facts(
    authority="nothing: tasks speak HTTP without TLS, inside security groups "
    "([ADR 11](adr/0011-no-tls-between-tasks.md))",
    names="`AWS_REGION` is set by Fargate, and AWS SDKs find the task's credentials automatically",
    rights=(
        "out: 443 anywhere, and the ports of its words. In: `PORT`, from the load balancer "
        "if it has a route, from Prometheus, and from callers"
    ),
    limits="bodies of 64 KiB; /tmp of 64 MiB without executable files: JVM libraries that unpack "
    "(netty, snappy, zstd) need their files in the image. "
    "No scheduler: [work that repeats](../examples/service/README.md#work-that-repeats) is "
    "published. No traces are collected; `traceparent` passes",
    timeouts="a request ends in 15 seconds, or in 10 from service to service; "
    f"SIGTERM to SIGKILL {DRAINED} seconds",
)

FACTS = {word: connection.facts for word, connection in CONNECTIONS.items()} | {
    OtherService.word: OtherService.facts
}
"""Facts by word."""
