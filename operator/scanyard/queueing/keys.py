"""The key schema, and the texts that stand for jobs and queues.

All keys of one installation share the hash tag `{scanyard:<installation>}`, so that every script
runs on one node of a Redis Cluster:

| key                          | type | what it holds                                           |
| ---------------------------- | ---- | ------------------------------------------------------- |
| {…}:ledger                   | hash | fence, seq, generation, state, chunks, reply            |
| {…}:keys                     | zset | name of each key below → its generation                 |
| {…}:<generation>:jobs        | hash | job → its place: kind (w, p, h), queue, blocker/attempt |
| {…}:<generation>:order:<q>   | zset | waiting jobs of a queue by score                        |
| {…}:<generation>:lane:<q>:<n> | zset | those of one namespace by score                        |
| {…}:<generation>:lanes:<q>   | zset | each such namespace and "/" by the score of its first   |
| {…}:<generation>:parked:<q>  | set  | parked jobs of a queue (its size is the count)          |
| {…}:<generation>:blocked:<b> | zset | jobs parked under a blocker by score                    |
| {…}:<generation>:running:<q> | set  | jobs that hold a slot of a queue                        |
| {…}:<generation>:held:<q>:<n> | set  | those of one namespace                                 |
| {…}:<generation>:running     | set  | jobs that hold a slot of any queue                      |

Whoever waits stands in both orders, so that whether a queue goes by its one order or by namespace
is a question of reading: no job moves when the platform changes its mind.

Each rebuild writes a new generation (the seq it starts with) and unlinks the older ones by `keys`,
a bounded number at a time, so that nothing blocks Redis for the size of the ledger.
Scripts compute the generation's names themselves, under the same tag as the two keys they declare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Texts from the API (namespaces, names, uids) and blockers: no white space, nothing invisible.
_TEXT = re.compile(r"[!-~]{1,640}")


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """The two keys that scripts are given; all other names are derived from the first."""

    header: str
    registry: str

    @classmethod
    def of(cls, installation: str) -> LedgerKeys:
        """Return the keys of an installation, such as "scanyard/scanyard"."""
        if not _TEXT.fullmatch(installation) or "{" in installation or "}" in installation:
            raise ValueError(f"not a usable installation name: {installation!r}")
        tag = f"{{scanyard:{installation}}}"
        return cls(header=f"{tag}:ledger", registry=f"{tag}:keys")


@dataclass(frozen=True, slots=True)
class JobKey:
    """What identifies a job: a ScanJob that is deleted and created again is another job."""

    namespace: str
    name: str
    uid: str

    @property
    def member(self) -> str:
        """The text that stands for the job in the ledger; it also breaks ties in the order."""
        return f"{self.namespace}/{self.name}/{self.uid}"

    @classmethod
    def parse(cls, member: str) -> JobKey:
        """Read a member text; ValueError if it is not one."""
        parts = member.split("/")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"not a job: {member!r}, expected namespace/name/uid")
        return cls(*parts)


def namespace_of(member: str) -> str:
    """The namespace of a job, from its member text."""
    return member.partition("/")[0]


def uid_of(member: str) -> str:
    """The uid of a job, from its member text."""
    return member.rpartition("/")[2]


def checked_text(what: str, text: str) -> str:
    """Return the text if the ledger can hold it: 1 to 640 visible ASCII characters."""
    if not _TEXT.fullmatch(text):
        raise ValueError(f"not a usable {what}: {text!r}")
    return text
