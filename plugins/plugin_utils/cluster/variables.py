# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the variables of a host from Ansible's types into plain Python, as cheaply as possible."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Tuple, Union

from ansible import template
from ansible.errors import AnsibleError
from jinja2 import Environment, TemplateError, UndefinedError, nodes

Path = Tuple[Union[str, int], ...]
_PLAIN = frozenset((str, int, float, bool))
_ABSENT = object()
# From ansible-core 2.19 on, a container renders each item when it is read. Before, it renders all, and leaves as it is what it cannot.
_EACH_ALONE = hasattr(template, "trust_as_template")


class Unrenderable(Exception):
    """Templates that cannot be rendered: the reasons, by path."""

    def __init__(self, reasons: dict[Path, str]):
        super().__init__(reasons)
        self.reasons = reasons


class Variables:
    """A host's variables: `raw` in Ansible's types, and, by name, plain and rendered for that host.

    Ansible's containers render each item when it is read, which is slow. So they are used only for values with a template:
    usually few or none in a large list of services.
    """

    def __init__(self, hostvars: Mapping[str, Any], host: str):
        self.host = host
        self._hostvars = hostvars
        self._lazy: dict[str, Any] = {}
        self._values: dict[str, Any] = {}
        self._used: dict[str, set[str]] = {}
        self.raw: Mapping[str, Any] = getattr(hostvars, "raw_get", hostvars.__getitem__)(host)

    def __contains__(self, name: object) -> bool:
        return name in self.raw

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            value = {name: plain(self.raw[name])}
            reasons = {}
            for path, text in templates(self.raw[name], (name,)):
                try:
                    follow(value, path[:-1])[path[-1]] = self._rendered(path, text)
                except (AnsibleError, UndefinedError) as error:
                    reasons[path] = _reason(error)
            if reasons:
                raise Unrenderable(reasons)
            self._values.update(value)
        return self._values[name]

    def _rendered(self, path: Path, text: str) -> Any:
        loader = getattr(self._hostvars, "_loader", None)
        if not _EACH_ALONE and loader is not None:
            value = plain(template.Templar(loader, self.raw).template(text))
            # That is what an expression becomes there that is null.
            return None if value == "" else value
        name = str(path[0])
        if name not in self._lazy:
            self._lazy[name] = self._hostvars[self.host][name]
        return plain(follow(self._lazy, path))

    def sees_the_same(self, other: Variables, name: str) -> bool:
        """Whether another host has the same value, or cannot render it (a secret that only the directors have)."""
        if all(self._same_source(other, used) for used in (name, *self.used_by(name))):
            return True
        try:
            return bool(self[name] == other[name])
        except Unrenderable:
            return True

    def _same_source(self, other: Variables, name: str) -> bool:
        mine, its = self.raw.get(name, _ABSENT), other.raw.get(name, _ABSENT)
        return bool(mine is its or mine == its)

    def used_by(self, name: str) -> set[str]:
        """Every variable that the templates of a variable use, directly or through other variables."""
        if name not in self._used:
            used = self._used[name] = set()
            looked_at = [name]
            while looked_at:
                texts = {text for _path, text in templates(self.raw.get(looked_at.pop()), ())}
                new = {found for text in texts for found in names_in(text)} - used
                used |= new
                looked_at += new
        return self._used[name]


def _reason(error: Exception) -> str:
    """What an error says. The one for a secret that cannot be decrypted is wrapped, and only its cause names the reason."""
    text = str(error.__cause__ or error)
    half = text[: len(text) // 2 - 1]
    # Before ansible-core 2.18, some say it twice.
    return half if text == f"{half}. {half}" else text


def names_in(text: str) -> set[str]:
    """The variable names in a template."""
    try:
        return {str(node.name) for node in _JINJA.parse(str(text)).find_all(nodes.Name)}
    except TemplateError:  # Ansible gives a better message when it renders the text
        return set()


# Only parses templates
_JINJA = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)


def follow(value: Any, path: Path) -> Any:
    """The value at a path of keys and indexes."""
    for step in path:
        value = value[step]
    return value


def templates(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The text and path of every template in a value."""
    kind = type(value)
    if issubclass(kind, str):
        if "{{" in value or "{%" in value:
            yield path, value
    elif issubclass(kind, dict):
        for key, item in value.items():
            yield from templates(item, (*path, key))
    elif issubclass(kind, (list, tuple)):
        for index, item in enumerate(value):
            yield from templates(item, (*path, index))


def plain(value: Any) -> Any:
    """Convert Ansible's types into plain dicts, lists and scalars: its containers render lazily, its scalars have tags."""
    kind = type(value)
    if kind in _PLAIN or value is None:
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if issubclass(kind, (list, tuple)):
        return [plain(item) for item in value]
    for scalar in (int, float):
        if issubclass(kind, scalar):
            return scalar(value)
    return str(value)  # Encrypted text, dates
