"""What Kong's chart is told, part by part."""

import json

from spotmusic_constructs.gateway.lua_plugins import SHARED_MEMORY
from spotmusic_constructs.kubernetes.pod import HOST, POD_SECURITY, READ_ONLY_CONTAINER, resources, spread

TLS = "kong-proxy-tls"
REDIS = "kong-redis"
PROXY_PORT = 8443
STATUS_PORT = 8100
KEEP_ALIVE_SECONDS = 50
"""Seconds that Kong keeps an idle connection to an upstream: fewer than the upstream does."""
LABELS = {"app.kubernetes.io/name": "kong", "app.kubernetes.io/instance": "kong", "app.kubernetes.io/component": "app"}

_LOGGED = {
    "time": "$time_iso8601",
    "request_id": "$http_x_request_id",
    "trace_id": "$http_x_amzn_trace_id",
    "kong_request_id": "$kong_request_id",
    "address": "$remote_addr",
    "method": "$request_method",
    "path": "$uri",
    "asked": "$upstream_x_forwarded_path",
    "status": "$status",
    "bytes": "$body_bytes_sent",
    "seconds": "$request_time",
    "upstream": "$upstream_addr",
    "upstream_status": "$upstream_status",
    "upstream_seconds": "$upstream_response_time",
}
ACCESS_LOG = f"spotmusic escape=json '{json.dumps(_LOGGED)}'"
"""Kong's access log: no query (codes, keys of mails, searches), no referrer, no credential. `request_id` is the id of CloudFront's access
log and of the service's; `kong_request_id` stands in Kong's error log. `asked` is the path of the viewer where Kong answered with an error
of its own, for which `path` is that of its error handler."""


def environment(vpc_cidr: str, address_header: str) -> dict[str, object]:
    """Returns kong.conf, key by key."""
    authority = f"/etc/secrets/{TLS}/ca.crt"
    return {
        "database": "off",
        "router_flavor": "expressions",
        "nginx_worker_processes": "2",
        "nginx_http_lua_shared_dict": SHARED_MEMORY,
        # No plugin may run Lua that stands in the configuration.
        "untrusted_lua": "off",
        "headers": "off",
        "nginx_http_log_format": ACCESS_LOG,
        "proxy_access_log": f"/dev/stdout {ACCESS_LOG.split(maxsplit=1)[0]}",
        # Also over a kept connection that the upstream closes: nginx would send PUT and DELETE again, which it may have begun.
        "nginx_proxy_proxy_next_upstream": "off",
        # The longest token that is read (8,192 characters) and its name do not fit into nginx' 8 KiB; longer headers get 400.
        "nginx_http_large_client_header_buffers": "4 16k",
        # Of answers that may not be kept, those to requests with a token only (CloudFront adds `Via`, which makes them proxied ones).
        # Pages of logins have codes and what their reader typed, and the length of a compressed page tells of both (CVE-2013-3587).
        "nginx_proxy_gzip": "on",
        "nginx_proxy_gzip_proxied": "auth",
        "nginx_proxy_gzip_types": "application/json application/problem+json",
        "nginx_proxy_gzip_min_length": "1024",
        "nginx_proxy_gzip_vary": "on",
        "upstream_keepalive_idle_timeout": str(KEEP_ALIVE_SECONDS),
        "log_level": "notice",
        "anonymous_reports": "off",
        "ssl_protocols": "TLSv1.2 TLSv1.3",
        "ssl_cert": f"/etc/secrets/{TLS}/tls.crt",
        "ssl_cert_key": f"/etc/secrets/{TLS}/tls.key",
        # Amazon's authorities for the cache and the services load balancer, ours for Keycloak; Kong joins them into one file.
        "lua_ssl_trusted_certificate": f"system,{authority}",
        "lua_ssl_verify_depth": "5",
        "nginx_proxy_proxy_ssl_trusted_certificate": "/kong_prefix/.ca_combined",
        # Rate limits must see the viewer, not the load balancer; X-Forwarded-For begins with whatever a viewer wrote.
        "trusted_ips": vpc_cidr,
        "real_ip_header": address_header,
    }


def listeners() -> dict[str, object]:
    """Returns what listens: the proxy with TLS, health and metrics; nothing that administers."""
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


def pods(min_replicas: int, max_replicas: int) -> dict[str, object]:
    """Returns how many pods run, where, what they may do and what they ask for."""
    # Half: with a zone less, which of few pods is nearly half, the others carry all of it before new ones run (docs/game-day.md).
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    return {
        "autoscaling": {"enabled": True, "minReplicas": min_replicas, "maxReplicas": max_replicas, "metrics": [cpu]},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "priorityClassName": "spotmusic-platform",
        "topologySpreadConstraints": [spread(LABELS), spread(LABELS, over=HOST)],
        "resources": resources(cpu="500m", memory="1Gi", limit="2Gi"),
        "initContainerResources": resources(cpu="10m", memory="64Mi"),
        "securityContext": {**POD_SECURITY, "runAsUser": 1000},
        "containerSecurityContext": {**READ_ONLY_CONTAINER, "runAsUser": 1000},
        # The load balancer needs a moment to stop sending before the listener goes.
        "terminationGracePeriodSeconds": 60,
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 15 && kong quit --timeout=30"]}}},
        # A quarter at once: one after another, the most that scaling allows would outlast the release's timeout.
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
    }
