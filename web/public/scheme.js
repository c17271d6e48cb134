// Runs before the first paint, so that a dark page never flashes white. The same rule as the
// app's: what was chosen here before, else what the system prefers.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("tailrace-color-scheme");
  } catch {
    // Storage is refused in some private windows: follow the system.
  }
  var dark =
    chosen === "dark" ||
    (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
