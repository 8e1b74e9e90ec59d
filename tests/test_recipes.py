"""Recipes: read strictly, overridden by hand, refused with the nearest valid word."""

import codecs
import itertools
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope import recipes
from crackscope.cli import main
from crackscope.errors import RecipeError

PUBLISHED = [
    "mobilenetv2-finetune",
    "mobilenetv2-freeze150",
    "resnet50-dense",
    "resnet50-gap",
    "resnet50-linear",
    "resnet50v2-gap",
    "vgg16-gap",
]


def test_all_published_systems_and_ours_are_there() -> None:
    assert set(recipes.names()) == {*PUBLISHED, "probe", "default"}


@pytest.mark.parametrize("name", [*PUBLISHED, "probe", "default"])
def test_recipe_names_itself_and_says_where_it_comes_from(name: str) -> None:
    assert recipes.load(name).name == name
    header = [line for line in recipes.text(name).splitlines() if line.startswith("#")]
    for word in ("Source:", "Published:", "Ours:", "Command:"):
        assert any(word in line for line in header), word


@pytest.mark.parametrize("name", [*PUBLISHED, "probe", "default"])
def test_commands_of_a_header_are_whole(name: str) -> None:
    header = " ".join(line.lstrip("# ") for line in recipes.text(name).splitlines() if line.startswith("#"))
    ours, command = re.findall(r"Ours: (.*?)Command: (.*?)(?:Note:|$)", header)[0]
    words = command.split()
    assert words[:5] == ["crackscope", "train", "DATA", "--recipe", name]
    settings = [value for option, value in itertools.pairwise(words) if option == "--set"]
    assert recipes.override(recipes.load(name), settings).name == name
    assert "reference.txt" not in ours or {"--random", "--weights"} <= set(words)
    assert header.count("reference.py") == header.count("reference.py --data DATA --weights FOLDER")


