"""A worker: it takes tasks, rejects what can't be done for good, and tries again what may be done later."""

import json
import logging
import os
import random
from typing import Any

import pika
from brokers import connection_of_tasks
from given import UnavailableError, User
from pika.exceptions import AMQPError, NackError, ProbableAuthenticationError, UnroutableError
from process import drain, serve, start, stopping
from prometheus_client import Counter
from seen import Seen

TRIES = 5
LONGEST_PAUSE_SECONDS = 30.0
DONE = Counter("tasks_total", "Tasks by how they ended.", ["outcome"])
log = logging.getLogger(__name__)


class LaterError(Exception):
    """A task that may be done later."""


def do(task: dict[str, Any]) -> None:
    """Does a task: the work of a real service stands here. Tasks may come twice."""
    if task.get("kind") == "later":
        raise LaterError
    log.info("notified", extra={"fields": {"kind": str(task["kind"])}})


class Worker:
    """One connection to RabbitMQ, made again with pauses whenever it is lost."""

    def __init__(self) -> None:
        self._user = User("TASKS")
        self.seen = Seen()

    def run(self) -> None:
        """Takes tasks until the process is asked to stop."""
        pause = 1.0
        while not stopping.is_set():
            try:
                with connection_of_tasks(self._user) as connection:
                    pause = 1.0
                    self._take(connection)
            except ProbableAuthenticationError:
                pause = self._refused(pause)
            except (AMQPError, UnavailableError, OSError) as error:
                log.warning("no broker: %s", type(error).__name__)
                stopping.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - a pause
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _refused(self, pause: float) -> float:
        try:
            if self._user.read_again():
                return pause
        except UnavailableError as error:
            log.warning("no secret: %s", error)
        stopping.wait(pause)
        return min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _take(self, connection: "pika.BlockingConnection") -> None:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_qos(prefetch_count=10)
        # Nothing is declared: queues are the platform's.
        for queue in os.environ["TASKS_QUEUES"].split(","):
            channel.basic_consume(queue, self._done)
        while not stopping.is_set():
            connection.process_data_events(time_limit=0.5)

    def _done(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        try:
            task = json.loads(body)
            do(task)
        except LaterError:
            self._again(channel, method, properties, body)
        except Exception as error:
            # Never with requeue: it would come back without end. The task is kept as a dead letter; its content is not logged.
            log.error("task rejected: %s", type(error).__name__)
            channel.basic_reject(method.delivery_tag, requeue=False)
            DONE.labels("rejected").inc()
        else:
            channel.basic_ack(method.delivery_tag)
            self.seen.add(task.get("id"))
            DONE.labels("done").inc()

    def _again(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        tries = int((properties.headers or {}).get("tries", 1))
        if tries >= TRIES:
            channel.basic_reject(method.delivery_tag, requeue=False)
            DONE.labels("rejected").inc()
            return
        again = pika.BasicProperties(delivery_mode=2, headers={"tries": tries + 1})
        try:
            channel.basic_publish(os.environ["TASKS_EXCHANGE"], method.routing_key, body, again, mandatory=True)
        except (NackError, UnroutableError):
            # The queue is full, or gone: the task is kept as a dead letter.
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
        DONE.labels("again").inc()


if __name__ == "__main__":
    start()
    worker = Worker()
    server = serve(worker.seen.answer)
    worker.run()
    drain(server)
