"use strict";
document.documentElement.classList.remove("no-script");
(function () {
  // One switch a layer for all photos: a class on the root, which the style sheet knows.
  const root = document.documentElement;
  const boxes = Array.from(document.querySelectorAll("input[data-layer]"));
  function set(layer, on) {
    if (layer === "heat") root.classList.toggle("show-heat", on);
    else root.classList.toggle("no-" + layer, !on);
    for (const box of boxes) if (box.dataset.layer === layer) box.checked = on;
  }
  for (const box of boxes) {
    set(box.dataset.layer, box.defaultChecked);
    box.addEventListener("change", function () { set(box.dataset.layer, box.checked); });
  }
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", function (event) { event.preventDefault(); });
  }
})();
