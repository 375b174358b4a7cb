"""CloudWatch alarms of the data stack."""

from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.cache_alarms import CacheAlarms
from spotmusic_constructs.observability.database_alarms import DatabaseAlarms, memory_gib
from spotmusic_constructs.observability.function_alarms import FunctionAlarms, WatchedFunction
from spotmusic_constructs.observability.verdict_alarms import VerdictAlarms, VerdictQueues
from stacks.observability.components import Components


def data_alarms(scope: Construct, components: Components, recipients: Recipients) -> None:
    """Create the alarms of databases, caches, queues of verdicts, and functions."""
    settings, data = components.settings, components.data
    for name, database in components.databases.items():
        options, prefix = settings.data.databases[name], name.capitalize()
        memory = memory_gib(options.instance_class)
        alarms = partial(
            DatabaseAlarms,
            scope,
            recipients=recipients,
            storage_gib=options.storage_gib,
            memory_gib=memory,
        )
        alarms(f"{prefix}Alarms", name=name, instance_identifier=database.identifier)
        for number, reader in enumerate(database.readers, start=1):
            alarms(
                f"{prefix}Reader{number}Alarms",
                name=f"{name}, replica {number}",
                instance_identifier=reader,
                replica=True,
            )
    queues = {
        name: VerdictQueues(
            queue=verdicts.queue.attr_queue_name, dead_letters=verdicts.dead_letters.attr_queue_name
        )
        for name, verdicts in data.verdicts.items()
        if name in settings.services_talking_to("uploads")
    }
    VerdictAlarms(scope, "VerdictAlarms", recipients=recipients, verdict_queues=queues)
    for name, nodes in components.cache_nodes.items():
        CacheAlarms(
            scope,
            f"OwnCache-{name}-Alarms" if name else "CacheAlarms",
            recipients=recipients,
            name=name,
            nodes=nodes,
        )
    FunctionAlarms(
        scope, "FunctionAlarms", recipients=recipients, functions=_watched_functions(components)
    )


def _watched_functions(components: Components) -> dict[str, WatchedFunction]:
    """Return the functions that validate restore tests and rotate passwords."""
    data = components.data
    validation = WatchedFunction(
        function_name=data.restore_testing.validation.function_name,
        summary=(
            "AWS Backup: a resource that a restore test restored cannot be used, "
            "or its check failed. The backup may be useless."
        ),
        runbook="backup",
        severity="critical",
    )
    ids = {f"Cache of {name}": f"OwnCache-{name}-" for name in data.own_caches}
    rotations = {
        f"{ids.get(name, name)}Rotation": WatchedFunction(
            function_name=function,
            summary=f"{name}: the password of a user was not rotated. The old one stays valid.",
            runbook="secret-not-followed#a-rotation-that-fails",
        )
        for name, function in components.rotation_functions.items()
    }
    return {"RestoreValidation": validation, **rotations}
