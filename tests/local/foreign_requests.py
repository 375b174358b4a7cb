"""Headers that browsers add to requests of foreign pages, and requests with them."""

from http.client import HTTPConnection

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:4566"},
]


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return status and text of one request to a server on loopback."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={"Content-Type": "text/plain", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
