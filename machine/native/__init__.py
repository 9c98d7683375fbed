"""The native engine: machine code for the host, made of templates for guest instructions."""
