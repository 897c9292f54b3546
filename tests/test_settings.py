"""The configuration is read strictly, and every mistake is named."""

from pathlib import Path

import pytest

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.forms import (
    ExtraForm,
    PageForm,
    ResultForms,
    SegForm,
    SrClass,
    SrForm,
    SrTracking,
)
from dicom_node.domain.route import ContourUse
from dicom_node.settings import read_settings

SHIPPED = Path(__file__).resolve().parents[1] / "config"


def test_the_shipped_configuration_is_valid_and_listens_on_this_host_only():
    settings = read_settings(SHIPPED)
    assert settings.listener.address == "127.0.0.1"
    assert [route.algorithm for route in settings.routes] == [
        "pet-threshold",
        "dat-spect",
        "mpi-spect",
        "mpi-spect",
    ]
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


def test_the_audit_trail_stays_here_unless_a_repository_is_named(tmp_path):
    assert read_settings(tmp_path).audit.receiver is None
    (tmp_path / "node.toml").write_text(
        '[audit]\nkeep_days = 30.0\n[audit.receiver]\nhost = "audit.example"\ntransport = "udp"\n'
    )
    rules = read_settings(tmp_path).audit
    assert rules.receiver is not None
    assert (rules.keep_days, rules.receiver.port, str(rules.receiver.transport)) == (
        30,
        6514,
        "udp",
    )


def test_a_repository_is_reached_by_tls_unless_told_otherwise(tmp_path):
    (tmp_path / "node.toml").write_text('[audit.receiver]\nhost = "audit.example"\n')
    with pytest.raises(
        ConfigError, match=r"audit.receiver.transport is 'tls'; allowed: with \[tls"
    ):
        read_settings(tmp_path)


WEB = (
    '[[destinations]]\nname = "cloud"\nkind = "dicomweb"\nurl = "https://pacs.example/dicom-web"\n'
)
TLS = '[tls]\ncertificate = "a"\nprivate_key = "b"\ntrusted = "c"\n'


