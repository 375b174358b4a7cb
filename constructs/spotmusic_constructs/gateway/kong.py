"""Kong as the API gateway, without a database, behind the gateway load balancer."""

import json
from collections.abc import Sequence
from typing import Unpack

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.gateway import kong_values as values
from spotmusic_constructs.gateway.declarative_config import GatewayRoute, declarative_config
from spotmusic_constructs.gateway.kong_values import REDIS, TLS
from spotmusic_constructs.gateway.lua_plugins import lua_plugin_values
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.reloader import FOLLOWS_ITS_SECRETS


class Kong(ChartRelease):
    """Kong gateway that rejects requests without a route, and without a token unless public.

    Creates the release: autoscaled pods in every zone, a Service `kong-proxy` of type ClusterIP on
    8443 with TLS (the load balancer finds the pods by a TargetGroupBinding), health and metrics on
    8100, and no reachable admin API. The stack must create the entries of `external_secrets` and
    `certificates` before the release.

    Args:
        chart: chart `kong` at one version, with its image.
        images: names of images in our registry.
        routes: paths of the Web API.
        services_url: URL of the services load balancer, such as
            https://services.internal.spotmusic.example.
        login_url: URL of Keycloak in the cluster, with TLS.
        public_url: public URL of the platform, such as https://spotmusic.example.
        token_check: requirements for access tokens. Kong reads the realm's keys at run time, so
            that the realm may rotate them at any time.
        rate_limit: request limits, and the cache that counts requests.
        cache_user: JSON secret with the `password` of Kong's user in the cache.
        vpc_cidr: range of trusted proxies, which includes the load balancer.
        realm_name: realm with public logins.
        min_replicas: minimum number of pods; three are one per zone.
        max_replicas: maximum number of pods.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before.

    Raises:
        ValueError: if two routes have the same path.

    Example:
        Kong(self, "Kong", cluster=cluster, chart=versions.KONG, images=images,
             routes=[GatewayRoute(service="playback", path="/v1/playback")], **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        routes: Sequence[GatewayRoute],
        services_url: str,
        login_url: str,
        public_url: str,
        token_check: TokenCheck,
        rate_limit: RateLimit,
        cache_user: secretsmanager.ISecret,
        vpc_cidr: str,
        realm_name: str,
        min_replicas: int = 3,
        max_replicas: int = 6,
        namespace: str = "kong",
        **placement: Unpack[Placement],
    ) -> None:
        password = SecretField(secret_arn=secret_arn(cache_user), field="password")

        config = declarative_config(
            routes=routes,
            services_url=services_url,
            login_url=login_url,
            realm=realm_name,
            public_url=public_url,
            tokens=token_check,
            rate_limit=rate_limit,
        )
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="kong",
            namespace=namespace,
            # Stateless: an upgrade is rolled back if its pods do not become ready.
            wait=True,
            atomic=True,
            values={
                "fullnameOverride": "kong",
                "image": images_of(chart, images)["kong"].named,
                "env": values.environment(vpc_cidr),
                "customEnv": {
                    "redis_password": {
                        "valueFrom": {"secretKeyRef": {"name": REDIS, "key": "password"}}
                    }
                },
                # Inline, because the chart then restarts the pods when it changes.
                "dblessConfig": {"config": json.dumps(config, indent=1)},
                "deploymentAnnotations": dict(FOLLOWS_ITS_SECRETS),
                **lua_plugin_values(namespace),
                **values.listeners(),
                **values.pods(min_replicas, max_replicas),
            },
            **placement,
        )
        self.external_secrets = (
            ExternalSecret(namespace=namespace, name=REDIS, fields={"password": password}),
        )
        self.certificates = (
            Certificate(
                namespace=namespace, name=TLS, dns_names=service_names("kong-proxy", namespace)
            ),
        )
