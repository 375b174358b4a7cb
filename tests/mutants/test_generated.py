"""Changes that are generated from templates."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import sample_of
from tools.mutants.assembly import Assembly
from tools.mutants.edits import edit, edit_values
from tools.mutants.generated import Change, changes_of, excuses

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject"}
RESOURCES: dict[str, Any] = {
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "Properties": {"Days": 30, "Versioned": True, "Key": {"Ref": "One"}, "Tags": [{"Key": "Owner"}]},
    },
    "Policy": {"Type": "AWS::IAM::Policy", "DependsOn": ["Bucket"], "Properties": {"Statement": [STATEMENT]}},
    "One": {"Type": "AWS::KMS::Key"},
    "Two": {"Type": "AWS::KMS::Key", "Properties": {"Alias": {"Ref": "Two"}}},
}


@pytest.fixture
def assembly() -> Assembly:
    """An assembly of four resources."""
    assembly = Assembly(sample_of("dev"), Path())
    vars(assembly).update(templates={"data": {"Resources": RESOURCES}}, files={"data": "data.json"})
    return assembly


def broken(assembly: Assembly, way: str, of: str, path: str = "") -> Any:
    """Resources after one change."""
    changes = [one for one in changes_of(assembly) if (one.way, one.place.id, one.pattern) == (way, of, path)]
    (change,) = changes
    return json.loads(change.files()["data.json"])["Resources"]


@pytest.mark.parametrize(
    ("way", "path", "step", "to"),
    [
        ("halve", "Days", "Days", 15),
        ("flip", "Versioned", "Versioned", False),
        ("swap", "Key", "Key", {"Ref": "Two"}),
        ("drop", "Tags.*", "Tags", []),
    ],
)
def test_properties_are_changed(assembly: Assembly, way: str, path: str, step: str, to: Any) -> None:
    after = broken(assembly, way, "Bucket", path)
    assert after["Bucket"]["Properties"] == {**RESOURCES["Bucket"]["Properties"], step: to}
    assert {**after, "Bucket": RESOURCES["Bucket"]} == RESOURCES


def test_rights_are_widened(assembly: Assembly) -> None:
    after = broken(assembly, "widen", "Policy", "Statement.*.Action")
    assert after["Policy"]["Properties"]["Statement"] == [{**STATEMENT, "Action": "*"}]


def test_resources_are_removed_renamed_and_unprotected(assembly: Assembly) -> None:
    removed = broken(assembly, "remove", "Bucket")
    assert "Bucket" not in removed
    assert removed["Policy"]["DependsOn"] == []
    renamed = broken(assembly, "rename", "Bucket")
    assert {"RenamedBucket", *renamed["Policy"]["DependsOn"]} <= {*renamed}
    unprotected = broken(assembly, "unprotect", "Bucket", "DeletionPolicy")
    assert unprotected["Bucket"]["DeletionPolicy"] == "Delete"


def test_reviewed_entries_excuse_their_ways_only(assembly: Assembly) -> None:
    (place,) = assembly.places("AWS::S3::Bucket")
    entry = {"of": "AWS::S3::*", "path": "Day*", "ways": ["halve"]}
    assert excuses(entry, Change(place, "halve", ("Properties", "Days"), 15))
    assert not excuses(entry, Change(place, "drop", ("Properties", "Days")))


def test_edits_follow_paths() -> None:
    document: Any = {"rules": [{"name": "one", "days": 1}, {"name": "two", "days": 2}]}
    edit(document, {"rules name=two days": 3, "rules * name": "x", "rules 0 days": None, "rules +": {}})
    assert document == {"rules": [{"name": "x"}, {"name": "x", "days": 3}, {}]}
    with pytest.raises(LookupError):
        edit(document, {"rules name=three days": 3})


def test_edited_values_keep_their_references() -> None:
    values = {"Fn::Join": ["", ['{"host": "', {"Ref": "Host"}, '", "replicas": 3}']]}
    after = edit_values(values, {"replicas": 1}, {"host": "address"})
    assert after == {"Fn::Join": ["", ['{"address": "', {"Ref": "Host"}, '", "replicas": 1}']]}
