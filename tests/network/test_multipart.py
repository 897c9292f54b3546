"""Parts of a multipart body, however it is cut."""

import io

import pytest
from stow_peers import request_of

from dicom_node.network.multipart import MalformedMultipart, MultipartTooLarge, parts_of


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_parts_are_found_wherever_the_pieces_are_cut(step: int) -> None:
    contents = [b"", b"\r\n--xy", b"a\r\n\r\nb", b"\r\n--xyz"[:-1] * 3]
    body = b"preamble\r\n" + request_of(contents) + b"epilogue"
    stream = io.BytesIO(body)
    found = list(parts_of(lambda n: stream.read(min(n, step)), "xyz", most_parts=9, most_bytes=100))
    assert found == [("application/dicom", one) for one in contents]


def test_a_message_that_is_cut_off_or_too_large_is_told() -> None:
    body = request_of([b"x" * 50, b"y"])
    with pytest.raises(MalformedMultipart):
        list(parts_of(io.BytesIO(body[:-8]).read, "xyz", most_parts=9, most_bytes=100))
    with pytest.raises(MultipartTooLarge):
        list(parts_of(io.BytesIO(body).read, "xyz", most_parts=1, most_bytes=100))
    with pytest.raises(MultipartTooLarge):
        list(parts_of(io.BytesIO(body).read, "xyz", most_parts=9, most_bytes=49))
