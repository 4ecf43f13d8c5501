"use strict";
// The scheme is set before anything is painted; the button goes from auto to light to dark.
(() => {
  const KEY = "arlarena-theme";
  const CHOICES = ["auto", "light", "dark"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = read();

  function read() {
    try {
      const kept = localStorage.getItem(KEY);
      return CHOICES.includes(kept) ? kept : "auto";
    } catch {
      return "auto"; // a browser that keeps nothing for files
    }
  }

  function scheme() {
    return chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  }

  function apply(now) {
    if (document.documentElement.dataset.scheme === now) return;
    document.documentElement.dataset.scheme = now;
    document.dispatchEvent(new CustomEvent("scheme"));
  }

  apply(scheme());
  dark.addEventListener("change", () => apply(scheme()));
  addEventListener("beforeprint", () => apply("light"));
  addEventListener("afterprint", () => apply(scheme()));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const name = button.querySelector(".now");
    button.hidden = false;
    name.textContent = chosen;
    button.addEventListener("click", () => {
      chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
      name.textContent = chosen;
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // kept for this page alone
      }
      apply(scheme());
    });
  });
})();
