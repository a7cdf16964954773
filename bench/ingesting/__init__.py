"""What the benchmarks of the ingest share: files, an AWS stand-in, processes of their own."""
