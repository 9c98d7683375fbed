"""The compiled engine: Python functions made from the instruction bodies' own syntax trees."""
