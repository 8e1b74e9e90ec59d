"""One photo and many: what is found, in which order, and what a stop in the middle leaves."""

import io
import os
import re
import resource
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crackscope
from crackscope import images, surfaces
from crackscope.bundles import Calibration
from crackscope.errors import ImageError, InspectionError, OutputError
from crackscope.inspection import (
    Findings,
    Inspection,
    InspectOptions,
    Journal,
    Scaling,
    Work,
    inspect,
    inspect_all,
    inspect_into,
    open_journal,
    remaining,
)
from crackscope.records import Failure, Inspected, Unread
from crackscope.scoring import Model, load, pack
from tests.small_bundle import small_manifest, small_model, write_small_bundle

COUNT = 6
HALF, HALF_FOLDER = ".0123456789abcdef.part", ".fedcba9876543210.part"
"""As what is half written is called: a file, and the folder of a report."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small_bundle(tmp_path_factory.mktemp("bundle") / "small"), threads=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Photos of several sizes, every other one cracked."""
    folder = tmp_path_factory.mktemp("photos")
    names = []
    for number in range(COUNT):
        size = (96 + 16 * number, 128)
        made = surfaces.generate(number, size, cracked=number % 2 == 0, kind="plaster", width_px=(3.0, 6.0))
        names.append(str(folder / f"{number}.png"))
        images.write_png(made.pixels, names[-1])
    return names


def plain(result):
    """A record without the times it took."""
    return msgspec.structs.replace(result, seconds={}) if isinstance(result, Inspected) else result


def run(journal: Journal, work: Work, photos: list[str]) -> list:
    """Inspect what is left, and give everything that is known."""
    list(inspect_into(journal, work, remaining(journal, photos)))
    return [plain(result) for result in Findings(journal, photos)]


class TestOnePhoto:
    def test_sources_give_the_same(self, model, photos):
        content = Path(photos[0]).read_bytes()
        sources = [photos[0], Path(photos[0]), content, io.BytesIO(content), images.read(photos[0]).pixels]
        found = [msgspec.structs.replace(plain(inspect(one, bundle=model)), path="") for one in sources]
        assert all(one == found[0] for one in found)

    def test_a_cracked_photo_has_zones(self, model, photos):
        found = inspect(photos[0], bundle=model, options=InspectOptions(all_zones=True))
        assert found.zones
        assert 0 < found.crack_share < 1
        assert found.thinnest_px >= 1
        assert {"read", "network", "verdict", "mask", "zones"} <= set(found.seconds)
        assert found.scale is None
        assert all(zone.width_max_mm is None and zone.width_class == "" for zone in found.zones)

    def test_verdicts_without_crack_have_no_zones_unless_asked(self, photos, tmp_path):
        """By a bundle whose threshold the third photo, cracked as it is, does not reach."""
        strict = load(write_small_bundle(tmp_path / "strict", threshold=0.997))
        told = {}
        for photo in photos:
            found, kept = (
                inspect(photo, bundle=strict, options=InspectOptions(all_zones=keep)) for keep in (False, True)
            )
            assert found.verdict == kept.verdict
            assert found.zones == (kept.zones if found.verdict == "crack" else ())
            assert (found.crack_share > 0) == bool(found.zones)
            told.setdefault(found.verdict, []).append(len(kept.zones))
        assert told == {"crack": [1, 1], "sound": [0, 1, 0, 0]}

    def test_mm_where_the_scale_is_known(self, model, photos):
        options = InspectOptions(all_zones=True, scaling=Scaling(mm_per_px=0.5))
        found = inspect(photos[0], bundle=model, options=options)
        assert found.scale.mm_per_px == 0.5
        for zone in found.zones:
            assert zone.length_mm == pytest.approx(zone.length_px / 2)
            assert zone.width_class

    def test_default_bundle_by_the_public_name(self, photos):
        found = crackscope.inspect(photos[0])
        assert isinstance(found, Inspected)
        assert (found.width, found.height) == (96, 128)

    def test_a_bundle_written_anew_in_the_same_place_is_loaded_anew(self, photos, tmp_path):
        found = []
        for gain in (1.5, 0.5):
            manifest = msgspec.structs.replace(small_manifest(), calibration=Calibration(scale=gain, fitted_on=12))
            pack(tmp_path / "bundle", manifest, model=small_model(), weights=None)
            found.append(inspect(photos[0], bundle=tmp_path / "bundle"))
            assert plain(found[-1]) == plain(inspect(photos[0], bundle=load(tmp_path / "bundle")))
        assert found[0].probability != found[1].probability

    def test_unreadable(self, model, tmp_path):
        with pytest.raises(ImageError, match="No such file"):
            inspect(tmp_path / "none.jpg", bundle=model)

    @pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
    def test_rates_that_make_no_sense(self, rate):
        with pytest.raises(InspectionError, match="between 0 and 1"):
            InspectOptions(false_alarms=rate)


