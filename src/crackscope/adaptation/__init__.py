"""Adaptation: learning a new surface from few labels, without torch."""
