"""SMPP 3.4 without I/O: bytes in, events out; no sockets, no asyncio, no clock (DESIGN 8).

smpplib stays the one definition of what we send (`encode`, `template`). What comes from outside is
read by our own tolerant `parser`, because smpplib's trusts its peer.
"""
