"""What is kept of a run by observing it: profiles, traces and waves, and the files they become."""
