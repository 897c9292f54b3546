"""The miPSMA score of PROMISE V2, as far as the reference organs at hand can tell it.

0: below blood pool; 1: from blood pool on, below liver; 2: from liver on, below parotid; 3: from
parotid on (Seifert et al., Eur Urol 2023;83:405, recalled from the source, not read again). For
ligands that the liver excretes the spleen takes the liver's place. Neither spleen nor parotid is
placed here, so that some scores stay open; none is guessed.
"""

SOURCE = (
    "0 below blood pool, 1 below liver, 2 below parotid, 3 above (PROMISE V2: Seifert et al., Eur "
    "Urol 2023;83:405); the parotid is not measured, so that 2 is not told from 3"
)
LIVER_EXCRETED = ("PSMA-1007", "RHPSMA-7.3")
SPLEEN_NEEDED = (
    "{} is excreted by the liver: the score needs the spleen, which is not measured; above blood "
    "pool it stays open."
)


def mipsma(
    mean: float, *, blood_pool: float | None, liver: float | None, tracer: str | None
) -> str | None:
    """Score of a lesion's mean uptake, e.g. ``1`` or ``2 or 3``; None where nothing can be said.

    Parameters
    ----------
    mean, blood_pool, liver : SUVmean; None for an organ that was not found
    tracer : name of the ligand
    """
    if tracer in LIVER_EXCRETED:
        liver = None
    if blood_pool is not None and mean < blood_pool:
        return "0"
    if liver is not None and mean >= liver:
        return "2 or 3"
    if blood_pool is None:
        return None if liver is None else "0 or 1"
    return "1 to 3" if liver is None else "1"