def test_reference_table_is_expressed() -> None:
    freeze = recipes.load("mobilenetv2-freeze150")
    assert freeze.phases[0].freeze.layers == 150
    assert (freeze.phases[0].epochs, freeze.phases[0].early_stopping.patience) == (10, 5)
    assert recipes.load("resnet50-linear").network.family == "torchvision"
    assert recipes.load("resnet50-dense").head.layers == (2048, 128)
    assert [phase.freeze.layers for phase in recipes.load("mobilenetv2-finetune").phases] == [0, -10]


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("sead=1", "'seed'"),
        ("network.wieghts=x", "did you mean 'network.weights'?"),
        ("phases.0.lose=dense", "did you mean 'phases.0.loss'?"),
        ("epochs=5", "unknown key 'epochs'; did you mean 'phases.0.epochs'?"),
        ("learning_rate=1e-3", "did you mean 'phases.0.learning_rate'?"),
        ("dropout=.2", "did you mean 'head.dropout'?"),
        ("network.input=224", "did you mean 'input'?"),
        ("batch=8", "did you mean 'phases.0.batch'?"),
        ("batch_size=8", "did you mean 'phases.0.batch'?"),
        ("optimizer=sgd", "did you mean 'phases.0.optimiser'?"),
        ("phases.lr=1", "unknown key 'phases.0.lr'; did you mean 'phases.0.learning_rate'?"),
        ("phases.0.patience=1", "did you mean 'phases.0.early_stopping.patience'?"),
        ("phases.0.freez.layers=1", "there is no 'phases.0.freez'; did you mean 'phases.0.freeze'?"),
        ("weights=none", "did you mean 'network.weights' or 'head.weights'?"),
        (
            "augmentation.flip=true",
            "did you mean 'augmentation.flip_horizontal' or 'augmentation.flip_vertical'?",
        ),
        ("class_weights={crak=1.0}", "class_weights: 'crak' is not one of crack, sound; did you mean 'crack'?"),
        (
            "class_weights=crack",
            "'crack' is not one of none, balanced or a number for each: {crack = 1.0, sound = 1.0}",
        ),
        ("class_weights={crack='a',sound=1}", "is not a number for each: {crack = 1.0, sound = 1.0}"),
        ("augmentation.scale=[1.2,.5]", "a number begins with a digit: write [1.2,0.5]"),
        ("augmentation.scale=[1, 2, 3]", "augmentation.scale: 3 values are given where 2 belong"),
        ("head.dropout=.5", "head.dropout: '.5' is not a number; a number begins with a digit: write 0.5"),
        ("head.layers=64", "head.layers: 64 is not a list, such as [64, 64]"),
        ("augmentation=1", "augmentation: 1 is not a section, set its keys one by one: augmentation.views=VALUE"),
        ("calibrate=yes", "calibrate: 'yes' is not true or false; write true"),
        ("input=big", "input: 'big' is not one of native or a whole number"),
        ("phases=[{}]", "phases.0.epochs: is needed"),
        ("network.family=kears", "'keras'"),
        ("class_weights=balansed", "'balanced'"),
        ("phases.epochs=0", "at least 1"),
        ("augmentation.scale=[2, 1]", "the smaller first"),
        ("augmentation.grey=1.5", "probability"),
        ("head.outputs=softmax", "takes 'cross-entropy'"),
        ("phases.freeze={layers=3, stage='all'}", "not several"),
        ("input=8", "between 32"),
        ("seed", "KEY=VALUE"),
        ("phases.4.epochs=1", "no '4' in phases, 0 alone is there; `crackscope recipes NAME` shows it"),
        ("phases.0.freeze.layers.x=1", "'layers' is one value"),
        ("seed.x=1", "'seed' is one value"),
        ("class_weights.crack=2", "'class_weights' is one value"),
        ("augmentation.scale.0.x=1", "no 'x' here"),
        ("augmentation.scale.2=1", "no '2' in augmentation.scale, 0 to 1 are there"),
        ("head.layers.x=1", "no 'x' in head.layers, it is empty"),
        (f"seed={'[' * 5000}", f"seed: '{'[' * 39}… is not a whole number"),
        ("time_budget_s=-1", "0 (no limit)"),
        ("mixture.kinds.ston=0.2", "did you mean 'mixture.kinds.stone'?"),
        ("mixture.recall=1", "mixture.recall: needs head.kind = 'dense' and head.weights = 'bundle'"),
        ("mixture.recall=-1", "mixture.recall: must be 0 (nothing) or more"),
        ("phases.².epochs=1", "there is no 'phases.²'"),
        ("mixture.kinds.stone=-0.2", "mixture.kinds: shares must be 0 or more"),
        ("mixture.kinds.stone=inf", "--set: mixture.kinds.stone: inf is no finite number"),
        ("augmentation.brightness=[1.0, inf]", "--set: augmentation.brightness.1: inf is no finite number"),
        ("phases.0.weight_decay=nan", "--set: phases.0.weight_decay: nan is no finite number"),
        ("class_weights={crack=nan,sound=1}", "--set: class_weights.crack: nan is no finite number"),
        ("time_budget_s=nan", "--set: time_budget_s: nan is no finite number"),
        ("head.dropout=-inf", "--set: head.dropout: -inf is no finite number"),
        (
            "mixture.kinds={concrete=0,plaster=0,brick=0,tile=0,asphalt=0,stone=0,painted=0,pipe=0}",
            "one of them above 0",
        ),
    ],
)
def test_bad_settings_are_refused_with_a_way_out(setting: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.override(recipes.load("probe"), [setting])
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_generated_surfaces_want_a_crop_and_the_share_of_a_map_a_cell_in_a_million() -> None:
    default = recipes.load("default")
    with pytest.raises(RecipeError, match=r"augmentation\.crop: must be above 0 where generated surfaces are shown"):
        recipes.override(default, ["augmentation.crop=0"])
    for other in ("mixture.generated=0", "phases.steps=0"):
        assert recipes.override(default, ["augmentation.crop=0", other]).augmentation.crop == 0
    with pytest.raises(RecipeError, match=r"head\.top_share: must be at least 0\.000001"):
        recipes.override(default, ["head.top_share=4e-7"])


def test_a_table_of_a_file_is_told_where_its_keys_belong() -> None:
    with pytest.raises(RecipeError, match=r"mine: unknown key 'optimizer'; did you mean 'phases\.0\.optimiser'\?"):
        recipes.parse(f"{recipes.text('probe')}\n[optimizer]\nlr = 1.0\n", where="mine")


@pytest.mark.parametrize(
    "value", ["1", "-1.5", "true", "word", "[1, 'a']", "[]", "{a = 1}", "[{}]", "1979-05-27", "''"]
)
def test_whatever_a_key_is_set_to_it_is_taken_or_refused_under_its_name(value: str) -> None:
    written = msgspec.to_builtins(recipes.load("mobilenetv2-finetune"))
    sections = {name: inner for name, inner in written.items() if isinstance(inner, dict)}
    sections["phases.0"] = written["phases"][0]
    keys = [*written, *(f"{section}.{name}" for section, inner in sections.items() for name in inner)]
    said = {}
    for key in keys:
        try:
            recipes.override(recipes.load("mobilenetv2-finetune"), [f"{key}={value}"])
        except RecipeError as refused:
            said[key] = str(refused)
    assert said
    assert all(key.rpartition(".")[2] in text for key, text in said.items())
    assert not [text for text in said.values() if "`" in text or "\n" in text]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.override(recipes.load("probe"), ["phases.epochs=0", "augmentation.views=-1"])
    assert "epochs" in str(caught.value)
    assert "views" in str(caught.value)


def test_override_reaches_every_level() -> None:
    changed = recipes.override(
        recipes.load("mobilenetv2-finetune"),
        [
            "seed=7",
            "phases.1.epochs=3",
            "phases.batch=8",
            "network.weights=none",
            "class_weights={crack=2.0,sound=1.0}",
        ],
    )
    assert changed.seed == 7
    assert [phase.epochs for phase in changed.phases] == [10, 3]
    assert {phase.batch for phase in changed.phases} == {8}
    assert changed.network.weights == "none"
    assert changed.class_weights == {"crack": 2.0, "sound": 1.0}


@given(st.integers(0, 2**32 - 1), st.integers(1, 500), st.floats(1e-6, 1.0))
def test_override_then_write_then_read_is_the_same_recipe(seed: int, epochs: int, rate: float) -> None:
    recipe = recipes.override(
        recipes.load("probe"), [f"seed={seed}", f"phases.epochs={epochs}", f"phases.learning_rate={rate!r}"]
    )
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(recipe)), recipes.Recipe) == recipe


