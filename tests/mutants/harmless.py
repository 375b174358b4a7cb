"""Properties that may be broken without harm: reviewed, with the reason. What is drawn among them counts as harmless, and is not judged."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Harmless:
    """Faults that no test has to catch.

    Args:
        of: pattern of the type of the resource.
        path: pattern of the path below `Properties`, where `*` also stands for the index of an item.
        reason: why nothing happens, in a sentence that an auditor can follow.
        kinds: ways of breaking it that do no harm.
    """

    of: str
    path: str
    reason: str
    kinds: tuple[str, ...] = ("drop", "flip", "halve", "swap")

    def excuses(self, type_: str, path: str, kind: str) -> bool:
        """Tells whether a fault is one of these."""
        return kind in self.kinds and fnmatchcase(type_, self.of) and fnmatchcase(path, self.path)

    def __str__(self) -> str:
        return f"{self.of} {self.path} ({', '.join(self.kinds)})"


HARMLESS: tuple[Harmless, ...] = (
    Harmless("AWS::*", "Description", "Nobody but people reads it; names, tags and runbooks say what it is for.", ("drop",)),
    Harmless("AWS::*", "*.Sid", "Label of a statement: IAM decides without it.", ("drop",)),
    Harmless("AWS::CloudWatch::*Alarm", "ActionsEnabled", "True where it is left out (CloudFormation reference).", ("drop",)),
    Harmless("AWS::CloudFront::*", "*Config.Comment", "Nobody but people reads it.", ("drop",)),
    Harmless("AWS::CloudWatch::Alarm", "Metrics.*.Label", "Shown in the graph of the alarm alone.", ("drop",)),
    Harmless("AWS::*", "*.Metrics.*.Label", "Shown nowhere: scaling draws no graph.", ("drop",)),
    Harmless("AWS::IAM::ManagedPolicy", "Path", "/ where it is left out (CloudFormation reference).", ("drop",)),
    Harmless(
        "AWS::ApplicationAutoScaling::ScalableTarget", "RoleARN", "Of ECS it takes its service-linked role, which is this one.", ("drop",)
    ),
    Harmless("AWS::ElastiCache::ReplicationGroup", "NumNodeGroups", "One where it is left out (CloudFormation reference).", ("drop",)),
    Harmless("AWS::ECS::Service", "PlatformVersion", "LATEST where it is left out (CloudFormation reference).", ("drop",)),
    Harmless("AWS::SNS::Topic", "DisplayName", "E-mails have the name of the topic then.", ("drop",)),
)
