"""All predictors that are measured; a new one is a line here."""

from functools import cache

from tools.predictors.opening import open_fitted
from twin.imagination.prediction.draws import Draws
from twin.imagination.prediction.predictor import Predictor


@cache
def predictors_for(question: str) -> tuple[Predictor, ...]:
    """Those that answer `question`, by its name. Raises BadInput: a fit is missing or damaged."""
    return (Draws(), *open_fitted(question).all)
