// The navigation's guides are open until a reader closes them.
try {
  if (localStorage.getItem("tsd-accordion-Guides") === null)
    localStorage.setItem("tsd-accordion-Guides", "true");
} catch {
  // Storage is switched off: they are closed then.
}
