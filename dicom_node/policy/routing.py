"""Who gets a series: typed conditions, and a reason for every no."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_node.domain.route import CompanionRule, Condition, Route
from dicom_node.domain.series import ExamKind, Reason, Series
from dicom_node.policy.priors import find_prior

# Modalities whose objects may start a job. Everything else is stored and named, never routed
# (loop guard of the architecture: only images and contours start anything).
_STARTING_MODALITIES = ("PT", "NM", "CT", "MR", "SEG", "RTSTRUCT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A series together with how it came; AE titles are empty when it was read from a folder."""

    series: Series
    called_aes: tuple[str, ...] = ()
    calling_aes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Routes that take a series as their primary input, or why none does."""

    routes: tuple[Route, ...]
    reasons: tuple[Reason, ...]


def decide_routes(arrived: Arrived, routes: Sequence[Route]) -> Decision:
    """Routes whose conditions all hold; those marked as fallback only where no other matched."""
    barred = why_barred(arrived.series)
    if barred is not None:
        return Decision(routes=(), reasons=(barred,))
    refusals = {route.name: tuple(mismatches(arrived, route.when)) for route in routes}
    matched = [route for route in routes if not refusals[route.name]]
    chosen = [route for route in matched if not route.fallback] or matched
    if chosen:
        return Decision(routes=tuple(chosen), reasons=())
    reasons = tuple(
        Reason(code="no-match", message=f"route {name}: {'; '.join(why)}")
        for name, why in refusals.items()
    )
    return Decision(routes=(), reasons=reasons or (_NO_ROUTE,))


_NO_ROUTE = Reason(code="no-route", message="no route is configured")


def why_barred(series: Series) -> Reason | None:
    """Why no route may ever take the series, whatever its conditions; None where one may."""
    if series.own_result:
        return Reason(code="own-result", message="this node made it; results start nothing")
    if series.modality not in _STARTING_MODALITIES:
        return Reason(
            code="not-an-input", message=f"modality {series.modality or 'absent'} starts nothing"
        )
    if series.exam.kind is ExamKind.PROJECTION:
        what = "\\".join(series.image_type) or "projection"
        return Reason(
            code="projection", message=f"a projection, scout or MIP is no volume ({what})"
        )
    if series.tracer.conflict is not None:
        return Reason(code="conflicting-tracer", message=series.tracer.conflict)
    if series.tracer.of_phantom:
        nuclide = series.tracer.radionuclide
        return Reason(code="phantom", message=f"{nuclide} is of a phantom, not of a patient")
    return None


def mismatches(arrived: Arrived, when: Condition) -> Iterator[str]:
    """Conditions that do not hold, each in words; nothing where all hold."""
    series, exam = arrived.series, arrived.series.exam
    yield from _one_of("modality", series.modality, when.modality)
    yield from _one_of("tracer", series.tracer.tracer, when.tracer)
    yield from _one_of("exam", exam.kind, when.exam)
    yield from _one_of("phase", exam.phase, when.phase)
    yield from _one_of("unit", series.unit, when.unit)
    yield from _one_of("body part", exam.body_part, when.body_part)
    yield from _one_of("station name", series.station_name, when.station_name)
    yield from _contains("manufacturer", series.manufacturer, when.manufacturer_contains)
    yield from _contains("description", series.description, when.description_contains)
    yield from _any_of("called AE title", arrived.called_aes, when.called_ae)
    yield from _any_of("calling AE title", arrived.calling_aes, when.calling_ae)
    yield from _all_in("image type", series.image_type, when.image_type)
    yield from _same(
        "attenuation corrected", exam.attenuation_corrected, when.attenuation_corrected
    )
    yield from _same("original", exam.original, when.original)
    if when.min_slices is not None and series.slices < when.min_slices:
        yield f"{series.slices} slices, at least {when.min_slices} are asked"
    if when.max_slices is not None and series.slices > when.max_slices:
        yield f"{series.slices} slices, at most {when.max_slices} are asked"


def find_companion(
    primary: Series, candidates: Sequence[Series], rule: CompanionRule
) -> Series | None:
    """Series that a rule asks for; of several in the same study the one with most slices.

    A candidate of another patient, a projection, a secondary image or our own result is none. Where
    the rule asks for a prior it is one of an earlier study: `policy.priors`.
    """
    if rule.prior is not None:
        return find_prior(primary, candidates, rule, rule.prior)
    fitting = [
        candidate
        for candidate in candidates
        if candidate.modality == rule.modality
        and candidate.key != primary.key
        and candidate.key.study_instance_uid == primary.key.study_instance_uid
        and candidate.patient_digest == primary.patient_digest
        and candidate.exam.kind is not ExamKind.PROJECTION
        and candidate.exam.original is not False
        and candidate.geometry_fault is None
        and not candidate.own_result
        and (not rule.same_frame_of_reference or _same_frame(primary, candidate))
        and (rule.phase is None or _is_volume_of_phase(candidate, rule.phase))
    ]
    alike = {} if rule.phase is None else {one.key: _unlike(primary, one) for one in fitting}
    fitting.sort(
        key=lambda found: (alike.get(found.key, 0), -found.slices, found.key.series_instance_uid)
    )
    return fitting[0] if fitting else None


def _is_volume_of_phase(series: Series, phase: str) -> bool:
    kind = series.exam.kind
    return series.exam.phase == phase and kind in (ExamKind.STATIC, ExamKind.GATED)


def _unlike(one: Series, other: Series) -> int:
    """In how many ways two scans differ that should not differ where they are compared."""
    return (one.exam.kind is not other.exam.kind) + (
        one.exam.attenuation_corrected is not other.exam.attenuation_corrected
    )


def _same_frame(one: Series, other: Series) -> bool:
    uid = one.frame_of_reference_uid
    return uid is not None and uid == other.frame_of_reference_uid


def _one_of(what: str, value: str | None, allowed: Sequence[str]) -> Iterator[str]:
    if allowed and (not value or value.casefold() not in {one.casefold() for one in allowed}):
        yield f"{what} is {value or 'unknown'}, asked is {' or '.join(allowed)}"


def _any_of(what: str, values: Sequence[str], allowed: Sequence[str]) -> Iterator[str]:
    if allowed and not {v.casefold() for v in values} & {one.casefold() for one in allowed}:
        shown = ", ".join(values) or "unknown"
        yield f"{what} is {shown}, asked is {' or '.join(allowed)}"


def _all_in(what: str, values: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    have = {value.casefold() for value in values}
    for one in asked:
        if one.casefold() not in have:
            yield f"{what} {chr(92).join(values) or 'unknown'} lacks {one}"


def _contains(what: str, value: str, asked: Sequence[str]) -> Iterator[str]:
    if asked and not any(one.casefold() in value.casefold() for one in asked):
        yield f"{what} contains none of {', '.join(asked)}"


def _same(what: str, value: bool | None, asked: bool | None) -> Iterator[str]:
    if asked is not None and value is not asked:
        came = "unknown" if value is None else ("yes" if value else "no")
        yield f"{what} is {came}, asked is {'yes' if asked else 'no'}"
