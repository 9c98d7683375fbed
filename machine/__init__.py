"""The System-on-Chip: synchronous and deterministic; knows no socket and no event loop."""
