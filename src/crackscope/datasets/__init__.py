"""Labelled pictures: found, looked through, grouped by their copies, split.

scan(data) -> ScanReport          what is there, and what is wrong with it
scan_and_load(data)               both this and all rows, each picture opened once
split(data) -> Split              grouped and stratified by default
load(data_or_csv) -> Split        ready-made parts as they are, anything else split
opened(split) -> Split            without what cannot be read
load_apart(data) -> Split         all of it, patches of one photo apart; photos_of(paths) says which are of one
read_rows(data) -> list[Row]      unopened
write_split, read_split           CSV: path,label,part,group[,mask][,surface]
remarks(rows)                     lines on what is doubtful: few pictures of a class, surfaces spelt in two ways
copies_told(leak_share, random)   the line on near-copies in a split that was dealt
groups_told(likely, gain)         the line on patches of one photo that stand apart, as their names tell
untested_told(surfaces)           the line on surfaces without a picture in the test part
unlabelled_told(unlabelled)       the line on pictures that no label could be had from
watched(progress, threads)        context in which scan, split and load tell how far they are, in so many threads
"""

from crackscope.datasets.dealing import split
from crackscope.datasets.dealt import Split, fingerprint, refuse_other_pictures, write_split
from crackscope.datasets.doubtful import copies_told, groups_told, remarks, untested_told
from crackscope.datasets.folders import CONTACT_SHEET, SUGGESTIONS, UNSORTED
from crackscope.datasets.found import unlabelled_told
from crackscope.datasets.loading import load, load_apart, opened, read_rows, read_split
from crackscope.datasets.manifest import refuse_strangers
from crackscope.datasets.name_groups import LikelyGroups
from crackscope.datasets.photos import photos_of
from crackscope.datasets.scanning import Copies, Member, ScanReport, Size, scan, scan_and_load
from crackscope.datasets.watching import watched
from crackscope.datasets.words import Layout

__all__ = [
    "CONTACT_SHEET",
    "SUGGESTIONS",
    "UNSORTED",
    "Copies",
    "Layout",
    "LikelyGroups",
    "Member",
    "ScanReport",
    "Size",
    "Split",
    "copies_told",
    "fingerprint",
    "groups_told",
    "load",
    "load_apart",
    "opened",
    "photos_of",
    "read_rows",
    "read_split",
    "refuse_other_pictures",
    "refuse_strangers",
    "remarks",
    "scan",
    "scan_and_load",
    "split",
    "unlabelled_told",
    "untested_told",
    "watched",
    "write_split",
]
