"""`scan` and `split`: what a data set holds, and how it is dealt into parts."""