class TestMany:
    def test_the_same_as_one_by_one_in_order(self, model, photos):
        found = [plain(result) for result in inspect_all(Work(model), photos)]
        assert found == [plain(inspect(photo, bundle=model)) for photo in photos]

    def test_threads_change_nothing(self, model, photos):
        many = load(model.bundle, threads=3)
        one = load(model.bundle, threads=1)
        assert [*map(plain, inspect_all(Work(many), photos))] == [*map(plain, inspect_all(Work(one), photos))]

    def test_unreadable_ones_stand_in_their_place_with_the_reason(self, model, photos, tmp_path):
        text = tmp_path / "text.jpg"
        text.write_text("no picture")
        gone = Unread(path="*.gif", error=Failure(kind="missing", message="matches nothing"))
        found = list(inspect_all(Work(model), [str(text), photos[0], gone, str(tmp_path / "none.png"), photos[1]]))
        assert [isinstance(one, Unread) for one in found] == [True, False, True, True, False]
        assert [one.error.kind for one in found if isinstance(one, Unread)] == ["not-a-picture", "missing", "missing"]

    def test_nothing_at_all(self, model):
        assert list(inspect_all(Work(model), [])) == []

    def test_kept_once_each_in_order(self, model, photos):
        told: list[str] = []
        list(inspect_all(Work(model, keep=lambda inspection: told.append(inspection.record.path)), photos))
        assert told == photos

    def test_what_keep_raises_ends_the_batch(self, model, photos):
        def full(_inspection):
            raise OutputError("no room")

        with pytest.raises(OutputError, match="no room"):
            list(inspect_all(Work(model, keep=full), photos))

    def test_mask_and_heat_fit_the_photo(self, model, photos):
        def look(inspection):
            height, width = inspection.record.height, inspection.record.width
            assert inspection.mask.shape == inspection.photo.upright().shape[:2] == (height, width)
            stride = inspection.heat.stride
            assert inspection.heat.logits.shape == (-(-height // stride), -(-width // stride))

        assert len(list(inspect_all(Work(model, keep=look), photos))) == COUNT


class TestJournal:
    def test_stopped_and_resumed(self, model, photos, tmp_path):
        with open_journal(tmp_path / "calm", model, InspectOptions(), resume=False) as journal:
            calm = run(journal, Work(model), photos)
        told: list[str] = []
        work = Work(model, keep=lambda inspection: told.append(inspection.record.path))
        for _stop in range(COUNT):
            with open_journal(tmp_path / "stopped", model, InspectOptions(), resume=True) as journal:
                results = inspect_into(journal, work, remaining(journal, photos))
                next(results)
                results.close()
        with open_journal(tmp_path / "stopped", model, InspectOptions(), resume=True) as journal:
            assert remaining(journal, photos) == []
            assert [plain(one) for one in Findings(journal, photos)] == calm

    @settings(max_examples=15)
    @given(cut=st.floats(0, 1))
    def test_a_journal_cut_anywhere_goes_on(self, model, photos, tmp_path_factory, cut):
        folder = tmp_path_factory.mktemp("cut")
        with open_journal(folder, model, InspectOptions(), resume=False) as journal:
            whole = run(journal, Work(model), photos)
        content = journal.path.read_bytes()
        journal.path.write_bytes(content[: round(cut * len(content))])
        with open_journal(folder, model, InspectOptions(), resume=True) as journal:
            kept = max(0, content[: round(cut * len(content))].count(b"\n") - 1)
            assert remaining(journal, photos) == photos[kept:]
            assert run(journal, Work(model), photos) == whole
        assert journal.path.read_bytes().count(b"\n") == COUNT + 1

    def test_changed_and_new_photos_are_done_and_only_they(self, model, photos, tmp_path):
        mine = [shutil.copy(photo, tmp_path) for photo in photos[:3]]
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False) as journal:
            run(journal, Work(model), mine)
            images.write_png(images.read(photos[4]).pixels, mine[1])
            added = shutil.copy(photos[5], tmp_path)
            assert remaining(journal, [*mine, added]) == [mine[1], added]
            assert run(journal, Work(model), [*mine, added])[1].width == 160

    def test_a_photo_that_changes_while_it_is_inspected_is_done_again(self, model, photos, tmp_path):
        mine = shutil.copy(photos[0], tmp_path)

        def keep(_: Inspection) -> None:
            shutil.copy(photos[1], mine)

        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False) as journal:
            run(journal, Work(model, keep=keep), [mine])
            assert remaining(journal, [mine]) == [mine]

    def test_a_missing_photo_is_tried_again(self, model, photos, tmp_path):
        late = str(tmp_path / "late.png")
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False) as journal:
            assert isinstance(run(journal, Work(model), [late])[0], Unread)
            shutil.copy(photos[0], late)
            assert isinstance(run(journal, Work(model), [late])[0], Inspected)

    def test_an_unreadable_photo_is_not_tried_again(self, model, tmp_path):
        text = tmp_path / "text.jpg"
        text.write_text("no picture")
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False) as journal:
            run(journal, Work(model), [str(text)])
            assert remaining(journal, [str(text)]) == []

    def test_a_line_that_did_not_fit_leaves_nothing_before_the_next(self, model, photos, tmp_path):
        """A disk that is full for a moment."""
        whole = resource.getrlimit(resource.RLIMIT_FSIZE)
        with open_journal(tmp_path, model, InspectOptions(), resume=False) as journal:
            list(inspect_into(journal, Work(model), photos[:1]))
            size = journal.path.stat().st_size
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, whole[1]))
                with pytest.raises(OutputError, match="go on with --resume"):
                    list(inspect_into(journal, Work(model), photos[1:2]))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, whole)
            assert journal.path.stat().st_size == size
            list(inspect_into(journal, Work(model), photos[2:3]))
            told = [plain(one) for one in Findings(journal, [photos[0], photos[2]])]
        with open_journal(tmp_path, model, InspectOptions(), resume=True) as journal:
            assert remaining(journal, photos[:3]) == photos[1:2]
            assert [plain(one) for one in Findings(journal, [photos[0], photos[2]])] == told
        assert told == [plain(inspect(photos[at], bundle=model)) for at in (0, 2)]

    def test_names_that_are_no_utf8(self, model, photos, tmp_path):
        odd = os.path.join(tmp_path, os.fsdecode(b"\xff\xfe.png"))
        shutil.copy(photos[0], odd)
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False) as journal:
            run(journal, Work(model), [odd, photos[1]])
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=True) as journal:
            assert remaining(journal, [odd, photos[1]]) == []
            assert Findings(journal, [odd])[0].path == odd

    @pytest.mark.parametrize(
        ("kind", "done"), [("missing", False), ("denied", False), ("too-large", False), ("damaged", True)]
    )
    def test_what_may_pass_without_the_file_changing_is_tried_again(self, model, photos, tmp_path, kind, done):
        lost = Unread(path=photos[0], error=Failure(kind=kind, message="no"))
        facts = os.stat(photos[0])
        with open_journal(tmp_path, model, InspectOptions(), resume=False) as journal:
            journal.add(photos[0], (facts.st_size, facts.st_mtime_ns), lost)
        with open_journal(tmp_path, model, InspectOptions(), resume=True) as journal:
            assert journal.result(photos[0]) == lost
            assert remaining(journal, photos[:1]) == ([] if done else photos[:1])

    @pytest.mark.parametrize("content", [b"{}\n", b'{"version": "\xff"}\n', b"[" * 100_000 + b"\n"])
    def test_what_is_no_journal_is_not_gone_on_with(self, model, tmp_path, content):
        with open_journal(tmp_path, model, InspectOptions(), resume=False) as journal:
            pass
        Path(journal.path).write_bytes(content)
        with pytest.raises(InspectionError, match="name another folder"):
            open_journal(tmp_path, model, InspectOptions(), resume=True)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (InspectOptions(false_alarms=0.1), "rate of false alarms"),
            (InspectOptions(scaling=Scaling(mm_per_px=1.0)), "scale"),
            (InspectOptions(limits_mm=(1.0,)), "width classes"),
            (InspectOptions(all_zones=True), "--all-zones"),
        ],
    )
    def test_other_options_are_refused(self, model, tmp_path, options, says):
        with open_journal(tmp_path, model, InspectOptions(), resume=False):
            pass
        with pytest.raises(InspectionError, match=says):
            open_journal(tmp_path, model, options, resume=True)

    def test_photos_come_and_go_under_a_scale_table_and_only_changed_rows_are_done_again(self, model, photos, tmp_path):
        def opened(table):
            scaled = InspectOptions(scaling=Scaling(table=table))
            return open_journal(tmp_path, model, scaled, resume=True), Work(model, scaled)

        journal, work = opened(dict.fromkeys(photos[:3], (0.1, 0.02)))
        with journal:
            run(journal, work, photos[:3])
        journal, work = opened({photos[0]: (0.1, 0.02), photos[1]: (0.2, 0.02), photos[3]: (0.1 + 0.2, 0.0)})
        with journal:
            assert remaining(journal, photos[:4]) == photos[1:4]
            found = run(journal, work, photos[:4])
            assert [one.scale and one.scale.mm_per_px for one in found] == [0.1, 0.2, None, 0.1 + 0.2]
            assert remaining(journal, photos[:4]) == []
        journal, work = opened({photos[1]: (0.2, 0.03), photos[3]: (0.1 + 0.2, 0.0)})
        with journal:
            assert remaining(journal, photos[:4]) == photos[:2]

    @pytest.mark.parametrize("scaling", [Scaling(), Scaling(mm_per_px=0.1)])
    def test_a_table_and_no_table_are_two_scales(self, model, photos, tmp_path, scaling):
        tabled = InspectOptions(scaling=Scaling(table={photos[0]: (0.1, 0.0)}))
        for folder, before, now in (("a", tabled, None), ("b", None, tabled)):
            plain = InspectOptions(scaling=scaling)
            with open_journal(tmp_path / folder, model, before or plain, resume=False):
                pass
            with pytest.raises(InspectionError, match="another scale"):
                open_journal(tmp_path / folder, model, now or plain, resume=True)

    @pytest.mark.parametrize(
        ("then", "now", "said"),
        [
            ({"scaling": Scaling(mm_per_px=0.1)}, {}, "another scale (0.1 mm per px; now: none)"),
            (
                {"scaling": Scaling(mm_per_px=0.1, relative_error=0.05)},
                {"scaling": Scaling(mm_per_px=0.1)},
                "another scale (0.1 mm per px, error 0.05; now: 0.1 mm per px)",
            ),
            (
                {"scaling": Scaling(marker_mm=50, dictionary="5X5_50")},
                {"scaling": Scaling(distance_m=3.5)},
                "another scale (a marker of 50 mm, 5X5_50; now: a distance of 3.5 m)",
            ),
            (
                {"scaling": Scaling(table={})},
                {"coarse": True},
                "choice of --coarse (off; now: on), scale (a table;",
            ),
            (
                {"limits_mm": (0.2, 0.4), "false_alarms": 0.01},
                {"limits_mm": (0.2, 0.5)},
                "rate of false alarms (0.01; now: 0.05), set of width classes (0.2, 0.4; now: 0.2, 0.5)",
            ),
        ],
    )
    def test_other_options_are_refused_with_what_they_were(self, model, tmp_path, then, now, said):
        with open_journal(tmp_path / "out", model, InspectOptions(**then), resume=False):
            pass
        with pytest.raises(InspectionError, match=re.escape(said)):
            open_journal(tmp_path / "out", model, InspectOptions(**now), resume=True)

    def test_another_bundle_is_refused(self, model, tmp_path):
        with open_journal(tmp_path / "out", model, InspectOptions(), resume=False):
            pass
        other = load(write_small_bundle(tmp_path / "other", threshold=0.7))
        with pytest.raises(InspectionError, match="bundle"):
            open_journal(tmp_path / "out", other, InspectOptions(), resume=True)

    def test_another_version_is_refused_by_its_number(self, model, tmp_path):
        with open_journal(tmp_path, model, InspectOptions(), resume=False) as journal:
            path = journal.path
        path.write_text(path.read_text().replace(f'"version":"{crackscope.__version__}"', '"version":"0.0.1"'))
        with pytest.raises(InspectionError, match=r"another version, crackscope 0\.0\.1; call it as then"):
            open_journal(tmp_path, model, InspectOptions(), resume=True)

    @pytest.mark.parametrize("resume", [False, True])
    def test_a_second_process_is_refused(self, model, tmp_path, resume):
        with (
            open_journal(tmp_path, model, InspectOptions(), resume=False),
            pytest.raises(InspectionError, match="another process"),
        ):
            open_journal(tmp_path, model, InspectOptions(), resume=resume)

    def test_folders_that_hold_something_are_refused(self, model, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        for resume in (False, True):
            with pytest.raises(OutputError, match="not empty"):
                open_journal(tmp_path, model, InspectOptions(), resume=resume)
        with pytest.raises(OutputError, match="in the way"):
            open_journal(tmp_path / "notes.txt", model, InspectOptions(), resume=False)

    def test_an_inspection_is_not_overwritten(self, model, tmp_path):
        with open_journal(tmp_path, model, InspectOptions(), resume=False):
            pass
        with pytest.raises(OutputError, match="--resume"):
            open_journal(tmp_path, model, InspectOptions(), resume=False)

    @pytest.mark.parametrize("content", [b"mine", b'{"mine": 1}\n', b'{"journal":"x"}\n', b"\xff\n"])
    def test_a_file_that_is_no_journal_is_left_alone(self, model, tmp_path, content):
        file = tmp_path / "inspection.jsonl"
        file.write_bytes(content)
        with pytest.raises(InspectionError, match="no journal"):
            open_journal(tmp_path, model, InspectOptions(), resume=True)
        assert file.read_bytes() == content

    def test_leftovers_of_a_kill_are_swept_and_nothing_else(self, model, tmp_path):
        with open_journal(tmp_path, model, InspectOptions(), resume=False):
            pass
        overlays = tmp_path / "overlays"
        for folder in (overlays, tmp_path):
            (folder / HALF_FOLDER).mkdir(parents=True)
            for name in (HALF, f"{HALF_FOLDER}/1.png", ".0123.part", "mine.part"):
                (folder / name).write_bytes(b"half")
        with open_journal(tmp_path, model, InspectOptions(), resume=True):
            kept = {".0123.part", "mine.part"}
            assert {one.name for one in overlays.iterdir()} == kept
            assert {one.name for one in tmp_path.iterdir()} == {"overlays", "inspection.jsonl", *kept}

    @pytest.mark.parametrize("resume", [False, True])
    def test_leftovers_of_a_kill_before_there_was_a_journal_are_in_nobodys_way(self, model, tmp_path, resume):
        (tmp_path / HALF).write_bytes(b"half")
        (tmp_path / HALF_FOLDER).mkdir()
        with open_journal(tmp_path, model, InspectOptions(), resume=resume) as journal:
            assert list(tmp_path.iterdir()) == [journal.path]

    @pytest.mark.parametrize("resume", [False, True])
    @pytest.mark.parametrize("name", ["notes.txt", ".0123.part", "wall.part"])
    def test_what_is_a_strangers_still_is_and_keeps_the_leftovers(self, model, tmp_path, resume, name):
        for one in (name, HALF):
            (tmp_path / one).write_bytes(b"half")
        with pytest.raises(OutputError, match="not empty"):
            open_journal(tmp_path, model, InspectOptions(), resume=resume)
        assert {one.name for one in tmp_path.iterdir()} == {name, HALF}

    def test_findings_are_a_sequence(self, model, photos, tmp_path):
        with open_journal(tmp_path, model, InspectOptions(), resume=False) as journal:
            run(journal, Work(model), photos)
            findings = Findings(journal, photos)
            assert len(findings) == COUNT
            assert [one.path for one in findings[1:3]] == photos[1:3]
            assert findings[-1].path == photos[-1]
            with pytest.raises(IndexError):
                findings[COUNT]


class TestMetamorphic:
    def test_a_scale_twice_as_large_gives_twice_the_mm(self, model, photos):
        one, two = (
            inspect(photos[0], bundle=model, options=InspectOptions(all_zones=True, scaling=Scaling(mm_per_px=scale)))
            for scale in (0.25, 0.5)
        )
        assert one.zones
        for small, large in zip(one.zones, two.zones, strict=True):
            assert large.length_mm == pytest.approx(2 * small.length_mm)
            for name in ("mean", "median", "p95", "max"):
                widths = [getattr(zone, f"width_{name}_mm") for zone in (small, large)]
                ends = [np.array([width.low, width.value, width.high]) for width in widths]
                assert ends[1] == pytest.approx(2 * ends[0])
            assert (large.length_px, large.width_max_px) == (small.length_px, small.width_max_px)


class Pipe(io.RawIOBase):
    """A stream that can be read once, as standard input is."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer, which has no name
        return self._left.readinto(buffer)


class Body:
    """The body of an answer from a server, say: it reads once, and is of no class of Python's own."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


@pytest.mark.parametrize("stream", [Pipe, Body])
def test_a_stream_that_cannot_be_rewound_is_inspected_as_a_file_is(tmp_path: Path, stream: type) -> None:
    path = tmp_path / "wall.png"
    images.write_png(surfaces.generate(4, (300, 260)).pixels, path)
    kept = crackscope.inspect(path)
    piped = crackscope.inspect(stream(path.read_bytes()))
    assert msgspec.structs.replace(piped, path=kept.path, seconds={}) == msgspec.structs.replace(kept, seconds={})
