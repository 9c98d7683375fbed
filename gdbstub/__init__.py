"""The GDB remote protocol for any target: knows no machine and no instruction set."""
