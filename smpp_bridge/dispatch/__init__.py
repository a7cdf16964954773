"""Dispatch without I/O: offers, fairness, pace, intent and outcomes; events in, effects out.

No asyncio, no clock, no store (DESIGN 4): the channel brings events with their time and carries out
the effects, so every order of kills, cuts and late answers can be played through in a test.
"""
