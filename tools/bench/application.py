"""The application, with its jsii messages counted: `python -m tools.bench.application [FOLDER OF ENVIRONMENTS]`."""

import sys
from itertools import count
from pathlib import Path
from typing import Any

from jsii._kernel.providers.process import _NodeProcess

if __name__ == "__main__":
    send: Any = _NodeProcess.send
    messages = count()
    _NodeProcess.send = lambda *arguments: (next(messages), send(*arguments))[1]  # type: ignore[method-assign]
    from stacks.app import main

    code = main(Path(*(sys.argv[1:] or ["environments"])))
    print(f"{next(messages)} messages")
    sys.exit(code)
