"""What was learned of how long the field takes, in the state directory."""

from pydantic import ValidationError

from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.nouns.way import Way
from twin.remedies.repair_forecast import RepairModel


def kept_repair_model(state: StateDirectory) -> RepairModel | None:
    """What was learned, None where nothing was. Raises BadInput: the file is damaged."""
    try:
        text = state.repair_times_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return RepairModel.model_validate_json(text)
    except ValidationError as exc:
        raise BadInput(
            f"{state.repair_times_file} is damaged; have it written anew",
            way=Way("repair-times", keep=True),
        ) from exc


def keep_repair_model(state: StateDirectory, model: RepairModel) -> None:
    """In place of what was learned before."""
    state.path.mkdir(parents=True, exist_ok=True)
    draft = state.repair_times_file.with_suffix(".new")
    draft.write_text(model.model_dump_json(), encoding="utf-8")
    draft.replace(state.repair_times_file)
