(function () {
  // A browser that fetches pictures only as they come into sight prints frames without them: what nobody has scrolled
  // to is fetched while nothing else goes on. A thousand small pictures take some 80 MB; of more the rest is asked for
  // when printing begins.
  const MOST = 1000, AT_ONCE = 4;
  const all = Array.from(document.querySelectorAll("img[loading=lazy]:not(.heat)"));
  const waiting = all.slice(0, MOST);
  function next() {
    const image = waiting.shift();
    if (!image) return;
    if (image.complete) { next(); return; }
    image.addEventListener("load", next, { once: true });
    image.addEventListener("error", next, { once: true });
    image.loading = "eager";
  }
  window.addEventListener("load", function () { for (let one = 0; one < AT_ONCE; one++) next(); });
  window.addEventListener("beforeprint", function () { for (const image of all) image.loading = "eager"; });
})();
