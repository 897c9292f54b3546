"""Tracers of SPECT, scintigraphy and radionuclide therapy, as data.

Codes: PS3.16 CID 25 and CID 3111 (and CID 4021 for I-124), SNOMED RT identifiers from PS3.16
Annex O. Words as in `tracer_table_pet`.
"""

from dicom_node.reading.tracer_entry import TracerEntry, codes

_BRAIN = (
    TracerEntry(
        name="IOFLUPANE",
        radionuclides=("I-123",),
        codes=codes("I-123", "Ioflupane I^123^", sct="429296007", srt="C-B07EC"),
        clear=("ioflupan[eo]?", "dat~scan", "fp~cit", "striascan"),
    ),
    TracerEntry(
        name="TRODAT",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium^99m^ TRODAT-1", msh="C104196"),
        clear=("trodat",),
    ),
    TracerEntry(
        name="HMPAO",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ exametazime", sct="77313009", srt="C-B1223"),
        clear=("hm~pao", "exametazime?", "ceretec"),
    ),
    TracerEntry(
        name="ECD",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ bicisate", sct="766886003"),
        clear=("bicisate?", "neurolite", "(?:99m-?tc|tc-?99m)[])_-]{0,2}ecd", "ecd~spect"),
        drug_field=("ecd",),  # in a description: Erdheim-Chester disease, colour Doppler
    ),
)

_HEART = (
    TracerEntry(
        name="SESTAMIBI",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ sestamibi", sct="424299003", srt="C-163AB"),
        clear=("(?:sesta)?mibi", "cardiolite"),
    ),
    TracerEntry(
        name="TETROFOSMIN",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^Tetrofosmin", sct="424118002", srt="C-163AD"),
        clear=("tetrofosmine?", "myoview"),
    ),
    TracerEntry(
        name="THALLIUM",
        radionuclides=("Tl-201",),
        codes=codes("Tl-201", "Thallous chloride Tl^201^", sct="73685002", srt="C-B1231")
        + codes("Tl-201", "Thallium-201", sct="353842007", srt="C-B1130"),
        # The nuclide written as a drug's name is accepted: CID 25 has no other Tl-201 compound.
        clear=("th?alli(?:um|o)(?:~201)?", "thallous", "tl~201"),
    ),
    TracerEntry(
        name="PYP",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ pyrophosphate", sct="764821009"),
        clear=("pyrophosphate?",),
        short=("pyp",),
    ),
    TracerEntry(
        name="RED-CELLS",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ tagged red cells", sct="89818005", srt="C-B1224"),
        clear=("red~(?:blood~)?cells?", "erythrocytes?", "ultratag"),
        short=("rbc",),
    ),
)

_BONE = (
    TracerEntry(
        name="MDP",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ medronate", sct="96390006", srt="C-B1218"),
        clear=("medronate?",),
        short=("mdp",),
    ),
    TracerEntry(
        name="HDP",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ oxidronate", sct="53951001", srt="C-B1213"),
        clear=("oxidronate?",),
        short=("hm?dp",),
    ),
    TracerEntry(name="DPD", radionuclides=("Tc-99m",), clear=("teceos",), short=("dpd",)),
)

_ONCOLOGY_AND_THERAPY = (
    TracerEntry(
        name="MIBG",
        radionuclides=("I-123", "I-131"),
        codes=codes(
            "I-123", "Iodine^123 3-Iodobenzylguanidine MIBG", sct="395787009", srt="C-B110E"
        )
        + codes("I-131", "Iodine^131 3-Iodobenzylguanidine MIBG", sct="395789007", srt="C-B112D"),
        clear=("mibg", "iobenguan[eo]?", "adreview"),
    ),
    TracerEntry(
        name="PENTETREOTIDE",
        radionuclides=("In-111",),
        codes=codes("In-111", "Indium^111 Pentetreotide", sct="446800006", srt="C-145AA"),
        clear=("octreo~scan", "pentetreotide?", "octreotide?"),
    ),
    TracerEntry(
        name="LU-DOTATATE",
        radionuclides=("Lu-177",),
        codes=codes("Lu-177", "Lutetium^177^ DOTATATE", sct="781259000"),
        clear=("dota~tate", "dota~octreotate", "lutathera", "oxodotreotide"),
        short=("tate",),
    ),
    # DCM 126509 (Lutetium n-acetylaspartylglutamate) is left out: its meaning names no ligand in
    # clinical use.
    TracerEntry(
        name="LU-PSMA",
        radionuclides=("Lu-177",),
        clear=("psma", "psma~617", "psma~i~(?:and|&)?~t", "pluvicto", "vipivotide"),
    ),
    TracerEntry(
        name="IODIDE",
        radionuclides=("I-123", "I-131", "I-124"),
        codes=codes("I-123", "Sodium iodide I^123^", sct="67690002", srt="C-B1081")
        + codes("I-131", "Sodium iodide I^131^", sct="111160004", srt="C-B1086")
        + codes("I-124", "Sodium iodide I^124^", sct="422980002", srt="C-B07E8"),
        clear=("(?:sodium|natrium)~iodid[e]?",),
        short=("nai",),
    ),
    TracerEntry(
        name="GALLIUM-CITRATE",
        radionuclides=("Ga-67",),
        codes=codes("Ga-67", "Gallium^67^ citrate", sct="73065000", srt="C-B1041"),
        clear=("gallium~(?:67~)?citrate?",),
    ),
)

_ORGANS = (
    TracerEntry(
        name="MAA",
        radionuclides=("Tc-99m",),
        codes=codes(
            "Tc-99m", "Technetium Tc^99m^ aggregated albumin", sct="85693008", srt="C-B1200"
        ),
        clear=("macro~aggregat[a-z]*",),
        short=("maa",),
    ),
    # Leukocytes are labelled with HMPAO: without this row a search for infection would pass for a
    # brain perfusion study.
    TracerEntry(
        name="LEUKOCYTES",
        radionuclides=("Tc-99m", "In-111"),
        clear=(
            "leu[ck]ocytes?",
            "white~(?:blood~)?cells?",
            "hm~pao~(?:label[a-z]*~)?(?:wbc|leu[ck]ocytes?)",
        ),
        short=("wbc",),
    ),
    TracerEntry(
        name="PERTECHNETATE",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Sodium pertechnetate Tc^99m^", sct="19495007", srt="C-B1206"),
        clear=("pertechnetate?", "tco4"),
    ),
    TracerEntry(
        name="DMSA",
        radionuclides=("Tc-99m",),
        codes=codes("Tc-99m", "Technetium Tc^99m^ succimer", sct="24511001", srt="C-B1221"),
        clear=("dmsa", "succimer"),
    ),
    TracerEntry(
        name="MAG3",
        radionuclides=("Tc-99m",),
        codes=codes(
            "Tc-99m",
            "Technetium^99m Mercaptoacetyl triglycine MAG3",
            sct="446536001",
            srt="C-163B8",
        ),
        clear=("mag~3", "mertiatide", "tiatide"),
    ),
    TracerEntry(
        name="DTPA",
        radionuclides=("Tc-99m", "In-111"),
        codes=codes("Tc-99m", "Technetium Tc^99m^ pentetate", sct="430276001", srt="C-163B0")
        + codes("In-111", "Indium^111^ pentetate", sct="29218008", srt="C-B1061"),
        clear=("dtpa", "pentetate?"),
    ),
)

SPECT_TRACERS: tuple[TracerEntry, ...] = _BRAIN + _HEART + _BONE + _ONCOLOGY_AND_THERAPY + _ORGANS
