"""Fits of what is simpler than draws: they open as they were saved, and hold what they learned."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.predictions import CAMPAIGN
from evals.prediction.cases import TASKS, twin_of
from evals.prediction.fitting import fitted_to, forest_of
from evals.prediction.networks import fitted_on, held_out
from evals.prediction.scoring import BOUND, CEILING, scores
from tools.predictors.opening import open_fitted
from twin.errors import BadInput

pytest.importorskip("sklearn")


def test_the_forest_says_what_the_library_says() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    numbers = np.random.default_rng(1)
    seen = numbers.normal(size=(600, 5))
    came = (seen[:, 0] * seen[:, 1] + numbers.normal(size=600) > 0.3).astype(int)
    model = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=20, random_state=0)
    model.fit(seen, came)
    other = numbers.normal(size=(200, 5))
    np.testing.assert_allclose(
        forest_of(model).chance(other), model.predict_proba(other)[:, 1], rtol=1e-9
    )


def test_what_is_measured_on_is_never_fitted_on() -> None:
    assert not set(fitted_on()) & set(held_out())
    assert load_spec(CAMPAIGN).cases == held_out()
    for question in TASKS:
        assert open_fitted(question).boosted.forest.root.size


def test_a_fit_opens_as_it_was_saved_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    networks = ("topozoo/Compuserve", "topozoo/Aconet")
    card = fitted_to("trips", tmp_path, 12, 0, networks=networks)
    again = fitted_to("trips", tmp_path / "again", 12, 0, networks=networks)
    assert card.sha256 == again.sha256
    assert card.networks == networks
    weights = tmp_path / card.weights
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(BadInput, match="SHA-256"):
        open_fitted("trips", tmp_path)
    with pytest.raises(BadInput, match="noctua predict train"):
        open_fitted("departures", tmp_path)


def test_cases_are_the_same_for_the_same_seed() -> None:
    twin = twin_of("sndlib/abilene")
    for task in TASKS.values():
        one, other = (
            [c.struck.state.down_links for c in islice(task.cases(twin, rng), 3)]
            for rng in (np.random.default_rng(4), np.random.default_rng(4))
        )
        assert one == other


def test_nothing_predicts_better_than_what_comes_true() -> None:
    task = TASKS["departures"]
    found = scores(task, "sndlib/abilene", 1, 3, [*open_fitted("departures").all])
    assert set(found) == {"boosted trees", "added-up shifts", "base rate", CEILING, BOUND}
    assert all(one.log_loss >= found[BOUND].log_loss for one in found.values())
    assert found[CEILING].log_loss < found["base rate"].log_loss
