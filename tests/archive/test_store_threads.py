"""Many threads at the store: nothing lost, nothing twice, one winner under each UID."""

import threading

from pydicom import dcmread
from received import SERIES, STUDY, dataset_bytes, received

from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey


def in_threads(works):
    """Runs each callable in its own thread, all let go at once; their results or errors."""
    gate = threading.Barrier(len(works))
    results = [None] * len(works)

    def run(number):
        gate.wait()
        try:
            results[number] = works[number]()
        except Exception as cause:
            results[number] = cause

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_many_threads_store_at_once_and_every_instance_is_there(archive, now):
    def store_all(thread):
        series = f"{SERIES}.{thread}"
        return [archive.store.store(received(n, series=series), now) for n in range(30)]

    results = in_threads([lambda thread=thread: store_all(thread) for thread in range(8)])

    assert results == [[StoreOutcome.STORED] * 30] * 8
    for thread in range(8):
        key = SeriesKey(study_instance_uid=STUDY, series_instance_uid=f"{SERIES}.{thread}")
        instances = archive.index.instances_of(key)
        assert len(instances) == 30
        for number, instance in enumerate(instances):
            sent = received(number, series=f"{SERIES}.{thread}")
            assert dataset_bytes(instance.path.read_bytes()) == sent.dataset
    assert archive.leftovers() == []


def test_threads_that_bring_the_same_instance_store_it_once(archive, now):
    for number in range(10):
        work = [lambda number=number: archive.store.store(received(number), now)] * 6
        outcomes = in_threads(work)

        assert sorted(outcomes) == [StoreOutcome.DUPLICATE] * 5 + [StoreOutcome.STORED]
    assert len(archive.files()) == 10


def test_threads_that_bring_different_content_under_one_uid_keep_one_and_set_the_others_aside(
    archive, now
):
    texts = [f"version {number}" for number in range(6)]
    works = [
        lambda text=text: archive.store.store(received(ImageComments=text), now) for text in texts
    ]

    outcomes = in_threads(works)

    assert sorted(outcomes) == [StoreOutcome.CONFLICT] * 5 + [StoreOutcome.STORED]
    assert len(archive.files("conflicts/*.dcm")) == 5
    kept = {str(dcmread(archive.folder / file).ImageComments) for file in archive.files()}
    assert kept == set(texts)