def test_own_file_is_read_and_its_faults_name_it(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(recipes.text("probe").replace('name = "probe"', 'name = "mine"'))
    assert recipes.load(own).name == "mine"
    own.write_bytes(codecs.BOM_UTF8 + own.read_bytes())  # as some editors save it
    assert recipes.load(own).name == "mine"
    assert main(["recipes", str(own)]) == 0
    own.write_text("name = [")
    with pytest.raises(RecipeError, match=r"mine\.toml: not a TOML file"):
        recipes.load(own)
    own.write_bytes(b'name = "\xff"')
    with pytest.raises(RecipeError, match=r"mine\.toml: the recipe is not UTF-8 text"):
        recipes.load(own)
    with pytest.raises(
        RecipeError, match=r"none\.toml: the recipe cannot be read \(No such file or directory\); check"
    ):
        recipes.load(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["", " ", "../../mine", "a\\b", "a\nb", "a\x1b[31m", "x" * 101])
def test_a_name_that_no_folder_and_no_bundle_should_have_is_refused(name: str) -> None:
    """A run is called by it, and a bundle: one that is too long was refused by the bundle, hours later."""
    written = recipes.text("probe").replace('"probe"', json.dumps(name))
    with pytest.raises(RecipeError, match=r"^mine\.toml: name: (is empty|has 101 letters|must have)"):
        recipes.parse(written, where="mine.toml")


def test_unknown_recipe_suggests_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean 'probe'"):
        recipes.load("prob")
