"""Headers that browsers add to requests of foreign pages, and the status of the answers."""

from http.client import HTTPConnection

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:4566"},
]


def status(port: int, method: str, path: str, headers: dict[str, str], body: str = "") -> int:
    """Returns the status of one request to a server on loopback."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers={"Content-Type": "text/plain", **headers})
    return connection.getresponse().status
