"""Benchmarks: `make -s bench NAME=api`. Each ends with one line of JSON."""
