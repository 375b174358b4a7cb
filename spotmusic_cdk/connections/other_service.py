"""Connection to another service of the environment."""

from collections.abc import Iterator
from typing import ClassVar

from spotmusic_cdk.connections.connection import Client, Connection, Facts, Targets, service_party
from spotmusic_cdk.settings.services import address_variable
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.services.access import Access


class OtherService(Connection):
    """Calls through Service Connect.

    Args:
        name: name of the called service.
    """

    word = "another service"
    variables: ClassVar = {"<NAME>_URL": "address of the service"}
    facts = Facts(
        authority="nothing: HTTP inside security groups",
        names=(
            "the name of the service; it is there when the caller starts, because callers are "
            "deployed after services that they call. Settings refuse circles"
        ),
        rights=(
            "the caller hands on `X-Listener`, `X-Listener-Roles` and `X-Request-ID`; "
            "nothing else identifies the caller"
        ),
        limits=(
            "HTTP/1.1 and 2 requests; streams (SSE, WebSocket) are cut at the end of a request's "
            "time"
        ),
        timeouts=(
            "10 s a request, then 504 from the proxy of Service Connect. "
            "Callers go on sending after SIGTERM: answer until the end"
        ),
    )

    def __init__(self, name: str) -> None:
        self.name = name

    def flows(self, client: Client) -> Iterator[Flow]:
        # The settings reject a target without a port.
        if port := client.settings.services[self.name].port:
            reason = f"{client.name} calls {self.name} through Service Connect"
            yield Flow(
                source=client.party, target=service_party(self.name), port=port, reason=reason
            )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        port = client.settings.services[self.name].port
        yield Access(environment={address_variable(self.name): f"http://{self.name}:{port}"})
