"""Pages of performance, traces and metrics."""
