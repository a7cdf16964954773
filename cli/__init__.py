"""`mc`: Message Center on the command line. A client of the HTTP API, nothing more."""
