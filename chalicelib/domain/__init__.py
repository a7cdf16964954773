"""The pure heart of Message Center: no I/O, no AWS, no clock; time and ids come in as arguments."""
