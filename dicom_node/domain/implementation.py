"""How this software names itself in files and associations (PS3.7 D.3.3.2, PS3.10 7.1)."""

from dicom_node import __version__

IMPLEMENTATION_CLASS_UID = "2.25.99764513690494652817946553629445458547"
IMPLEMENTATION_VERSION_NAME = f"DCMNODE_{__version__}"[:16]  # VR SH
