"""`mc`: Message Center on the command line. A client of the HTTP API; `bootstrap`, which makes
the first account of all, and `rewrap-data-keys` work on the records themselves.
"""
