"""Summary of `cdk diff`."""

import pytest

from tools.local_aws import __main__ as command_line
from tools.local_aws import differences
from tools.local_aws.deployment import LocalDeployment

TEXT = (
    """\
start: Building spotmusic-dev-network Template
Hold on while we create a read-only change set to get a diff with accurate replacement information
Stack dev/network (spotmusic-dev-network) (aws://000000000000/sa-east-1)
IAM Statement Changes
Resources
[+] AWS::EC2::SecurityGroup network/SecurityGroups/lyrics SecurityGroupslyrics771D72A5
[~] AWS::IAM::Role network/FlowLogs/Role FlowLogsRole8284276E
 └─ [~] Description
     ├─ [-] """
    + "x" * 500
    + """
     └─ [+] y

Outputs
[+] Output network/Exports/Output{"Ref":"a"} ExportsOutputRef: {"Value":"replace"}

Stack dev/data (spotmusic-dev-data) (aws://000000000000/sa-east-1)
Resources
[-] AWS::S3::Bucket data/Old Old8284276E destroy
[~] AWS::RDS::DBInstance data/Catalogue/"""
    + "Long" * 30
    + """ CatalogueInstance8284276E replace
[~] AWS::CloudWatch::Dashboard data/Dashboard Dashboard9E4231ED may be replaced

Stack dev/edge (spotmusic-dev-edge) (aws://000000000000/us-east-1)
There were no differences

✨  Number of stacks with differences: 2
"""
)
NONE = "Stack dev/edge (spotmusic-dev-edge)\nThere were no differences\n✨  Number of stacks with differences: 0\n"


def test_diff_summary_counts_by_stack() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in differences.summary(TEXT, file="diff.txt").splitlines()[2:7] if "/" in line}
    assert rows == {
        "dev/network": ["1", "1", "0", "0", "1"],
        "dev/data": ["0", "2", "1", "2", "0"],
        "dev/edge": ["0", "0", "0", "0", "0"],
    }


def test_diff_summary_names_destruction_first() -> None:
    lines = differences.summary(TEXT, file="diff.txt").splitlines()
    first = lines.index("deleted or replaced:")
    assert lines[first + 1] == "  - AWS::S3::Bucket dev/data/Old (destroy)"
    assert lines[first + 2].endswith("… (replace)")
    assert lines[first + 3] == "  ~ AWS::CloudWatch::Dashboard dev/data/Dashboard (may be replaced)"
    assert first < lines.index("added or changed:")
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "All changed properties: diff.txt"


def test_diff_summary_without_differences_is_short() -> None:
    assert differences.summary(NONE, file="diff.txt") == "No differences: 1 stacks compared."


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--fail"], 1)])
def test_diff_fails_only_when_asked(options: list[str], status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalDeployment, "diff", lambda _deployment: (True, "a table"))
    assert command_line.main(["diff", *options]) == status
