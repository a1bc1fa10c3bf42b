"""Statements of the hot path, made once by peewee and run many times.

Making SQL costs peewee ten times what running it costs SQLite, and one mail runs a dozen statements. So those that
every mail runs are built once a kind of database, with marks where the values go. The statements stay peewee's own;
nothing is written by hand twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import peewee as pw

from maild.desk.db import database

M = TypeVar("M", bound=pw.Model)

_MARK = "\0value %d"


class Statement:
    """A query whose values come later: `Statement(lambda a, b: Model.update(x=a).where(Model.id == b), 2)`.

    Values are given in the order of the parameters, as the database takes them (`UtcField.db_value` for times).
    """

    def __init__(self, build: Callable[..., Any], values: int) -> None:
        self._build, self._values = build, values
        self._made: dict[type, tuple[str, list[Any]]] = {}

    def run(self, *values: Any) -> Any:
        """Run it; the cursor."""
        sql, slots = self._sql()
        return database.execute_sql(sql, [values[s] if isinstance(s, _Slot) else s for s in slots])

    def _sql(self) -> tuple[str, list[Any]]:
        key = type(database.obj)  # the dialect; which database it is changes no statement
        if key not in self._made:
            marks = [_MARK % i for i in range(self._values)]
            # a Value without a converter goes through any field as it is
            nodes = [pw.Value(mark, converter=False, unpack=False) for mark in marks]
            sql, params = self._build(*nodes).sql()
            slots = [_Slot(marks.index(p)) if isinstance(p, str) and p in marks else p for p in params]
            self._made[key] = (sql, slots)
        return self._made[key]


class Select(Statement, Generic[M]):
    """A statement that finds rows of one model."""

    def __init__(self, model: type[M], build: Callable[..., Any], values: int) -> None:
        super().__init__(build, values)
        self._model = model

    def all(self, *values: Any) -> list[M]:
        """The rows."""
        cursor = self.run(*values)
        found = cursor.fetchall()
        if not found:  # nearly always: most mails are new, and most of these ask whether they are
            return []
        fields = [self._model._meta.columns[column[0]] for column in cursor.description]
        return [
            self._model(**{f.name: f.python_value(value) for f, value in zip(fields, row, strict=True)})
            for row in found
        ]

    def first(self, *values: Any) -> M | None:
        """The first row."""
        rows = self.all(*values)
        return rows[0] if rows else None


class _Slot(int):
    """Where the value of that number goes."""


class Insert(Generic[M]):
    """Rows of one model, with the model's defaults; `ignore` leaves out those that are there already."""

    def __init__(self, model: type[M], *, ignore: bool = False, returning: bool = False) -> None:
        self._model, self._ignore, self._returning = model, ignore, returning
        self._fields = [f for f in model._meta.sorted_fields if not isinstance(f, pw.AutoField)]
        self._names = {field.name for field in self._fields}
        # of the fields only those that keep something else than they are given convert it
        self._row = [(f.name, f.db_value if type(f).db_value is not pw.Field.db_value else None) for f in self._fields]
        self._defaults = {f.name: f.default for f in self._fields if f.default is not None}
        self._statement = Statement(self._query, len(self._fields))

    def rows(self, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Insert them; with `returning` their ids, None for one that was there already."""
        ids = []
        for row in rows:
            if not row.keys() <= self._names:
                raise ValueError(f"{self._model.__name__} has no {', '.join(row.keys() - self._names)}")
            full = {**self._defaults, **row}
            values = [convert(full.get(name)) if convert else full.get(name) for name, convert in self._row]
            cursor = self._statement.run(*values)
            if self._returning:
                found = cursor.fetchone()
                ids.append(found[0] if found else None)
        return ids

    def row(self, **values: Any) -> Any:
        """Insert one."""
        ids = self.rows([values])
        return ids[0] if ids else None

    def _query(self, *values: Any) -> Any:
        query = self._model.insert(dict(zip(self._fields, values, strict=True)))
        if self._ignore:
            query = query.on_conflict_ignore()
        return query.returning(self._model._meta.primary_key) if self._returning else query
