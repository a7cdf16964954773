"""`mc`: Message Center on the command line. A client of the HTTP API; `bootstrap` alone, which
makes the first account of all, works on the records themselves.
"""
