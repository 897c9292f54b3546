"""archives.toml: Query/Retrieve SCPs that are asked for companions and earlier studies."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dicom_node.domain.peer import Destination, TlsFiles
from dicom_node.domain.query import FetchRules, RemoteArchive, RetrieveMethod
from dicom_node.domain.rules import RetryRules
from dicom_node.settings_types import AeTitle, Strict
from dicom_node.settings_web import PeerTable, peer_address

ARCHIVES_FILE = "archives.toml"


class ArchiveTable(PeerTable):
    """One of `[[archives]]`."""

    method: RetrieveMethod = RetrieveMethod.MOVE
    move_to: AeTitle | None = None
    count: bool = True
    first_retry_s: Annotated[float, Field(gt=0)] = 10.0
    longest_retry_s: Annotated[float, Field(gt=0)] = 300.0
    most_attempts: Annotated[int, Field(ge=1, le=20)] = 4
    most_series: Annotated[int, Field(ge=1, le=50)] = 6
    give_up_after_s: Annotated[float, Field(gt=0)] = 1800.0
    limit_s: Annotated[float, Field(gt=0, le=7200)] = 300.0


class ArchivesFile(Strict):
    """archives.toml."""

    archives: tuple[ArchiveTable, ...] = ()


def remote_archive(
    table: ArchiveTable, *, ae_title: str, tls: TlsFiles | None, folder: Path
) -> RemoteArchive:
    """An archive as configured.

    Parameters
    ----------
    ae_title : str
        The listener's, by which the node calls and is sent to where nothing else is configured.
    folder : Path
        The configuration folder.

    Raises
    ------
    ConfigError
        Where keys are absent, or of another method.
    """
    is_web = table.method is RetrieveMethod.WEB
    title, host, port, web = peer_address(table, web=is_web, file=ARCHIVES_FILE, folder=folder)
    return RemoteArchive(
        peer=Destination(
            name=table.name,
            ae_title=title,
            host=host,
            port=port,
            web=web,
            calling_ae_title=table.calling_ae_title or ae_title,
            timeout_s=table.timeout_s,
            tls=tls if table.tls else None,
            certificate_name=table.certificate_name,
        ),
        move_to=table.move_to or ae_title,
        method=table.method,
        count=table.count,
        rules=FetchRules(
            pauses=RetryRules(
                first_retry_s=table.first_retry_s, longest_retry_s=table.longest_retry_s
            ),
            most_attempts=table.most_attempts,
            most_series=table.most_series,
            give_up_after_s=table.give_up_after_s,
            limit_s=table.limit_s,
        ),
    )
