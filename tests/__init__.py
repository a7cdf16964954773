"""A package, so that `tests.fakes` means this folder whatever else is installed."""
