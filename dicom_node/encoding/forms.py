"""Which objects a result becomes for which destinations, and what each object is called."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from dicom_node.domain.forms import (
    ExtraForm,
    PageForm,
    ResultForms,
    SegForm,
    SrClass,
    SrForm,
    SrTracking,
)
from dicom_node.encoding.parts import Split
from dicom_node.encoding.uids import Role

Audience = frozenset[str] | None
"""Names of destinations; None for every one."""

_DIGITS = 8  # of the hash that tells one list of key objects from another


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One object of a result.

    Parameters
    ----------
    split : Split or None
        How the segmentation was cut; None where it is one object. A report has it, too: it refers
        to those segmentations and to no others.
    part, parts : int
        Of a segmentation that was split, or of the voxel maps, from 1.
    listed : tuple of Form
        The objects that a key object selection lists.
    """

    role: Role
    split: Split | None = None
    part: int = 1
    parts: int = 1
    tracking: SrTracking = SrTracking.PLAIN
    sr_class: SrClass = SrClass.COMPREHENSIVE_3D
    listed: tuple["Form", ...] = ()

    @property
    def labelmap(self) -> bool:
        """Whether it is, or speaks of, a LABELMAP segmentation."""
        return self.split is not None and self.split.labelmap

    @property
    def name(self) -> str:
        """Name of which UIDs and file names are made; that of the role for the default forms."""
        words = [str(self.role)]
        if self.split is not None:
            words.append(self.split.name)
        if self.parts > 1:
            words.append(str(self.part))
        if self.tracking is not SrTracking.PLAIN:
            words.append(str(self.tracking))
        if self.sr_class is not SrClass.COMPREHENSIVE_3D:
            words.append(str(self.sr_class))
        if self.listed:
            names = "\0".join(one.name for one in self.listed)
            words.append(hashlib.sha256(names.encode()).hexdigest()[:_DIGITS])
        return "-".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who takes an object.

    Parameters
    ----------
    audience : frozenset of str or None
        Names of the destinations that asked for it; None for every one.
    spare_for : frozenset of str
        Names of those that take it if they refuse the form that they asked for.
    """

    audience: Audience
    spare_for: frozenset[str] = frozenset()


def wanted_forms(
    destinations: Mapping[str, ResultForms], parts: Mapping[Split, int], *, maps: int = 0
) -> dict[Form, Wanted]:
    """Every object to be made, once, with the destinations that take it.

    Parameters
    ----------
    destinations : mapping
        By name; empty for one set of the default forms, for everyone.
    parts : mapping
        Way to cut to the number of segmentations: 0 where the result has none that can be
        written.
    maps : int
        Number of voxel maps that can be written.

    Returns
    -------
    dict
        Segmentations first, for the reports refer to them; key objects last, for they refer to all.
    """
    if not destinations:
        return dict.fromkeys(_forms_of(ResultForms(), parts, maps), Wanted(audience=None))
    found: dict[Form, set[str]] = {}
    spares: dict[Form, set[str]] = {}
    for name, forms in destinations.items():
        for form in _forms_of(forms, parts, maps):
            found.setdefault(form, set()).add(name)
        for form in _spares_of(forms, parts):
            spares.setdefault(form, set()).add(name)
    order = list(Role)
    return {
        form: Wanted(
            audience=frozenset(found.get(form, ())), spare_for=frozenset(spares.get(form, ()))
        )
        for form in sorted(dict.fromkeys([*found, *spares]), key=lambda f: order.index(f.role))
    }


def splits_of(forms: ResultForms) -> tuple[Split, ...]:
    """How a destination wants segmentations to be cut, and how the spares of them are."""
    if forms.seg_form is SegForm.BINARY:
        return (_binary(forms),)
    return (
        Split(frame_limit=forms.seg_frame_limit, overlap=False, labelmap=True),
        _binary(forms),
    )


def _binary(forms: ResultForms) -> Split:
    return Split(frame_limit=forms.seg_frame_limit, overlap=forms.seg_overlap)


def _segmentations(how: Split, parts: Mapping[Split, int]) -> list[Form]:
    """Segmentations that were cut in one way."""
    count = parts[how]
    split = how if count > 1 or how.labelmap else None
    return [
        Form(role=Role.SEG, split=split, part=part, parts=count) for part in range(1, count + 1)
    ]


def _spares_of(forms: ResultForms, parts: Mapping[Split, int]) -> list[Form]:
    """What stands in for a segmentation that a destination may refuse."""
    _, *spare = splits_of(forms)
    return [form for how in spare for form in _segmentations(how, parts)]


def _forms_of(forms: ResultForms, parts: Mapping[Split, int], maps: int) -> list[Form]:
    """Objects of one destination."""
    segmentations = _segmentations(splits_of(forms)[0], parts)
    reports = _reports(forms, segmentations)
    page = Form(role=Role.SC if forms.page_form is PageForm.SINGLE else Role.PAGES)
    made = [*segmentations, *reports, page]
    if ExtraForm.RTSTRUCT in forms.extra_forms and segmentations:
        made.append(Form(role=Role.RTSTRUCT))
    if ExtraForm.MAPS in forms.extra_forms:
        made += [Form(role=Role.MAP, part=part, parts=maps) for part in range(1, maps + 1)]
    if ExtraForm.PDF in forms.extra_forms:
        made.append(Form(role=Role.PDF))
    if ExtraForm.KEY_OBJECTS in forms.extra_forms:
        # A label map may be refused; a list must not name what is not there.
        lasting = [one for one in segmentations if not one.labelmap]
        made.append(Form(role=Role.KEY_OBJECTS, listed=(page, *reports, *lasting)))
    return made


def _reports(forms: ResultForms, segmentations: list[Form]) -> list[Form]:
    """Structured reports of one destination; they refer to the segmentations that it gets."""
    split = segmentations[0].split if segmentations else None
    if split is not None and split.labelmap:
        # One report whether the label map is taken or its spare: it names neither of them.
        split = Split(overlap=False, labelmap=True)
    made = []
    if segmentations and SrForm.MEASUREMENTS in forms.sr_forms:
        made.append(
            Form(
                role=Role.MEASUREMENTS,
                split=split,
                tracking=forms.sr_tracking,
                sr_class=forms.sr_class,
            )
        )
    if not segmentations or SrForm.REPORT in forms.sr_forms:
        made.append(Form(role=Role.SR, split=split, sr_class=forms.sr_class))
    return made
