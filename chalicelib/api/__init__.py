"""The HTTP API: parse, one use case, answer. Only this package and app.py know Chalice."""
