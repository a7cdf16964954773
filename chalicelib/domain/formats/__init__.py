"""Versioned codecs of what is stored packed; ingest, bridge, folder and export share them.

Each begins with its magic and version. What cannot be read raises `FormatError`, nothing else.
"""
