// Numbers and names as the page has them, and what it says of the widest crack: worded as `inspection_marks.py`,
// `inspection_widest.py`, `inspection_names.py` and `formatting.py` word them.
const words = (function () {
  const [PHOTO, ZONE, UNIT, CLASS, WIDTH, LOW, HIGH, MEDIAN, LENGTH, TURN, CHANCE] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const EVEN = 0.5, LIKELY = 0.8;
  function width(value, unit) { return unit === "px" || value >= 10 ? value.toFixed(1) : value.toFixed(2); }
  function several(number, one, many) { return number.toLocaleString("en") + " " + (number === 1 ? one : many || one + "s"); }
  function length(value, unit) {
    if (unit === "mm" && value >= 1000) return (value / 1000).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }) + " m";
    return Math.round(value).toLocaleString("en") + " " + unit;
  }
  function chance(value) {
    const cut = Math.round(10000 * value), rounded = Math.floor((cut + 50) / 100);
    return ((rounded - ((rounded === 50 || rounded === 100) && cut < 100 * rounded ? 1 : 0)) / 100).toFixed(2);
  }
  // mm stand before px: they cannot be compared.
  function most(some, index) {
    return some.reduce(function (best, row) {
      if (!best) return row;
      const wider = row[UNIT] === best[UNIT] ? row[index] > best[index] : row[UNIT] === "mm";
      return wider ? row : best;
    }, null);
  }
  function likely(some) { return some.filter(function (row) { return row[CHANCE] >= EVEN; }); }
  // The widest of an inspection is of the likely ones where there are any.
  function leading(some) {
    return [LIKELY, EVEN, 0].map(function (least) { return some.filter(function (row) { return row[CHANCE] >= least; }); })
      .find(function (rows) { return rows.length; }) || [];
  }
  function doubtful(some) {
    const sure = some.some(function (row) { return row[CHANCE] >= LIKELY; });
    return some.filter(function (row) { return sure && row[CHANCE] >= EVEN && row[CHANCE] < LIKELY; });
  }
  function above(row, other, index) { return other && most([row, other], index) === other; }
  function unlikely(some) { return some.filter(function (row) { return row[CHANCE] < EVEN; }); }
  function widestOf(some) { return most(likely(some), WIDTH) || most(some, WIDTH); }
  function surest(some) { return most(leading(some), LOW); }
  function sureHeading(some) {
    if (surest(some) !== most(leading(some), WIDTH)) return "Largest width that is sure";
    return doubtful(some).length ? "Widest likely crack, at least" : "Widest crack, at least";
  }
  function measured(row) {
    const unit = row[UNIT];
    return width(row[WIDTH], unit) + " " + unit + " (" + width(row[LOW], unit) + " to " + width(row[HIGH], unit)
      + "; probability " + chance(row[CHANCE]) + ")";
  }
  // nameOf: of the photo of a row.
  function widest(some, nameOf) {
    const home = function (row) { return "crack " + row[ZONE] + " in " + nameOf(row); };
    const probable = likely(some), doubted = unlikely(some), first = most(leading(some), WIDTH), sure = surest(some), between = doubtful(some);
    if (!first) return "";
    let said = (probable.length ? "" : "No crack is more likely than not. ") + "The widest crack"
      + (between.length ? " of a probability of " + LIKELY + " or more" : probable.length && doubted.length ? " that is more likely than not" : "")
      + " measures " + measured(first) + ", " + home(first) + ".";
    if (sure !== first) said += " The largest width that is sure is " + width(sure[LOW], sure[UNIT]) + " " + sure[UNIT] + ", of "
      + home(sure) + ", which measures " + width(sure[WIDTH], sure[UNIT]) + " " + sure[UNIT] + " (probability " + chance(sure[CHANCE]) + ").";
    const byWidth = most(between, WIDTH), byLow = most(between, LOW);
    const wider = above(first, byWidth, WIDTH) ? byWidth : above(sure, byLow, LOW) ? byLow : null;
    if (wider) said += " A less likely one may be wider: " + measured(wider) + ", " + home(wider) + ".";
    const other = probable.length ? most(doubted, WIDTH) : null, few = doubted.length === 1;
    if (other && above(first, other, WIDTH) && (!wider || above(wider, other, WIDTH))) said += " " + doubted.length.toLocaleString("en") + " of " + several(some.length, "crack") + (few ? " is" : " are")
      + " less likely than not, " + (few ? "" : "the widest of them ") + measured(other)
      + ", " + home(other) + ".";
    return said;
  }
  // What is too much of a name goes from its middle: names of one series differ in their ends.
  function elided(name, letters) {
    const all = Array.from(name), end = letters >> 1;
    return all.length <= letters ? name : all.slice(0, letters - end - 1).join("") + "…" + all.slice(-end).join("");
  }
  // A name that breaks behind its signs, and never in its last letters.
  function named(name) {
    const made = document.createElement("bdi"), last = document.createElement("span");
    const ending = /(\.[^_\-.\s\/]{1,5})?$/.exec(name)[0];
    const pieces = name.slice(0, name.length - ending.length).match(/[^_\-.…\s\/]*[_\-.…\s\/]|[^_\-.…\s\/]+/g) || [];
    let end = [];
    while (pieces.length && end.length < 4) end = Array.from(pieces.pop()).concat(end);
    if (end.length > 11) pieces.push(end.splice(0, end.length - 5).join(""));
    for (const piece of pieces) made.append(piece, document.createElement("wbr"));
    last.className = "end";
    last.textContent = end.join("") + ending;
    made.append(last);
    return made;
  }
  return {
    width: width, several: several, length: length, chance: chance, unlikely: unlikely, surest: surest, sureHeading: sureHeading, widestOf: widestOf, widest: widest,
    elided: elided, named: named,
  };
})();
