"""The SMPP bridge: the one long-running container; it owns the binds to the carriers (SPEC 6)."""
