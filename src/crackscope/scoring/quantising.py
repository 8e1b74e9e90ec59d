"""placeholder"""

Gate = QuantisedReport = quantise = None
