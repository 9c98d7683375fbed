"""What the script for gdb is made of: modules that are put into it whole.

They run inside gdb, where nothing of this project can be imported. Whatever they import from
isa_spec, toolchain, or soclet is put into the script with them, by soclet.gdb_client.generator:
definitions as their source, constants as their values.
"""
