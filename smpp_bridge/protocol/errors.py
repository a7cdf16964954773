"""What can go wrong in a session, by whose fault it is.

ProtocolError
├── LocalProtocolError    we asked for what SMPP or the session's state forbids: nothing was sent
└── PeerProtocolError     the peer broke the framing: the stream cannot be read any further
"""

from __future__ import annotations


class ProtocolError(Exception):
    pass


class LocalProtocolError(ProtocolError):
    pass


class PeerProtocolError(ProtocolError):
    pass
