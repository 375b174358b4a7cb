"""The API gateway: Kong without a database, behind the gateway load balancer."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from spotmusic_constructs.gateway.declarative_config import GatewayRoute, RateLimit, RealmKey, declarative_config
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import HOST, POD_SECURITY, READ_ONLY_CONTAINER, resources, spread

TLS = "kong-proxy-tls"
REDIS = "kong-redis"
PROXY_PORT = 8443
STATUS_PORT = 8100
LABELS = {"app.kubernetes.io/name": "kong", "app.kubernetes.io/instance": "kong", "app.kubernetes.io/component": "app"}


class Kong(Construct):
    """Kong in front of the Web API: no request without a route, and none without a token unless its route is public.

    Creates the release: pods on every zone that scale with their load, a Service `kong-proxy` of type ClusterIP on 8443 with TLS
    (the load balancer finds the pods by a TargetGroupBinding), health and metrics on 8100, and no admin API that could be reached.
    The stack makes what `external_secrets` and `certificates` name, and the release comes after.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `kong` at one version, with its image.
        images: names of images in our registry.
        routes: paths of the Web API.
        services_url: address of the services load balancer, such as https://services.internal.spotmusic.example.
        login_url: address of Keycloak in the cluster, with TLS.
        realm: realm whose logins are public.
        realm_keys: public keys of the realm. Without one no token is good: every non-public route answers 401.
        rate_limit: how many requests one address may send, and the cache that counts them.
        cache_user: JSON secret with the `password` of Kong's user in the cache.
        vpc_cidr: addresses that are trusted to say for whom they forward a request: those of the load balancer.
        min_replicas: pods that always run; three are one per zone.
        max_replicas: pods at the most.
        namespace: existing namespace with Pod Security `restricted`.
        after: constructs that must be deployed before.

    Raises:
        ValueError: when two routes have one path.

    Example:
        Kong(self, "Kong", cluster=cluster, chart=versions.KONG, images=registry.images, routes=[GatewayRoute(service="playback",
             path="/v1/playback")], ...)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        routes: Sequence[GatewayRoute],
        services_url: str,
        login_url: str,
        rate_limit: RateLimit,
        cache_user: secretsmanager.ISecret,
        vpc_cidr: str,
        realm: str = "spotmusic",
        realm_keys: Sequence[RealmKey] = (),
        min_replicas: int = 3,
        max_replicas: int = 6,
        namespace: str = "kong",
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        password = SecretField(secret_arn=cache_user.secret_arn, field="password")
        self.external_secrets = (ExternalSecret(namespace=namespace, name=REDIS, fields={"password": password}),)
        self.certificates = (Certificate(namespace=namespace, name=TLS, dns_names=service_names("kong-proxy", namespace)),)

        config = declarative_config(
            routes=routes, services_url=services_url, login_url=login_url, realm=realm, realm_keys=realm_keys, rate_limit=rate_limit
        )
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release="kong",
            namespace=namespace,
            # Stateless: an upgrade whose pods do not become ready is taken back.
            wait=True,
            atomic=True,
            timeout=cdk.Duration.minutes(10),
            after=after,
            values={
                "fullnameOverride": "kong",
                "image": images_of(chart, images)["kong"].named,
                "env": _environment(vpc_cidr),
                "customEnv": {"redis_password": {"valueFrom": {"secretKeyRef": {"name": REDIS, "key": "password"}}}},
                # Inline, because the chart then restarts the pods when it changes.
                "dblessConfig": {"config": json.dumps(config, indent=1)},
                **_listeners(),
                **_pods(min_replicas, max_replicas),
            },
        )


def _environment(vpc_cidr: str) -> dict[str, object]:
    """Returns kong.conf, key by key."""
    authority = f"/etc/secrets/{TLS}/ca.crt"
    return {
        "database": "off",
        "router_flavor": "expressions",
        "nginx_worker_processes": "2",
        "plugins": "bundled",
        "headers": "off",
        "log_level": "notice",
        "anonymous_reports": "off",
        "ssl_protocols": "TLSv1.2 TLSv1.3",
        "ssl_cert": f"/etc/secrets/{TLS}/tls.crt",
        "ssl_cert_key": f"/etc/secrets/{TLS}/tls.key",
        # Amazon's authorities for the cache and the services load balancer, ours for Keycloak; Kong joins them into one file.
        "lua_ssl_trusted_certificate": f"system,{authority}",
        "lua_ssl_verify_depth": "5",
        "nginx_proxy_proxy_ssl_trusted_certificate": "/kong_prefix/.ca_combined",
        # Rate limits must see the viewer, not the load balancer.
        "trusted_ips": vpc_cidr,
        "real_ip_header": "X-Forwarded-For",
        "real_ip_recursive": "on",
    }


def _listeners() -> dict[str, object]:
    return {
        "ingressController": {"enabled": False},
        "admin": {"enabled": False, "tls": {"enabled": False}},
        "manager": {"enabled": False},
        "proxy": {
            "enabled": True,
            "type": "ClusterIP",
            "http": {"enabled": False},
            "tls": {"enabled": True, "servicePort": PROXY_PORT, "containerPort": PROXY_PORT, "parameters": ["http2"]},
        },
        "status": {"http": {"enabled": True, "containerPort": STATUS_PORT}},
        "secretVolumes": [TLS],
        "serviceMonitor": {"enabled": True, "interval": "30s"},
    }


def _pods(min_replicas: int, max_replicas: int) -> dict[str, object]:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 65}}}
    return {
        "autoscaling": {"enabled": True, "minReplicas": min_replicas, "maxReplicas": max_replicas, "metrics": [cpu]},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": [spread(LABELS), spread(LABELS, over=HOST)],
        "resources": resources(cpu="500m", memory="1Gi", limit="2Gi"),
        "initContainerResources": resources(cpu="10m", memory="64Mi"),
        "securityContext": {**POD_SECURITY, "runAsUser": 1000},
        "containerSecurityContext": {**READ_ONLY_CONTAINER, "runAsUser": 1000},
        # The load balancer needs a moment to stop sending before the listener goes.
        "terminationGracePeriodSeconds": 60,
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 15 && kong quit --timeout=30"]}}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    }
