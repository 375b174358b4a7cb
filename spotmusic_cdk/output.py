"""Generated files in the checkout."""

from pathlib import Path


def write(path: Path, text: str) -> bool:
    """Writes a file, and returns whether it has changed.

    Args:
        path: file to write.
        text: new content.

    Raises:
        SystemExit: if it can't be written, with the reason.
    """
    try:
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"cannot write {path} ({error.strerror}). Make it writable.") from error
    return changed


def replace(path: Path, text: str) -> None:
    """Writes a file as a whole: a reader or a full disk never meets half of it.

    Args:
        path: file to write.
        text: new content.

    Raises:
        OSError: if it can't be written; the file is as it was.
    """
    whole = path.with_suffix(".new")
    whole.write_text(text, encoding="utf-8")
    whole.replace(path)


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