def test_a_destination_may_be_a_dicomweb_service(tmp_path):
    (tmp_path / "node.toml").write_text(TLS)
    (tmp_path / "destinations.toml").write_text(f'{WEB}tls = true\ntoken_file = "token"\n')
    cloud = read_settings(tmp_path).destinations["cloud"]
    assert cloud.web is not None
    assert (cloud.web.url, cloud.web.token_file) == (
        "https://pacs.example/dicom-web",
        tmp_path / "token",
    )
    assert (cloud.host, cloud.port, cloud.where) == ("pacs.example", 443, cloud.web.url)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WEB, r"cloud.tls is False; allowed: true with https"),
        (f"{WEB}tls = true\nport = 104\n", r"cloud.port is 104; allowed: no value with DICOMweb"),
        (f"{WEB}tls = true\ncommitment = true\n", "cloud.commitment is True; allowed: false"),
        (f'{WEB}tls = true\nuser = "x"\n', "cloud.user is 'x'; allowed: with password_file"),
        (WEB.replace("https://", "ftp://"), "url is 'ftp://pacs.example/dicom-web'"),
        (WEB.replace("pacs.example", "me:pw@pacs.example"), "without user"),
        ('[[destinations]]\nname = "x"\nkind = "dicomweb"\n', "x.url is None; allowed: a value"),
        ('[[destinations]]\nname = "x"\nhost = "h"\nport = 104\n', "x.ae_title is None; allowed"),
    ],
)
def test_keys_of_the_other_kind_are_refused(tmp_path, text, told):
    (tmp_path / "node.toml").write_text(TLS)
    (tmp_path / "destinations.toml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_settings(tmp_path)


def test_instances_are_taken_by_stow_where_that_is_configured(tmp_path):
    assert read_settings(tmp_path).web is None
    (tmp_path / "node.toml").write_text(
        '[web]\nport = 8044\ncredentials_file = "who"\naddresses = "10.0.0.0/8"\n'
    )
    web = read_settings(tmp_path).web
    assert web is not None
    assert (web.port, web.ae_title, web.credentials_file) == (8044, "DICOM_NODE", tmp_path / "who")


def test_an_archive_may_be_a_dicomweb_service(tmp_path):
    (tmp_path / "archives.toml").write_text(
        '[[archives]]\nname = "vna"\nmethod = "web"\nurl = "http://10.0.0.1:8042/dicom-web"\n'
    )
    archive = read_settings(tmp_path).archives["vna"]
    assert archive.peer.web is not None
    assert (archive.peer.ae_title, archive.peer.port) == ("vna", 8042)


def test_senders_are_known_by_title_and_by_addresses_or_networks(tmp_path):
    (tmp_path / "node.toml").write_text(
        '[listener]\nfurther_ae_titles = ["PET_ONLY"]\n[[listener.callers]]\nae_title = "PETCT1"\n'
        'addresses = ["10.20.0.0/16", "192.0.2.7", "2001:db8::/32"]\nmax_associations = 4\n'
        '[[listener.callers]]\nae_title = "PACS"\n'
    )
    listener = read_settings(tmp_path).listener
    assert listener.further_ae_titles == ("PET_ONLY",)
    scanner, pacs = listener.callers
    assert [str(one) for one in scanner.addresses] == [
        "10.20.0.0/16",
        "192.0.2.7/32",
        "2001:db8::/32",
    ]
    assert (scanner.max_associations, pacs.max_associations) == (4, None)
    assert pacs.addresses == ()


@pytest.mark.parametrize(("written", "fast"), [("", True), ("fast_path = false\n", False)])
def test_the_fast_path_can_be_switched_off(tmp_path, written, fast):
    (tmp_path / "node.toml").write_text(f"[listener]\n{written}")
    assert read_settings(tmp_path).listener.fast_path is fast


def test_files_for_tls_are_relative_to_the_configuration(tmp_path):
    (tmp_path / "node.toml").write_text(
        '[listener]\ntls = true\n[tls]\ncertificate = "node.pem"\nprivate_key = "node.key"\n'
        'trusted = "/etc/ssl/ca.pem"\n'
    )
    (tmp_path / "destinations.toml").write_text(
        PACS + PACS.replace("pacs", "open") + "tls = true\n"
    )
    settings = read_settings(tmp_path)
    files = settings.listener.tls
    assert files is not None
    assert files.certificate == tmp_path / "node.pem"
    assert files.trusted == Path("/etc/ssl/ca.pem")
    assert files.password_file is None
    assert settings.destinations["pacs"].tls is None
    assert settings.destinations["open"].tls == files


def test_a_destination_takes_the_forms_that_it_asks_for(tmp_path):
    viewer = PACS.replace("pacs", "viewer") + (
        'sr_forms = ["measurements", "report"]\nsr_tracking = "cornerstone"\n'
        'seg_frame_limit = 400\nseg_form = "labelmap"\nsr_class = "enhanced"\n'
        'page_form = "multi-frame"\nextra_forms = ["rtstruct", "pdf", "key-objects", "maps"]\n'
    )
    (tmp_path / "destinations.toml").write_text(PACS + viewer)
    found = read_settings(tmp_path).destinations
    assert found["pacs"].forms == ResultForms()
    assert found["viewer"].forms == ResultForms(
        sr_forms=(SrForm.MEASUREMENTS, SrForm.REPORT),
        sr_tracking=SrTracking.CORNERSTONE,
        seg_frame_limit=400,
        seg_form=SegForm.LABELMAP,
        sr_class=SrClass.ENHANCED,
        page_form=PageForm.MULTI_FRAME,
        extra_forms=(ExtraForm.RTSTRUCT, ExtraForm.PDF, ExtraForm.KEY_OBJECTS, ExtraForm.MAPS),
    )


PACS = '[[destinations]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\nport = 104\n'
ROUTE = '[[routes]]\nname = "r"\nalgorithm = "a"\ndestinations = ["pacs"]\nwhen = { '


@pytest.mark.parametrize(
    ("file", "text", "key", "told"),
    [
        ("node.toml", "[listener]\nprot = 104", "listener.prot", "'ae_title'"),
        ("node.toml", '[listener]\nport = "104"', "listener.port", "integer"),
        ("node.toml", "[listener]\nport = 70000", "listener.port", "65535"),
        ("node.toml", '[listener]\nae_title = "SEVENTEEN_LETTERS"', "listener.ae_title", "16"),
        (
            "node.toml",
            '[[listener.callers]]\nae_title = "X"\naddresses = "10.0.0.1/8"',
            "listener.callers.0.addresses",
            "host bits",
        ),
        (
            "node.toml",
            '[[listener.callers]]\nae_title = "X"\naddresses = [7]',
            "listener.callers.0.addresses",
            "an address or a network",
        ),
        ("node.toml", "[listener]\ntls = true", "listener.tls", "[tls]"),
        (
            "node.toml",
            '[[listener.callers]]\nae_title = "X"\ncertificate_name = "x.example"',
            "listener.callers.0.certificate_name",
            "listener.tls",
        ),
        ("destinations.toml", PACS + "tls = true", "destinations.pacs.tls", "[tls]"),
        ("node.toml", '[listener]\nae_title = "   "', "listener.ae_title", "pattern"),
        ("node.toml", '[storage]\ndatabase = "mysql://a/b"', "storage.database", "postgresql://"),
        ("node.toml", "[executors]\nbeat_s = 20.0", "executors", "four times beat_s"),
        ("node.toml", "[worker]\ngpus = [-1]", "worker.gpus.0", "greater than or equal to 0"),
        ("node.toml", "[listener", "text", "TOML"),
        ("node.toml", "[assembly]\nquiet_s = -1", "assembly.quiet_s", "0"),
        ("destinations.toml", PACS + PACS, "name", "once"),
        ("destinations.toml", PACS.replace("port = 104", ""), "destinations.pacs.port", "required"),
        ("destinations.toml", PACS + "sr_forms = []", "destinations.0.sr_forms", "at least 1"),
        (
            "destinations.toml",
            PACS + 'sr_forms = ["outline"]',
            "destinations.0.sr_forms.0",
            "'report' or 'measurements'",
        ),
        (
            "destinations.toml",
            PACS + 'sr_tracking = "x"',
            "destinations.0.sr_tracking",
            "'cornerstone'",
        ),
        (
            "destinations.toml",
            PACS + "seg_frame_limit = 0",
            "destinations.0.seg_frame_limit",
            "greater than or equal to 1",
        ),
        (
            "destinations.toml",
            PACS + 'extra_forms = ["pdf", "gsps"]',
            "destinations.0.extra_forms.1",
            "'rtstruct', 'maps', 'pdf' or 'key-objects'",
        ),
        (
            "destinations.toml",
            PACS + 'seg_form = "fractional"',
            "destinations.0.seg_form",
            "'binary' or 'labelmap'",
        ),
        ("routes.toml", ROUTE + 'modalty = "PT" }', "routes.0.when.modalty", "'modality'"),
        ("routes.toml", ROUTE + 'exam = "head" }', "routes.0.when.exam", "whole-body"),
        ("routes.toml", ROUTE + "modality = 3 }", "routes.0.when.modality", "array"),
        ("routes.toml", ROUTE + 'modality = "PT" }', "routes.r.destinations", "one of []"),
        ("routes.toml", ROUTE + '}\nwindow = "20-6"', "routes.0.window", "20:00-06:00"),
        ("routes.toml", ROUTE + '}\nwindow = "20:00-20:00"', "routes.0.window", "starts and ends"),
        ("routes.toml", ROUTE + "}\npriority = 101", "routes.0.priority", "100"),
        ("node.toml", "[jobs]\nmost_attempts = 0", "jobs.most_attempts", "1"),
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


def test_a_route_may_have_a_priority_a_window_a_gate_and_a_shadow(tmp_path):
    (tmp_path / "destinations.toml").write_text(PACS + PACS.replace('"pacs"', '"research"'))
    keys = 'priority = 5\nwindow = "20:00-06:30"\ngate = true\n'
    shadow = 'shadow_destinations = ["research"]\n'
    (tmp_path / "routes.toml").write_text(ROUTE + "}\n" + keys + shadow)
    (route,) = read_settings(tmp_path).routes
    assert (route.priority, str(route.window), route.gate) == (5, "20:00-06:30", True)
    assert route.destinations == ("pacs",)
    assert route.result_destinations == ("research",)


def test_a_route_may_measure_contours_of_others_and_have_options(tmp_path):
    (tmp_path / "destinations.toml").write_text(PACS)
    keys = 'contours = "required"\noptions = { bundle = "/srv/own" }\n'
    (tmp_path / "routes.toml").write_text(ROUTE + "}\n" + keys)
    (route,) = read_settings(tmp_path).routes
    assert route.contours is ContourUse.REQUIRED
    assert route.options == {"bundle": "/srv/own"}
    (tmp_path / "routes.toml").write_text(ROUTE + '}\ncontours = "always"\n')
    with pytest.raises(ConfigError, match=r"routes\.0\.contours is 'always'"):
        read_settings(tmp_path)


FDG_ROUTE = """
[[routes]]
name = "fdg"
algorithm = "pet-threshold"
destinations = []
when = { modality = "PT" }
"""
ARCHIVE = '[[archives]]\nname = "pacs"\nae_title = "PACS"\nhost = "pacs"\nport = 104\n'


def test_a_companion_and_a_prior_may_be_fetched_from_archives(tmp_path):
    (tmp_path / "node.toml").write_text('[listener]\nae_title = "NUK"\n')
    (tmp_path / "archives.toml").write_text(
        ARCHIVE + 'method = "get"\nmost_series = 2\nlongest_retry_s = 60.0\n'
    )
    (tmp_path / "routes.toml").write_text(
        FDG_ROUTE
        + '[routes.companions]\nct = { modality = "CT", fetch = "pacs", fetch_after_s = 5.0 }\n'
        + 'prior = { modality = "PT", fetch = ["pacs"], prior = { pick = "oldest" } }\n'
    )
    settings = read_settings(tmp_path)
    (archive,) = settings.archives.values()
    assert (archive.method, archive.move_to, archive.peer.calling_ae_title) == ("get", "NUK", "NUK")
    assert (archive.rules.most_series, archive.rules.pauses.longest_retry_s) == (2, 60.0)
    ct, prior = settings.routes[0].companions.values()
    assert (ct.fetch, ct.fetch_after_s, ct.prior) == (("pacs",), 5.0, None)
    assert prior.prior is not None
    assert (prior.prior.pick, prior.prior.same_tracer, prior.prior.within_days) == (
        "oldest",
        True,
        366.0,
    )


def test_an_archive_that_does_not_exist_is_named(tmp_path):
    (tmp_path / "archives.toml").write_text(ARCHIVE)
    (tmp_path / "routes.toml").write_text(
        FDG_ROUTE + 'companions = { ct = { modality = "CT", fetch = "vna" } }\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path)
    assert "routes.fdg.companions.ct.fetch is 'vna'" in str(caught.value)
    assert "archives.toml" in str(caught.value)


def test_an_archive_by_tls_needs_the_files_of_the_node(tmp_path):
    (tmp_path / "archives.toml").write_text(ARCHIVE + "tls = true\n")
    with pytest.raises(ConfigError, match=r"archives\.pacs\.tls"):
        read_settings(tmp_path)


def test_a_shadow_destination_that_does_not_exist_is_named(tmp_path):
    (tmp_path / "destinations.toml").write_text(PACS)
    (tmp_path / "routes.toml").write_text(ROUTE + '}\nshadow_destinations = ["research"]')
    with pytest.raises(ConfigError, match=r"routes\.r\.shadow_destinations is 'research'"):
        read_settings(tmp_path)


def test_a_wrong_database_is_named_without_its_password(tmp_path):
    (tmp_path / "node.toml").write_text(
        '[storage]\ndatabase = "postgres://somebody:hidden@host/node"'
    )
    with pytest.raises(ConfigError) as told:
        read_settings(tmp_path)
    assert "storage.database" in str(told.value)
    assert "hidden" not in str(told.value)
