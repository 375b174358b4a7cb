"""Helm values for the Kong chart."""

import json

from spotmusic_constructs.gateway.lua_plugins import SHARED_MEMORY
from spotmusic_constructs.kubernetes.pod import (
    HOST,
    PLATFORM_PRIORITY,
    POD_SECURITY,
    READ_ONLY_CONTAINER,
    resources,
    spread,
)

TLS = "kong-proxy-tls"
REDIS = "kong-redis"
PROXY_PORT = 8443
STATUS_PORT = 8100
KEEP_ALIVE_SECONDS = 50
"""Seconds that Kong keeps an idle connection to an upstream; the upstream keeps it longer."""
CPU_PERCENT = 50
"""CPU utilization target of autoscaling. If a zone fails with nearly half of a few pods, the others
carry the load until new pods run (docs/game-day.md)."""
LABELS = {
    "app.kubernetes.io/name": "kong",
    "app.kubernetes.io/instance": "kong",
    "app.kubernetes.io/component": "app",
}

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
"""Kong's access log format, without query (codes, keys of mails, searches), referrer and
credentials. `request_id` is the id in the access logs of CloudFront and the service;
`kong_request_id` is the id in Kong's error log. If Kong returns an error itself, `path` is that of
its error handler, and `asked` is that of the viewer."""


def environment(vpc_cidr: str) -> dict[str, object]:
    """Return the settings of kong.conf by key."""
    authority = f"/etc/secrets/{TLS}/ca.crt"
    return {
        "database": "off",
        "router_flavor": "expressions",
        "nginx_worker_processes": "2",
        "nginx_http_lua_shared_dict": SHARED_MEMORY,
        # Plugins must not run Lua code from the configuration.
        "untrusted_lua": "off",
        "headers": "off",
        # Format of 502 and 504 for clients without the header Accept; the default is plain text.
        "error_default_type": "application/json",
        "nginx_http_log_format": ACCESS_LOG,
        "proxy_access_log": f"/dev/stdout {ACCESS_LOG.split(maxsplit=1)[0]}",
        # Otherwise nginx repeats PUT and DELETE when an upstream closes a kept connection, although
        # it may have processed them.
        "nginx_proxy_proxy_next_upstream": "off",
        # The longest accepted token (8,192 characters) and its header name exceed nginx' 8 KiB;
        # longer headers return 400.
        "nginx_http_large_client_header_buffers": "4 16k",
        # Headers of a response; nginx returns 502 beyond its 4 KiB. Keycloak repeats the query of a
        # login in a cookie, and the web ACL allows 2,048 characters.
        "nginx_proxy_proxy_buffer_size": "16k",
        "nginx_proxy_proxy_buffers": "8 16k",
        # Compress uncacheable responses only for requests with a token (CloudFront adds `Via`,
        # which marks requests as proxied). Login pages contain codes and user input, which the
        # length of a compressed page reveals (CVE-2013-3587).
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
        # Amazon's authorities for the cache and the services load balancer, the internal one for
        # Keycloak; Kong merges them into one file.
        "lua_ssl_trusted_certificate": f"system,{authority}",
        "lua_ssl_verify_depth": "5",
        "nginx_proxy_proxy_ssl_trusted_certificate": "/kong_prefix/.ca_combined",
        # Rate limits count viewers, not the load balancer. Viewers control the start of
        # X-Forwarded-For, and cannot set the header of the edge.
        "trusted_ips": vpc_cidr,
        "real_ip_header": "X-Viewer-Address",
    }


def listeners() -> dict[str, object]:
    """Return the listeners: proxy with TLS, health and metrics; no admin API."""
    return {
        "ingressController": {"enabled": False},
        "admin": {"enabled": False, "tls": {"enabled": False}},
        "manager": {"enabled": False},
        "proxy": {
            "enabled": True,
            "type": "ClusterIP",
            "http": {"enabled": False},
            "tls": {
                "enabled": True,
                "servicePort": PROXY_PORT,
                "containerPort": PROXY_PORT,
                "parameters": ["http2"],
            },
        },
        "status": {"http": {"enabled": True, "containerPort": STATUS_PORT}},
        "secretVolumes": [TLS],
        "serviceMonitor": {"enabled": True, "interval": "30s"},
    }


def pods(min_replicas: int, max_replicas: int) -> dict[str, object]:
    """Return number, placement, security context and resources of the pods."""
    cpu = {
        "type": "Resource",
        "resource": {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": CPU_PERCENT},
        },
    }
    return {
        "autoscaling": {
            "enabled": True,
            "minReplicas": min_replicas,
            "maxReplicas": max_replicas,
            "metrics": [cpu],
        },
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "priorityClassName": PLATFORM_PRIORITY,
        "topologySpreadConstraints": [
            spread(LABELS, each_revision=True),
            spread(LABELS, over=HOST, each_revision=True),
        ],
        "resources": resources(cpu="500m", memory="1Gi", limit="2Gi"),
        "initContainerResources": resources(cpu="10m", memory="64Mi"),
        "securityContext": {**POD_SECURITY, "runAsUser": 1000},
        "containerSecurityContext": {**READ_ONLY_CONTAINER, "runAsUser": 1000},
        # The load balancer needs time to stop sending before the listener closes.
        "terminationGracePeriodSeconds": 60,
        "lifecycle": {
            "preStop": {
                "exec": {"command": ["/bin/sh", "-c", "sleep 15 && kong quit --timeout=30"]}
            }
        },
        # A quarter at a time: replacing the maximum number of pods one by one would exceed the
        # release's timeout.
        "updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
        },
    }
