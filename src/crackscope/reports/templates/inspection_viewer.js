(function () {
  const viewer = document.getElementById("viewer");
  const stage = document.getElementById("viewer-stage"), sheet = document.getElementById("viewer-sheet");
  const list = document.getElementById("viewer-zones");
  // In the order in which they stand now: photos move when cracks are left out.
  function frames() { return Array.from(document.querySelectorAll("a.frame")); }
  const byNumber = new Map(frames().map(function (frame) { return [frame.dataset.number, frame]; }));
  const LARGEST = 8, STEP = 1.25;
  let shown = null, zoom = 1, fitted = true;

  function size() { return { width: Number(shown.dataset.width), height: Number(shown.dataset.height) }; }
  function fit() {
    const whole = size();
    return Math.min(1, stage.clientWidth / whole.width, stage.clientHeight / whole.height) || 1;
  }
  // The point of the photo under (x, y) of the stage stays where it is.
  function setZoom(wanted, x, y) {
    const whole = size(), least = fit();
    if (x === undefined) { x = stage.clientWidth / 2; y = stage.clientHeight / 2; }
    const across = (stage.scrollLeft + x - sheet.offsetLeft) / (zoom * whole.width);
    const down = (stage.scrollTop + y - sheet.offsetTop) / (zoom * whole.height);
    zoom = Math.min(LARGEST, Math.max(least, wanted));
    fitted = zoom <= least * 1.001;
    place(whole);
    stage.scrollLeft = across * zoom * whole.width - x + sheet.offsetLeft;
    stage.scrollTop = down * zoom * whole.height - y + sheet.offsetTop;
  }
  function place(whole) {
    const width = whole.width * zoom, height = whole.height * zoom;
    sheet.style.width = width + "px";
    sheet.style.height = height + "px";
    sheet.style.marginTop = Math.max(0, Math.floor((stage.clientHeight - height) / 2)) + "px";
    sheet.classList.toggle("near", zoom > 2);
    document.getElementById("viewer-zoom").textContent = Math.round(100 * zoom) + " %";
  }
  function lookAt(number) {
    const zone = sheet.querySelector("g[data-zone='" + Number(number) + "']");
    if (!zone) return;
    for (const other of sheet.querySelectorAll(".chosen")) other.classList.remove("chosen");
    zone.classList.add("chosen");
    const [left, top, width, height] = zone.dataset.box.split(" ").map(Number), whole = size();
    const wanted = Math.min(2, .8 * stage.clientWidth / Math.max(width, 40), .8 * stage.clientHeight / Math.max(height, 40));
    zoom = Math.min(LARGEST, Math.max(fit(), wanted));
    fitted = false;
    place(whole);
    stage.scrollLeft = (left + width / 2) * zoom - stage.clientWidth / 2;
    stage.scrollTop = (top + height / 2) * zoom - stage.clientHeight / 2;
  }

  function listZones() {
    list.textContent = "";
    const rows = window.crackscope.described(Number(shown.dataset.number));
    for (const row of rows) {
      const item = document.createElement("li");
      if (!row.zone) {
        const says = document.createElement("p");
        says.className = "soft";
        says.textContent = row.says;
        item.append(says);
      } else {
        const button = document.createElement("button"), tag = document.createElement("b");
        const width = document.createElement("b"), more = document.createElement("span");
        button.type = "button";
        tag.className = "tag " + row.kind;
        tag.textContent = row.zone;
        width.textContent = row.width;
        more.className = "soft";
        more.textContent = row.more;
        button.append(tag, width, more);
        button.addEventListener("click", function () { lookAt(row.zone); });
        item.append(button);
      }
      list.append(item);
    }
  }
  // Names of a series differ in their ends: what is too long goes from the middle, not from there.
  function tellName(number) {
    const head = document.getElementById("viewer-name"), [name, verdict] = window.crackscope.data.photos[number - 1];
    head.replaceChildren(words.named(words.elided(name, window.crackscope.data.letters)), ": " + verdict);
    head.title = name;
  }
  function open(frame, zone) {
    shown = frame;
    sheet.textContent = "";
    const small = frame.querySelector("img"), full = document.createElement("img");
    sheet.style.backgroundImage = "url(\"" + small.src + "\")";
    full.alt = small.alt;
    full.decoding = "async";
    full.draggable = false;
    full.src = frame.getAttribute("href");
    sheet.append(full);
    if (frame.dataset.heat) {
      const heat = document.createElement("img");
      heat.className = "heat";
      heat.alt = "";
      heat.src = frame.dataset.heat;
      sheet.append(heat);
    }
    for (const mark of frame.querySelectorAll(".marks, .tag")) {
      const copy = mark.cloneNode(true);
      for (const named of copy.querySelectorAll("[id]")) named.removeAttribute("id");
      sheet.append(copy);
    }
    tellName(Number(frame.dataset.number));
    const all = frames();
    document.getElementById("viewer-before").disabled = frame === all[0];
    document.getElementById("viewer-after").disabled = frame === all[all.length - 1];
    listZones();
    if (!viewer.open) viewer.showModal();
    stage.focus();
    zoom = fit();
    fitted = true;
    place(size());
    if (zone) lookAt(zone);
  }
  function step(by) {
    const all = frames(), next = all[all.indexOf(shown) + by];
    if (next) open(next);
  }

  document.addEventListener("click", function (event) {
    const frame = event.target.closest("a.frame"), link = event.target.closest("a[data-photo]");
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (frame) { event.preventDefault(); open(frame); }
    else if (link && byNumber.has(link.dataset.photo)) { event.preventDefault(); open(byNumber.get(link.dataset.photo), link.dataset.zone); }
  });
  const presses = {
    "viewer-before": function () { step(-1); }, "viewer-after": function () { step(1); },
    "viewer-out": function () { setZoom(zoom / STEP); }, "viewer-in": function () { setZoom(zoom * STEP); },
    "viewer-fit": function () { setZoom(0); }, "viewer-full": function () { setZoom(1); },
    "viewer-close": function () { viewer.close(); },
  };
  for (const name of Object.keys(presses)) document.getElementById(name).addEventListener("click", presses[name]);
  const keys = { "+": "viewer-in", "=": "viewer-in", "-": "viewer-out", "0": "viewer-fit", "1": "viewer-full", "n": "viewer-after", "p": "viewer-before" };
  viewer.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = keys[event.key.toLowerCase()];
    if (name) { event.preventDefault(); presses[name](); }
    else if (fitted && event.target === stage && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      step(event.key === "ArrowLeft" ? -1 : 1);
    }
  });
  viewer.addEventListener("close", function () {
    sheet.textContent = "";
    if (shown) shown.focus({ preventScroll: true });
  });
  window.addEventListener("resize", function () { if (viewer.open) { if (fitted) zoom = fit(); setZoom(zoom); } });

  function inStage(x, y) {
    const edges = stage.getBoundingClientRect();
    return [x - edges.left, y - edges.top];
  }
  stage.addEventListener("wheel", function (event) {
    if (event.shiftKey) return;
    event.preventDefault();
    const [x, y] = inStage(event.clientX, event.clientY);
    setZoom(zoom * Math.exp(-event.deltaY * (event.deltaMode === 1 ? .05 : .0016)), x, y);
  }, { passive: false });
  stage.addEventListener("dblclick", function (event) {
    const [x, y] = inStage(event.clientX, event.clientY);
    setZoom(fitted ? 1 : 0, x, y);
  });
  stage.addEventListener("pointerdown", function (event) {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    const from = [event.clientX + stage.scrollLeft, event.clientY + stage.scrollTop];
    function move(next) { stage.scrollLeft = from[0] - next.clientX; stage.scrollTop = from[1] - next.clientY; }
    function end() { window.removeEventListener("pointermove", move); window.removeEventListener("pointerup", end); }
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  });
  let pinch = null;
  function apart(touches) { return Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY); }
  stage.addEventListener("touchstart", function (event) {
    if (event.touches.length === 2) pinch = { apart: apart(event.touches), zoom: zoom };
  }, { passive: true });
  stage.addEventListener("touchmove", function (event) {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const [first, second] = event.touches;
    const [x, y] = inStage((first.clientX + second.clientX) / 2, (first.clientY + second.clientY) / 2);
    setZoom(pinch.zoom * apart(event.touches) / pinch.apart, x, y);
  }, { passive: false });
  stage.addEventListener("touchend", function (event) { if (event.touches.length < 2) pinch = null; }, { passive: true });
})();
