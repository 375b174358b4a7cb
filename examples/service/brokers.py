"""Connections to the brokers of events and tasks, with the authority that verifies them."""

import os
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pika
from confluent_kafka import KafkaError
from given import User, authority_of_brokers

WRITTEN_MS = 10_000
"""Maximum duration of the write of an event, in milliseconds."""
HEARTBEAT_SECONDS = 30


def settings_of_events(user: User, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """Return the settings of every client of events.

    Args:
        user: user of events.
        on_error: receives the errors of the connection.
    """
    authority = authority_of_brokers("EVENTS")
    public = {"ssl.ca.location": os.environ.get("SSL_CERT_FILE", "probe")}
    return {
        "bootstrap.servers": os.environ["EVENTS_BOOTSTRAP_SERVERS"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": os.environ["EVENTS_SASL_MECHANISM"],
        "sasl.username": user.name,
        "sasl.password": user.password,
        **({"ssl.ca.pem": authority} if authority else public),
        "socket.timeout.ms": WRITTEN_MS,
        "error_cb": on_error,
    }


def connection_of_tasks(user: User) -> "pika.BlockingConnection":
    """Connect to RabbitMQ."""
    endpoint = urlsplit(os.environ["TASKS_ENDPOINT"])
    authorities = ssl.create_default_context(cadata=authority_of_brokers("TASKS"))
    assert endpoint.hostname  # noqa: S101 - an address has a host name
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=endpoint.hostname,
            port=endpoint.port,
            virtual_host=os.environ["TASKS_VIRTUAL_HOST"],
            credentials=pika.PlainCredentials(user.name, user.password),
            ssl_options=pika.SSLOptions(authorities, endpoint.hostname),
            heartbeat=HEARTBEAT_SECONDS,
            socket_timeout=5,
            stack_timeout=10,
            blocked_connection_timeout=30,
        )
    )
