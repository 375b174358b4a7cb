"""Worker: it processes tasks one by one, returns those that can be done later, and rejects the
others."""

import json
import logging
import os
import random
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pika
from brokers import connection_of_tasks
from given import UnavailableError, User
from pika.exceptions import AMQPError, ProbableAuthenticationError
from process import drain, serve, start, stopping
from prometheus_client import Counter
from seen import Seen

LONGEST_PAUSE_SECONDS = 30.0
BEAT_SECONDS = 1.0
"""Pause between two checks of the connection while a task runs."""
AWAY_SECONDS = 1.0
"""Pause after a task that cannot be done yet, because the next one would probably fail as well."""
DONE = Counter("tasks_total", "Tasks by how they ended.", ["outcome"])
log = logging.getLogger(__name__)


def do(task: dict[str, Any]) -> None:
    """Process a task. A real service does its work here. Tasks may be delivered twice.

    Raises:
        UnavailableError: if a dependency does not answer. The task is delivered again later.
    """
    log.info("notified", extra={"fields": {"kind": str(task["kind"])}})


def parsed_and_done(body: bytes) -> object:
    """Process the task of a message, and return its id."""
    task = json.loads(body)
    try:
        do(task)
    except UnavailableError:
        stopping.wait(AWAY_SECONDS)
        raise
    return task.get("id")


class Worker:
    """Connection to RabbitMQ, created again with pauses after each loss."""

    def __init__(self) -> None:
        self._user, self._thread = User("TASKS"), ThreadPoolExecutor(max_workers=1)
        self.seen = Seen()

    def run(self) -> None:
        """Process tasks until SIGTERM."""
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
        # RabbitMQ waits 30 minutes for each acknowledgement, also for those of prefetched tasks.
        channel.basic_qos(prefetch_count=1)
        # The platform declares the queues.
        for queue in os.environ["TASKS_QUEUES"].split(","):
            channel.basic_consume(queue, self._done)
        while not stopping.is_set():
            connection.process_data_events(time_limit=0.5)

    def _done(self, channel: Any, method: Any, _: Any, body: bytes) -> None:
        done = self._thread.submit(parsed_and_done, body)
        while wait([done], BEAT_SECONDS).not_done:
            # The connection sends its heartbeats here. Without them RabbitMQ closes it, and
            # delivers the task again.
            channel.connection.process_data_events()
        try:
            self.seen.add(done.result())
        except UnavailableError as error:
            # The queue delivers the task again after five seconds, and does not count the delivery.
            log.warning("task returned: %s", error)
            channel.basic_nack(method.delivery_tag, requeue=True)
            DONE.labels("returned").inc()
        except Exception as error:
            # Without requeue, which would deliver the task without end. The task becomes a dead
            # letter. Its content is not logged.
            log.error("task rejected: %s", type(error).__name__)
            channel.basic_reject(method.delivery_tag, requeue=False)
            DONE.labels("rejected").inc()
        else:
            channel.basic_ack(method.delivery_tag)
            DONE.labels("done").inc()
        if stopping.is_set():
            # pika calls this method for each task of a backlog before it returns to the loop above.
            channel.stop_consuming()


def main() -> None:
    """Run the worker until SIGTERM."""
    start()
    worker = Worker()
    server = serve(worker.seen.answer)
    worker.run()
    drain(server)


if __name__ == "__main__":
    main()
