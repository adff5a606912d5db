"""Decision trees: what a caller is asked, and where each answer leads. Pure: text in, values out."""
