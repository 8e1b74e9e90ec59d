"use strict";
document.documentElement.classList.remove("no-script");
(function () {
  const holder = document.getElementById("scores");
  if (!holder) return;
  const scores = JSON.parse(holder.textContent);
  const lines = document.querySelectorAll(".at");

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
  // As the page has its figures: two more decimals where little is left to 1, and never rounded up to it.
  function share(part, whole) {
    if (!whole) return "–";
    const value = part / whole, places = value < 1 && 1 - value < 0.0005 ? 6 : 4, text = value.toFixed(places);
    return value < 1 && Number(text) === 1 ? (1 - Math.pow(10, -places)).toFixed(places) : text;
  }

  function show(threshold) {
    const tp = reaching(scores.crack, threshold), fp = reaching(scores.sound, threshold);
    const fn = scores.crack.length - tp, tn = scores.sound.length - fp;
    put("tp", tp.toLocaleString("en")); put("fn", fn.toLocaleString("en"));
    put("fp", fp.toLocaleString("en")); put("tn", tn.toLocaleString("en"));
    put("accuracy", share(tp + tn, tp + tn + fp + fn));
    put("precision", share(tp, tp + fp));
    put("recall", share(tp, tp + fn));
    put("false_alarm_rate", share(fp, fp + tn));
    put("f1", share(2 * tp, 2 * tp + fp + fn));
    lines.forEach(function (line) {
      const left = Number(line.dataset.left), right = Number(line.dataset.right);
      line.setAttribute("transform", "translate(" + (threshold - scores.threshold) * (right - left) + " 0)");
    });
  }
  joinSlider(
    document.getElementById("at"), document.getElementById("at-typed"), document.getElementById("at-reset"), scores.threshold, show
  );
})();
