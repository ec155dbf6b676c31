"""A model's card and its code: what they promise each other is held while the config is read."""

import shutil

import pytest

from morphoflow.errors import InputError
from morphoflow.models.interface import (
    CAPABILITIES,
    Baseline,
    Decoding,
    Embedding,
    Generating,
    Trained,
    TreeMaking,
    functions,
    load_model,
    model_file,
)
from morphoflow.plan.models import read_models
from places import CONFIG

MODELS = read_models(CONFIG / "models")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_can_do_what_its_card_says_and_nothing_else(name):
    card = MODELS[name]
    kinds = [Trained if card["trained"] else Baseline]
    kinds += [kind for capability in card["capabilities"] for kind in CAPABILITIES[capability]]
    for kind in kinds:
        module = load_model(card["code"], kind)
        assert all(callable(getattr(module, function)) for function in functions(kind))
    able = {function for kind in kinds for function in functions(kind)}
    for kind in (Generating, TreeMaking, Decoding):
        if not set(functions(kind)) <= able:
            with pytest.raises(InputError, match=f"no {kind.__name__.lower()} model"):
                load_model(card["code"], kind)


def test_one_file_serves_several_cards():
    files = {name: MODELS[name]["code"] for name in ("o2vae", "vae", "prealigned_vae")}
    assert len(set(files.values())) == 1
    assert load_model(files["vae"], Embedding) is load_model(files["o2vae"], Embedding)


def test_what_only_other_jobs_need_is_beside_the_code_that_trains():
    code = MODELS["morphvae"]["code"]
    assert model_file(code).parent == model_file(code, TreeMaking).parent
    assert model_file(code) != model_file(code, TreeMaking)


@pytest.mark.parametrize(
    ("model", "old", "new", "sentence"),
    [
        ("morphvae", "morphvae/model.py", "morphvae/modle.py", "mean 'morphvae/model.py'"),
        (
            "morphvae",
            "[making_trees, probing_walks]",
            "[probing_walks]",
            "defines `make_trees`, but .* add 'making_trees'",
        ),
        ("o2vae", "posterior, ", "", "defines `embed_with_uncertainty`, but the card"),
        ("point_ae", "uncertain]", "uncertain, generating]", r"no function `\w+\(.*\)`"),
        ("pixels", "turnable", "making_trees", "there is no trees.py"),
        ("pixels", "trained: false", "trained: true", r"trained model.*no function `build\("),
        ("morphvae", "trained: true", "trained: false", r"baseline model.*no function `fit\("),
        ("pixels", "[turnable]", "[turning]", "'turning' is not one of"),
    ],
)
def test_a_card_and_code_that_disagree_are_one_sentence(tmp_path, model, old, new, sentence):
    shutil.copytree(CONFIG, tmp_path / "config")
    card = tmp_path / f"config/models/{model}.yaml"
    assert old in card.read_text()
    card.write_text(card.read_text().replace(old, new))
    with pytest.raises(ValueError, match=sentence) as error:
        read_models(tmp_path / "config/models")
    assert f"{model}.yaml" in str(error.value) and "\n" not in str(error.value)


CODE = """
def fit(samples, objects, settings, seed):
    return {}, {}


def {embed}({parameters}):
    return samples.x[:]
"""


@pytest.mark.parametrize(
    ("embed", "parameters", "sentence"),
    [
        ("embedd", "model, samples, device", "did you mean 'embedd'"),
        ("embed", "model, sample, device", r"give it the parameters \(model, samples, device\)"),
        ("embed", "model, samples, device", None),
    ],
)
def test_a_misspelt_function_or_parameter_is_found(
    tmp_path, monkeypatch, embed, parameters, sentence
):
    (tmp_path / "config/models").mkdir(parents=True)
    shutil.copytree(CONFIG / "schemas", tmp_path / "config/schemas")
    (tmp_path / "config/models/own.yaml").write_text(
        "{description: own, modality: cells, form: crops, code: own.py, trained: false,"
        " settings: {}, variants: {default: {}}}"
    )
    text = CODE.replace("{embed}", embed).replace("{parameters}", parameters)
    (tmp_path / "own.py").write_text(text)
    monkeypatch.setattr("morphoflow.models.interface.FOLDER", tmp_path)
    if sentence is None:
        assert "own" in read_models(tmp_path / "config/models")
        return
    with pytest.raises(ValueError, match=sentence):
        read_models(tmp_path / "config/models")
