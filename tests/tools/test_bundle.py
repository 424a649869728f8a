"""Making a run's model the bundled one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch

from dgnet import cli
from dgnet.config import RunConfig
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model
from tools.bundle import make as making
from tools.bundle.card import RealPeople
from tools.bundle.make import make, mean_model, without_classifiers
from tools.bundle.recipe import RECIPE, Recipe, RecipeError, Step, follow, read_recipe


def test_a_model_draws_and_describes_without_its_classifiers(config: RunConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, x = DGNet(config.network, 500).eval(), torch.randn(3, 3, 64, 32)
    files = [tmp_path / name for name in ("whole.safetensors", "slim.safetensors")]
    for file, version in zip(files, (model, without_classifiers(model, config)), strict=True):
        save_model(file, version, config, {})
    assert files[0].stat().st_size - files[1].stat().st_size >= 2 * 4 * 500 * (config.network.feature_dim + 1)
    slim = load_model(files[1]).model
    assert slim.appearance_encoder.prim.classifier.out_features == 0
    with torch.no_grad():
        assert torch.equal(slim.swap(x, x.flip(0)), model.swap(x, x.flip(0)))
        assert torch.equal(slim.features(x).prim, model.features(x).prim)
        assert torch.equal(slim.features(x).fine, model.features(x).fine)


def test_the_mean_of_models_is_that_of_every_weight_whoever_they_were_trained_on(config: RunConfig) -> None:
    models = [DGNet(config.network, num_classes) for num_classes in (5, 5, 7)]
    for k, model in enumerate(models):
        for tensor in model.state_dict().values():
            tensor.fill_(float(k**2))
    mean = mean_model(models)
    for name, tensor in mean.state_dict().items():
        own = ".classifier." in name or not tensor.is_floating_point()  # classifiers and counters are the last one's
        torch.testing.assert_close(tensor.float(), torch.full_like(tensor.float(), 4.0 if own else 5 / 3), msg=name)


def test_the_packages_recipe_can_be_read() -> None:
    recipe = read_recipe(RECIPE)
    made = [step.makes for step in recipe.steps]
    assert recipe.people in made
    assert set(recipe.mean_of) <= set(made)
    assert {"trained on", "for", "not for", "licence"} <= recipe.card.keys()
    assert "\n" not in recipe.commands


def test_the_packages_recipe_trains_by_settings_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    trainings = [shlex.split(step.command)[1:] for step in read_recipe(RECIPE).steps if " train " in step.command]
    assert trainings
    for words in trainings:
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words, "--print_config"])
        assert stopped.value.code == 0
        assert f"root: {words[words.index('--data.root') + 1]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("people = ", r"recipe\.toml: TOMLDecodeError"),
        ("people = 'p'", r"recipe\.toml: KeyError\('steps'\); a recipe has people, mean_of"),
        (
            "people = 'p'\nmean_of = ['m']\n[card]\n[[steps]]\nmakes = 'p'\ncommand = 'rm -r x'",
            r"found the command 'rm -r x', must begin with dgnet or torchrun",
        ),
        ("people = 'p'\nmean_of = []\nsteps = []\n[card]", "mean_of is empty"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        read_recipe(tmp_path / "recipe.toml")


def test_what_was_made_is_kept_and_the_rest_is_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "made").mkdir()
    steps = (Step("made", "dgnet no such command"), Step("swaps.png", "dgnet swap bundled-small --out swaps.png"))
    follow(Recipe(steps, "made", ("m",), {}), tmp_path)
    assert (tmp_path / "swaps.png").stat().st_size > 10_000
    assert "[1/2] made is there" in capfd.readouterr().out
    for steps, message in (
        ((Step("never", "dgnet no such command"),), "dgnet no such command: ended with status"),
        ((Step("never", "dgnet swap --help"),), "ended well, but .*never is not there"),
    ):
        with pytest.raises(RecipeError, match=message):
            follow(Recipe(steps, "made", ("m",), {}), tmp_path)


def test_the_file_says_how_it_does_on_rendered_and_on_real_people(
    config: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    for name in ("a", "b"):
        save_model(tmp_path / name, DGNet(config.network, 4).eval(), config, {})
    installed = tmp_path / "installed"
    monkeypatch.setattr(making, "BUNDLED", installed)
    recipe = Recipe((), str(bundled_root()), ("a", "b"), {"not for": "anything"})
    people = RealPeople(("market1501", str(market)), "six people")
    assert make(recipe, tmp_path, people, install=False) == tmp_path / "bundled.safetensors"
    assert not installed.exists()
    card = load_model(tmp_path / "bundled.safetensors").card
    assert card["made by"] == "; the mean of the weights of a and b"
    assert card["not for"] == "anything"
    assert card["swap error"] == card["swap error, own edition"]
    assert card["on real people"].startswith("six people (6 identities, 12 queries, 24 gallery images")
    told = card["on real people"] + card["on real people, by camera"]
    assert "Rank@1 / mAP step: colour histogram 0." in told
    both, first, second = re.search(r"f_prim \+ f_fine (\S+) / .*1: (\S+) / .*\(6 queries\); 2: (\S+) /", told).groups()  # type: ignore[union-attr]
    assert float(both) == pytest.approx((float(first) + float(second)) / 2, abs=0.001)
    assert "on real people, by light" not in card  # twelve queries are too few
    monkeypatch.setattr(making, "LARGEST", 1000)
    with pytest.raises(RecipeError, match=r"bundled\.safetensors: \d+ bytes, must be at most 1000"):
        make(recipe, tmp_path, None, install=True)
    assert not installed.exists()
    monkeypatch.setattr(making, "LARGEST", 10**9)
    assert make(recipe, tmp_path, None, install=True) == installed
    assert "on real people" not in load_model(installed).card
