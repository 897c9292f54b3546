"""Who is to know that files are removed: before, while they can be read, and when they are gone."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from dicom_node.domain.audit import AuditedFile

Removing: TypeAlias = Callable[[Sequence[AuditedFile]], Callable[[], None]]
"""Given files that are about to go; what it gives is called when they are gone."""


def unwitnessed(_: Sequence[AuditedFile]) -> Callable[[], None]:
    """Tell nobody."""
    return lambda: None
