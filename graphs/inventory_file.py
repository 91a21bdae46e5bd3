"""The inventory as a workplace last saw it, for readers who cannot have the network themselves."""

from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.nouns.inventory import Inventory
from twin.nouns.way import Way
from twin.sources.inventory_json import inventory_text, read_inventory


def keep_inventory(state: StateDirectory, network: str, inventory: Inventory) -> None:
    """Write what is on record of `network`, in place of what was. Raises BadInput."""
    file = state.inventory_file(network)
    draft = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(inventory_text(inventory), encoding="utf-8")
        draft.replace(file)
    except OSError as exc:
        raise BadInput(
            f"{file} cannot be written ({exc.strerror}); name a writable place",
            way=Way(state="DIRECTORY"),
        ) from exc


def kept_inventory(state: StateDirectory, network: str) -> Inventory | None:
    """What was on record of `network` when it was last operated; None if it never was.

    Raises:
        BadInput: the file is damaged.
    """
    file = state.inventory_file(network)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is no text"
        raise BadInput(
            f"{file}: cannot be read ({why}); put it aside, and a watch writes it anew"
        ) from exc
    return read_inventory(text, str(file))


def networks_with_inventory(state: StateDirectory) -> tuple[str, ...]:
    """Networks of which an inventory is kept, in order of name."""
    return tuple(sorted(path.stem for path in state.inventories.glob("*.json")))
