import pytest

from spotmusic_constructs.services.route_priority import route_priorities

ROUTES = ["/v1/catalogue", "/v1/playback", "/v1/recommendations", "/v1/trends"]


def test_new_route_keeps_other_priorities() -> None:
    before = route_priorities(ROUTES)
    after = route_priorities(["/v1/lyrics", *ROUTES])
    assert {path: after[path] for path in ROUTES} == before


def test_route_priorities_are_distinct_and_valid() -> None:
    priorities = route_priorities(ROUTES).values()
    assert len(set(priorities)) == len(ROUTES)
    assert all(1 <= priority <= 50_000 for priority in priorities)


def test_nested_route_has_higher_priority() -> None:
    priorities = route_priorities(["/v1/tracks", "/v1/tracks/lyrics", "/v1/tracks/lyrics/lines"])
    assert (
        priorities["/v1/tracks"]
        > priorities["/v1/tracks/lyrics"]
        > priorities["/v1/tracks/lyrics/lines"]
    )


def test_priority_collision_names_both_routes() -> None:
    taken: dict[int, str] = {}
    one = other = ""
    for number in range(5000):
        path = f"/v1/s{number}"
        (priority,) = route_priorities([path]).values()
        if priority in taken:
            one, other = taken[priority], path
            break
        taken[priority] = path
    with pytest.raises(ValueError, match=f"{other} and {one} have the same listener priority"):
        route_priorities([one, other])


def test_deep_route_is_rejected() -> None:
    with pytest.raises(ValueError, match="7 segments"):
        route_priorities(["/v1/a/b/c/d/e/f"])
