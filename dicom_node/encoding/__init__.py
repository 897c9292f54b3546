"""DICOM out: a report becomes SEG, SR and SC objects that belong to the study they came from."""
