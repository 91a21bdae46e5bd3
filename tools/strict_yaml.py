"""YAML that a person wrote: what could mean something else than it shows is refused."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from twin.errors import BadInput

LONGEST = 2**18
"""Characters of a text; it takes seconds to read, and a file of ours needs a tenth of it."""

DEEPEST = 32
"""Mappings and lists within each other; a file of ours needs six."""


class _Strict(yaml.SafeLoader):
    """No key twice (the last would win without a word), no alias (a few lines can stand for
    billions of values), no depth that ends the interpreter.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # as types-PyYAML has it
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("an alias (*name) is not taken; write the value out", event.start_mark)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refusal(f"it is nested more than {DEEPEST} deep", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag.endswith(":merge"):
                raise _refusal('a merge ("<<") is not taken; write the keys out', key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _refusal(f'the key "{key.value}" stands there twice', key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refusal(said: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=said, problem_mark=mark)


def settings_text(path: Path, what: str) -> str:
    """The text of a file that a person writes, for `read_yaml`; `what` it is read as, in errors.

    Raises:
        BadInput: it cannot be read, is no UTF-8, or longer than LONGEST.
    """
    try:
        with path.open("rb") as file:
            # So many bytes hold more characters than `read_yaml` takes, whichever these are.
            data = file.read(4 * LONGEST + 1)
        if len(data) > 4 * LONGEST:
            raise BadInput(f"{path}: has more than {LONGEST:,} characters; that is not {what}")
        return data.decode("utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read as {what} ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: cannot be read as {what} (byte {error.start:,} is no UTF-8); save it as UTF-8"
        ) from error


def read_yaml(text: str, name: str) -> Any:
    """What `text` says, as plain Python; `name` is how errors call the file.

    Raises:
        BadInput: it is not YAML, longer than LONGEST, a key stands twice in one mapping, or there
            is an alias, a merge or too deep a nesting. Names the line, and never quotes it:
            somebody may have put a secret there.
    """
    if len(text) > LONGEST:
        raise BadInput(f"{name}: has {len(text):,} characters; up to {LONGEST:,} are read")
    try:
        return yaml.load(text, _Strict)  # a SafeLoader
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark is not None else "no line known"
        if type(exc) is yaml.MarkedYAMLError:
            raise BadInput(f"{name}: {place}: {exc.problem}") from None
        raise BadInput(f"{name}: is not YAML ({place})") from None
    except (ValueError, OverflowError) as exc:
        # A date that is none, or a whole number of more digits than Python reads.
        raise BadInput(f"{name}: has a value that YAML cannot read ({exc})") from None
