/**
 * How the reader wants it: large type; light, dark, or as his device says. Kept on the device for every page, which
 * takes it on by loading this.
 */

const TYPE_KEY = "type";
const THEME_KEY = "theme";
export const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
/** @typedef {(typeof THEMES)[number]} Theme */

const deviceIsDark = matchMedia("(prefers-color-scheme: dark)");

export function isLarge() {
  return localStorage.getItem(TYPE_KEY) === "large";
}

/** @param {boolean} large */
export function setLarge(large) {
  localStorage.setItem(TYPE_KEY, large ? "large" : "usual");
  apply();
}

/** @returns {Theme} */
export function chosenTheme() {
  return THEMES.find((theme) => theme === localStorage.getItem(THEME_KEY)) ?? "auto";
}

/** @param {Theme} theme */
export function setTheme(theme) {
  localStorage.setItem(THEME_KEY, theme);
  apply();
}

function apply() {
  const { dataset } = document.documentElement;
  const theme = chosenTheme();
  dataset.type = isLarge() ? "large" : "usual";
  dataset.theme = theme !== "auto" ? theme : deviceIsDark.matches ? "dark" : "light";
}

apply();
deviceIsDark.addEventListener("change", apply);
