"""The configuration is read strictly, and every mistake is named."""

from pathlib import Path

import pytest

from dicom_node.domain.errors import ConfigError
from dicom_node.settings import read_settings

SHIPPED = Path(__file__).resolve().parents[1] / "config"


def test_the_shipped_configuration_is_valid_and_listens_on_this_host_only():
    settings = read_settings(SHIPPED)
    assert settings.listener.address == "127.0.0.1"
    assert [route.algorithm for route in settings.routes] == ["pet-threshold"]
    assert list(settings.destinations) == ["pacs"]


def test_absent_files_mean_their_defaults(tmp_path):
    settings = read_settings(tmp_path)
    assert settings.listener.ae_title == "DICOM_NODE"
    assert settings.routes == ()


def test_the_storage_folder_is_relative_to_the_configuration(tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    (config / "node.toml").write_text('[storage]\nfolder = "../data"\n')
    assert read_settings(config).storage_folder == tmp_path / "data"


PACS = '[[destinations]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\nport = 104\n'
ROUTE = '[[routes]]\nname = "r"\nalgorithm = "a"\ndestinations = ["pacs"]\nwhen = { '


@pytest.mark.parametrize(
    ("file", "text", "key", "told"),
    [
        ("node.toml", "[listener]\nprot = 104", "listener.prot", "'ae_title'"),
        ("node.toml", '[listener]\nport = "104"', "listener.port", "integer"),
        ("node.toml", "[listener]\nport = 70000", "listener.port", "65535"),
        ("node.toml", '[listener]\nae_title = "SEVENTEEN_LETTERS"', "listener.ae_title", "16"),
        ("node.toml", '[listener]\nae_title = "   "', "listener.ae_title", "pattern"),
        ("node.toml", "[listener", "text", "TOML"),
        ("node.toml", "[assembly]\nquiet_s = -1", "assembly.quiet_s", "0"),
        ("destinations.toml", PACS + PACS, "name", "once"),
        ("destinations.toml", PACS.replace("port = 104", ""), "destinations.0.port", "required"),
        ("routes.toml", ROUTE + 'modalty = "PT" }', "routes.0.when.modalty", "'modality'"),
        ("routes.toml", ROUTE + 'exam = "head" }', "routes.0.when.exam", "whole-body"),
        ("routes.toml", ROUTE + "modality = 3 }", "routes.0.when.modality", "array"),
        ("routes.toml", ROUTE + 'modality = "PT" }', "routes.r.destinations", "one of []"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_what_is_allowed(tmp_path, file, text, key, told):
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path)
    assert caught.value.file == file
    assert caught.value.key == key
    assert told in str(caught.value)


def test_an_absent_folder_is_an_error_and_not_a_set_of_defaults(tmp_path):
    with pytest.raises(ConfigError, match="absent"):
        read_settings(tmp_path / "nowhere")


def test_one_word_or_a_list_of_words_make_the_same_condition(tmp_path):
    (tmp_path / "destinations.toml").write_text(PACS)
    (tmp_path / "routes.toml").write_text(
        ROUTE + 'modality = "PT" }\n' + ROUTE.replace('"r"', '"s"') + 'modality = ["PT"] }\n'
    )
    one, other = read_settings(tmp_path).routes
    assert one.when == other.when
