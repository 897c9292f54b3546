"""The ground of the house: frozen values that every room speaks in (numpy, standard library)."""
