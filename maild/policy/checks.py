"""Conditions put together: a tree that says of a scene whether it holds, and of each of its parts why (not)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from maild.policy.scene import Scene

Holds: TypeAlias = Callable[[Any, Scene], bool]


@dataclass(frozen=True, slots=True)
class One:
    """One condition."""

    name: str
    value: Any  # as YAML gave it
    want: Any  # as it was read
    holds: Holds

    def met(self, scene: Scene) -> bool:
        """Whether it holds."""
        return self.holds(self.want, scene)

    def fails(self, scene: Scene) -> str | None:
        """None where it holds, else in words what does not."""
        return None if self.met(scene) else f"{self.name}: {show(self.value)}"


@dataclass(frozen=True, slots=True)
class All:
    """All of these together."""

    parts: tuple[Check, ...]

    def met(self, scene: Scene) -> bool:
        """Whether all hold."""
        return all(part.met(scene) for part in self.parts)

    def fails(self, scene: Scene) -> str | None:
        """The first that does not hold."""
        for part in self.parts:
            if (why := part.fails(scene)) is not None:
                return why
        return None


@dataclass(frozen=True, slots=True)
class Some:
    """One of these at least."""

    parts: tuple[Check, ...]
    value: Any

    def met(self, scene: Scene) -> bool:
        """Whether one holds. What is caught is the first such one's, and no other's."""
        before = scene.look.captures
        for part in self.parts:
            if part.met(scene):
                return True
            scene.look.captures = before
        return False

    def fails(self, scene: Scene) -> str | None:
        """None where one holds."""
        return None if self.met(scene) else f"any: {show(self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    """These do not all hold."""

    part: Check
    value: Any

    def met(self, scene: Scene) -> bool:
        """Whether they do not. What is caught here is caught in vain."""
        before = scene.look.captures
        met = self.part.met(scene)
        scene.look.captures = before
        return not met

    def fails(self, scene: Scene) -> str | None:
        """None where they do not."""
        return None if self.met(scene) else f"not: {show(self.value)}"


Check: TypeAlias = One | All | Some | Not


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one condition."""

    depth: int  # how deep it is nested
    words: str
    holds: bool


def tell(check: Check, scene: Scene, depth: int = 0) -> Iterator[Told]:
    """Every condition with whether it holds, in the order of the file; asked of each, whatever came out above."""
    if isinstance(check, One):
        yield Told(depth, f"{check.name}: {show(check.value)}", check.met(scene))
    elif isinstance(check, All) and (depth == 0 or len(check.parts) == 1):  # needs no heading of its own
        for part in check.parts:
            yield from tell(part, scene, depth)
    else:
        name = {All: "all", Some: "any", Not: "not"}[type(check)]
        yield Told(depth, name, check.met(scene))
        parts: Sequence[Check] = (check.part,) if isinstance(check, Not) else check.parts
        for part in parts:
            # nor does what stands in one mapping
            inner = part.parts if isinstance(part, All) and isinstance(check, Not) else (part,)
            for each in inner:
                yield from tell(each, scene, depth + 1)


def leaves(check: Check) -> Iterator[One]:
    """Every single condition."""
    if isinstance(check, One):
        yield check
    else:
        for part in (check.part,) if isinstance(check, Not) else check.parts:
            yield from leaves(part)


def written(check: Check) -> str:
    """Conditions as YAML would write them on one line."""
    if isinstance(check, One):
        return f"{check.name}: {show(check.value)}"
    if isinstance(check, All):
        return ", ".join(map(written, check.parts))
    return f"{'any' if isinstance(check, Some) else 'not'}: {show(check.value)}"


def show(value: Any) -> str:
    """A value as YAML would write it on one line, for explanations."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )
