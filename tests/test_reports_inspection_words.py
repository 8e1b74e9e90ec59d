"""What the page of an inspection says of its photos and of itself."""

import csv
import html
import json
import re
from pathlib import Path

import msgspec

from crackscope import reports
from crackscope.records import Estimate, PhotoScale
from tests.small_inspection import inspected, zone


def page(folder, photos, facts=None):
    reports.write_inspection(folder, photos, facts or reports.InspectionFacts())
    return html.unescape((folder / "index.html").read_text(encoding="utf-8"))


def rows(text):
    found = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])["rows"]


def test_false_alarms_of_a_surface_stand_beside_the_number_of_its_patches(tmp_path):
    facts = reports.InspectionFacts(alarms={"deck": 1 / 21, "metu": 0.079}, alarms_of={"deck": 21})
    told = "if the model did not know their surface: deck 1 of 21, metu 8 %."
    assert told in page(tmp_path, [inspected("/no.jpg", "sound")], facts)
    unknown = page(tmp_path, [inspected("/no.jpg", "sound")])
    assert "did not know" not in unknown
    assert "How far surfaces differ is not known of this model." in unknown


def test_the_head_tells_the_rate_of_false_alarms_and_the_most_that_a_surface_gives(tmp_path):
    def head(alarms):
        said = page(tmp_path, [inspected("/no.jpg", "sound")], reports.InspectionFacts(alarms=alarms))
        return said[: said.index("<main>")]

    rate = "false alarms <b>5 in 100 sound photos"
    assert f"{rate}, on a new surface up to 17</b>" in head({"deck": 1 / 21, "pave": 4 / 23})
    assert f"{rate}</b>" in head({"metu": 0.04})
    assert f"{rate}, on a new surface not known</b>" in head({})


def test_what_a_photo_was_judged_as_is_said(tmp_path):
    said = "looks like deck, a surface that the model learnt, and is judged as that"
    assert said not in page(tmp_path, [inspected("/no.jpg", zones=(zone(1, 50, 3),))])
    assert said in page(tmp_path, [inspected("/no.jpg", zones=(zone(1, 50, 3),), surface="deck")])


def test_a_photo_seen_in_grey_says_so(tmp_path):
    said = "seen in grey: its light has a strong colour"
    for photo in (inspected("/no.jpg", zones=(zone(1, 50, 3),)), inspected("/no.jpg", "sound")):
        assert said not in page(tmp_path, [photo])
        assert said in page(tmp_path, [msgspec.structs.replace(photo, in_grey=True)])


def test_a_photo_judged_from_afar_says_so(tmp_path):
    said = "judged from afar, at 1/8 of its size, where wide cracks show"
    why = "A large photo that shows no crack is looked at again"
    cracked = inspected("/close.jpg", zones=(zone(1, 50, 3),), from_afar=8)
    assert said in page(tmp_path, [cracked])
    assert why in page(tmp_path, [cracked])
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["from_afar"] for row in csv.DictReader(file)] == ["8"]
    assert json.loads((tmp_path / "findings.jsonl").read_text())["from_afar"] == 8
    assert said not in page(tmp_path, [msgspec.structs.replace(cracked, from_afar=0)])
    assert why not in page(tmp_path, [msgspec.structs.replace(cracked, from_afar=0)])


def test_a_soft_photo_judged_at_half_size_says_so(tmp_path):
    said = "judged at half size, where it shows more"
    why = "a large photo is looked at in full size and at half"
    cracked = inspected("/soft.jpg", zones=(zone(1, 50, 3),), halved=True)
    assert said in page(tmp_path, [cracked])
    assert why in page(tmp_path, [cracked])
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["halved"] for row in csv.DictReader(file)] == ["True"]
    assert json.loads((tmp_path / "findings.jsonl").read_text())["halved"] is True
    assert said not in page(tmp_path, [msgspec.structs.replace(cracked, halved=False)])
    assert why not in page(tmp_path, [msgspec.structs.replace(cracked, halved=False)])
    refused = inspected("/soft.jpg", "cannot judge", reason="blurred", halved=True)
    assert said not in page(tmp_path, [refused])


