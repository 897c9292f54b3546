"""Myocardial perfusion SPECT of made-up patients: a beating left ventricle in a chest."""
