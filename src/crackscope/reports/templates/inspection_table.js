(function () {
  const report = window.crackscope, data = report.data, { width, length, several, chance } = words;
  const table = document.getElementById("findings");
  const body = table.tBodies[0];
  const find = document.getElementById("find"), show = document.getElementById("show");
  const classes = document.getElementById("class"), wider = document.getElementById("wider");
  const pages = document.getElementById("pages"), label = document.getElementById("page");
  const SIZE = 50, MOST_PRINTED = 3000;
  const [PHOTO, ZONE, UNIT, CLASS, WIDTH, LOW, HIGH, MEDIAN, LENGTH, TURN, CHANCE] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  let sorting = { key: "width", down: true }, chosen = data.rows, page = 0;

  const used = new Set(data.rows.filter(function (row) { return row[ZONE]; }).map(function (row) { return row[UNIT] + "-" + row[CLASS]; }));
  for (const unit of ["mm", "px"]) {
    data.classes[unit].forEach(function (name, place) {
      if (used.has(unit + "-" + place)) classes.add(new Option(name, unit + "-" + place));
    });
  }
  if (!used.size) show.value = "all";

  // mm stand before px: they cannot be compared.
  function measured(index) { return function (row) { return row[ZONE] ? [row[UNIT] === "mm" ? 1 : 0, row[index]] : [-1, 0]; }; }
  function plain(index) { return function (row) { return row[ZONE] ? [0, row[index]] : [-1, 0]; }; }
  const names = new Intl.Collator("en", { numeric: true });
  const keys = {
    zone: plain(ZONE), class: measured(CLASS), width: measured(WIDTH), median: measured(MEDIAN),
    length: measured(LENGTH), turn: plain(TURN), probability: plain(CHANCE),
  };
  function compare(first, second) {
    if (sorting.key === "photo") return names.compare(data.photos[first[PHOTO] - 1][0], data.photos[second[PHOTO] - 1][0]);
    const a = keys[sorting.key](first), b = keys[sorting.key](second);
    return a[0] - b[0] || a[1] - b[1];
  }
  function choose() {
    const text = find.value.trim().toLowerCase(), least = Number(wider.value);
    chosen = report.rows().filter(function (row) {
      const photo = data.photos[row[PHOTO] - 1];
      if (show.value === "zones" ? !row[ZONE] : show.value !== "all" && photo[1] !== show.value) return false;
      if (text && !photo[0].toLowerCase().includes(text)) return false;
      if (classes.value && (!row[ZONE] || row[UNIT] + "-" + row[CLASS] !== classes.value)) return false;
      return !(least > 0) || (row[ZONE] && row[WIDTH] > least);
    });
    const way = sorting.down ? -1 : 1;
    chosen.sort(function (a, b) { return way * compare(a, b); });
    page = 0;
    draw(SIZE);
  }

  function cell(row, text, kind) {
    const made = row.insertCell();
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  function said(found) {
    const photo = data.photos[found[PHOTO] - 1], why = found[UNIT] ? "its cracks are left out, by their probability" : photo[2];
    return photo[1] + (why ? ": " + why : "");
  }
  function drawRow(found) {
    const photo = data.photos[found[PHOTO] - 1], row = body.insertRow();
    const head = document.createElement("th"), name = words.named(words.elided(photo[0], data.letters));
    if (name.textContent !== photo[0]) name.title = photo[0];
    head.scope = "row";
    if (photo[1] === "unreadable") head.append(name);
    else {
      const link = document.createElement("a");
      link.href = "#photo-" + found[PHOTO];
      link.dataset.photo = found[PHOTO];
      if (found[ZONE]) link.dataset.zone = found[ZONE];
      link.append(name);
      head.append(link);
    }
    row.append(head);
    if (!found[ZONE]) {
      cell(row, "–");
      cell(row, said(found), "left says").colSpan = 5;
      cell(row, photo[1] === "unreadable" || photo[1] === "cannot judge" ? "–" : chance(photo[3]));
      return;
    }
    const unit = found[UNIT];
    cell(row, found[ZONE]);
    const group = cell(row, "", "left"), swatch = document.createElement("span");
    swatch.className = "swatch " + unit + "-" + found[CLASS];
    group.append(swatch, data.classes[unit][found[CLASS]]);
    const widest = cell(row, ""), strong = document.createElement("b"), range = document.createElement("span");
    strong.textContent = width(found[WIDTH], unit) + " " + unit;
    range.className = "meaning tight";
    range.textContent = width(found[LOW], unit) + " to " + width(found[HIGH], unit) + " " + unit;
    widest.append(strong, range);
    cell(row, width(found[MEDIAN], unit) + " " + unit);
    cell(row, length(found[LENGTH], unit));
    cell(row, found[TURN] + "°");
    cell(row, chance(found[CHANCE]));
  }
  // What the viewer lists beside a photo.
  report.described = function (number) {
    return report.rowsOf(number).map(function (row) {
      const photo = data.photos[number - 1], unit = row[UNIT];
      if (!row[ZONE]) return { zone: 0, says: said(row) };
      return {
        zone: row[ZONE], kind: unit + "-" + row[CLASS], width: width(row[WIDTH], unit) + " " + unit,
        more: width(row[LOW], unit) + " to " + width(row[HIGH], unit) + " " + unit + ", median " + width(row[MEDIAN], unit) + " " + unit + ", "
          + length(row[LENGTH], unit) + " long, " + row[TURN] + "°, crack probability " + chance(row[CHANCE]),
      };
    });
  };
  // Cracks of all cracks; a photo without any has a line, too, which is no crack.
  function counted() {
    const cracks = chosen.filter(function (row) { return row[ZONE]; }).length, photos = chosen.length - cracks;
    const said = [];
    if (cracks || !photos) said.push(cracks.toLocaleString("en") + " of " + several(report.zones.length, "crack"));
    if (photos) said.push(several(photos, "photo") + " with no crack shown");
    return said.join(" and ");
  }
  function draw(size) {
    const count = Math.max(1, Math.ceil(chosen.length / size));
    page = Math.min(Math.max(0, page), count - 1);
    body.textContent = "";
    chosen.slice(page * size, (page + 1) * size).forEach(drawRow);
    pages.hidden = count < 2;
    label.textContent = "page " + (page + 1) + " of " + count;
    document.getElementById("before").disabled = page === 0;
    document.getElementById("after").disabled = page === count - 1;
    document.getElementById("counted").textContent = counted();
  }
  function turn(step) { page += step; draw(SIZE); table.scrollIntoView({ block: "nearest" }); }

  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    if (head.dataset.key === sorting.key) head.setAttribute("aria-sort", "descending");
    button.addEventListener("click", function () {
      const key = head.dataset.key, numeric = key !== "photo";
      sorting = { key: key, down: head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : numeric };
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      choose();
    });
  }
  for (const input of [find, show, classes, wider]) input.addEventListener("input", choose);
  document.getElementById("before").addEventListener("click", function () { turn(-1); });
  document.getElementById("after").addEventListener("click", function () { turn(1); });
  window.addEventListener("beforeprint", function () { page = 0; draw(MOST_PRINTED); });
  window.addEventListener("afterprint", function () { draw(SIZE); });
  report.whenChosen(choose);
  choose();
})();
