"""A DICOM node that turns PET and SPECT series into SEG, SR and SC results."""

__version__ = "0.1.0"
