(function () {
  // Which cracks are shown and counted: those of a probability that the reader asks for. All totals follow.
  const data = JSON.parse(document.getElementById("data").textContent);
  const [PHOTO, ZONE, UNIT, CLASS, WIDTH, LOW, HIGH, MEDIAN, LENGTH, TURN, CHANCE] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const range = document.getElementById("least"), typed = document.getElementById("least-typed");
  // Photos that are not called cracked may have zones, too: the table shows them, no total counts them.
  const zones = data.rows.filter(function (row) { return row[ZONE]; });
  const cracked = data.photos.map(function (photo, at) { return photo[1] === "crack" ? at + 1 : 0; }).filter(Boolean);
  const cracks = zones.filter(function (row) { return data.photos[row[PHOTO] - 1][1] === "crack"; });
  const byPhoto = new Map(), listeners = [], before = new Map(), written = new Map(), copies = new Set(data.copies);
  for (const row of data.rows) {
    if (!byPhoto.has(row[PHOTO])) byPhoto.set(row[PHOTO], []);
    byPhoto.get(row[PHOTO]).push(row);
  }
  // Those of a lower probability were left out when the page was written.
  const base = data.least;
  let least = base;

  const { width, several, length, chance, unlikely, widestOf } = words;
  function summed(rows) {
    const said = ["mm", "px"].map(function (unit) {
      const some = rows.filter(function (row) { return row[UNIT] === unit; });
      return some.length ? length(some.reduce(function (sum, row) { return sum + row[LENGTH]; }, 0), unit) : "";
    }).filter(Boolean);
    return said.length ? said.join(" and ") : "";
  }
  function shown(row) { return !row[ZONE] || row[CHANCE] >= least; }
  function photoOf(row) { return data.photos[row[PHOTO] - 1]; }
  function nameOf(row) { return words.elided(photoOf(row)[0], data.letters); }
  // The rows that are shown; a photo that loses all of its cracks keeps one that says so.
  function rows() {
    if (least === base) return data.rows;
    const kept = data.rows.filter(shown), left = new Set(kept.map(function (row) { return row[PHOTO]; }));
    for (const number of byPhoto.keys()) if (!left.has(number)) kept.push([number, 0, "left out"]);
    return kept;
  }
  // What the page said as it was written comes back when all is shown again.
  function put(element, text) {
    if (!element) return;
    if (!before.has(element)) before.set(element, element.textContent);
    element.textContent = text;
  }
  function under(name, part) { return document.querySelector("[data-tile=" + name + "] ." + part); }

  function tellTotals(some) {
    const surest = words.surest(some), doubted = unlikely(some).length;
    put(document.getElementById("widest-said"), words.widest(some, nameOf));
    put(under("cracks", "value"), some.length.toLocaleString("en"));
    put(under("cracks", "under"), some.length ? summed(some) + " long" : "nothing of that probability");
    const showing = new Set(some.map(function (row) { return row[PHOTO]; })).size;
    put(under("cracks", "more"), showing ? (some.length / showing).toFixed(1) + " a photo that shows one"
      + (doubted ? ", " + doubted.toLocaleString("en") + " less likely than not" : "") : "");
    put(under("widest", "name"), surest ? words.sureHeading(some) : "Widest crack");
    put(under("widest", "value"), surest ? width(surest[LOW], surest[UNIT]) + " " + surest[UNIT] : "–");
    put(under("widest", "under"), surest ? "largest width " + width(surest[WIDTH], surest[UNIT]) + " (95 %: " + width(surest[LOW], surest[UNIT])
      + " to " + width(surest[HIGH], surest[UNIT]) + " " + surest[UNIT] + "), probability " + chance(surest[CHANCE]) + ", crack "
      + surest[ZONE] + " in" : "none of that probability");
    const link = document.querySelector("[data-tile=widest] a");
    if (link) {
      link.replaceChildren(words.named(surest ? nameOf(surest) : ""));
      link.hidden = !surest;
      if (surest) link.href = "#photo-" + surest[PHOTO];
    }
    const once = some.filter(function (row) { return !copies.has(row[PHOTO]); });
    put(document.querySelector(".once"), several(once.length, "crack") + (once.length ? ", " + summed(once) + " long" : ""));
  }
  // Photos called cracked that show none of their cracks are to be looked at, as those are in which none could be marked.
  function tellAgain(showing) {
    const bare = cracked.filter(function (number) { return !showing.has(number); }).length;
    const kinds = Object.entries(data.again).map(function ([what, many], at) { return [what, at ? many : bare]; })
      .filter(function ([, many]) { return many; });
    const all = kinds.reduce(function (sum, [, many]) { return sum + many; }, 0);
    put(under("again", "value"), all.toLocaleString("en"));
    put(under("again", "under"), kinds.map(function ([what, many]) { return many.toLocaleString("en") + " " + what; }).join(", ") || "nothing");
    const link = document.querySelector("[data-tile=again] a");
    if (link) put(link, all ? "which" : "");
    for (const one of document.querySelectorAll("#again, nav a[href='#again'], [data-tile=again] a")) one.classList.toggle("left-out", !all);
  }
  // there: has the kinds that are drawn there.
  function tellLegend(home, there) {
    const units = new Set(Array.from(there.keys()).filter(function (kind) { return kind.includes("-"); }).map(function (kind) { return kind.slice(0, 2); }));
    for (const item of document.querySelectorAll(home + " .legend [data-kind]")) item.classList.toggle("left-out", !there.has(item.dataset.kind));
    for (const item of document.querySelectorAll(home + " .legend [data-unit]")) item.classList.toggle("left-out", units.size < 2);
  }
  function tellClasses(some) {
    const groups = new Map();
    for (const row of some) {
      const kind = row[UNIT] + "-" + row[CLASS];
      if (!groups.has(kind)) groups.set(kind, []);
      groups.get(kind).push(row);
    }
    for (const line of document.querySelectorAll(".classes [data-kind]")) {
      const found = groups.get(line.dataset.kind) || [], unit = line.dataset.kind.slice(0, 2);
      const longest = Math.max(1, ...Array.from(groups.keys()).filter(function (kind) { return kind.startsWith(unit); })
        .map(function (kind) { return groups.get(kind).length; }));
      line.querySelector(".bar-of").style.width = 100 * found.length / longest + "%";
      put(line.cells[2], found.length.toLocaleString("en"));
      put(line.cells[3], new Set(found.map(function (row) { return row[PHOTO]; })).size.toLocaleString("en"));
      put(line.cells[4], summed(found) || "–");
    }
    tellLegend("#glance", groups);
  }

  // Photos with their cracks: marks, measures, and where they stand.
  function measures(row) {
    const line = document.createElement("tr");
    const head = document.createElement("th"), tag = document.createElement("b"), wide = document.createElement("b"), span = document.createElement("span");
    head.scope = "row";
    tag.className = "tag " + row[UNIT] + "-" + row[CLASS];
    tag.textContent = row[ZONE];
    head.append(tag);
    line.append(head);
    line.dataset.zone = row[ZONE];
    wide.textContent = width(row[WIDTH], row[UNIT]) + " " + row[UNIT];
    span.className = "meaning tight";
    span.textContent = width(row[LOW], row[UNIT]) + " to " + width(row[HIGH], row[UNIT]) + " " + row[UNIT];
    line.insertCell().append(wide, span);
    line.insertCell().textContent = width(row[MEDIAN], row[UNIT]) + " " + row[UNIT];
    line.insertCell().textContent = length(row[LENGTH], row[UNIT]);
    line.insertCell().textContent = chance(row[CHANCE]);
    return line;
  }
  function numbered(selector) {
    return new Map(Array.from(document.querySelectorAll(selector), function (one) { return [Number(one.dataset.photo), one]; }));
  }
  const tiles = numbered(".glance-tiles [data-photo]"), spots = numbered(".spot[data-photo]"), kept = new Map();
  function tellPhoto(number, all) {
    const some = all.filter(function (row) { return row[ZONE] && shown(row); });
    // As many as before are the same as before.
    if (some.length === (kept.has(number) ? kept.get(number) : all.length)) return;
    kept.set(number, some.length);
    const card = document.getElementById("photo-" + number), tile = tiles.get(number), spot = spots.get(number);
    const numbers = new Set(some.map(function (row) { return String(row[ZONE]); }));
    if (tile) {
      tile.classList.toggle("left-out", !some.length);
      tile.querySelector("svg").setAttribute("aria-label", data.photos[number - 1][0] + ": " + several(some.length, "crack"));
    }
    for (const home of [card, tile]) {
      if (home) for (const mark of home.querySelectorAll(".frame [data-zone], path[data-zone]")) mark.classList.toggle("left-out", !numbers.has(mark.dataset.zone));
    }
    const widest = widestOf(some), kind = widest ? widest[UNIT] + "-" + widest[CLASS] : "unmeasured";
    if (spot && data.photos[number - 1][1] === "crack") spot.setAttribute("class", "spot " + kind);
    const picture = card && card.querySelector(".fit > img");
    if (picture) picture.alt = data.photos[number - 1][0] + ": " + data.photos[number - 1][1]
      + (widest ? ", " + several(some.length, "crack") + ", the widest " + width(widest[WIDTH], widest[UNIT]) + " " + widest[UNIT] : "");
    const body = card && card.querySelector(".measures tbody");
    if (!body) return;
    if (!written.has(body)) written.set(body, new Map(Array.from(body.rows, function (line) { return [Number(line.dataset.zone), line]; })));
    body.replaceChildren(...some.slice(0, 8).map(function (row) { return written.get(body).get(row[ZONE]) || measures(row); }));
    body.parentElement.classList.toggle("left-out", !some.length);
    const beyond = card.querySelector(".beyond");
    put(beyond, some.length > 8 ? several(some.length - 8, "more crack") + " in the table."
      : some.length ? "" : several(all.length, "crack is", "cracks are") + " left out, by " + (all.length === 1 ? "its" : "their") + " probability.");
  }
  function tellGlance() {
    const section = document.getElementById("glance");
    if (!section) return;
    const bare = Array.from(tiles.values()).every(function (tile) { return tile.classList.contains("left-out"); });
    const said = section.querySelector("p"), legend = section.querySelector(".legend");
    put(said, bare ? "Nothing is shown: no crack of these photos has a probability of " + least + " or more." : before.get(said) || said.textContent);
    legend.classList.toggle("left-out", Array.from(legend.children).every(function (item) { return item.classList.contains("left-out"); }));
  }
  // On the map the widest crack lies on top, photos of which none is shown at the bottom, as the page was written.
  function layer(spot) {
    const kind = spot.classList[1], under = ["unmeasured", "doubt", "sound"].indexOf(kind);
    return under >= 0 ? [under, 0] : [kind.startsWith("mm") ? 4 : 3, Number(kind.slice(3))];
  }
  // Photos at one place have one mark, which shows the worst of them.
  function severity(spot) {
    const [under, place] = layer(spot);
    return under < 3 ? -under : 100 * under + place;
  }
  function tellPlace(mark) {
    const list = document.getElementById("place-" + mark.dataset.mark);
    if (!list) return;
    const worst = Array.from(list.querySelectorAll(".spot")).reduce(function (one, other) { return severity(other) > severity(one) ? other : one; });
    mark.setAttribute("class", worst.getAttribute("class"));
  }
  const byNumber = Array.from(document.querySelectorAll(".spot[data-mark]")).sort(function (a, b) { return a.dataset.mark - b.dataset.mark; });
  function tellMap() {
    if (!byNumber.length) return;
    byNumber.forEach(tellPlace);
    const layers = new Map(byNumber.map(function (spot) { return [spot, layer(spot)]; }));
    const ordered = byNumber.slice().sort(function (a, b) {
      const one = layers.get(a), other = layers.get(b);
      return one[0] - other[0] || one[1] - other[1];
    });
    ordered[0].parentNode.prepend(...ordered);
    tellLegend(".where", new Set(Array.from(spots.values(), function (spot) { return spot.classList[1]; })));
  }
  const groups = document.getElementById("groups"), bare = document.getElementById("bare");
  const articles = groups ? Array.from(document.querySelectorAll("#groups article, #bare article")) : [], order = new Map(articles.map(function (one, at) { return [one, at]; }));
  let standing = "";
  // The photos by their widest crack, worst first, under the class that it falls into, those whose cracks are all less
  // likely than not behind the others; those that show none elsewhere. A group has its place among these and its class.
  function regroup() {
    if (!groups) return;
    const placed = articles.map(function (article) {
      const number = Number(article.id.slice("photo-".length)), some = (byPhoto.get(number) || []).filter(function (row) { return row[ZONE] && shown(row); });
      const widest = widestOf(some);
      const long = some.reduce(function (sum, row) { return sum + row[LENGTH]; }, 0);
      const rank = widest ? 2 * unlikely([widest]).length + (widest[UNIT] === "px" ? 1 : 0) : 4;
      return { article: article, widest: widest, group: widest ? rank + "-" + widest[CLASS] : "", key: widest ? [rank, -widest[WIDTH], -long] : [rank, -data.photos[number - 1][3], 0] };
    });
    placed.sort(function (a, b) {
      return a.key[0] - b.key[0] || a.key[1] - b.key[1] || (least === base ? 0 : a.key[2] - b.key[2]) || order.get(a.article) - order.get(b.article);
    });
    const now = placed.map(function (one) { return one.article.id + one.group; }).join();
    if (now === standing) return;
    standing = now;
    const home = document.createDocumentFragment();
    let last = null, grid = null;
    for (const one of placed) {
      if (!one.widest) continue;
      const kind = one.widest[UNIT] + "-" + one.widest[CLASS];
      if (one.group !== last) {
        const head = document.createElement("h3"), swatch = document.createElement("span"), many = document.createElement("span");
        head.className = "group";
        swatch.className = "swatch " + kind;
        swatch.setAttribute("aria-hidden", "true");
        many.className = "soft";
        const says = "Widest crack " + data.classes[one.widest[UNIT]][one.widest[CLASS]] + (one.widest[UNIT] === "px" ? ", no scale known there" : "")
          + (unlikely([one.widest]).length ? ", less likely one than not" : "");
        head.append(swatch, says + " ", many);
        grid = document.createElement("div");
        grid.className = "photos";
        home.append(head, grid);
        last = one.group;
      }
      grid.append(one.article);
      grid.previousElementSibling.lastElementChild.textContent = several(grid.childElementCount, "photo");
    }
    if (!last) {
      const says = document.createElement("p");
      says.className = "soft";
      says.textContent = "Nothing is shown: no crack of these photos has a probability of " + least + " or more.";
      home.append(says);
    }
    const none = placed.filter(function (one) { return !one.widest; });
    groups.replaceChildren(home);
    bare.querySelector(".photos").replaceChildren(...none.map(function (one) { return one.article; }));
    bare.querySelector("h3 .soft").textContent = several(none.length, "photo");
    bare.classList.toggle("left-out", !none.length);
  }

  function tell() {
    const gone = zones.length - zones.filter(shown).length;
    const note = document.getElementById("left-out");
    note.hidden = !gone;
    note.textContent = gone ? several(gone, "crack") + " of " + zones.length.toLocaleString("en") + (gone === 1 ? " is" : " are")
      + " left out here, with a probability below " + least + ". What this page counts and shows is without "
      + (gone === 1 ? "it" : "them") + "; the files beside it have " + (zones.length === 1 ? "it" : "them all") + "." : "";
    const some = cracks.filter(shown);
    tellTotals(some);
    tellAgain(new Set(some.map(function (row) { return row[PHOTO]; })));
    tellClasses(some);
    for (const [number, all] of byPhoto) if (all[0][ZONE]) tellPhoto(number, all);
    tellGlance();
    tellMap();
    regroup();
    if (least === base) {
      for (const [element, text] of before) element.textContent = text;
    }
    for (const listener of listeners) listener();
  }
  // Thousands of cracks take seconds, so that a hand that still moves is waited for.
  const MANY = 2000, PATIENCE_MS = 300;
  let waiting = 0;
  function choose(value) {
    if (value === least) return;
    least = value;
    if (zones.length > MANY) {
      clearTimeout(waiting);
      waiting = setTimeout(tell, PATIENCE_MS);
    } else if (!waiting) waiting = requestAnimationFrame(function () { waiting = 0; tell(); });
  }
  if (range) joinSlider(range, typed, document.getElementById("least-none"), base, choose);
  window.crackscope = {
    data: data, zones: zones, rows: rows,
    rowsOf: function (number) { return rows().filter(function (row) { return row[PHOTO] === number; }); },
    whenChosen: function (listener) { listeners.push(listener); },
  };
})();
