"""`dicom-node serve`: the node, until it is stopped."""

from pathlib import Path

from dicom_node.domain.role import Role
from dicom_node.node import Node
from dicom_node.registry import load_registry
from dicom_node.settings import read_settings


def serve_until_stopped(config: Path, role: Role) -> None:
    """Run the node of a configuration folder, or a part of it, until SIGINT or SIGTERM."""
    Node(read_settings(config), load_registry(), role).serve_until_stopped()
