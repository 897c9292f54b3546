"""DICOM in: headers, tracers, units and volumes, each right or refused by name."""
