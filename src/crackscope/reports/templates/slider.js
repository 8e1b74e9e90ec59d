"use strict";
// A slider with a box beside it, of which either moves the other. `tell` hears each value, as far as the slider goes, as
// soon as it is asked for. `rest` is in force at first, when the button is pressed, and while nothing is typed.
function joinSlider(range, typed, button, rest, tell) {
  let asked = rest;
  function ask(value, words) {
    asked = value;
    typed.value = words;
    typed.removeAttribute("aria-invalid");
    range.value = value;
    // The slider stands at its steps; what is typed may be finer.
    range.setAttribute("aria-valuetext", value);
    tell(value);
  }
  range.addEventListener("input", function () { ask(Number(range.value), range.value); });
  // A field of text: one of numbers gives nothing where it reads no number, of which a comma may be the cause.
  typed.addEventListener("input", function () {
    const value = Number(typed.value.replace(",", ".")), near = Math.min(Number(range.max), Math.max(Number(range.min), value));
    if (/^\s*[-.,]?\s*$/.test(typed.value)) ask(rest, typed.value);
    else if (!Number.isNaN(value)) ask(near, near === value ? typed.value : String(near));
    else typed.setAttribute("aria-invalid", "true");
  });
  typed.addEventListener("change", function () { ask(asked, String(asked)); });
  button.addEventListener("click", function () { ask(rest, String(rest)); });
  // Browsers keep what was typed when a page is loaded anew.
  ask(rest, String(rest));
}
