"""Measures lesion networks and thresholds on simulated patients of several worlds."""
