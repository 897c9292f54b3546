"""Trains the lesion networks on simulated patients, on CPU or GPU, from one seed."""
