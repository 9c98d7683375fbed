"""The front door: the command line, and the wiring of machine, debugger and serial line."""
