"""Literals that look like secrets: known shapes, random words, and values of properties named as
secrets.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from tools.model.values import leaves

_SHAPES = {
    # A search for letters is thirty times faster without \b before them.
    # The value that ends in EXAMPLE is from AWS's documentation.
    "an access key of AWS": r"A(?:KI|SI)A(?<!\w.{4})(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b",
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=]{40}",
    "a token of GitHub": r"gh[pousr]_[A-Za-z0-9]{36}\b",
    "a token of Docker Hub": r"dckr_pat_[A-Za-z0-9_-]{20,}",
    "a token of Slack": r"xox[abprs]-[A-Za-z0-9-]{10,}",
    "a JSON Web Token": r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",
    "a password in an address": r"://[^\s/:@${]+:[^\s/@${]+@",
}
_PUBLIC = re.compile(
    r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----"  # certificates are public
    r"|[0-9a-f]{64}(?=\.(?:zip|json))"  # name of an asset: the hash of its content
    r"|\$\{[^}]+\}"  # deploy-time values
    r"|\bNIST80053\w+"  # a policy pack
    r"|(?<=@)[0-9a-f]{40}\b"  # commit of an action of a workflow
    r"|(?<=SHA256 := )[0-9a-f]{64}\b",  # hash of a pinned archive
    flags=re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z0-9+=_]{16,}")
_CDK_HASH = re.compile(r"[0-9A-F]{8}(?:-|$)")
_CHANGE = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_CALLED_SECRET = re.compile(
    r"(?:password|passwd|passphrase|secret|token|api_?key|private_?key)$", flags=re.IGNORECASE
)
_NAME = re.compile(
    r"[a-z0-9]+(?:[-_./][a-z0-9]+)*|[A-Z][A-Z0-9_]*|"  # names of secrets, their keys and variables
    r"\$\{[^}]+\}|\{\{[^}]+\}\}|\$\(env:[A-Z0-9_]+\)|"  # references of templates
)

BITS = 3.5
"""Minimum entropy of a character in a random word of 16 or more. English has some 3, random letters
and digits over 4."""
CHANGES = 4
"""Changes between letters and digits. Names have digits at the end, random text everywhere."""


@cache
def suspicious(text: str) -> tuple[str, ...]:
    """Return suspicious parts of a text, truncated so that logs do not repeat them."""
    return tuple(_suspicious(text))


def _suspicious(text: str) -> Iterator[str]:
    for what, shape in _SHAPES.items():
        if found := re.search(shape, text):
            yield f"{what}, {found[0][:12]}…"
    # Few texts have such words, and a search for public parts is slow.
    if not any(map(_is_mixed, _WORD.findall(text))):
        return
    for word in _WORD.findall(_PUBLIC.sub(" ", text.replace("\\n", "\n"))):
        bare = _CDK_HASH.sub("", word)
        if len(bare) >= 16 and _is_mixed(bare) and _entropy(bare) >= BITS:
            yield f"a random word, {word[:6]}…"


def called_secret(values: Any) -> Iterator[str]:
    """Yield paths of values named password, secret, token or key that are neither names nor
    references.
    """
    for path, value in leaves(values):
        called = [step for step in path.split(".") if not step.isdigit()][-1:]
        if (
            called
            and isinstance(value, str)
            and _CALLED_SECRET.search(called[0])
            and not _NAME.fullmatch(value)
        ):
            yield path


def _is_mixed(word: str) -> bool:
    return len(_CHANGE.findall(word)) >= CHANGES


def _entropy(word: str) -> float:
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