def test_what_the_coarse_pass_left_out_is_said_of_each_photo(tmp_path):
    cracked = inspected("/a.jpg", zones=(zone(1, 50, 3),), skipped=0.8125)
    sound = inspected("/b.jpg", "sound", skipped=1.0)
    text = page(tmp_path, [cracked, sound, inspected("/c.jpg", "sound")])
    assert "81.2 % of it seen at half size only" in text
    assert "100 % of it seen at half size only" in text
    assert text.count("seen at half size only") == 2


def test_the_table_of_findings_promises_nothing_of_a_photo_that_cannot_be_judged(tmp_path):
    scale = PhotoScale(mm_per_px=0.5, source="flag")
    refused = inspected("/blurred.jpg", "cannot judge", scale=scale)
    page(tmp_path, [refused, inspected("/no.jpg", "sound", scale=scale, surface="deck")])
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [(row["thinnest_px"], row["thinnest_mm"], row["surface"]) for row in csv.DictReader(file)]
    assert found == [("", "", ""), ("1.3", "0.65", "deck")]
    lines = [json.loads(line) for line in (tmp_path / "findings.jsonl").read_text().splitlines()]
    whole = json.loads((tmp_path / "inspection.json").read_text())["photos"]
    for photos in (lines, whole):
        assert [(one["thinnest_px"], one["surface"]) for one in photos] == [(None, ""), (1.3, "deck")]


def test_directions_end_below_180(tmp_path):
    turned = msgspec.structs.replace(zone(1, 50, 3), orientation_deg=179.7)
    text = page(tmp_path, [inspected("/no.jpg", zones=(turned,))])
    assert "180°" not in text
    assert "<td>0°</td>" in text
    assert rows(text)[0][9] == 0


def test_the_table_reads_as_the_rest_of_the_page_does(tmp_path):
    """Rounded to few digits first and to decimals then, 4.694962 would end in .70."""
    wide = Estimate(value=5.2, low=4.694962, high=6.0)
    text = page(
        tmp_path, [inspected("/no.jpg", zones=(msgspec.structs.replace(zone(1, 50, 3, 0.1), width_max_mm=wide),))]
    )
    assert "4.69 to 6.00 mm" in text
    assert rows(text)[0][5] == 4.694962


def explained(heading):
    """The keys that a table of docs/findings.md names."""
    docs = (Path(__file__).parents[1] / "docs" / "findings.md").read_text(encoding="utf-8")
    table = docs.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([a-z0-9_]+\*?)`", cell)}


def test_every_key_of_a_finding_is_explained(tmp_path):
    page(tmp_path, [inspected("/no.jpg", zones=(zone(1, 30, 4, 0.1),))])
    (line,) = (tmp_path / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    found = json.loads(line)
    assert set(found) == explained("A photo")
    assert set(found["zone"]) == {
        key.replace("*", unit) for key in explained("A zone") for unit in (("px", "mm") if "*" in key else ("",))
    }
    columns = explained("The columns of `findings.csv`")
    columns |= {
        key.replace("mean", which).replace("_px", unit)
        for key in columns
        if key.startswith("width_mean")
        for which in ("mean", "median", "p95", "max")
        for unit in ("_px", "_mm")
    }
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        assert set(next(csv.reader(file))) == columns


def test_the_least_probability_that_was_asked_for_stands_among_the_settings(tmp_path):
    photos = [inspected("/p/a.jpg", zones=(zone(1, 30, 4),))]
    said = page(tmp_path / "some", photos, reports.InspectionFacts(least_probability=0.35))
    how = said[said.index('id="how"') :]
    assert "<dt>least probability</dt><dd>0.35: cracks of a lower one are left out" in how
    assert "<dt>least probability</dt>" not in page(tmp_path / "all", photos)


def test_beside_the_numbers_of_cracks_it_is_said_that_they_go_by_width_alone(tmp_path):
    doubted, likely = zone(1, 20, 9), zone(2, 90, 3)
    zones = (msgspec.structs.replace(doubted, probability=0.6), msgspec.structs.replace(likely, probability=0.99))
    text = page(tmp_path, [inspected("/two.jpg", zones=zones)])
    cards = text[text.index('<section id="cracked">') : text.index("<article")]
    assert (
        "The numbers within a photo go by width alone: crack 1 is the widest, and need not be the likeliest." in cards
    )
    assert text.count("go by width alone") == 1
