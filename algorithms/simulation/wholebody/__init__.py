"""Whole-body PET/CT patients by the thousand: varied anatomy, tracers, lesions and scanners."""
