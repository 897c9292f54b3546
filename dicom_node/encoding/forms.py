"""Which objects a result becomes for which destinations, and what each object is called."""

from collections.abc import Mapping
from dataclasses import dataclass

from dicom_node.domain.forms import ResultForms, SrClass, SrForm, SrTracking
from dicom_node.encoding.parts import Split
from dicom_node.encoding.uids import Role

Audience = frozenset[str] | None
"""Names of destinations; None for every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One object of a result.

    Parameters
    ----------
    split : Split or None
        How the segmentation was cut; None where it is one object. A report has it, too: it refers
        to those segmentations and to no others.
    part, parts : int
        Of a segmentation that was split, from 1.
    """

    role: Role
    split: Split | None = None
    part: int = 1
    parts: int = 1
    tracking: SrTracking = SrTracking.PLAIN
    sr_class: SrClass = SrClass.COMPREHENSIVE_3D

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
        return "-".join(words)


def wanted_forms(
    destinations: Mapping[str, ResultForms], parts: Mapping[Split, int]
) -> dict[Form, Audience]:
    """Every object to be made, once, with the destinations that take it.

    Parameters
    ----------
    destinations : mapping
        By name; empty for one set of the default forms, for everyone.
    parts : mapping
        Way to cut to the number of segmentations: 0 where the result has none that can be
        written.

    Returns
    -------
    dict
        Segmentations first, for the reports refer to them.
    """
    if not destinations:
        return dict.fromkeys(_forms_of(ResultForms(), parts), None)
    found: dict[Form, set[str]] = {}
    for name, forms in destinations.items():
        for form in _forms_of(forms, parts):
            found.setdefault(form, set()).add(name)
    order = list(Role)
    return {
        form: frozenset(found[form]) for form in sorted(found, key=lambda f: order.index(f.role))
    }


def split_of(forms: ResultForms) -> Split:
    """How a destination wants segmentations to be cut."""
    return Split(frame_limit=forms.seg_frame_limit, overlap=forms.seg_overlap)


def _forms_of(forms: ResultForms, parts: Mapping[Split, int]) -> list[Form]:
    """Objects of one destination."""
    count = parts[split_of(forms)]
    how = split_of(forms) if count > 1 else None
    made = [Form(role=Role.SEG, split=how, part=part, parts=count) for part in range(1, count + 1)]
    if count and SrForm.MEASUREMENTS in forms.sr_forms:
        made.append(
            Form(
                role=Role.MEASUREMENTS,
                split=how,
                tracking=forms.sr_tracking,
                sr_class=forms.sr_class,
            )
        )
    if not count or SrForm.REPORT in forms.sr_forms:
        made.append(Form(role=Role.SR, split=how, sr_class=forms.sr_class))
    return [*made, Form(role=Role.SC)]
