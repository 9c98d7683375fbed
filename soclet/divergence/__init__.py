"""Where two runs that ought to be the same part, and what they differ in there."""
