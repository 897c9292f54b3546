"""Tracers of PET, as data.

Codes: PS3.16 CID 25 and CID 4021, SNOMED RT identifiers from PS3.16 Annex O, unless a row says
otherwise. Words are no standard: generic names are INN/USAN, brand names and laboratory codes are
those of the manufacturers, abbreviations are the usual ones of the literature, all collected from
memory; they decide nothing alone where they are short.
"""

from dicom_node.reading.tracer_entry import TracerEntry, codes

# "PSMA" alone names the ligand family: with F-18 it may be any of three, and the series is held.
_PSMA_FAMILY = "psma"

_ONCOLOGY = (
    TracerEntry(
        name="FDG",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluorodeoxyglucose F^18^", sct="35321007", srt="C-B1031")
        # Y-X1743 under 99SDM is in no context group; GE Discovery scanners write it with the
        # meaning "FDG -- fluorodeoxyglucose" (seen in the public ACRIN-NSCLC-FDG-PET and
        # Soft-tissue-Sarcoma collections).
        + codes("F-18", "FDG -- fluorodeoxyglucose", srt="Y-X1743"),
        clear=(
            "fdg(?:pet)?(?:ct)?",
            "petfdg",
            "fludeoxyglucose",
            "fluoro?~(?:2~)?des?o(?:xy|ssi)~(?:d~)?glu[ck]os(?:e|io|a)?",
            "fluoro~d~glucose",
        ),
    ),
    TracerEntry(
        name="PSMA-11",
        radionuclides=("Ga-68",),
        codes=codes("Ga-68", "PSMA-11 Ga^68^", ncit="C118961"),
        clear=(
            _PSMA_FAMILY,
            "psma~11",
            "psma~hbed(?:~cc)?",
            "hbed(?:~cc)?",
            "illuccix",
            "locametz",
            "gozellix",
        ),
    ),
    TracerEntry(
        name="PSMA-617",
        radionuclides=("Ga-68",),
        codes=codes("Ga-68", "PSMA-617 Ga^68^", dcm="126759"),
        clear=(_PSMA_FAMILY, "psma~617"),
    ),
    TracerEntry(
        name="DCFPYL",
        radionuclides=("F-18",),
        codes=codes("F-18", "Piflufolastat F^18^", ncit="C116352"),
        clear=(_PSMA_FAMILY, "dcf~pyl", "pylarify", "pylclari", "piflufolastat"),
        short=("pyl",),
    ),
    TracerEntry(
        name="PSMA-1007",
        radionuclides=("F-18",),
        codes=codes("F-18", "PSMA-1007 F^18^", dcm="126758"),
        clear=(_PSMA_FAMILY, "psma~1007", "radelumin"),
    ),
    TracerEntry(
        name="RHPSMA-7.3",
        radionuclides=("F-18",),
        clear=(_PSMA_FAMILY, "rh~psma(?:~7)?(?:~3)?", "flotufolastat", "posluma"),
    ),
    TracerEntry(
        name="DOTATATE",
        radionuclides=("Ga-68", "Cu-64"),
        codes=codes("Ga-68", "Dotatate Ga^68^", sct="724025002"),
        clear=("dota~tate", "dota~octreotate", "netspot", "detectnet"),
        short=("tate",),
    ),
    TracerEntry(
        name="DOTATOC",
        radionuclides=("Ga-68",),
        codes=codes("Ga-68", "Edotreotide Ga^68^", umls="C2713594"),
        clear=("dota~toc", "dota~octreotide?", "edotreotide?", "somakit(?:~toc)?"),
    ),
    TracerEntry(name="DOTANOC", radionuclides=("Ga-68",), clear=("dota~noc",)),
    TracerEntry(name="FAPI", radionuclides=("Ga-68", "F-18"), clear=("fapi",)),
    TracerEntry(
        name="CHOLINE",
        radionuclides=("C-11",),
        codes=codes("C-11", "Choline C^11^", dcm="126703"),
        # "Choline" is said of both the C-11 and the F-18 compound.
        clear=("cholin[ea]?", "(?:c~11|11~c)~cholin[ea]?", "(?:c-?11|11-?c)[])_-]{0,2}cho"),
    ),
    TracerEntry(
        name="FCHOLINE",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluorocholine F^18^", sct="456992002", srt="C-E0273"),
        clear=(
            "cholin[ea]?",
            "fluoro?~(?:methyl~|ethyl~)?cholin[ea]?",
            "(?:18~f|f~18|f)~cholin[ea]?",
        ),
        short=("fch", "fech", "fmch"),
        drug_field=("fec",),  # in a description: the chemotherapy
    ),
    TracerEntry(
        name="FLUCICLOVINE",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluciclovine F^18^", sct="457000009", srt="C-E026A"),
        clear=("fluciclovine?", "axumin", "facbc"),
    ),
    TracerEntry(
        name="FLT",
        radionuclides=("F-18",),
        codes=codes("F-18", "Thymidine F^18^", sct="129502002", srt="C-B1036"),
        clear=("fluoro?~(?:l~)?thymidine?",),
        short=("flt",),
    ),
    TracerEntry(
        name="FMISO",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluoromisonidazole F^18^", sct="422598008", srt="C-B07E1"),
        clear=("f~miso", "(?:fluoro?~)?misonidazole?"),
    ),
    TracerEntry(
        name="FES",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluoroestradiol F^18^", sct="926372005"),
        clear=("fluoro?~o?estradiol", "cerianna"),
        short=("fes",),
    ),
    TracerEntry(
        name="NAF",
        radionuclides=("F-18",),
        codes=codes("F-18", "Sodium fluoride F^18^", sct="129501009", srt="C-B1032"),
        clear=("sodium~fluoride", "natrium~fluorid", "(?:18~f|f~18)~fluorid[e]?"),
        short=("naf",),
    ),
)

