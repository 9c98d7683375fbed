"""The sub-commands: each reads its options and calls what does the work."""
