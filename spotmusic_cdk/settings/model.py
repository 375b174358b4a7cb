"""Base class of settings models, common types, and problems of an environment file."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

LONGEST = 80
"""Maximum characters of a value in a message."""
LONGEST_KEY = 60
"""Maximum characters of a key in a message, more than any known key has."""


@dataclass(frozen=True)
class Problem:
    """Part of an environment file that cannot be deployed.

    Args:
        key: path of the key, such as `services.trends.cpu`.
        wrong: cause, without a full stop.
        advice: correction, one sentence.
    """

    key: str
    wrong: str
    advice: str

    @classmethod
    def of(cls, key: str, text: str) -> Self:
        """Return the problem of a text with the advice in its last sentence."""
        wrong, _, advice = text.rpartition(". ")
        return cls(key, wrong, advice)


def shown(value: object) -> str:
    """Return a value for a message: on one line, without control characters, shortened."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def meant(given: str, known: Iterable[str], *, otherwise: str | None = None) -> str:
    """Return advice on an unknown word: the closest known word.

    Args:
        given: the word.
        known: accepted words.
        otherwise: advice without a close word (default: the list of known words).
    """
    known = [*known]
    close = get_close_matches(given, known, n=1)
    return f"Did you mean {close[0]}?" if close else otherwise or f"Use one of {', '.join(known)}."


def key_of(path: Iterable[str]) -> str:
    """Return the path of keys to a value as one line."""
    return ".".join(
        part if part.isprintable() and len(part) <= LONGEST_KEY else shown(part) for part in path
    )


def ipv4_network(text: str) -> IPv4Network | None:
    """Return a network with a prefix length, None for other text."""
    # Python also accepts a netmask after the slash. AWS does not.
    if not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", text):
        return None
    try:
        return IPv4Network(text)
    except ValueError:
        return None


class Model(BaseModel):
    """Closed and frozen section of an environment file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=__debug__
    )

    def __copy__(self) -> Self:
        """Return a copy without cached properties, because `model_copy` changes fields of it."""
        copied = super().__copy__()
        for name in copied.__dict__.keys() - self.__pydantic_fields__.keys():
            del copied.__dict__[name]
        return copied


NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LONGEST_NAME = 24
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=LONGEST_NAME)]
"""Lower-case name in DNS form. It is part of host names, metric labels and role descriptions."""


def _named_once(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted(value for value, times in Counter(values).items() if times > 1)
    if repeated:
        raise ValueError(f"duplicate value {', '.join(repeated)}. Remove the duplicate.")
    return values


Once = AfterValidator(_named_once)
"""List without duplicates."""

Unordered = AfterValidator(lambda values: tuple(sorted(_named_once(values))))
"""List without duplicates, sorted, so that another order in the file changes no template."""
UnorderedKeys = AfterValidator(lambda entries: dict(sorted(entries.items())))
"""Mapping sorted by key, so that another order in the file changes no template."""

# Patterns list letters and digits explicitly: Unicode \d and \w match characters of every script,
# which AWS rejects.
Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        max_length=254,
    ),
]
TagText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 +=._:/@-]{1,255}$")]
"""Value of a tag: letters, digits, spaces and `+ - = . _ : / @` (AWS General Reference, tagging
best practices). Not every service accepts letters beyond ASCII. At most 255 characters, and 127 for
a key: one less than elsewhere in the CloudFormation schemas of AWS::ECR::Repository and
AWS::EKS::Addon, read 2026-11."""
TagKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 +._:/@-]{1,127}$")]
"""Key of a tag, from the same source. No `=`: volumes of the cluster receive their tags as
`key=value`."""
PolicyReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^(arn:aws:iam::[0-9]{12}:policy/([A-Za-z0-9+=,.@_-]+/)*)?"
        r"[A-Za-z0-9+=,.@_-]{1,128}$",
        max_length=640,
    ),
]
"""Name or ARN of a managed policy."""
HttpsAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[A-Za-z0-9.-]+\.[A-Za-z]{2,63}(/[A-Za-z0-9._~%/-]*)?$", max_length=500
    ),
]
RoleArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$")
]
SecretArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:"
        r"[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$"
    ),
]
"""Complete ARN of a secret, with the six letters that Secrets Manager adds to its name."""
Days = Annotated[int, Field(ge=1, le=3650)]
Gibibytes = Annotated[int, Field(ge=1, le=65536)]
LogDays = Literal[365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""Days of a log group: values of CloudWatch Logs (CloudWatch Logs API, PutRetentionPolicy) above
six months, which have up to 184 days; 180 is too short at every start."""
