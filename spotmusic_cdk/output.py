"""Generated files in the checkout."""

import shutil
from pathlib import Path


def write(path: Path, text: str) -> bool:
    """Writes a file, and returns whether it has changed.

    Args:
        path: file to write.
        text: new content.

    Raises:
        SystemExit: if it can't be written, with the reason; the file is as it was.
    """
    try:
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            replace(path, text)
    except OSError as error:
        raise SystemExit(f"cannot write {path}: {error.strerror}.") from error
    return changed


def replace(path: Path, text: str) -> None:
    """Writes a file as a whole: a reader or a full disk never meets half of it. Its mode stays.

    Args:
        path: file to write.
        text: new content.

    Raises:
        OSError: if it can't be written; the file is as it was.
    """
    path = path.resolve()  # a link stays one
    whole = path.with_suffix(".new")
    try:
        whole.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, whole)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def report(path: Path, text: str) -> None:
    """Writes a generated file, and prints its path, its lines and whether it has changed.

    Args:
        path: file to write.
        text: new content.

    Raises:
        SystemExit: if it can't be written, with the reason.
    """
    changed = write(path, text)
    print(f"{path}: {len(text.splitlines())} lines, {'changed' if changed else 'as it was'}")
