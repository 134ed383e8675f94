"""Rendering a kpt package as kpt does.

`tree` reads it, `kptfile` knows the pipelines, `execute` runs them in order, `runners` start the
functions, `placing` holds kpt's rules for what comes back, `changes` compares, `commit` writes,
and `report` and `results` tell people and machines.
"""
