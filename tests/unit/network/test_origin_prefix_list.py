import re
from pathlib import Path

import pytest

from spotmusic_cdk import versions
from spotmusic_cdk.settings import SettingsError, load
from tests.conftest import TODAY


def written(folder: Path, *, more: str = "") -> Path:
    (folder / "far.yaml").write_text(f"name: far\nregion: ap-southeast-3\nzones: [ap-southeast-3a, ap-southeast-3b]\n{more}")
    return folder


def test_unknown_prefix_list_is_rejected_with_command(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load("far", folder=written(tmp_path), today=TODAY)
    first, second = str(raised.value).splitlines()
    assert first.endswith(
        "/far.yaml: edge.origin_prefix_list: the id of CloudFront's origin-facing prefix list in ap-southeast-3 is unknown."
    )
    assert "aws ec2 describe-managed-prefix-lists --region ap-southeast-3" in second


def test_prefix_list_can_be_set(tmp_path: Path) -> None:
    settings = load("far", folder=written(tmp_path, more="edge: {origin_prefix_list: pl-0123456789abcdef0}\n"), today=TODAY)
    assert settings.edge.origin_prefix_list == "pl-0123456789abcdef0"


def test_prefix_lists_are_distinct() -> None:
    ids = list(versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS.values())
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("pl-[0-9a-f]{8}", id_) for id_ in ids)
