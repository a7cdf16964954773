"""Text and numbers of short messages: pure, and below everything else."""
