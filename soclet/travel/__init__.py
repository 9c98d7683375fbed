"""Going back and forth in a machine's history: when to keep a moment, and how to find one."""
