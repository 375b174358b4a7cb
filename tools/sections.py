"""Generated sections of handwritten documents."""

from collections.abc import Iterable


def replaced(text: str, name: str, lines: Iterable[str], *, target: str) -> str:
    """Return a document with new content of a section between two comments.

    Args:
        text: the document.
        name: name of the section in its comments.
        lines: new content.
        target: make target that writes the section.
    """
    begin, end = f"<!-- {name}: make {target} -->\n", f"<!-- end of {name} -->\n"
    before, rest = text.split(begin)
    content = "\n".join(lines)
    return f"{before}{begin}\n{content}\n\n{end}{rest.split(end)[1]}"
