"""The page to read a study in: one file that holds its figures, findings, costs and every transcript."""
