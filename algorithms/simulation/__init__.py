"""Made-up studies of an analytic phantom: anatomy, uptake, acquisition and a scanner's DICOM."""
