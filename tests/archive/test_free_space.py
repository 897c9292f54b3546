"""The watermark: refused below it, healthy again by itself."""

import pytest

from dicom_node.archive.free_space import FreeSpace
from dicom_node.domain.errors import ArchiveError

MIB = 1024 * 1024


def test_below_the_watermark_is_low_and_above_it_healthy_again(tmp_path):
    free = [100 * MIB]
    space = FreeSpace(tmp_path, refuse_below_mib=50, free_bytes=lambda _: free[0])
    assert not space.is_low()
    space.check()
    free[0] = 50 * MIB - 1
    assert space.is_low()
    with pytest.raises(ArchiveError, match="less than 50 MiB are free"):
        space.check()
    free[0] = 50 * MIB
    assert not space.is_low()


def test_zero_means_no_watermark_and_the_real_disk_is_asked(tmp_path):
    assert not FreeSpace(tmp_path, refuse_below_mib=0, free_bytes=lambda _: 0).is_low()
    assert FreeSpace(tmp_path, refuse_below_mib=2**40).is_low()


def test_the_disk_is_asked_again_after_a_moment_and_at_once_while_it_is_low(tmp_path):
    free, now = [100 * MIB], [5.0]
    space = FreeSpace(
        tmp_path, refuse_below_mib=50, free_bytes=lambda _: free[0], clock=lambda: now[0]
    )
    space.check()
    free[0] = 0
    space.check()

    now[0] += 0.1
    for _ in range(2):
        with pytest.raises(ArchiveError):
            space.check()

    free[0] = 100 * MIB
    space.check()
