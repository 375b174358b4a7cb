"""The questions of a panel, to Prometheus and to CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EDGE_REGION = "us-east-1"
"""Region of the metrics of CloudFront and of web ACLs with its scope."""
TYPES = {"prometheus": "prometheus", "history": "prometheus", "cloudwatch": "cloudwatch"}
"""Type of each data source by its uid."""

Json = dict[str, object]


def data_source(uid: str) -> Json:
    """Returns the reference to a data source."""
    return {"type": TYPES[uid], "uid": uid}


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question to Prometheus.

    Args:
        expr: PromQL.
        legend: name of each line, with labels as `{{label}}`.
        source: uid of the data source: `prometheus` for the last day, `history` for months.
    """

    expr: str
    legend: str = ""
    source: Literal["prometheus", "history"] = "prometheus"

    def to_json(self, ref: str) -> Json:
        """Returns the target of a panel."""
        return {"refId": ref, "datasource": data_source(self.source), "expr": self.expr, "legendFormat": self.legend or "__auto"}


@dataclass(frozen=True, kw_only=True)
class CloudWatchQuery:
    """A question to CloudWatch.

    Args:
        namespace: namespace of the metric.
        metric: its name.
        dimensions: value of each dimension: a text, a choice such as `$database`, or `*` for all there are.
        statistic: Average, Sum, Maximum, p99 and the like.
        legend: name of each line.
        region: region of the metric; the platform's when left out.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Average"
    legend: str = ""
    region: str = "default"

    source = "cloudwatch"

    def to_json(self, ref: str) -> Json:
        """Returns the target of a panel."""
        return {
            "refId": ref,
            "datasource": data_source(self.source),
            "queryMode": "Metrics",
            "metricQueryType": 0,
            "metricEditorMode": 0,
            "namespace": self.namespace,
            "metricName": self.metric,
            "dimensions": {name: [value] for name, value in self.dimensions.items()},
            "matchExact": True,
            "statistic": self.statistic,
            "period": "",
            "region": self.region,
            "label": self.legend,
        }
