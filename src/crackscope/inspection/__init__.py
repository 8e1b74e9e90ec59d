"""Inspection: a photo in; crack mask, zones, measures and verdict out."""
