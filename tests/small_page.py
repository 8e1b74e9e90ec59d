"""Reads a page as a browser would: its elements, its texts, and whether it reaches outside."""

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """A parsed page. elements: (tag, attributes) in order; text: what a reader sees; scripts: the content of each."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: set[str] = set()
        self.scripts: list[str] = []
        self.open: list[str] = []
        self._texts: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids.update(value for name, value in attrs if name == "id" and value)
        if tag not in ("meta", "img", "input", "br", "wbr"):
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids.update(value for name, value in attrs if name == "id" and value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside != "style":
            self._texts.append(data)
