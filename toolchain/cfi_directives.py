"""placeholder."""

from typing import Any

CfiDirective = Any
