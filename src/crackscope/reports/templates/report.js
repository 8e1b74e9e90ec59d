"use strict";
document.documentElement.classList.remove("no-script");
(function () {
  const holder = document.getElementById("scores");
  if (!holder) return;
  const scores = JSON.parse(holder.textContent);
  const slider = document.getElementById("at");
  const typed = document.getElementById("at-number");
  const line = document.getElementById("at-line");

  // Scores are sorted: how many reach the threshold is a bisection.
  function reaching(sorted, threshold) {
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < threshold) low = middle + 1; else high = middle;
    }
    return sorted.length - low;
  }
  function put(name, text) { document.getElementById("out-" + name).textContent = text; }
  function share(part, whole) { return whole ? (part / whole).toFixed(4) : "–"; }

  function show(threshold) {
    const tp = reaching(scores.crack, threshold), fp = reaching(scores.sound, threshold);
    const fn = scores.crack.length - tp, tn = scores.sound.length - fp;
    put("tp", tp.toLocaleString("en")); put("fn", fn.toLocaleString("en"));
    put("fp", fp.toLocaleString("en")); put("tn", tn.toLocaleString("en"));
    put("accuracy", share(tp + tn, tp + tn + fp + fn));
    put("precision", share(tp, tp + fp));
    put("recall", share(tp, tp + fn));
    put("f1", share(2 * tp, 2 * tp + fp + fn));
    const left = Number(line.dataset.left), right = Number(line.dataset.right);
    line.setAttribute("transform", "translate(" + (threshold - scores.threshold) * (right - left) + " 0)");
  }
  slider.addEventListener("input", function () { typed.value = slider.value; show(Number(slider.value)); });
  typed.addEventListener("input", function () {
    const value = Number(typed.value);
    if (typed.value === "" || !(value >= 0 && value <= 1)) return;
    slider.value = value;
    show(value);
  });
  document.getElementById("at-reset").addEventListener("click", function () {
    slider.value = scores.threshold;
    typed.value = scores.threshold;
    show(scores.threshold);
  });
})();
