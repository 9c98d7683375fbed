"""The firmware project that `soclet new` makes: its files are beside this module."""
