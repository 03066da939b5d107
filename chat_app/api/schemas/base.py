"""What all shapes share."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

PAGE_DEFAULT = 50
PAGE_MAX = 200


class In(BaseModel):
    """A body or query: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Only the fields that the client sent."""
        return self.model_dump(exclude_unset=True)


class Out(BaseModel):
    """An answer, read off a row."""

    model_config = ConfigDict(from_attributes=True)


Shape = TypeVar("Shape", bound=Out)


def show(shape: type[Shape], row: object) -> dict[str, Any]:
    """`row` as the JSON object of this shape."""
    return shape.model_validate(row).model_dump(mode="json")


def without_nul(text: str) -> str:
    # PostgreSQL cannot store it, and no person types it.
    if "\0" in text:
        raise ValueError("NUL is not allowed")
    return text


AnyText = Annotated[str, AfterValidator(without_nul)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(without_nul),
]
ModelName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(without_nul),
]
Id = Annotated[int, Field(gt=0, lt=2**63)]
# No more is asked than of ADMIN_EMAIL: people of an intranet have addresses such as ana@corp.local.
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^\s@]+@[^\s@]+$"
    ),
    AfterValidator(without_nul),
]


class Page(In):
    """Which part of a list; `after` 0 is its beginning."""

    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)
    before: Id | None = None
    after: Annotated[int, Field(ge=0, lt=2**63)] | None = None
