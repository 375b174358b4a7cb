"""Evaluation of policies for sessions of task roles only."""

import json
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import iam, s3, sts, tagging

from tools.local_aws import ACCOUNT
from tools.local_aws.middleware import Application, Scope, access_key

_TASKS = "ecs-tasks.amazonaws.com"
_evaluated: ContextVar[bool] = ContextVar("evaluated", default=False)


class _Evaluated:
    """True within a request with the signature of a task role."""

    def __bool__(self) -> bool:
        return _evaluated.get()


def with_rights(application: Application) -> Application:
    """Wrap the emulator's application, which evaluates the policies of all callers or none.

    A task's request is evaluated by the policies of its role and of the bucket, and counts as sent
    over TLS.

    Args:
        application: the emulator.
    """
    app.AUTH = _Evaluated()
    _know_tags_of_copied_objects()
    # Distributions have tags, but conditions on `aws:ResourceTag` do not find them.
    tagging._RESOURCE_TAG_COLLECTORS["cloudfront"] = tagging._collect_cloudfront

    async def serve(scope: Scope, receive: Any, send: Any) -> None:
        key = access_key(scope) if scope["type"] == "http" else None
        _evaluated.set(key is not None and _is_of_a_task(key))
        await application(
            {**scope, "scheme": "https"} if _evaluated.get() else scope, receive, send
        )

    return serve


def _is_of_a_task(key: str) -> bool:
    name = iam_evaluator._role_name_from_assumed_arn(sts._sessions.get(key, {}).get("Arn", ""))
    role = iam._roles.get_scoped(ACCOUNT, None, name) or {}
    return _TASKS in json.dumps(role.get("AssumeRolePolicyDocument"))


def _know_tags_of_copied_objects() -> None:
    """Evaluate reading the source of a copy without `s3:ExistingObjectTag`."""
    enforce = iam_evaluator.enforce

    def with_tags(*arguments: Any, **named: Any) -> Any:
        bucket, _, key = (
            str(named.get("resource_arn", "")).removeprefix("arn:aws:s3:::").partition("/")
        )
        context = dict(named.get("service_context") or {})
        if arguments[1] in ("s3:GetObject", "s3:GetObjectVersion"):
            for name, value in s3.object_tags_for_condition(bucket, key, {}).items():
                context.setdefault(f"s3:ExistingObjectTag/{name}", value)
        return enforce(*arguments, **{**named, "service_context": context})

    iam_evaluator.enforce = with_tags
