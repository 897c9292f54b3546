"""What a process of the node does; several processes, of one host or of many, may share it."""

from enum import StrEnum


class Role(StrEnum):
    """Part of the work that a process takes on."""

    ALL = "all"
    RECEIVER = "receiver"  # listens, assembles series, makes jobs, removes what is old
    WORKER = "worker"  # runs algorithms
    SENDER = "sender"  # delivers results and asks for their commitment

    @property
    def receives(self) -> bool:
        """Whether it listens and makes jobs."""
        return self in (Role.ALL, Role.RECEIVER)

    @property
    def works(self) -> bool:
        """Whether it runs algorithms."""
        return self in (Role.ALL, Role.WORKER)

    @property
    def sends(self) -> bool:
        """Whether it delivers."""
        return self in (Role.ALL, Role.SENDER)
