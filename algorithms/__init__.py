"""Algorithms of the node; each knows volumes and results, no DICOM and no network."""
