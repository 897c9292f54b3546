"""One stored plane of a volume: where it lies, and which volume of a series it belongs to."""

from dataclasses import dataclass

from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute
from dicom_node.reading.header import Header, named

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What all planes of one volume share.

    Parameters
    ----------
    spacing_mm : (float, float)
        Of rows and of columns, as Pixel Spacing (0028,0030) has them.
    orientation : six floats
        Row, then column direction cosines, as Image Orientation (Patient) (0020,0037).
    """

    rows: int
    columns: int
    spacing_mm: tuple[float, float]
    orientation: tuple[float, ...]
    frame_of_reference_uid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One frame of one instance.

    Parameters
    ----------
    frame_number : int or None
        Starts at 1; None for a single-frame instance.
    position_mm : (float, float, float)
        Centre of the first voxel, LPS. Where `placed` is False: offset from the first slice.
    group : tuple
        Equal for the planes of one volume; volumes of a dynamic or gated series are in its order.
    step_mm : float or None
        Distance of slices by the header, for a volume of one slice.
    placed : bool
        False where the source tells neither orientation nor position.
    warnings : tuple of str
        What a reader of the numbers should know about how this was found.
    """

    header: Header
    frame_number: int | None
    layout: Layout
    position_mm: Vector
    group: tuple[float | str, ...] = ()
    step_mm: float | None = None
    placed: bool = True
    warnings: tuple[str, ...] = ()


def need_numbers(header: Header, keyword: str, count: int) -> tuple[float, ...]:
    """All values of an attribute that must have `count` numbers.

    Raises
    ------
    MissingAttribute
        Where they are absent or are not numbers, with the number of the instance.
    """
    found = header.numbers(keyword)
    if found is None or len(found) != count:
        shown = "\\".join(header.texts(keyword)) or None
        raise MissingAttribute(
            f"{count} numbers are needed ({instance_of(header)})",
            keyword=named(keyword),
            value=shown,
        )
    return found


def instance_of(header: Header) -> str:
    """Which instance a message is about, by its number in the series."""
    return f"instance number {header.text('InstanceNumber') or 'not given'}"


def vector_of(header: Header, keyword: str) -> Vector:
    """Three numbers of an attribute, MissingAttribute where they are not there."""
    x, y, z = need_numbers(header, keyword, 3)
    return x, y, z


def layout_of(header: Header, orientation: tuple[float, ...]) -> Layout:
    """Layout of an instance or frame; MissingAttribute, InconsistentGeometry where it is unfit."""
    rows, columns = header.whole("Rows"), header.whole("Columns")
    for keyword, value in (("Rows", rows), ("Columns", columns)):
        if value is None or value < 1:
            raise MissingAttribute(
                f"a whole number is needed ({instance_of(header)})",
                keyword=named(keyword),
                value=header.text(keyword),
            )
    between_rows, between_columns = need_numbers(header, "PixelSpacing", 2)
    if not (between_rows > 0 and between_columns > 0):
        raise InconsistentGeometry(
            f"spacings must be positive ({instance_of(header)})",
            keyword=named("PixelSpacing"),
            value=(between_rows, between_columns),
        )
    return Layout(
        rows=rows or 0,
        columns=columns or 0,
        spacing_mm=(between_rows, between_columns),
        orientation=orientation,
        frame_of_reference_uid=header.text("FrameOfReferenceUID"),
    )


def step_of(header: Header) -> float | None:
    """Distance of neighbouring slices by the header, None where it tells none.

    Spacing Between Slices (0018,0088) between centres; where it is absent or 0, Slice Thickness
    (0018,0050), which is the same where slices touch. A spacing that is no number tells none.
    """
    found = header.number("SpacingBetweenSlices")
    if found is None and header.text("SpacingBetweenSlices") is not None:
        return None
    found = found or header.number("SliceThickness")
    return abs(found) if found else None