_BRAIN = (
    TracerEntry(
        name="FET",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluorethyltyrosin F^18^", sct="424708001", srt="C-B07E0"),
        clear=("fluoro?~ethyl~(?:l~)?tyrosine?",),
        short=("fet",),
    ),
    TracerEntry(
        name="MET",
        radionuclides=("C-11",),
        codes=codes("C-11", "Methionine C^11^", sct="129510001", srt="C-B103E"),
        # No space allowed between nuclide and MET: "C11 met" may speak of a metastasis.
        clear=("met(?:h)?ionine?", "(?:c-?11|11-?c)[])_-]{0,2}met"),
        drug_field=("met",),
    ),
    TracerEntry(
        name="FDOPA",
        radionuclides=("F-18",),
        codes=codes("F-18", "Fluoro-L-dopa F^18^", sct="5811000122108", srt="C-E0241"),
        clear=("f~dopa", "fluoro?~(?:l~)?dopa", "(?:18~f|f~18)~(?:l~)?dopa"),
        short=("(?<!l-)(?<!l )dopa",),  # L-DOPA is the patient's medicine
    ),
    TracerEntry(
        name="FLORBETAPIR",
        radionuclides=("F-18",),
        codes=codes("F-18", "Florbetapir F^18^", sct="456995000", srt="C-E0269"),
        clear=("florbetapir", "amyvid", "av~45"),
        drug_field=("fbp",),  # in a description: filtered back-projection
    ),
    TracerEntry(
        name="FLORBETABEN",
        radionuclides=("F-18",),
        codes=codes("F-18", "Florbetaben F^18^", sct="712736002", srt="C-D6858"),
        clear=("florbetaben", "neuraceq", "bay~94~9172", "bay~94"),
        short=("fbb",),
    ),
    TracerEntry(
        name="FLUTEMETAMOL",
        radionuclides=("F-18",),
        codes=codes("F-18", "Flutemetamol F^18^", sct="456997008", srt="C-E0267"),
        clear=("flutemetamol", "vizamyl", "ah~110690"),
        # Some amyloid sites write FLT for it: in a brain exam that word stays undecided.
        short=("fmm", "flute", "flt"),
    ),
    TracerEntry(
        name="PIB",
        radionuclides=("C-11",),
        codes=codes("C-11", "Pittsburgh compound B C^11^", dcm="126500"),
        clear=("pittsburgh~compound(?:~b)?",),
        short=("pib",),
    ),
    TracerEntry(
        name="NAV4694", radionuclides=("F-18",), clear=("nav~4694", "azd~4694", "flutafuranol")
    ),
    TracerEntry(
        name="FLORTAUCIPIR",
        radionuclides=("F-18",),
        codes=codes("F-18", "Flortaucipir F^18^", sct="879808000")
        + codes("F-18", "T807 F^18^", dcm="126502"),
        clear=("flortaucipir", "av~1451", "t~807", "tauvid"),
    ),
    TracerEntry(
        name="MK-6240",
        radionuclides=("F-18",),
        codes=codes("F-18", "MK-6240 F^18^", umls="C4506764"),
        clear=("mk~6240", "florquinitau"),
    ),
    TracerEntry(name="PI-2620", radionuclides=("F-18",), clear=("pi~2620",)),
    TracerEntry(
        name="RO-948",
        radionuclides=("F-18",),
        codes=codes("F-18", "RO6958948 ^18^F", dcm="126757"),
        clear=("ro~948", "ro~6958948"),
    ),
)

_PERFUSION = (
    TracerEntry(
        name="RUBIDIUM",
        radionuclides=("Rb-82",),
        codes=codes("Rb-82", "Rubidium chloride Rb^82^", sct="129503007", srt="C-B1037"),
        # The nuclide written as a drug's name is accepted: CID 4021 has no other Rb-82 compound.
        clear=("rubidium(?:~82)?", "rb~82", "cardiogen(?:~82)?", "ruby~fill"),
        short=("ruby",),
    ),
    TracerEntry(
        name="AMMONIA",
        radionuclides=("N-13",),
        codes=codes("N-13", "Ammonia N^13^", sct="129508003", srt="C-B103C"),
        clear=("ammonia[ck]?", "nh3"),
    ),
    TracerEntry(
        name="FLURPIRIDAZ",
        radionuclides=("F-18",),
        codes=codes("F-18", "Flurpiridaz F^18^", dcm="126718"),
        clear=("flurpiridaz", "flyrcado"),
    ),
    TracerEntry(
        name="WATER",
        radionuclides=("O-15",),
        codes=codes("O-15", "Oxygen-water O^15^", sct="129505000", srt="C-B1039"),
        clear=("h2~15~o", "h2o~15", "(?:15~o|o~15)~(?:water|h2o)"),
        short=("water", "h2o"),
    ),
)

PET_TRACERS: tuple[TracerEntry, ...] = _ONCOLOGY + _BRAIN + _PERFUSION
