"""What all records are made of."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Shape = tuple[Count, ...]


class Record(msgspec.Struct, frozen=True):
    """Base of every record: immutable, compared by value."""
