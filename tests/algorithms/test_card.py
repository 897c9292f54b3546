"""The model card: what is read, and every way in which it can be wrong."""

from importlib.metadata import entry_points

import pytest

from algorithms.toolbox.card import FILE_NAME, numbers, read_card
from dicom_node.domain.coding import HISTOGRAM_ANALYSIS
from dicom_node.domain.errors import ConfigError

GOOD = {
    "name": '"two-words"',
    "version": '"1.2.3"',
    "title": '"A title"',
    "summary": '"One sentence."',
    "training_data": '"none (deterministic)"',
}
FAMILY = '[family]\nvalue = "123105"\nscheme = "DCM"\nmeaning = "Histogram Analysis"\n'
PARAMETERS = "[parameters]\nlevel = 4.0\ncount = 3\n"


def write(folder, *, tail=FAMILY + PARAMETERS, head="```toml\n", **changed):
    lines = {**GOOD, **changed}
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
    path = folder / FILE_NAME
    path.write_text(f"{head}{text}{tail}```\n\n# Prose\n\n```toml\nother = 1\n```\n", "utf-8")
    return path


def test_every_key_of_the_block_reaches_the_card(tmp_path):
    card = read_card(write(tmp_path, weights_sha256=f'"{"0a" * 32}"'))
    assert (card.name, card.version, card.title) == ("two-words", "1.2.3", "A title")
    assert (card.summary, card.training_data) == ("One sentence.", "none (deterministic)")
    assert card.weights_sha256 == "0a" * 32
    assert card.family == HISTOGRAM_ANALYSIS
    assert card.family.meaning == "Histogram Analysis"
    assert dict(card.parameters) == {"level": "4.0", "count": "3"}


def test_weights_and_parameters_may_be_absent(tmp_path):
    card = read_card(write(tmp_path, tail=FAMILY))
    assert card.weights_sha256 is None
    assert dict(card.parameters) == {}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"name": None}, "name"),
        ({"name": '"Two Words"'}, "name"),
        ({"name": f'"{"a" * 65}"'}, "name"),
        ({"version": '"1.2"'}, "version"),
        ({"version": "1"}, "version"),
        ({"title": '""'}, "title"),
        ({"summary": '"  "'}, "summary"),
        ({"training_data": None}, "training_data"),
        ({"weights_sha256": '"abc"'}, "weights_sha256"),
        ({"authors": '"me"'}, "authors"),
        ({"tail": PARAMETERS}, "family"),
        ({"tail": 'family = "DCM"\n'}, "family"),
        ({"tail": '[family]\nvalue = "1"\nscheme = "DCM"\n'}, "family.meaning"),
        ({"tail": FAMILY + 'note = "x"\n'}, "family.note"),
        ({"tail": FAMILY + "[parameters]\nlist = [1]\n"}, "parameters.list"),
        ({"tail": "parameters = 1\n" + FAMILY}, "parameters"),
        ({"head": "```yaml\n"}, "(first line)"),
        ({"head": "# Title\n```toml\n"}, "(first line)"),
        ({"head": "```toml\nx = \n"}, "(first block)"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path, changed, key):
    path = write(tmp_path, **changed)
    with pytest.raises(ConfigError) as caught:
        read_card(path)
    assert caught.value.key == key
    assert str(path) in str(caught.value)
    assert caught.value.allowed


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(ConfigError, match="readable model card"):
        read_card(tmp_path / FILE_NAME)


def test_a_card_that_is_no_text_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="readable model card"):
        read_card(tmp_path / FILE_NAME)


def test_parameters_come_as_numbers_within_their_ends(tmp_path):
    card = read_card(write(tmp_path))
    found = numbers(card, {"level": (0, 10), "count": (0, 3)})
    assert found == {"level": 4.0, "count": 3.0}


@pytest.mark.parametrize(
    ("allowed", "key"),
    [
        ({"level": (0, 10)}, "parameters.count"),
        ({"level": (0, 10), "count": (0, 9), "more": (0, 1)}, "parameters.more"),
        ({"level": (4, 10), "count": (0, 9)}, "parameters.level"),
        ({"level": (0, 10), "count": (0, 2)}, "parameters.count"),
    ],
)
def test_missing_unknown_and_wild_parameters_are_refused(tmp_path, allowed, key):
    card = read_card(write(tmp_path))
    with pytest.raises(ConfigError) as caught:
        numbers(card, allowed)
    assert caught.value.key == key


@pytest.mark.parametrize("value", ['"four"', '"nan"', "true"])
def test_a_parameter_that_is_no_number_is_refused(tmp_path, value):
    card = read_card(write(tmp_path, tail=f"{FAMILY}[parameters]\nlevel = {value}\n"))
    with pytest.raises(ConfigError, match="a number above 0"):
        numbers(card, {"level": (0, 10)})


def test_the_specification_of_every_registered_algorithm_holds_its_card():
    registered = entry_points(group="dicom_node.algorithms")
    cards = {entry.name: entry.load().card for entry in registered}
    assert "pet-threshold" in cards
    assert all(name == card.name for name, card in cards.items())
