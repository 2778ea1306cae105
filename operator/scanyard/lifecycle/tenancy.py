"""Which namespaces a queue takes ScanJobs of: its consent, without which it does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Every namespace has it with its own name as value; nobody can change it.
NAME_LABEL: Final = "kubernetes.io/metadata.name"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label, as in a Kubernetes label selector."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """For people, as kubectl writes selectors."""
        values = ",".join(self.values)
        if self.operator == "In" and len(self.values) == 1:
            return f"{self.key}={values}"
        if self.operator in {"In", "NotIn"}:
            return f"{self.key} {self.operator.lower()} ({values})"
        return self.key if self.operator == "Exists" else f"!{self.key}"

    def holds(self, labels: Labels) -> bool:
        """NotIn and DoesNotExist hold where the label is missing, as everywhere in Kubernetes."""
        value = labels.get(self.key)
        if self.operator == "In":
            return value in self.values
        if self.operator == "NotIn":
            return value not in self.values
        return (value is not None) == (self.operator == "Exists")


@dataclass(frozen=True, slots=True)
class AllowedNamespaces:
    """spec.allowedNamespaces; `source`: Same, All or Selector, which alone has requirements."""

    source: str = "Same"
    requirements: tuple[Requirement, ...] = ()

    @property
    def needs_labels(self) -> bool:
        """Whether more than the name of a namespace must be known."""
        return any(requirement.key != NAME_LABEL for requirement in self.requirements)

    def take(self, queue_namespace: str, namespace: str, labels: Labels | None) -> bool:
        """Whether ScanJobs of that namespace may use the queue.

        `labels` None: nobody knows them. Then only its name can be judged; whatever asks for more
        is answered with no, also what asks for a label not to be there.
        """
        if self.source == "Same":
            return namespace == queue_namespace
        if self.source == "All":
            return True
        if labels is None and self.needs_labels:
            return False
        known = {**(labels or {}), NAME_LABEL: namespace}
        return bool(self.requirements) and all(item.holds(known) for item in self.requirements)


#: Of a queue that says nothing.
OWN_NAMESPACE: Final = AllowedNamespaces()


def read_allowed_namespaces(raw: Mapping[str, Any] | None) -> AllowedNamespaces:
    """Read spec.allowedNamespaces; raises ValueError for one of which this version knows nothing.

    Nobody must get in by what is not understood.
    """
    source = (raw or {}).get("from", "Same")
    if source not in {"Same", "All", "Selector"}:
        raise ValueError(f"allowedNamespaces.from {source!r} is not known")
    selector = (raw or {}).get("selector") or {}
    if source != "Selector":
        return AllowedNamespaces(source)
    labels = selector.get("matchLabels") or {}
    return AllowedNamespaces(
        source,
        (
            *(Requirement(key, "In", (labels[key],)) for key in sorted(labels)),
            *(_requirement(item) for item in selector.get("matchExpressions") or ()),
        ),
    )


def _requirement(raw: Mapping[str, Any]) -> Requirement:
    operator = raw["operator"]
    if operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
        raise ValueError(f"the operator {operator!r} of a label selector is not known")
    return Requirement(raw["key"], operator, tuple(raw.get("values") or ()))
