/** How the reader wants it: large type, light or dark as his device says, or light always. Kept on the phone. */

const TYPE_KEY = "type";

export function isLarge(): boolean {
  return localStorage.getItem(TYPE_KEY) === "large";
}

export function setLarge(large: boolean): void {
  localStorage.setItem(TYPE_KEY, large ? "large" : "usual");
  applyLook();
}

export function applyLook(): void {
  document.documentElement.dataset.type = isLarge() ? "large" : "usual";
}
