"""The tables of a report, a subject a module. Pure: facts in, a table out."""
