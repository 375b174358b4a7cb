"""Application that counts its jsii messages: `python -m tools.bench.application [FOLDER]`.

FOLDER has the environment files.
"""

import sys
from itertools import count
from pathlib import Path
from typing import Any

from jsii._kernel.providers.process import _NodeProcess

if __name__ == "__main__":
    send: Any = _NodeProcess.send
    messages = count()
    counted: Any = lambda *arguments: (next(messages), send(*arguments))[1]  # noqa: E731
    _NodeProcess.send = counted  # type: ignore[method-assign]
    from stacks.app import main

    code = main(Path(*(sys.argv[1:] or ["environments"])))
    print(f"{next(messages)} messages")
    sys.exit(code)
