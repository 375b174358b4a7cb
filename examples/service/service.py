"""HTTP service: `GET $ROUTE/tracks/<id>` returns a track of the catalogue and the signed address of
its audio."""

import json
import os
import re
from http import HTTPStatus

from given import Edge
from process import drain, serve, start, stopping
from sending import Messages
from signing import signed_address
from stores import Cache, Catalogue

KEPT_SECONDS = 60
PATTERN = "/tracks/{id}"


class Tracks:
    """Tracks of the catalogue, through the cache."""

    def __init__(self) -> None:
        self._catalogue, self._cache, self._edge = Catalogue(), Cache(), Edge()

    def answer(self, path: str, listener: str) -> tuple[str, HTTPStatus, object]:
        """Answer a request. Only the gateway identifies the listener."""
        found = re.fullmatch(re.escape(os.environ["ROUTE"]) + r"/tracks/(\d{1,18})", path)
        if not found:
            return "", HTTPStatus.NOT_FOUND, {"error": "not_found"}
        if not listener:
            return PATTERN, HTTPStatus.UNAUTHORIZED, {"error": "unauthorized"}
        track = self._track(found[1])
        if track is None:
            return PATTERN, HTTPStatus.NOT_FOUND, {"error": "not_found"}
        domain, key_pair = self._edge.domain_and_key_pair
        address = signed_address(
            domain,
            track["object_key"],
            signing_key=os.environ["AUDIO_SIGNING_KEY"],
            key_pair_id=key_pair,
        )
        return PATTERN, HTTPStatus.OK, {"id": found[1], "title": track["title"], "audio": address}

    def _track(self, number: str) -> dict[str, str] | None:
        if kept := self._cache.get(f"track:{number}"):
            return dict(json.loads(kept))
        row = self._catalogue.row("SELECT title, object_key FROM tracks WHERE id = %s", number)
        if row is None:
            return None
        track = {"title": row[0], "object_key": row[1]}
        self._cache.put(f"track:{number}", json.dumps(track), KEPT_SECONDS)
        return track


if __name__ == "__main__":
    start()
    server = serve(Tracks().answer, Messages().take)
    stopping.wait()
    drain(server)
