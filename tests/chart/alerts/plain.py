"""The chart's rules as Prometheus reads them without its operator."""

from __future__ import annotations

from typing import Any, Final

import yaml

from tests.chart.rendering import CHART, NAMESPACE, Chart, one

FILE: Final = CHART / "rules" / "scanyard.yaml"
_HEAD: Final = """\
# Recording rules and alerts of Scanyard with the chart's default values, for a Prometheus without
# the Prometheus operator: name this file in rule_files. Written by `make rules`; do not edit it.
# Of several installations that share a Prometheus, ScanyardDown misses one that is gone: name its
# namespace there, as the chart's PrometheusRule does.
"""
#: In the rules of an installation; a file for everybody knows no namespace.
_OWN: Final = f'{{namespace="{NAMESPACE}"}}'


class _Text(str):
    """Written as a block."""


def _block(dumper: yaml.SafeDumper, text: _Text) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


yaml.SafeDumper.add_representer(_Text, _block)


def rule_groups(chart: Chart, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """`groups` of the PrometheusRule."""
    alerts = {"prometheusRule": {"enabled": True, "force": True}} | (values or {})
    rule = one(chart.objects({"alerts": alerts}), "PrometheusRule", "scanyard")
    groups: list[dict[str, Any]] = rule["spec"]["groups"]
    return groups


def plain_rules(chart: Chart, values: dict[str, Any] | None = None) -> str:
    """The rules as a file of Prometheus."""
    groups = rule_groups(chart, values)
    for group in groups:
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace(_OWN, "")
            rule["expr"] = (
                _Text(rule["expr"]) if "\n" in rule["expr"].strip() else rule["expr"].strip()
            )
    return _HEAD + yaml.safe_dump({"groups": groups}, sort_keys=False, width=100)
