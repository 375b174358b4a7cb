"""Generated files in the checkout."""

import shutil
from pathlib import Path


def write(path: Path, text: str) -> bool:
    """Write a file, in a folder that is created if it is missing. Return True if its content has
    changed.

    Args:
        path: file to write.
        text: new content.

    Raises:
        SystemExit: if the file cannot be written, with the reason. The file is unchanged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            replace(path, text)
    except OSError as error:
        raise SystemExit(f"cannot write {path}: {error.strerror}.") from error
    return changed


def replace(path: Path, text: str) -> None:
    """Replace a file atomically: no reader and no full disk leads to a partial file. Keep its
    mode.

    Args:
        path: file to write.
        text: new content.

    Raises:
        OSError: if the file cannot be written. The file is unchanged.
    """
    path = path.resolve()  # keeps a symbolic link
    whole = path.with_suffix(".new")
    try:
        whole.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, whole)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def report(path: Path, text: str) -> None:
    """Write a generated file. Print its path, its number of lines and whether it has changed.

    Args:
        path: file to write.
        text: new content.

    Raises:
        SystemExit: if the file cannot be written, with the reason.
    """
    changed = write(path, text)
    print(f"{path}: {len(text.splitlines())} lines, {'changed' if changed else 'as it was'}")
