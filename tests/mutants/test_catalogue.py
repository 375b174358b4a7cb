"""The catalogue of faults is sound, and a fault is caught. All of them are seeded by `make mutants`, which takes minutes."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import Template, settings_of
from tests.model.assembly import Assembly
from tests.mutants.catalogue import FAULTS, SETTINGS_FAULTS
from tests.mutants.fault import Fault, SettingsFault
from tests.mutants.seed import Seed
from tests.properties.test_s3 import test_p056_no_bucket_can_become_public as promise_of_buckets

EVERY: tuple[Fault | SettingsFault, ...] = (*FAULTS, *SETTINGS_FAULTS)


@pytest.fixture(scope="session")
def seed(templates: Callable[[str], dict[str, Template]], synthesized: Callable[[str], Path]) -> Callable[[str], Seed]:
    """Gives an environment to be broken."""
    original = cache(lambda environment: (synthesized(environment).parent, templates(environment)))
    return lambda environment: Seed(*original(environment))


def test_every_fault_has_a_name_of_its_own_and_says_what_it_would_do() -> None:
    assert [name for name, times in Counter(fault.name for fault in EVERY).items() if times > 1] == []
    assert [fault.name for fault in EVERY if not fault.harm.endswith(".")] == []
    assert [fault.name for fault in EVERY if fault.survives and len(fault.survives) < 40] == []


def test_every_fault_can_be_seeded(seed: Callable[[str], Seed]) -> None:
    """In one place each: a resource that was renamed, or a property that moved, would make it a fault of nothing."""
    for fault in FAULTS:
        mutant = next(fault.mutants(seed(fault.environment)), None)
        assert mutant, f"{fault.name}: no resource of {fault.environment} fits {fault.at} {fault.of}"
        fault.seed(seed(fault.environment), mutant.place)


def test_a_fault_is_caught_by_the_test_of_its_promise(seed: Callable[[str], Seed]) -> None:
    broken = seed("prod")
    fault = next(fault for fault in FAULTS if fault.name == "bucket public")
    fault.seed(broken, "data/AudioBucket")
    with pytest.raises(pytest.fail.Exception, match=r"prod/data/AudioBucket \(AWS::S3::Bucket\)"):
        promise_of_buckets(platform=Assembly(name="prod", settings=settings_of("prod"), templates=broken.templates))


def test_what_is_broken_is_a_copy(seed: Callable[[str], Seed], templates: Callable[[str], dict[str, Template]]) -> None:
    broken = seed("prod")
    fault = next(fault for fault in FAULTS if fault.name == "bucket public")
    fault.seed(broken, "data/AudioBucket")
    assert broken.changed() == ["data"]
    assert seed("prod").changed() == []
