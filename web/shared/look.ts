/** How the reader wants it: large type; light, dark, or as his device says. Kept on the phone. */

const TYPE_KEY = "type";
const THEME_KEY = "theme";
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const deviceIsDark = matchMedia("(prefers-color-scheme: dark)");

export function isLarge(): boolean {
  return localStorage.getItem(TYPE_KEY) === "large";
}

export function setLarge(large: boolean): void {
  localStorage.setItem(TYPE_KEY, large ? "large" : "usual");
  applyLook();
}

export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(THEME_KEY)) ?? "auto";
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  applyLook();
}

export function applyLook(): void {
  const { dataset } = document.documentElement;
  const theme = chosenTheme();
  dataset.type = isLarge() ? "large" : "usual";
  dataset.theme = theme !== "auto" ? theme : deviceIsDark.matches ? "dark" : "light";
}

/** Apply it now, and whenever the device turns light or dark. */
export function followLook(): void {
  applyLook();
  deviceIsDark.addEventListener("change", applyLook);
}
