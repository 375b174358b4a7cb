"""The emulator's process: `python -m spotmusic_cdk.local.emulator <state folder>`, with its settings in the environment."""

import os
import sys

from ministack import app
from ministack.core import responses

from spotmusic_cdk.local import binding, session
from spotmusic_cdk.local.front_door import front_door
from spotmusic_cdk.local.recorded import Register


def main() -> None:
    """Serves until it gets SIGTERM."""
    folder = sys.argv.pop()  # ministack reads the rest of the command line
    register = Register()
    binding.install(register, endpoint=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}")
    app.app = front_door(
        app.app,
        is_own_key=lambda key: key == session.ACCESS_KEY or responses._account_from_sts_session(key) is not None,
        recorded=register.listing,
        kept=register.kept,
        is_in_progress=binding.is_in_progress,
        identity={"pid": os.getpid(), "folder": folder},
    )
    app.main()


if __name__ == "__main__":
    main()
